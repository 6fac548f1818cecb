"""Connections that hold a place without asking for anything: cut, so that nobody can take all places by being slow.

aiohttp waits for a request's head without a limit. Here a new connection has seconds to complete its first one, and
one that has been served may rest a while before the next.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from time import monotonic

from aiohttp import web

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

FIRST_REQUEST = 4.0  # seconds; checked every second, so cut within five
BETWEEN_REQUESTS = 65.0  # seconds, above the minute that proxies usually keep a connection


class Connections:
    """Put `middleware` outermost, and run `watch` beside the server."""

    def __init__(self, clock: Callable[[], float] = monotonic) -> None:
        self._clock = clock
        self._busy: dict[web.RequestHandler, int] = {}
        self._quiet_since: dict[web.RequestHandler, float] = {}

    @property
    def middleware(self) -> Callable[..., Awaitable[web.StreamResponse]]:
        @web.middleware
        async def note(request: web.Request, handler: Handler) -> web.StreamResponse:
            connection = request.protocol
            self._busy[connection] = self._busy.get(connection, 0) + 1
            try:
                return await handler(request)
            finally:
                self._busy[connection] -= 1
                self._quiet_since[connection] = self._clock()

        return note

    def cut_slow(self, connections: Iterable[web.RequestHandler]) -> None:
        """One round over the server's open connections; what is no longer among them is forgotten."""
        now = self._clock()
        opened = set(connections)
        self._busy = {one: count for one, count in self._busy.items() if one in opened or count}
        self._quiet_since = {one: since for one, since in self._quiet_since.items() if one in opened}
        for connection in opened:
            since = self._quiet_since.setdefault(connection, now)
            limit = BETWEEN_REQUESTS if connection in self._busy else FIRST_REQUEST
            if not self._busy.get(connection) and now - since >= limit:
                connection.force_close()

    async def watch(self, server: web.Server) -> None:
        """Until cancelled."""
        while True:
            await asyncio.sleep(1)
            self.cut_slow(server.connections)

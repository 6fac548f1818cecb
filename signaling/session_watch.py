"""A login that ends, on whichever node, takes its sockets and its media with it on every node.

The node that ends it tells the others over the bus. Where the bus is down, or that node died in between, each node
finds out by itself: it asks every LOOK_SECONDS which of the logins that hold a place in a meeting still live, and each
meeting socket asks for its own. Both together keep a forced logout within two seconds, and nothing rests on the bus.

Whoever is in a room is not idle, also where no page of theirs is open (a program without the events socket).
"""

import asyncio
from contextlib import suppress

import structlog

from auth.sessions import Sessions
from db.engine import DatabaseFailure
from rooms.admission import Admission
from rooms.store import Store
from signaling.bus import Bus, BusUnavailable, SlowReader
from signaling.meeting_socket import MeetingSockets

log = structlog.get_logger()

TOPIC = "sessions"
LOOK_SECONDS = 1.5
AGAIN_SECONDS = 1.0
TOUCH_EVERY = 40
"""Looks: once a minute, which is as fine as idle time is counted (`auth.sessions.KEEP_STEP`)."""


class SessionWatch:
    """One node's watch. `told` is for `Sessions.listen`; `run` works until cancelled."""

    def __init__(
        self, sessions: Sessions, store: Store, admission: Admission, bus: Bus, sockets: MeetingSockets
    ) -> None:
        self._sessions = sessions
        self._store = store
        self._admission = admission
        self._bus = bus
        self._sockets = sockets
        self._looks = 0

    async def told(self, session: str) -> None:
        """This node has ended a login: its own sockets hear of it, and the other nodes."""
        self._sockets.session_ended(session)
        try:
            await self._bus.publish(TOPIC, session.encode())
        except BusUnavailable:
            log.warning("session end not told to other nodes; they find out by themselves")

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._listen(), name="session ends")
            group.create_task(self._watch(), name="session watch")

    async def look(self) -> None:
        """One round: places held by logins that have ended are given up; whoever is in a room stays logged in."""
        places = await self._store.sessions_with_a_place()
        living = await self._sessions.living(places) if places else frozenset()
        # Asked anew: a login that was handed over in between (`Admission.handed_over`) holds no place any more.
        gone = places.keys() - living
        if gone:
            gone &= (await self._store.sessions_with_a_place()).keys()
        for session in gone:
            self._sockets.session_ended(session)
            await self._admission.logged_out(session)
        if self._looks % TOUCH_EVERY == 0:
            for session in living:
                if places[session]:
                    await self._sessions.touch(session)
        self._looks += 1

    async def _listen(self) -> None:
        while True:
            with suppress(BusUnavailable, SlowReader):
                async with self._bus.subscribe(TOPIC) as messages:
                    async for message in messages:
                        self._sockets.session_ended(message.decode(errors="replace"))
            await asyncio.sleep(AGAIN_SECONDS)

    async def _watch(self) -> None:
        while True:
            try:
                await self.look()
            except DatabaseFailure as failure:
                log.warning("sessions not looked at", failure=type(failure).__name__)
            except Exception as failure:  # noqa: BLE001 - one place that cannot be given up must not stop the watch
                log.error("session watch failed", failure=type(failure).__name__)
            await asyncio.sleep(LOOK_SECONDS)

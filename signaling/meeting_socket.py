"""``GET /api/v1/meetings/{id}/events``: what happens in a meeting, told to one page with the STATE it may see.

Each message is ``{"event", "at", "participant", "state"}``; the first is the event "state". The server pings; the page
may send ``{"type": "ping"}`` and gets ``{"type": "pong"}``. The socket's life keeps a waiting person's place.

Pages that hold a vouched key also pass each other messages of end-to-end encryption (PROTOCOL.md): what one sends as
``{"type": "encryption", "body": ...}`` the others get as ``{"event": "encryption", "from", "body"}``. Nothing of it is
kept, and what is in it is theirs: wrapped keys open for the browser they are wrapped for alone.

Close codes: 1001 the server restarts, come back; 1008 too many messages; 1013 too slow, come back; 4401 logged out;
4403 removed or denied; 4404 no longer for you; 4409 opened on another device; 4410 the meeting has ended.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from typing import Any
from weakref import WeakSet

import structlog
from aiohttp import WSMsgType, web

from audit.log import AuditUnavailable
from auth.errors import Refusal
from auth.sessions import Session, Sessions
from db.engine import DatabaseFailure
from rooms.desk import Publish
from rooms.errors import MeetingUnknown
from rooms.meetings import Meetings
from rooms.policy import Action
from rooms.state import State
from rooms.vouching import MOST_MESSAGE
from signaling.bus import Bus, BusUnavailable, SlowReader
from signaling.security import session_of

log = structlog.get_logger()

LOGGED_OUT, OUT, NOT_YOURS, OTHER_DEVICE, ENDED, TOO_SLOW, RESTARTING, UNRULY = (
    4401,
    4403,
    4404,
    4409,
    4410,
    1013,
    1001,
    1008,
)
PING_SECONDS = 15.0
SEND_SECONDS = 5.0
WATCH_SECONDS = 1.5
"""How soon a logout ends the socket, and the media with it, where the bus tells nothing (`session_watch`)."""
SEEN_EVERY = 5  # rounds of the watch: every 7.5 seconds, a quarter of `lifecycle.LOBBY_GRACE`
TOUCH_EVERY = 30  # rounds: every 45 seconds
MOST_SOCKETS = 8  # of one login
MOST_MESSAGES = 30  # in one round of the watch
ENCRYPTION = "encryption"
LONGEST_MESSAGE = MOST_MESSAGE + 1024


class TooManySockets(Refusal):
    code = "too-many-sockets"
    status = 429
    swedish = "Sidan är öppen på många ställen. Stäng några fönster och försök igen."
    english = "The page is open in many places. Close some windows and try again."


class _Closing(Exception):
    """Ends the socket's work with this close code."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


def topic_of(meeting: str) -> str:
    return f"meeting:{meeting}"


def publisher(bus: Bus) -> Publish:
    """What `rooms` publishes with."""

    async def publish(meeting: str, event: dict[str, Any]) -> None:
        await bus.publish(topic_of(meeting), json.dumps(event).encode())

    return publish


class MeetingSockets:
    """All open sockets of this process. `close` sends them away to come back later."""

    def __init__(
        self,
        meetings: Meetings,
        bus: Bus,
        sessions: Sessions,
        clock: Callable[[], datetime],
        *,
        watch_seconds: float = WATCH_SECONDS,
    ) -> None:
        self._meetings = meetings
        self._bus = bus
        self._sessions = sessions
        self._clock = clock
        self._watch_seconds = watch_seconds
        self._open: WeakSet[web.WebSocketResponse] = WeakSet()
        self._pages: WeakSet[_Page] = WeakSet()
        self._counts: Counter[str] = Counter()

    def routes(self) -> list[web.RouteDef]:
        return [web.get("/api/v1/meetings/{id}/events", self.events)]

    async def close(self) -> None:
        """At shutdown: pages reconnect by themselves."""
        for socket in tuple(self._open):
            with suppress(ConnectionError, RuntimeError):
                await socket.close(code=RESTARTING)

    def session_ended(self, session: str) -> None:
        """Have the sockets of that login look at once whether it lives."""
        for page in tuple(self._pages):
            if page.session == session:
                page.look.set()

    async def events(self, request: web.Request) -> web.WebSocketResponse:
        viewer = session_of(request)
        meeting = request.match_info["id"]
        await self._meetings.read(viewer, meeting)  # a refusal is told as a problem, before the upgrade
        if self._counts[viewer.id] >= MOST_SOCKETS:
            raise TooManySockets
        socket = web.WebSocketResponse(heartbeat=PING_SECONDS, max_msg_size=LONGEST_MESSAGE, compress=False)
        self._counts[viewer.id] += 1
        try:
            await socket.prepare(request)
            self._open.add(socket)
            await self._serve(socket, viewer, meeting)
        finally:
            self._counts[viewer.id] -= 1
            if self._counts[viewer.id] <= 0:
                del self._counts[viewer.id]
        return socket

    async def _serve(self, socket: web.WebSocketResponse, viewer: Session, meeting: str) -> None:
        one = _Page(
            socket, viewer, meeting, meetings=self._meetings, sessions=self._sessions, bus=self._bus, clock=self._clock
        )
        self._pages.add(one)
        code = RESTARTING
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._tell(one), name="meeting events")
                group.create_task(self._watch(one), name="meeting watch")
                group.create_task(one.read(), name="meeting page")
        except* _Closing as ends:
            codes = [end.code for end in ends.exceptions if isinstance(end, _Closing)]
            code = codes[0] if codes else RESTARTING
        except* (ConnectionError, RuntimeError):
            pass  # the page is gone in the middle of a message
        except* (AuditUnavailable, BusUnavailable, DatabaseFailure, TimeoutError) as failed:
            log.warning("meeting socket cut", failure=type(failed.exceptions[0]).__name__)
            code = TOO_SLOW
        with suppress(ConnectionError, RuntimeError):
            await socket.close(code=code)

    async def _tell(self, one: "_Page") -> None:
        while True:
            async with self._bus.subscribe(topic_of(one.meeting)) as messages:
                # Subscribed first, so that nothing falls between the snapshot and the first event.
                await one.send("state", None)
                with suppress(SlowReader):
                    async for message in messages:
                        event = json.loads(message)
                        if event["event"] == ENCRYPTION:
                            await one.pass_on(event["from"], event["body"])
                            continue
                        await one.send(event["event"], event.get("participant"), event.get("at"))

    async def _watch(self, one: "_Page") -> None:
        rounds = 0
        while True:
            await one.still_logged_in()
            if rounds % SEEN_EVERY == 0:
                await one.here(touch=rounds % TOUCH_EVERY == 0)
            rounds += 1
            with suppress(TimeoutError):
                async with asyncio.timeout(self._watch_seconds):
                    await one.look.wait()
            one.look.clear()


class _Page:
    """One page's socket and what it is told."""

    def __init__(
        self,
        socket: web.WebSocketResponse,
        viewer: Session,
        meeting: str,
        *,
        meetings: Meetings,
        sessions: Sessions,
        bus: Bus,
        clock: Callable[[], datetime],
    ) -> None:
        self.meeting = meeting
        self.session = viewer.id
        self.look = asyncio.Event()
        self._socket = socket
        self._viewer = viewer
        self._meetings = meetings
        self._sessions = sessions
        self._bus = bus
        self._clock = clock
        self._messages = 0
        self._was_here = False
        self._inside: str | None = None
        self._unrecognised = False

    async def send(self, event: str, participant: str | None, at: str | None = None) -> None:
        """Tell an event with a fresh STATE; ends the socket where that is what the event means for this page."""
        try:
            state = await self._meetings.state_for(self._viewer, self.meeting)
        except MeetingUnknown:
            raise _Closing(NOT_YOURS) from None
        if event.startswith("consent.") and Action.SEE_INVITATIONS not in state["me"]["may"]:
            return  # nothing of what they see has changed, and that something happened is not theirs to know
        at = at or self._clock().strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        text = json.dumps({"event": event, "at": at, "participant": participant, "state": state})
        await self._send(text)
        self._follow(event, state)

    async def pass_on(self, identity: str, body: str) -> None:
        """Another page's message of end-to-end encryption, for pages whose person is in the room.

        Who came by a code alone gets what names their own seat: anything else would tell them who is here.
        """
        named = not self._unrecognised or (self._inside or "") in body
        if self._inside is not None and self._inside != identity and named:
            await self._send(json.dumps({"event": ENCRYPTION, "from": identity, "body": body}))

    async def _send(self, text: str) -> None:
        try:
            async with asyncio.timeout(SEND_SECONDS):
                await self._socket.send_str(text)
        except TimeoutError:
            raise _Closing(TOO_SLOW) from None

    def _follow(self, event: str, state: State) -> None:
        me, own = state["me"], state["me"]["participant"]
        inside = me["this_device"] and me["state"] in ("admitted", "in_room")
        self._inside = me["identity"] if inside else None
        self._unrecognised = me["unrecognised"]
        if event == "meeting.ended":
            raise _Closing(ENDED)
        if event != "state" and own is not None and me["state"] in ("removed", "denied"):
            raise _Closing(OUT)
        if own is not None and me["this_device"]:
            self._was_here = True
        elif self._was_here and event == "participant.replaced":
            raise _Closing(OTHER_DEVICE)

    async def still_logged_in(self) -> None:
        """A login that has ended takes its media with it, not only this socket. One that works in another post than
        when the page was opened sees what that post may."""
        self._messages = 0
        found = await self._sessions.find(self._viewer.id)
        if found is None:
            await self._meetings.admission.logged_out(self._viewer.id)
            # Identified again in the same browser: the place is the new login's, and was this page's before.
            superseded = self._was_here and await self._meetings.admission.superseded(self._viewer, self.meeting)
            raise _Closing(OTHER_DEVICE if superseded else LOGGED_OUT)
        before, self._viewer = self._viewer, found
        if found.staff != before.staff:
            await self.send("state", None)  # another post, or none: what may be seen now, or nothing any more

    async def here(self, *, touch: bool) -> None:
        """A sign of life for the lobby, and for the login of one who is in the meeting."""
        if await self._meetings.seen(self._viewer, self.meeting) and touch:
            await self._sessions.touch(self._viewer.id)

    async def read(self) -> None:
        """Until the page goes."""
        async for message in self._socket:
            self._messages += 1
            if self._messages > MOST_MESSAGES:
                raise _Closing(UNRULY)
            said = _read(message.data) if message.type is WSMsgType.TEXT else {}
            if said.get("type") == "ping":
                async with asyncio.timeout(SEND_SECONDS):
                    await self._socket.send_str('{"type": "pong"}')
            elif said.get("type") == ENCRYPTION:
                await self._say(said.get("body"))
        raise _Closing(1000)

    async def _say(self, body: object) -> None:
        """To the other pages of the meeting; in the name the meeting has vouched for, and no other."""
        if self._inside is None or not isinstance(body, str) or not 0 < len(body) <= MOST_MESSAGE:
            return
        identity = await self._meetings.admission.speaker(self._viewer, self.meeting)
        if identity is not None:
            message = {"event": ENCRYPTION, "from": identity, "body": body}
            await self._bus.publish(topic_of(self.meeting), json.dumps(message).encode())


def _read(text: str) -> dict[str, Any]:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) else {}

"""The meeting interface in a small application: who calls stands in a header instead of a cookie."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestClient

from auth.errors import Refusal
from auth.sessions import Session, Sessions
from auth.store import SessionRows
from rooms.meetings import Meetings
from signaling import problems
from signaling.api import consents
from signaling.api.meetings import routes
from signaling.bus import MemoryBus
from signaling.meeting_socket import MeetingSockets, publisher
from signaling.security import Unidentified
from tests.rooms.world import ORIGIN, World

Client = TestClient[web.Request, web.Application]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class House:
    world: World
    sockets: MeetingSockets
    sessions: Sessions
    app: web.Application
    logins: dict[str, Session] = field(default_factory=dict)

    def headers(self, session: Session) -> dict[str, str]:
        self.logins[session.id] = session
        return {"X-Session": session.id}


async def build(world: World, *, watch_seconds: float = 0.05) -> House:
    bus = MemoryBus()
    tell = publisher(bus)

    async def hear(meeting: str, event: dict[str, Any]) -> None:
        await world.hear(meeting, event)
        await tell(meeting, event)

    world.meetings._desk._publish = hear
    meetings: Meetings = world.meetings
    sessions = Sessions(SessionRows(world.engine), world.log, world.clock)
    sockets = MeetingSockets(meetings, bus, sessions, world.clock, watch_seconds=watch_seconds)

    @web.middleware
    async def who(request: web.Request, handler: Handler) -> web.StreamResponse:
        request["session"] = house.logins.get(request.headers.get("X-Session", ""))
        request["address"] = "192.0.2.7"
        request["language"] = request.headers.get("X-Language", "sv")
        if request["session"] is None:
            raise Unidentified
        return await handler(request)

    def page(request: web.Request, refusal: Refusal) -> web.Response:
        return web.Response(status=refusal.status)

    app = web.Application(middlewares=[problems.middleware(page), who], client_max_size=64 * 1024)
    app.add_routes(routes(meetings, origin=ORIGIN, media_url=None, clock=world.clock))
    app.add_routes(consents.routes(meetings.consents))
    app.add_routes(sockets.routes())
    house = House(world, sockets, sessions, app)
    return house


async def stored(house: House, session: Session) -> Session:
    """The same person with a session the database knows, as a socket needs."""
    made, _ = await house.sessions.create(
        session.person,
        method=session.method,
        assurance_level=session.assurance_level,
        authenticated_at=session.authenticated_at,
        staff=None,
        invitation=None,
        language="sv",
    )
    return made

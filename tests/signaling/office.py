"""Organisations and their staff on a real database and log, their JSON interface and pages, and who is calling."""

from dataclasses import dataclass, field, replace
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from auth.commissions import Commissions
from auth.demo import seed
from auth.directory import Directory
from auth.identity import AssuranceLevel, Method
from auth.people import Staff
from auth.sessions import Session, Sessions
from auth.store import ImportRows, People, SessionRows
from signaling import i18n, pages, problems
from signaling.api import directory as directory_api
from signaling.pages import commissions as commission_pages
from signaling.pages import organisations, staff_import
from signaling.pages import sessions as session_pages
from signaling.security import Unidentified
from tests.rooms.world import REGION as OTHER_REGION
from tests.rooms.world import World

HEADER = "personnummer;hsa-id;förnamn;efternamn;titel;enhet;behörigheter;sista dag"


@dataclass
class Office:
    """session: who is calling; None for a stranger."""

    world: World
    session: Session | None = None
    client: TestClient[web.Request, web.Application] = field(init=False)

    async def open(self) -> "Office":
        world = self.world
        world.people = People(world.engine, world.vault, world.clock)
        # The world has a region of that name; here it is the demo's.
        await world.people.change_organisation(replace(OTHER_REGION, name="Region Annan"))
        await seed(world.people)
        rows = SessionRows(world.engine)
        self.sessions = Sessions(rows, world.log, world.clock)
        commissions = Commissions(world.people, rows, self.sessions, world.log)
        self.directory = Directory(world.people, world.log, commissions, world.clock)

        @web.middleware
        async def someone(request: web.Request, handler: Any) -> web.StreamResponse:
            found = self.session and await self.sessions.find(self.session.id)
            request["session"], request["request_id"] = found or None, "3f9c"
            if found is None:
                raise Unidentified
            answer: web.StreamResponse = await handler(request)
            return answer

        middlewares = [i18n.language_middleware, problems.middleware(pages.error_page), someone]
        app = web.Application(middlewares=middlewares, client_max_size=64 * 1024)
        app.add_routes(directory_api.routes(self.directory, commissions, world.clock))
        app.add_routes(staff_import.routes(self.directory, ImportRows(world.engine, world.vault), world.clock))
        app.add_routes(organisations.routes(self.directory, world.clock))
        app.add_routes(commission_pages.routes(commissions))
        app.add_routes(session_pages.routes(self.sessions, world.people, "hemmaplan"))
        app[pages.SUPPORT_PHONE], app[pages.DEMO] = "0980-31 92 10", True
        self.client = TestClient(TestServer(app))
        await self.client.start_server()
        return self

    async def log_in(self, name: str, *, chosen: bool = True) -> Staff:
        """As one of the demo's staff, in their first commission."""
        everybody = [one for place in await self.world.people.organisations()
                     for one in await self.world.people.staff_in(place.id)]  # fmt: skip
        staff = next(one for one in everybody if one.person.name == name)
        self.session, _ = await self.sessions.create(
            staff.person,
            method=Method.BANKID,
            assurance_level=AssuranceLevel.HIGH_3,
            authenticated_at=self.world.clock(),
            staff=staff if chosen else None,
            invitation=None,
            language="sv",
        )
        return staff

    async def call(self, method: str, path: str, body: Any = None, *, status: int = 200, **more: Any) -> Any:
        """The JSON answer."""
        async with self.client.request(method, f"/api/v1{path}", json=body, **more) as answer:
            assert answer.status == status, await answer.text()
            return await answer.json() if answer.status != 204 else None

    async def page(self, path: str, sent: Any = None, *, status: int = 200) -> str:
        """A page's text, or where it leads."""
        method, headers = "GET" if sent is None else "POST", {"Accept": "text/html"}
        async with self.client.request(method, path, data=sent, headers=headers, allow_redirects=False) as answer:
            assert answer.status == status, await answer.text()
            return answer.headers["Location"] if status == 303 else await answer.text()

    async def events(self) -> list[str]:
        found = await self.world.log.search(limit=500)
        return [record.type.value for record in found]

"""All pages on real meetings and a real log, for a test that says who is looking."""

from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestClient

from auth.identity import Method
from auth.people import Permission
from auth.sessions import Session
from rooms.planning import Planned
from signaling import i18n, pages, problems
from signaling.security import PUBLIC, Unidentified, content_security_policy, route_template
from tests.one_time import FreshOnce
from tests.rooms.world import KARIN, NORDVIK, World, number

Client = TestClient[web.Request, web.Application]

FREE = PUBLIC | {"/logout"}


class NoSessions:
    """Stands in for `auth.sessions.Sessions` where a page logs somebody out."""

    def __init__(self) -> None:
        self.ended: list[str] = []

    async def end(self, session: Session, *, reason: str = "") -> None:  # noqa: ARG002
        self.ended.append(session.id)


@dataclass
class Site:
    """viewer: who is looking; None for a stranger. methods: the ways to identify that are set up."""

    world: World
    sessions: NoSessions = field(default_factory=NoSessions)
    viewer: Session | None = None
    methods: frozenset[Method] = frozenset({Method.BANKID})
    client: Client = field(init=False)

    def application(self) -> web.Application:
        @web.middleware
        async def someone(request: web.Request, handler: Any) -> web.StreamResponse:
            request["session"], request["request_id"] = self.viewer, "3f9c"
            template = route_template(request)
            if request.match_info.http_exception is None and template not in FREE and self.viewer is None:
                raise Unidentified
            answer: web.StreamResponse = await handler(request)
            return answer

        @web.middleware
        async def dress(request: web.Request, handler: Any) -> web.StreamResponse:
            answer: web.StreamResponse = await handler(request)
            answer.headers["Content-Security-Policy"] = content_security_policy(f"http://{request.host}")
            return answer

        app = web.Application(
            middlewares=[dress, i18n.language_middleware, problems.middleware(pages.error_page), someone]
        )
        app.add_routes(
            pages.routes(
                self.world.meetings,
                self.sessions,  # type: ignore[arg-type]  # only `end` is called
                self.world.log,
                self.world.clock,
                one_time=FreshOnce(),
                cookie="hemmaplan",
                demo=True,
                methods=self.methods,
            )
        )
        app.add_routes(i18n.routes())
        return app

    async def get(self, path: str, *, english: bool = False, status: int = 200) -> str:
        cookies = {"Cookie": "hemmaplan-language=en"} if english else {}
        answer = await self.client.get(path, headers={"Accept": "text/html", **cookies}, allow_redirects=False)
        assert answer.status == status, answer.status
        return await answer.text()

    async def location(self, path: str) -> str:
        answer = await self.client.get(path, headers={"Accept": "text/html"}, allow_redirects=False)
        assert answer.status in (302, 303), answer.status
        return answer.headers["Location"]

    async def post(self, path: str, status: int = 303, **form: str) -> tuple[str, str]:
        """(text, where to)."""
        sent = {name.replace("__", "."): value for name, value in form.items()}
        answer = await self.client.post(path, data=sent, headers={"Accept": "text/html"}, allow_redirects=False)
        assert answer.status == status, (answer.status, await answer.text())
        return await answer.text(), answer.headers.get("Location", "")

    async def planned(self, **values: Any) -> Planned:
        """Anna looks, and has planned Gunnar's meeting in ten minutes."""
        self.viewer = await self.world.anna()
        return await self.world.plan(self.viewer, **values)

    async def karin(self, planned: Planned) -> Session:
        self.viewer = await self.world.by_link(planned, "Karin Edlund", KARIN)
        return self.viewer

    async def auditor(self) -> Session:
        self.viewer = await self.world.staff(
            "Rut Söderlind", number("19770101"), NORDVIK, Permission.AUDITOR, title="Logggranskare"
        )
        return self.viewer

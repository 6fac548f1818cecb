"""The demo's OpenID providers, as a person meets them."""

from collections.abc import AsyncIterator
from urllib.parse import urlencode

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from auth.demo import OIDC_PEOPLE
from auth.identity import Method
from auth.oidc_simulator import OidcSimulator
from signaling import i18n, pages, problems
from signaling.pages import oidc_simulator
from tests.auth.test_oidc_simulator import ASKED
from tests.conftest import FrozenClock

Client = TestClient[web.Request, web.Application]
ORIGIN = "http://localhost:8080"
QUERY = urlencode({**ASKED, "redirect_uri": f"{ORIGIN}/auth/oidc/freja/callback"})


@pytest.fixture
async def client(clock: FrozenClock) -> AsyncIterator[Client]:
    async with OidcSimulator(OIDC_PEOPLE, clock, origin=ORIGIN) as simulator:
        app = web.Application(middlewares=[i18n.language_middleware, problems.middleware(pages.error_page)])
        app.add_routes(oidc_simulator.routes(simulator.issuers))
        async with TestClient(TestServer(app)) as client:
            yield client


async def answered(client: Client, **form: str) -> tuple[int, str]:
    async with client.post("/simulator/oidc/freja", data={"asked": QUERY, **form}, allow_redirects=False) as answer:
        return answer.status, answer.headers.get("Location", "")


async def test_a_person_is_chosen_and_approves_or_refuses(client: Client) -> None:
    page = await (await client.get(f"/simulator/oidc/freja?{QUERY}")).text()
    assert "Det här är inte Freja." in page
    assert "Karin Edlund" in page
    status, where = await answered(client, act="approve", person=OIDC_PEOPLE[Method.FREJA][0].person.number)
    assert (status, where.startswith(f"{ORIGIN}/auth/oidc/freja/callback?code=")) == (303, True)
    status, where = await answered(client, act="deny")
    assert (status, "error=access_denied" in where) == (303, True)


async def test_what_was_not_asked_by_us_is_refused(client: Client) -> None:
    asked = QUERY.replace("localhost", "evil.example")
    assert (await client.get(f"/simulator/oidc/freja?{asked}")).status == 409
    assert (await client.post("/simulator/oidc/freja", data={"asked": asked, "act": "approve"})).status == 409
    assert (await client.get(f"/simulator/oidc/bankid?{QUERY}")).status == 404

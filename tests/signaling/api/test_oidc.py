"""``/auth/oidc`` as a browser sees it: real middleware, real cookies, the demo's own providers."""

from collections.abc import AsyncIterator
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import CookieJar, web
from aiohttp.test_utils import TestClient, TestServer
from sqlalchemy.ext.asyncio import AsyncEngine

from auth.identity import Method
from auth.oidc import OidcLogins
from auth.oidc_client import OidcClient, http_session
from auth.oidc_simulator import Issuer, OidcSimulator, SimulatedPerson
from auth.store import OidcRows
from signaling import problems, security
from signaling.api import auth as auth_api
from signaling.api import oidc as oidc_api
from tests.auth.conftest import *  # noqa: F403  (the fixtures of the house that identifies)
from tests.auth.conftest import ANNA, KARIN, House
from tests.signaling.api.test_auth import error_page

Client = TestClient[web.Request, web.Application]
ORIGIN = "http://localhost:8080"


@pytest.fixture
async def issuer(house: House) -> AsyncIterator[Issuer]:
    people = {Method.FREJA: [SimulatedPerson(ANNA, "PLUS"), SimulatedPerson(KARIN, "PLUS")]}
    async with OidcSimulator(people, house.clock, origin=ORIGIN) as simulator:
        yield simulator.issuers[Method.FREJA]


@pytest.fixture
async def browser(house: House, issuer: Issuer, engine: AsyncEngine) -> AsyncIterator[Client]:
    async with http_session() as http:
        logins = OidcLogins(
            [OidcClient(issuer.provider, f"{ORIGIN}/auth/oidc/freja/callback", http, house.clock)],
            rows=OidcRows(engine, house.vault),
            people=house.people,
            sessions=house.sessions,
            invitations=house.links,
            audit=house.log,
            clock=house.clock,
        )
        guard = security.middleware(house.sessions, security.Networks([]), ORIGIN)
        app = web.Application(middlewares=[problems.middleware(error_page), guard])
        app.add_routes(auth_api.routes(house.identifications, house.sessions, secure=False))
        app.add_routes(oidc_api.routes(logins, house.sessions, secure=False))
        async with TestClient(TestServer(app), cookie_jar=CookieJar(unsafe=True)) as client:
            yield client


async def location(browser: Client, path: str) -> str:
    async with browser.get(path, allow_redirects=False) as answer:
        assert answer.status == 303, await answer.text()
        return answer.headers["Location"]


async def way_back(browser: Client, issuer: Issuer, number: str, path: str = "/auth/oidc/freja/start") -> str:
    """From our page to the provider, and approved there: the address the browser is led to."""
    asked = {name: values[0] for name, values in parse_qs(urlsplit(await location(browser, path)).query).items()}
    back = urlsplit(issuer.approve(issuer.request(asked), number))
    return f"{back.path}?{back.query}"


async def test_there_and_back(browser: Client, issuer: Issuer) -> None:
    back = await way_back(browser, issuer, ANNA.number, "/auth/oidc/freja/start?next=/meetings/new")
    async with browser.get(back, allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (303, "/meetings/new")
        cookies = dict(answer.cookies)
    assert cookies["hemmaplan"]["httponly"]
    assert cookies["hemmaplan"]["samesite"] == "Lax"
    assert cookies["hemmaplan-method"].value == "freja"
    async with browser.get("/auth/session") as answer:
        session = (await answer.json())["session"]
    assert (session["method"], session["assurance_level"], session["staff"]["id"]) == ("freja", 3, "staff-1")
    assert await location(browser, back) == "/login?problem=identification-unknown&with=freja"


async def test_a_login_replaces_the_one_before(browser: Client, issuer: Issuer, house: House) -> None:
    for _ in range(2):
        await location(browser, await way_back(browser, issuer, ANNA.number))
    assert house.log.reasons()[-1] == "identified_anew"


async def test_the_link_page_is_where_a_no_is_told(browser: Client, issuer: Issuer) -> None:
    start = "/auth/oidc/freja/start?invitation=karins-link"
    assert await location(browser, await way_back(browser, issuer, ANNA.number, start)) == (
        "/i/karins-link?problem=wrong-person&with=freja"
    )
    assert await location(browser, await way_back(browser, issuer, KARIN.number, start)) == "/meetings/meeting-1"
    unknown = await location(browser, "/auth/oidc/freja/start?invitation=unknown")
    assert unknown == "/i/unknown?problem=invitation-unknown"


async def test_a_no_is_told_where_the_login_still_knows_where_it_leads(browser: Client, issuer: Issuer) -> None:
    """Who gives up on the travel laptop and tries again comes to its page, not to the day's list."""
    start = "/auth/oidc/freja/start?next=/kiosk"
    asked = {name: values[0] for name, values in parse_qs(urlsplit(await location(browser, start)).query).items()}
    gave_up = urlsplit(issuer.deny(issuer.request(asked)))
    assert (
        await location(browser, f"{gave_up.path}?{gave_up.query}")
        == "/login?next=%2Fkiosk&problem=identification-given-up&with=freja"
    )
    refused = await location(browser, await way_back(browser, issuer, KARIN.number, start))
    assert refused == "/login?next=%2Fkiosk&problem=not-staff&with=freja"
    async with browser.get(start, headers={"User-Agent": "Googlebot/2.1"}, allow_redirects=False) as answer:
        assert answer.headers["Location"] == "/login?next=%2Fkiosk&problem=for-people"


async def test_without_cookies(browser: Client, issuer: Issuer) -> None:
    back = await way_back(browser, issuer, ANNA.number)
    browser.session.cookie_jar.clear()
    async with browser.get(back, headers={"Accept": "text/html"}, allow_redirects=False) as answer:
        assert answer.status == 400  # on a page of its own: a relative has nothing to do at the staff's login


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/auth/oidc/siths/start", 404),  # not set up here
        ("/auth/oidc/x/callback", 404),
        ("/auth/oidc/freja/start?next=//evil.example", 400),
        ("/auth/oidc/freja/start?next=https://evil.example", 400),
        ("/auth/oidc/freja/start?invitation=a/b", 400),
    ],
)
async def test_what_is_not_begun(browser: Client, path: str, status: int) -> None:
    async with browser.get(path, allow_redirects=False, headers={"Accept": "text/html"}) as answer:
        assert (answer.status, answer.content_type) == (status, "text/plain")  # a page: a person waits here


async def test_a_parameter_given_twice_counts_for_nothing(browser: Client, issuer: Issuer) -> None:
    back = await way_back(browser, issuer, ANNA.number)
    assert "problem=identification-unknown" in await location(browser, f"{back}&state=another")

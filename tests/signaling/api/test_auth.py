"""``/auth`` as a browser sees it: real middleware, real cookies, the real simulator over mutual TLS."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from aiohttp import CookieJar, DummyCookieJar, web
from aiohttp.test_utils import TestClient, TestServer

from auth.errors import Refusal
from auth.sessions import IDLE
from signaling import problems, security
from signaling.api import auth as auth_api
from signaling.api import simulator as simulator_api
from signaling.security import NEXT
from tests.auth.conftest import *  # noqa: F403  (the fixtures of the house that identifies)
from tests.auth.conftest import ANNA, KARIN, House

Client = TestClient[web.Request, web.Application]


def error_page(request: web.Request, refusal: Refusal) -> web.Response:
    return web.Response(text=refusal.text("sv"), status=refusal.status)


def application(house: House, *, secure: bool) -> web.Application:
    origin = "https://mote.example.se" if secure else "http://localhost:8080"
    app = web.Application(
        client_max_size=64 * 1024,
        middlewares=[
            problems.middleware(error_page),
            security.middleware(house.sessions, security.Networks([]), origin),
        ],
    )
    app.add_routes(auth_api.routes(house.identifications, house.sessions, secure=secure))
    app.add_routes(simulator_api.routes(house.simulator))
    return app


@pytest.fixture
async def server(house: House) -> AsyncIterator[TestServer]:
    server = TestServer(application(house, secure=False))
    async with server:
        yield server


@pytest.fixture
async def browser(server: TestServer) -> AsyncIterator[Client]:
    async with TestClient(server, cookie_jar=CookieJar(unsafe=True)) as client:
        yield client


@pytest.fixture
async def other_browser(server: TestServer) -> AsyncIterator[Client]:
    async with TestClient(server, cookie_jar=CookieJar(unsafe=True)) as client:
        yield client


async def start(browser: Client, **body: object) -> dict[str, Any]:
    async with browser.post("/auth/bankid/start", json=body) as response:
        assert response.status == 200, await response.text()
        answer: dict[str, Any] = await response.json()
        return answer


async def approve(browser: Client, number: str, **body: object) -> None:
    async with browser.post("/simulator/bankid/approve", json={"personalNumber": number, **body}) as response:
        assert response.status == 204, await response.text()


async def outcome(browser: Client, transaction: str) -> dict[str, Any]:
    for _ in range(3000):
        async with browser.get(f"/auth/bankid/{transaction}") as response:
            assert response.status == 200
            status: dict[str, Any] = await response.json()
        if status["status"] != "pending":
            return status
        await asyncio.sleep(0.01)
    raise AssertionError("still pending")


async def logged_in(browser: Client) -> dict[str, Any] | None:
    async with browser.get("/auth/session") as response:
        assert response.status == 200
        session: dict[str, Any] | None = (await response.json())["session"]
        return session


async def test_a_visit_from_link_to_logout(browser: Client) -> None:
    assert await logged_in(browser) is None
    started = await start(browser, invitation="karins-link")
    assert set(started) == {"transaction", "autoStartToken", "app", "qr"}
    async with browser.get(f"/auth/bankid/{started['transaction']}") as response:
        pending = await response.json()
    assert set(pending) == {"status", "hintCode", "message", "qr"}
    await approve(browser, KARIN.number, qr=pending["qr"])
    done = await outcome(browser, started["transaction"])
    assert (done["status"], done["next"], done["qr"]) == ("complete", "/meetings/meeting-1", None)
    session = await logged_in(browser)
    assert session is not None
    assert session["person"]["name"] == "Karin Edlund"
    assert (session["method"], session["assurance_level"], session["staff"]) == ("bankid", 3, None)
    assert KARIN.number not in repr(session)
    async with browser.post("/auth/logout") as response:
        assert response.status == 204
    assert await logged_in(browser) is None
    async with browser.post("/auth/logout") as response:
        assert response.status == 204


async def test_a_page_asks_whether_the_login_stands_without_lengthening_it(browser: Client, house: House) -> None:
    async def living() -> bool:
        async with browser.get("/auth/session/living") as response:
            assert response.status == 200
            return bool((await response.json())["living"])

    assert not await living()
    started = await start(browser, invitation="karins-link")
    await approve(browser, KARIN.number, autoStartToken=started["autoStartToken"])
    await outcome(browser, started["transaction"])
    for _ in range(2):
        assert await living()
        house.clock.advance(seconds=IDLE.total_seconds() / 2)
    assert not await living()
    assert await logged_in(browser) is None


async def test_a_login_is_extended_by_asking_for_it_alone(browser: Client, house: House) -> None:
    async def left(method: str = "GET", of: str = "living") -> tuple[int, Any]:
        async with browser.request(method, f"/auth/session/{of}") as response:
            return response.status, await response.json()

    assert (await left("POST", "extend"))[0] == 401
    assert await left() == (200, {"living": False})
    started = await start(browser, invitation="karins-link")
    await approve(browser, KARIN.number, autoStartToken=started["autoStartToken"])
    await outcome(browser, started["transaction"])
    who = await logged_in(browser)
    assert who is not None
    warned = IDLE - timedelta(minutes=5)
    house.clock.advance(seconds=warned.total_seconds())
    for _ in range(2):
        status, told = await left()
        assert (status, told["person"], told["idle_seconds"]) == (200, who["person"]["id"], 300)
    began = told["absolute_seconds"]
    async with browser.post("/auth/session/extend", headers={"Sec-Fetch-Site": "cross-site"}) as foreign:
        assert foreign.status == 403
    assert (await left())[1]["idle_seconds"] == 300
    status, told = await left("POST", "extend")
    assert (status, told["idle_seconds"], told["absolute_seconds"]) == (200, IDLE.total_seconds(), began)
    house.clock.advance(seconds=warned.total_seconds())
    assert (await left())[1]["living"]
    house.clock.advance(seconds=IDLE.total_seconds())
    assert (await left("POST", "extend"))[0] == 401
    assert await left() == (200, {"living": False})


async def test_staff_see_their_post(browser: Client) -> None:
    started = await start(browser, next="/kiosk")
    await approve(browser, ANNA.number, autoStartToken=started["autoStartToken"])
    assert (await outcome(browser, started["transaction"]))["next"] == "/kiosk"
    session = await logged_in(browser)
    assert session is not None
    assert session["staff"]["organisation"]["name"] == "Nordviks kommun"
    assert session["staff"]["permissions"] == ["host"]


async def test_only_the_browser_that_started_is_told(browser: Client, other_browser: Client) -> None:
    started = await start(browser)
    await approve(browser, ANNA.number, autoStartToken=started["autoStartToken"])
    await start(other_browser)
    for method, path in (("GET", ""), ("POST", "/cancel")):
        async with other_browser.request(method, f"/auth/bankid/{started['transaction']}{path}") as response:
            assert response.status == 404
            assert (await response.json())["code"] == "identification-unknown"
    await outcome(browser, started["transaction"])
    assert await logged_in(browser) is not None
    assert await logged_in(other_browser) is None


async def test_a_new_identification_ends_the_session_before(browser: Client, house: House) -> None:
    sessions = []
    for _ in range(2):
        started = await start(browser)
        await approve(browser, ANNA.number, autoStartToken=started["autoStartToken"])
        await outcome(browser, started["transaction"])
        session = await logged_in(browser)
        assert session is not None
        sessions.append(session["id"])
    assert sessions[0] != sessions[1]
    assert await house.sessions.find(sessions[0]) is None
    assert "identified_anew" in house.log.reasons()


async def test_a_planted_session_cookie_is_worth_nothing(browser: Client) -> None:
    browser.session.cookie_jar.update_cookies({"hemmaplan": "p" * 43})
    assert await logged_in(browser) is None
    started = await start(browser)
    await approve(browser, ANNA.number, autoStartToken=started["autoStartToken"])
    await outcome(browser, started["transaction"])
    assert {cookie.value for cookie in browser.session.cookie_jar if cookie.key == "hemmaplan"} != {"p" * 43}


async def test_the_wrong_person_gets_words_and_no_session(browser: Client) -> None:
    started = await start(browser, invitation="karins-link")
    await approve(browser, ANNA.number, autoStartToken=started["autoStartToken"])
    status = await outcome(browser, started["transaction"])
    assert (status["status"], status["problem"]) == ("failed", "wrong-person")
    assert "personlig länk" in status["message"]
    assert await logged_in(browser) is None


async def test_cancel_and_deny(browser: Client) -> None:
    started = await start(browser)
    async with browser.post(f"/auth/bankid/{started['transaction']}/cancel") as response:
        assert response.status == 204
    assert (await outcome(browser, started["transaction"]))["hintCode"] == "cancelled"
    started = await start(browser)
    async with browser.post("/simulator/bankid/deny", json={"autoStartToken": started["autoStartToken"]}) as response:
        assert response.status == 204
    assert (await outcome(browser, started["transaction"]))["hintCode"] == "userCancel"


async def test_the_way_back_in_a_new_tab(browser: Client, house: House) -> None:
    started = await start(browser, invitation="karins-link", same_device=True)
    await approve(browser, KARIN.number, autoStartToken=started["autoStartToken"])
    query = {"transaction": started["transaction"], "nonce": house.identifications.nonce(started["transaction"])}
    async with browser.get("/auth/bankid/return", params=query, allow_redirects=False) as response:
        assert (response.status, response.headers["Location"]) == (303, "/meetings/meeting-1")
    assert await logged_in(browser) is not None


async def test_the_way_back_after_a_no_leads_to_the_link_s_page(browser: Client, house: House) -> None:
    started = await start(browser, invitation="karins-link", same_device=True)
    house.simulator.deny(auto_start_token=started["autoStartToken"])
    query = {"transaction": started["transaction"], "nonce": house.identifications.nonce(started["transaction"])}
    async with browser.get("/auth/bankid/return", params=query, allow_redirects=False) as response:
        assert response.status == 303
        assert response.headers["Location"] == f"/i/karins-link?transaction={started['transaction']}"


async def test_the_way_back_after_a_no_leads_staff_where_they_were_going(browser: Client, house: House) -> None:
    started = await start(browser, next="/kiosk", same_device=True)
    house.simulator.deny(auto_start_token=started["autoStartToken"])
    query = {"transaction": started["transaction"], "nonce": house.identifications.nonce(started["transaction"])}
    async with browser.get("/auth/bankid/return", params=query, allow_redirects=False) as response:
        assert response.headers["Location"] == f"/login?next=%2Fkiosk&transaction={started['transaction']}"


async def test_the_way_back_in_another_browser_opens_nothing(
    browser: Client, other_browser: Client, house: House
) -> None:
    started = await start(browser, same_device=True)
    await approve(browser, ANNA.number, autoStartToken=started["autoStartToken"])
    query = {"transaction": started["transaction"], "nonce": house.identifications.nonce(started["transaction"])}
    async with other_browser.get("/auth/bankid/return", params=query, allow_redirects=False) as response:
        assert response.status == 303
        assert response.headers["Location"] == "/login?problem=identification-unknown"
    assert await logged_in(other_browser) is None


async def test_a_browser_without_cookies_is_told_what_to_do(server: TestServer) -> None:
    async with TestClient(server, cookie_jar=DummyCookieJar()) as without:
        started = await start(without)
        async with without.get(f"/auth/bankid/{started['transaction']}") as response:
            assert response.status == 400
            problem = await response.json()
    assert problem["code"] == "cookies-blocked"
    assert "Tillåt kakor" in problem["detail"]


@pytest.mark.parametrize("agent", ["facebookexternalhit/1.1", "WhatsApp/2.23.20.0", "SkypeUriPreview Preview/0.5"])
async def test_a_robot_that_draws_previews_starts_nothing(browser: Client, house: House, agent: str) -> None:
    body = {"invitation": "karins-link"}
    async with browser.post("/auth/bankid/start", json=body, headers={"User-Agent": agent}) as response:
        assert response.status == 403
        assert (await response.json())["code"] == "for-people"
    assert house.simulator.pending() == []
    assert house.log.events == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'{"invitation": 1}',
        b'{"invitation": ""}',
        b'{"invitation": "../x"}',
        b'{"invitation": "' + b"a" * 10_000 + b'"}',
        b'{"next": "https://evil.example"}',
        b'{"next": "//evil.example"}',
        b'{"next": "/kiosk/../.."}',
        b'{"next": "/today\\n"}',
        b'{"next": "/auth/logout"}',
        b'{"same_device": "yes"}',
        b'{"unknown": true}',
        b"\xff\xfe",
    ],
)
async def test_bad_bodies_are_refused(browser: Client, body: bytes, house: House) -> None:
    headers = {"Content-Type": "application/json"}
    async with browser.post("/auth/bankid/start", data=body, headers=headers) as response:
        assert response.status == 400
        assert (await response.json())["code"] == "bad-request"
    assert house.log.events == []


async def test_other_types_and_large_bodies_are_refused(browser: Client) -> None:
    async with browser.post("/auth/bankid/start", data={"invitation": "x"}) as response:
        assert response.status == 415
    headers = {"Content-Type": "application/json"}
    async with browser.post("/auth/bankid/start", data=b" " * (65 * 1024), headers=headers) as response:
        assert response.status == 413


async def test_another_site_cannot_start(browser: Client) -> None:
    async with browser.post(
        "/auth/bankid/start", json={}, headers={"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}
    ) as response:
        assert response.status == 403


async def test_the_log_down_is_told_plainly(browser: Client, house: House) -> None:
    house.log.down = True
    async with browser.post("/auth/bankid/start", json={}) as response:
        assert response.status == 503
        problem = await response.json()
    assert (problem["code"], "loggen" in problem["detail"]) == ("audit-unavailable", True)


async def test_cookies_under_plain_http(browser: Client) -> None:
    async with browser.post("/auth/bankid/start", json={}) as response:
        header = response.headers["Set-Cookie"]
    assert header.startswith("hemmaplan-flow=")
    for part in ("HttpOnly", "SameSite=Lax", "Path=/"):
        assert part in header
    assert "Secure" not in header
    assert "Domain" not in header


async def test_cookies_under_https(house: House) -> None:
    async with TestClient(TestServer(application(house, secure=True))) as client:
        async with client.post("/auth/bankid/start", json={}) as response:
            started, flow = await response.json(), response.headers["Set-Cookie"]
        assert flow.startswith("__Host-hemmaplan-flow=")
        cookie = flow.partition(";")[0]
        house.simulator.approve(ANNA.number, auto_start_token=started["autoStartToken"])
        for _ in range(3000):
            async with client.get(f"/auth/bankid/{started['transaction']}", headers={"Cookie": cookie}) as response:
                if (await response.json())["status"] == "complete":
                    session = response.headers["Set-Cookie"]
                    break
            await asyncio.sleep(0.01)
        assert session.startswith("__Host-hemmaplan=")
        for header in (flow, session):
            for part in ("Secure", "HttpOnly", "SameSite=Lax", "Path=/"):
                assert part in header
            assert "Domain" not in header
        assert "Max-Age" not in session


def test_every_page_of_the_staffs_menu_can_be_where_a_login_leads() -> None:
    menu = (Path(__file__).parents[3] / "web" / "templates" / "_macros.html").read_text(encoding="utf-8")
    pages = set(re.findall(r'<li><a href="(/[a-z-]+)"', menu)) - {"/help"}  # open to all
    assert len(pages) > 5
    assert {page for page in pages if not NEXT.fullmatch(page)} == set()

"""What every request passes: identity, origin, address, and the headers of its answer."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any, cast

import pytest
import yarl
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer, make_mocked_request
from multidict import CIMultiDict

from auth.identity import AssuranceLevel, Method
from auth.people import Organisation, Permission, Person, Staff
from auth.sessions import Session, Sessions, cookie_name
from signaling import security
from signaling.logs import configure
from signaling.problems import middleware as problems_middleware
from signaling.security import (
    PUBLIC,
    Networks,
    address_binding,
    comes_from_us,
    content_security_policy,
    headers_middleware,
    is_browser,
    login_address,
    middleware,
    on_travel_laptop,
    page_path,
    require,
    security_headers,
    session_binding,
    session_of,
    way_back,
)

ORIGIN = "http://localhost:8080"
Client = TestClient[web.Request, web.Application]


def a_session(*permissions: Permission) -> Session:
    person = Person("p1", "Anna", "Sjödin", "Anna Sjödin")
    organisation = Organisation("o1", "Nordviks kommun", "kommun", "0980-31 92 10")
    staff = Staff("s1", person, organisation, "Distriktssköterska", "Hemsjukvården", frozenset(permissions))
    return Session(
        id="session-1",
        secret_hash="0" * 64,
        person=person,
        method=Method.BANKID,
        assurance_level=AssuranceLevel.HIGH_3,
        authenticated_at=datetime(2026, 11, 24, 9, tzinfo=UTC),
        staff=staff,
        invitation=None,
        language="sv",
    )


class OneSession:
    """Knows one cookie."""

    async def get(self, secret: str) -> Session | None:
        return a_session(Permission.HOST) if secret == "good" else None


async def _echo(request: web.Request) -> web.Response:
    return web.json_response({"name": session_of(request).person.name if request["session"] else None})


async def _auditors(request: web.Request) -> web.Response:
    require(request, Permission.AUDITOR)
    return web.Response()


def _page(request: web.Request, refusal: Any) -> web.Response:
    return web.Response(text="page", status=refusal.status, content_type="text/html")


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    sessions = cast(Sessions, OneSession())
    app = web.Application(
        middlewares=[
            headers_middleware(ORIGIN),
            problems_middleware(_page),
            middleware(sessions, Networks(["127.0.0.1"]), ORIGIN),
        ]
    )
    app.add_routes(
        [
            web.get("/", _echo),
            web.get("/i/{token}", _echo),
            web.get("/today", _echo),
            web.post("/today", _echo),
            web.get("/audit", _auditors),
        ]
    )
    async with TestClient(TestServer(app)) as made:
        yield made


GOOD = {"Cookie": f"{cookie_name(False)}=good"}


async def test_a_route_off_the_public_list_demands_identity(client: Client) -> None:
    assert "/today" not in PUBLIC
    answer = await client.get("/today")
    assert answer.status == 401
    assert (await answer.json())["code"] == "unidentified"
    assert (await client.get("/today", headers={"Cookie": f"{cookie_name(False)}=forged"})).status == 401
    assert (await (await client.get("/today", headers=GOOD)).json())["name"] == "Anna Sjödin"


async def test_a_page_visitor_is_led_to_the_login_and_back(client: Client) -> None:
    answer = await client.get("/today", headers={"Accept": "text/html"}, allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (303, "/login?next=/today")


async def test_a_public_route_is_open(client: Client) -> None:
    assert (await client.get("/")).status == 200


async def test_a_permission_is_demanded(client: Client) -> None:
    assert (await client.get("/audit", headers=GOOD)).status == 403


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Sec-Fetch-Site": "same-origin"}, 200),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site"}, 403),
        ({"Origin": ORIGIN}, 200),
        ({"Origin": "https://evil.example"}, 403),
        ({"Origin": "null"}, 403),
    ],
)
async def test_a_changing_request_must_come_from_our_own_pages(
    client: Client, headers: dict[str, str], status: int
) -> None:
    assert (await client.post("/today", headers={**GOOD, **headers})).status == status


async def test_a_foreign_page_cannot_open_a_socket(client: Client) -> None:
    headers = {**GOOD, "Upgrade": "websocket", "Connection": "Upgrade", "Origin": "https://evil.example"}
    assert (await client.get("/today", headers=headers)).status == 403


async def test_every_answer_carries_its_headers_errors_too(client: Client) -> None:
    for path in ("/", "/today", "/nowhere"):
        headers = (await client.get(path)).headers
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert "unsafe-inline" not in headers["Content-Security-Policy"]
        for part in ("object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"):
            assert part in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Referrer-Policy"] == "no-referrer"
        assert headers["Cache-Control"] == "no-store"


def test_under_https_browsers_stay_with_https_for_two_years() -> None:
    assert security_headers(True)["Strict-Transport-Security"] == "max-age=63072000; includeSubDomains"
    assert "Strict-Transport-Security" not in security_headers(False)


async def test_other_sites_may_not_read_our_answers(client: Client) -> None:
    for path in ("/", "/today", "/nowhere"):
        answer = await client.get(path, headers={**GOOD, "Origin": "https://evil.example"})
        assert not [name for name in answer.headers if name.lower().startswith("access-control-")]
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"


def test_the_policy_lets_sockets_go_to_this_host_alone() -> None:
    assert "connect-src 'self' wss://mote.example.se" in content_security_policy("https://mote.example.se")


def test_pages_connect_to_a_cluster_where_there_is_one() -> None:
    policy = content_security_policy("https://mote.example.se", "wss://media.example.se:7880")
    assert (
        "connect-src 'self' wss://mote.example.se wss://media.example.se:7880 https://media.example.se:7880" in policy
    )


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("203.0.113.7", "198.51.100.1", "203.0.113.7"),  # not a proxy of ours: what it says does not count
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "192.0.2.66, 198.51.100.1, 10.0.0.2", "198.51.100.1"),
        ("10.0.0.1", "<script>", "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
    ],
)
def test_a_forwarded_address_counts_from_our_proxies_only(peer: str, forwarded: str, address: str) -> None:
    request = make_mocked_request("GET", "/", headers={"X-Forwarded-For": forwarded}).clone(remote=peer)
    assert Networks(["10.0.0.0/8"]).client_address(request) == address


def test_every_line_of_forwarded_addresses_counts() -> None:
    """A proxy may add its line below the one a visitor made up."""
    headers = CIMultiDict([("X-Forwarded-For", "127.0.0.1"), ("X-Forwarded-For", "198.51.100.1")])
    request = make_mocked_request("GET", "/", headers=headers).clone(remote="10.0.0.1")
    assert Networks(["10.0.0.0/8"]).client_address(request) == "198.51.100.1"


@pytest.mark.parametrize(
    ("peer", "header", "hidden"),
    [
        ("127.0.0.1", "X-Forwarded-For", True),
        ("127.0.0.1", "Forwarded", True),
        ("127.0.0.1", "X-Real-IP", True),
        ("127.0.0.1", "Accept", False),
        ("10.0.0.1", "X-Forwarded-For", False),
    ],
)
def test_a_proxy_that_is_not_declared_hides_who_asks(peer: str, header: str, hidden: bool) -> None:
    request = make_mocked_request("GET", "/metrics", headers={header: "198.51.100.1"}).clone(remote=peer)
    assert Networks(["10.0.0.0/8"]).hidden(request) is hidden


def test_a_proxy_that_is_not_declared_is_told_once(capsys: pytest.CaptureFixture[str]) -> None:
    configure("json")
    networks = Networks([])
    for _ in range(3):
        networks.hidden(make_mocked_request("GET", "/", headers={"X-Forwarded-For": "198.51.100.1"}))
    (line,) = capsys.readouterr().out.splitlines()
    assert "HEMMAPLAN_TRUSTED_PROXIES" in line
    assert "198.51" not in line


@pytest.mark.parametrize("sign", ["%00", "%0a", "%7f"])
async def test_an_address_with_a_control_character_is_not_found(client: Client, sign: str) -> None:
    """PostgreSQL takes no NUL: it would look like a database that fails."""
    assert (await client.get(yarl.URL(f"/i/a{sign}b", encoded=True))).status == 404
    assert (await client.get("/i/ab")).status == 200


def test_no_host_is_not_the_host_of_nowhere() -> None:
    request = make_mocked_request("POST", "/", headers={"Origin": "null", "Host": ""})
    assert not comes_from_us(request, ORIGIN)


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("multipart/form-data", b"a=b"),
        ("application/x-www-form-urlencoded; charset=none-such", b"a=b"),
        ("application/x-www-form-urlencoded", b"a=\xff\xfe"),
    ],
)
async def test_a_form_that_cannot_be_read_is_refused(client: Client, kind: str, body: bytes) -> None:
    answer = await client.post("/today", data=body, headers={**GOOD, "Content-Type": kind})
    assert (answer.status, (await answer.json())["code"]) == (400, "bad-request")


async def test_a_body_that_does_not_come_is_not_waited_for(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(security, "BODY_SECONDS", 0.05)

    async def trickle() -> AsyncIterator[bytes]:
        yield b"{"
        await asyncio.sleep(30)
        yield b"}"

    answer = await client.post("/today", data=trickle(), headers={**GOOD, "Content-Type": "application/json"})
    assert (await answer.json())["code"] == "bad-request"


def test_bindings_hide_what_they_bind_to() -> None:
    assert "203.0.113.7" not in address_binding("203.0.113.7")
    assert address_binding("203.0.113.7") != address_binding("203.0.113.8")
    assert session_binding(a_session()).startswith("session:")


def test_a_browser_is_known_by_fetch_metadata() -> None:
    assert is_browser(make_mocked_request("GET", "/", headers={"Sec-Fetch-Site": "same-origin"}))
    program = make_mocked_request("POST", "/")
    assert not is_browser(program)
    assert comes_from_us(program, ORIGIN)


def test_the_way_back_after_login_is_a_path_of_ours() -> None:
    for path, leads_to in {
        "/meetings/1?secret=x": "/login?next=/meetings/1",
        "/meetings/1/room?home=1": "/login?next=/meetings/1/room%3Fhome%3D1",
        "/meetings/1/room?check=1": "/login?next=/meetings/1/room%3Fcheck%3D1",
        "/meetings/1/room?x=1&home=1": "/login?next=/meetings/1/room%3Fhome%3D1",
        "/meetings/1/room?home=2": "/login?next=/meetings/1/room",
        "/meetings/1?next=/kiosk": "/login?next=/meetings/1",
        "/kiosk/meetings/1?next=/today": "/login?next=/kiosk/meetings/1",
        "/kiosk/nope/x/y/z?next=/today": "/login?next=/kiosk",
        "/kiosks/x/y/z/w": "/login",
        "/commissions?next=/kiosk": "/login?next=/kiosk",
        "/commissions?next=//evil.example": "/login",
        "/organisations/nordvik/staff/anna": "/login?next=/organisations/nordvik/staff/anna",
        "/i/a-secret-link": "/login",
        "/i/a-secret-link/sms?next=/i/a-secret-link": "/login",
    }.items():
        assert login_address(make_mocked_request("GET", path)) == leads_to


def test_a_page_s_own_path_says_whether_it_is_the_travel_laptop_s() -> None:
    own = ("/kiosk?next=/today", "/kiosk/meetings/1?next=/today", "/kiosk/nope/x/y/z", "/help?next=/kiosk")
    others = ("/today?next=/kiosk", "/meetings/1?next=/kiosk", "/help?next=/today", "/kiosks", "/")
    assert [on_travel_laptop(make_mocked_request("GET", path)) for path in (*own, *others)] == [True] * 4 + [False] * 5


async def test_an_answer_to_a_form_is_got_from_the_nearest_page_above_it() -> None:
    async def told(request: web.Request) -> web.Response:
        request["made"] = made = request.query.get("made", page_path(request))
        return web.Response(text=f"{made} {page_path(request)} {way_back(request)}")

    app = web.Application()
    app.add_routes([web.get(path, told) for path in ("/", "/meetings/{id}", "/kiosk")])
    posted = ("/kiosk", "/logout", "/meetings/{id}/end", "/meetings/{id}/invitations/{invitation}/renew")
    app.add_routes([web.post(path, told) for path in posted])
    async with TestClient(TestServer(app)) as client:
        for path, page, back in (
            ("/kiosk", "/kiosk", "/kiosk"),
            ("/logout", "/", ""),
            ("/meetings/7/end", "/meetings/7", "/meetings/7"),
            ("/meetings/7/invitations/8/renew", "/meetings/7", "/meetings/7"),
            ("/meetings/7/end?made=/meetings/9", "/meetings/9", "/meetings/9"),
        ):
            assert await (await client.post(path)).text() == f"{page} {page} {back}"
        assert await (await client.get("/meetings/7?x=1")).text() == "/meetings/7 /meetings/7 /meetings/7"

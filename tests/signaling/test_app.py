"""The whole application put together: every route demands identity or is public, and nothing is left running."""

import asyncio
import gc
import re
import warnings
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from signaling.api.openapi import OPERATIONS
from signaling.app import application
from signaling.security import PUBLIC
from signaling.settings import Settings, load

Client = TestClient[web.Request, web.Application]

WEBHOOK = "/livekit/webhook"  # there with a cluster alone
# LiveKit's and the simulator's interfaces are described elsewhere; forms of pages are not for programs.
DESCRIBED = re.compile(r"^(/api/|/auth/(?!bankid/return|oidc/))")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load(demo=True, data_directory=tmp_path / "data", media_udp_port=0)


@pytest.fixture
async def client(settings: Settings) -> AsyncIterator[Client]:
    async with application(settings) as app, TestClient(TestServer(app)) as client:
        yield client


def routes_of(client: Client) -> list[tuple[str, str]]:
    app = client.app
    assert app is not None
    found = [(route.method, route.resource.canonical) for route in app.router.routes() if route.resource is not None]
    return sorted({item for item in found if item[0] != "HEAD"})


async def test_every_route_demands_identity_or_is_public(client: Client) -> None:
    routes = routes_of(client)
    assert {path for _, path in routes} >= PUBLIC - {WEBHOOK}, "the public list names a route that does not exist"
    for method, template in routes:
        path = re.sub(r"{\w+}", "x", template)
        answer = await client.request(method, path, json={} if method != "GET" else None, allow_redirects=False)
        if template in PUBLIC:
            continue
        assert answer.status == 401, f"{method} {template} answered {answer.status} to a stranger"


async def test_a_service_that_is_ended_as_it_starts_leaves_nothing_that_nobody_awaited(settings: Settings) -> None:
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        async with application(settings):
            pass
        gc.collect()
    assert [str(one.message) for one in told if "never awaited" in str(one.message)] == []


async def test_with_a_cluster_nothing_of_the_embedded_server_is_there(settings: Settings) -> None:
    """Its address need not answer for the service to start: pages and plans do without media."""
    elsewhere = settings.model_copy(update={"media_url": "wss://media.example.se"})
    async with application(elsewhere) as app, TestClient(TestServer(app)) as client:
        paths = {path for _, path in routes_of(client)}
        assert {path for path in PUBLIC if not path.startswith(("/rtc", "/twirp"))} <= paths
        assert not [path for path in paths if path.startswith(("/rtc", "/twirp"))]
        page = await client.get("/")
        assert "wss://media.example.se https://media.example.se;" in page.headers["Content-Security-Policy"]
        refused = await client.post(WEBHOOK, data=b"{}")
        assert (refused.status, (await refused.json())["code"]) == (401, "webhook-unsigned")
        assert "livekit_room_total" not in await (await client.get("/metrics")).text()
        assert (await client.get("/readyz")).status == 200


async def test_the_description_names_every_route_and_no_other(client: Client) -> None:
    described = {route for route in routes_of(client) if DESCRIBED.match(route[1])}
    assert described == set(OPERATIONS)


async def test_a_body_of_ten_megabytes_is_refused(client: Client) -> None:
    answer = await client.post(
        "/auth/bankid/start", data=b"x" * 10_000_000, headers={"Content-Type": "application/json"}
    )
    assert answer.status == 413
    assert (await answer.json())["code"] == "too-large"


@pytest.mark.parametrize("body", [b"{", b"[]", b'"x"', b"\xff\xfe", b"[" * 50_000])
async def test_malformed_json_is_refused_clearly(client: Client, body: bytes) -> None:
    answer = await client.post("/auth/bankid/start", data=body, headers={"Content-Type": "application/json"})
    assert 400 <= answer.status < 500
    assert answer.content_type == "application/problem+json"


async def test_an_unknown_address_is_told_in_the_readers_language(client: Client) -> None:
    page = await client.get("/nowhere", headers={"Accept": "text/html", "Cookie": "hemmaplan-language=en"})
    assert page.status == 404
    assert "There is no such page" in await page.text()
    problem = await client.get("/api/v1/nowhere")
    assert (await problem.json())["code"] == "not-found"


async def test_a_wrong_method_says_which_are_right(client: Client) -> None:
    answer = await client.delete("/api/v1/openapi.json")
    assert answer.status == 405
    assert "GET" in answer.headers["Allow"]


@pytest.mark.parametrize("path", ["/", "/login", "/today", "/api/v1/meetings", "/static/none.js"])
async def test_trace_is_not_answered(client: Client, path: str) -> None:
    answer = await client.request("TRACE", path, headers={"X-Secret": "mine"})
    assert answer.status == 405
    assert "mine" not in await answer.text()


@pytest.mark.parametrize("path", ["/.git/config", "/static/", "/static", "/web/", "/.env", "/pyproject.toml"])
async def test_neither_folders_nor_sources_are_shown(client: Client, path: str) -> None:
    assert (await client.get(path)).status == 404


@pytest.mark.parametrize(
    "fields",
    [
        "Content-Length: 4\r\nTransfer-Encoding: chunked",
        "Content-Length: 4\r\nContent-Length: 5",
        "Transfer-Encoding: xchunked",
        "Content-Length: +5",
    ],
)
async def test_a_request_whose_end_is_unclear_is_refused(client: Client, fields: str) -> None:
    """Request smuggling: RFC 9112, 6.3."""
    reader, writer = await asyncio.open_connection(client.host, client.port)
    writer.write(
        f"POST /auth/bankid/start HTTP/1.1\r\nHost: x\r\n{fields}\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n".encode()
    )
    answered = await reader.read()
    writer.close()
    assert answered.startswith(b"HTTP/1.0 400 ")
    assert answered.count(b"HTTP/1.") == 1


async def test_ready_and_figures(client: Client) -> None:
    assert (await client.get("/readyz")).status == 200
    text = await (await client.get("/metrics")).text()
    assert "livekit_room_total 0.0" in text
    assert "hemmaplan_audit_writable 1.0" in text
    assert 'route="/readyz"' in text


async def test_nothing_is_left_running(settings: Settings) -> None:
    before = asyncio.all_tasks()
    async with application(settings):
        pass
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == before


async def test_a_lost_signing_key_stops_the_start(settings: Settings) -> None:
    async with application(settings):
        pass
    (settings.data_directory / "audit.key").unlink()
    with pytest.raises(Exception, match="key"):
        async with application(settings):
            pass

"""Alive, ready, and figures for chosen networks only."""

from collections.abc import Awaitable, Callable

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client import CollectorRegistry, Counter

from signaling.health import routes

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def _fine() -> None: ...


async def _broken() -> None:
    raise ConnectionError("postgresql://user:password@host")


def _client(
    address: str, *, hidden: bool = False, **checks: Callable[[], Awaitable[None]]
) -> TestClient[web.Request, web.Application]:
    @web.middleware
    async def set_address(request: web.Request, handler: Handler) -> web.StreamResponse:
        request["address"], request["hidden"] = address, hidden
        return await handler(request)

    registry = CollectorRegistry()
    Counter("hemmaplan_test", "a figure", registry=registry).inc()
    app = web.Application(middlewares=[set_address])
    app.add_routes(routes(dict(checks), registry, ("127.0.0.0/8",)))
    return TestClient(TestServer(app))


async def test_ready_says_which_part_is_not_and_hides_why() -> None:
    async with _client("127.0.0.1", database=_fine, audit=_broken) as client:
        assert (await client.get("/healthz")).status == 200
        answer = await client.get("/readyz")
        assert answer.status == 503
        assert (await answer.json())["parts"] == {"database": "ok", "audit": "ConnectionError"}


async def test_ready_when_all_is_well() -> None:
    async with _client("127.0.0.1", database=_fine) as client:
        assert (await client.get("/readyz")).status == 200


async def test_figures_are_for_chosen_networks() -> None:
    async with _client("127.0.0.1") as client:
        assert "hemmaplan_test_total 1.0" in await (await client.get("/metrics")).text()
    async with _client("203.0.113.9") as client:
        assert (await client.get("/metrics")).status == 404


async def test_figures_are_not_for_who_comes_through_a_proxy_nobody_declared() -> None:
    async with _client("127.0.0.1", hidden=True) as client:
        assert (await client.get("/metrics")).status == 404

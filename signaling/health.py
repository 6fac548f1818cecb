"""Whether the process lives, whether it may be sent people, and its figures for Prometheus."""

import ipaddress
from collections.abc import Awaitable, Callable, Sequence

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest

Check = Callable[[], Awaitable[None]]


def routes(checks: dict[str, Check], registry: CollectorRegistry, networks: Sequence[str]) -> list[web.RouteDef]:
    """checks: name -> raises when that part cannot do its work. networks: who may read the figures; nobody
    whose own address is not known (`Networks.hidden`)."""
    readers = tuple(ipaddress.ip_network(network) for network in networks)

    async def healthz(request: web.Request) -> web.Response:  # noqa: ARG001
        return web.json_response({"status": "ok"})

    async def readyz(request: web.Request) -> web.Response:  # noqa: ARG001
        parts = {}
        for name, check in checks.items():
            try:
                await check()
            except Exception as failure:  # noqa: BLE001 - whatever fails, the answer is "not ready"
                parts[name] = type(failure).__name__
            else:
                parts[name] = "ok"
        ready = all(state == "ok" for state in parts.values())
        return web.json_response(
            {"status": "ok" if ready else "unavailable", "parts": parts}, status=200 if ready else 503
        )

    async def metrics(request: web.Request) -> web.Response:
        address = ipaddress.ip_address(request["address"])
        if request["hidden"] or not any(address in network for network in readers):
            raise web.HTTPNotFound
        return web.Response(body=generate_latest(registry), headers={"Content-Type": CONTENT_TYPE_LATEST})

    return [web.get("/healthz", healthz), web.get("/readyz", readyz), web.get("/metrics", metrics)]

"""Figures name route patterns, never what was in the path."""

from pathlib import Path

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from prometheus_client import CollectorRegistry, generate_latest

from audit.log import Log
from auth.credentials import Credentials
from auth.demo_certificates import make
from sfu.access_token import TokenKey
from sfu.server import EmbeddedMediaServer
from signaling.metrics import middleware, register


async def test_a_links_token_is_in_no_figure(log: Log, tmp_path: Path) -> None:
    async def page(request: web.Request) -> web.Response:
        return web.Response(text=request.match_info["token"])

    made = make(tmp_path)
    registry = CollectorRegistry()
    credentials = Credentials(made.certificate, made.key, made.root)
    register(registry, EmbeddedMediaServer(TokenKey("key", "s" * 40)), log, credentials)
    app = web.Application(middlewares=[middleware(registry)])
    app.add_routes([web.get("/i/{token}", page)])
    async with TestClient(TestServer(app)) as client:
        await client.get("/i/secret-token")
    text = generate_latest(registry).decode()
    assert 'hemmaplan_requests_total{method="GET",route="/i/{token}",status="200"} 1.0' in text
    assert "secret-token" not in text
    assert "livekit_participant_total 0.0" in text
    assert "hemmaplan_audit_writable 1.0" in text
    assert "hemmaplan_bankid_certificate_usable 1.0" in text
    assert "hemmaplan_bankid_certificate_expires_timestamp_seconds" in text

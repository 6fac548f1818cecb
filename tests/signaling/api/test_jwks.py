"""The public keys, for anyone."""

from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from signaling.api.jwks import PATH, routes
from signaling.security import PUBLIC


class Published:
    def jwks(self) -> dict[str, Any]:
        return {"keys": [{"kty": "OKP"}]}


async def test_public_and_short_to_keep() -> None:
    app = web.Application()
    app.add_routes(routes(Published()))  # type: ignore[arg-type]  # only `jwks` is called
    async with TestClient(TestServer(app)) as client, client.get(PATH) as response:
        assert response.status == 200
        assert response.content_type == "application/jwk-set+json"
        assert "max-age" in response.headers["Cache-Control"]
        assert await response.json(content_type=None) == {"keys": [{"kty": "OKP"}]}
    assert PATH in PUBLIC

"""An OpenID provider that can be made to misbehave, on a port of its own; and the service's logins against it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import parse_qsl, urlsplit

import jwt
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import rsa

from auth.oidc import Back, OidcLogins
from auth.oidc_client import thumbprint
from auth.oidc_simulator import Issuer
from tests.auth.conftest import BROWSER, FLOW, House

Claims = dict[str, Any]
KEYS = [rsa.generate_private_key(public_exponent=65537, key_size=2048) for _ in range(2)]


class Double(Issuer):
    """As the simulator's issuer, with keys made once, and whatever a test puts in its place.

    alter: changes the claims before they are signed. signed: makes the token of the claims. answers: path to the bytes
    answered there instead. asked: how often each path was asked. well: cleared while nobody gets an answer.
    """

    def __init__(self, *args: Any, **values: Any) -> None:
        self.alter: Callable[[Claims], object] = dict
        self.signed: Callable[[Claims], str] | None = None
        self.answers: dict[str, tuple[int, bytes]] = {}
        self.asked: dict[str, int] = {}
        self.well = asyncio.Event()
        self.well.set()
        self._made = 0
        self._runner: web.AppRunner | None = None
        super().__init__(*args, **values)

    def rotate(self) -> None:
        key = KEYS[self._made % 2]
        self._made += 1
        self._keys = [(f"{thumbprint(key)[:8]}-{self._made}", key), *self._keys[:1]]
        self._rotated_at = self._clock()

    @property
    def key(self) -> tuple[str, rsa.RSAPrivateKey]:
        self.jwks()
        return self._keys[0]

    def sign(self, claims: Any) -> str:
        changed = dict(claims)
        self.alter(changed)
        return self.signed(changed) if self.signed is not None else super().sign(changed)

    def signed_as(self, claims: Claims, key: Any, algorithm: str, **headers: Any) -> str:
        return jwt.encode(claims, key, algorithm=algorithm, headers={"kid": self.key[0], **headers})

    async def __aenter__(self) -> Self:
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", self._serve)
        self._runner = web.AppRunner(application, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}/op"
        return self

    async def __aexit__(self, *_: object) -> None:
        self.well.set()
        if self._runner is not None:
            await self._runner.cleanup()

    async def _serve(self, request: web.Request) -> web.Response:
        path = request.path.removeprefix("/op/")
        self.asked[path] = self.asked.get(path, 0) + 1
        await self.well.wait()
        if path in self.answers:
            status, body = self.answers[path]
            return web.Response(status=status, body=body)
        if path == "token":
            status, answer = self.token({name: str(value) for name, value in (await request.post()).items()})
            return web.json_response(answer, status=status)
        return web.json_response(self.jwks() if path == "jwks.json" else self.metadata())


def query_of(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query))


@dataclass
class OidcHouse:
    """The house with one provider. flow: of the browser that logs in."""

    house: House
    issuer: Double
    logins: OidcLogins
    flow: str = FLOW
    ways: list[str] = field(default_factory=list)

    async def away(self, *, link: str | None = None, next_path: str | None = None) -> dict[str, str]:
        """Start: what the browser asks the provider."""
        way = await self.logins.start(self.issuer.profile.method, BROWSER, link=link, next_path=next_path)
        self.ways.append(way)
        return query_of(way)

    def approved(self, asked: dict[str, str], number: str) -> dict[str, str]:
        """The person approves at the provider: what the browser comes back with."""
        return query_of(self.issuer.approve(self.issuer.request(asked), number))

    async def back(self, answer: dict[str, str], flow: str | None = FLOW) -> Back:
        return await self.logins.finish(self.issuer.profile.method, answer, flow)

    async def log_in(self, number: str, *, link: str | None = None, next_path: str | None = None) -> Back:
        return await self.back(self.approved(await self.away(link=link, next_path=next_path), number))

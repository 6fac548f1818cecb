"""Inera's IdP and Freja for the demo and the tests: OpenID providers with their own issuers and keys, and no people.

The service's own client calls them as it calls the real ones. Metadata, keys and tokens are served on a port of their
own; the page on which the test person chooses who to be and approves is `signaling/pages/oidc_simulator.py`, which
exists in the demo alone.
"""

import hmac
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Self
from urllib.parse import urlencode

import jwt
from aiohttp import web
from cryptography.hazmat.primitives.asymmetric import rsa

from auth.bankid_simulator import DemoPerson
from auth.errors import SimulatorRefused
from auth.identity import Method
from auth.oidc_client import ASSERTION_TYPE, challenge, thumbprint
from auth.oidc_provider import PROFILES, ClientKey, Profile, Provider
from auth.randomness import new_id, new_secret

CODE_LIFETIME = timedelta(seconds=60)
TOKEN_LIFETIME = timedelta(minutes=5)
KEY_LIFETIME = timedelta(hours=6)
MOST_CODES = 2_000
CLIENT = "hemmaplan-demo"


@dataclass(frozen=True, slots=True)
class SimulatedPerson:
    """A test person as one provider knows them. level: the provider's own word for the assurance level."""

    person: DemoPerson
    level: str
    hsa_id: str | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """An authorization request that can be answered. scope and claims are not looked at: everything is told."""

    redirect_uri: str
    state: str
    nonce: str
    code_challenge: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class _Code:
    request: Request
    person: SimulatedPerson
    made_at: datetime


class Issuer:
    """One provider's side. redirect_uri: the only one registered. client_key: the client's public half is checked."""

    def __init__(
        self,
        profile: Profile,
        people: Sequence[SimulatedPerson],
        clock: Callable[[], datetime],
        *,
        redirect_uri: str,
        authorization_endpoint: str,
        client_key: ClientKey | None = None,
    ) -> None:
        self.profile = profile
        self.people = tuple(people)
        self.url = ""
        self.secret = new_secret()
        self._clock = clock
        self._redirect_uri = redirect_uri
        self._authorization_endpoint = authorization_endpoint
        self._client_key = client_key
        self._codes: dict[str, _Code] = {}
        self._keys: list[tuple[str, rsa.RSAPrivateKey]] = []
        self._rotated_at = clock()

    @property
    def provider(self) -> Provider:
        """What the service is set up with. The issuer ends as its model's does."""
        secret = self.secret if self._client_key is None else None
        return Provider(self.profile, self.url, CLIENT, secret=secret, key=self._client_key, local=True)

    def rotate(self) -> None:
        """A new signing key; the one before stays published, since tokens signed by it are under way."""
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._keys = [(thumbprint(key), key), *self._keys[:1]]
        self._rotated_at = self._clock()

    def request(self, query: Mapping[str, str]) -> Request:
        """An authorization request, checked (Core 3.1.2.2). Raises SimulatorRefused."""
        asked = Request(*(query.get(name, "") for name in ("redirect_uri", "state", "nonce", "code_challenge")))
        if (
            query.get("client_id") != CLIENT
            or asked.redirect_uri != self._redirect_uri
            or query.get("response_type") != "code"
            or "openid" not in query.get("scope", "").split()
            or query.get("code_challenge_method") != "S256"
            or not (asked.state and asked.nonce and asked.code_challenge)
        ):
            raise SimulatorRefused
        return asked

    def approve(self, request: Request, number: str) -> str:
        """The person of that test number approves: the address to lead them back to. Raises SimulatorRefused."""
        person = next((known for known in self.people if known.person.number == number), None)
        self._let_time_pass()
        if person is None or len(self._codes) >= MOST_CODES:
            raise SimulatorRefused
        code = new_secret()
        self._codes[code] = _Code(request, person, self._clock())
        return self._back(request, code=code)

    def deny(self, request: Request) -> str:
        """The person gives up: the address to lead them back to."""
        return self._back(request, error="access_denied")

    def _back(self, request: Request, **answer: str) -> str:
        return f"{request.redirect_uri}?{urlencode({**answer, 'state': request.state, 'iss': self.url})}"

    def metadata(self) -> dict[str, Any]:
        return {
            "issuer": self.url,
            "authorization_endpoint": self._authorization_endpoint,
            "token_endpoint": f"{self.url.rstrip('/')}/token",
            "jwks_uri": f"{self.url.rstrip('/')}/jwks.json",
            "response_types_supported": ["code"],
            "subject_types_supported": ["pairwise"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
            "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt"],
            "authorization_response_iss_parameter_supported": True,
        }

    def jwks(self) -> dict[str, Any]:
        self._let_time_pass()
        keys = []
        for kid, key in self._keys:
            jwk: dict[str, Any] = jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
            keys.append({**jwk, "kid": kid, "use": "sig", "alg": "RS256"})
        return {"keys": keys}

    def token(self, form: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        """The token endpoint's answer (RFC 6749, 4.1.3 and 5.2)."""
        self._let_time_pass()
        if not self._is_client(form):
            return 401, {"error": "invalid_client"}
        code = self._codes.pop(form.get("code", ""), None)
        if (
            form.get("grant_type") != "authorization_code"
            or code is None
            or form.get("redirect_uri") != code.request.redirect_uri
            or not hmac.compare_digest(challenge(form.get("code_verifier", "")), code.request.code_challenge)
        ):
            return 400, {"error": "invalid_grant"}
        return 200, {
            "access_token": new_secret(),
            "token_type": "Bearer",
            "expires_in": int(TOKEN_LIFETIME.total_seconds()),
            "id_token": self.sign(self.claims(code.person, code.request.nonce)),
        }

    def claims(self, known: SimulatedPerson, nonce: str) -> dict[str, Any]:
        """What the ID token says."""
        now, person = int(self._clock().timestamp()), known.person
        claims = {
            "iss": self.url,
            "aud": CLIENT,
            "sub": new_id(),
            "iat": now,
            "exp": now + int(TOKEN_LIFETIME.total_seconds()),
            "nonce": nonce,
            "jti": new_id(),
            "name": person.name,
            "given_name": person.given_name,
            "family_name": person.surname,
            self.profile.number_claim: person.number,
            self.profile.level_claim: known.level,
        }
        if self.profile.tells_auth_time:
            claims["auth_time"] = now
        if self.profile.hsa_id_claim is not None and known.hsa_id is not None:
            claims[self.profile.hsa_id_claim] = known.hsa_id
        return claims

    def sign(self, claims: Mapping[str, Any]) -> str:
        self._let_time_pass()
        kid, key = self._keys[0]
        return jwt.encode(dict(claims), key, algorithm="RS256", headers={"kid": kid})

    def _is_client(self, form: Mapping[str, str]) -> bool:
        if self._client_key is None:
            return form.get("client_id") == CLIENT and hmac.compare_digest(form.get("client_secret", ""), self.secret)
        if form.get("client_assertion_type") != ASSERTION_TYPE:
            return False
        try:
            claims = jwt.decode(
                form.get("client_assertion", ""),
                self._client_key.public_key(),
                algorithms=["RS256" if isinstance(self._client_key, rsa.RSAPrivateKey) else "ES256"],
                audience=self.metadata()["token_endpoint"],
                options={"verify_exp": False, "verify_iat": False, "verify_nbf": False, "require": ["jti", "exp"]},
            )
        except jwt.PyJWTError:
            return False
        return claims.get("iss") == claims.get("sub") == CLIENT and claims["exp"] > self._clock().timestamp()

    def _let_time_pass(self) -> None:
        now = self._clock()
        if not self._keys or now - self._rotated_at >= KEY_LIFETIME:
            self.rotate()
        self._codes = {code: made for code, made in self._codes.items() if now - made.made_at < CODE_LIFETIME}


class OidcSimulator:
    """Serves the issuers on a port of this machine. Use as an async context manager; urls are known once it serves.

    origin: the service's own public address, under which the page stands.
    """

    def __init__(
        self,
        people: Mapping[Method, Sequence[SimulatedPerson]],
        clock: Callable[[], datetime],
        *,
        origin: str,
        client_keys: Mapping[Method, ClientKey] | None = None,
    ) -> None:
        self.issuers = {
            method: Issuer(
                PROFILES[method],
                known,
                clock,
                redirect_uri=f"{origin}/auth/oidc/{method.value}/callback",
                authorization_endpoint=f"{origin}/simulator/oidc/{method.value}",
                client_key=(client_keys or {}).get(method),
            )
            for method, known in people.items()
        }
        self._runner: web.AppRunner | None = None

    async def __aenter__(self) -> Self:
        application = web.Application(client_max_size=64 * 1024)
        for method, issuer in self.issuers.items():
            base = f"/{method.value}"
            application.router.add_get(f"{base}/.well-known/openid-configuration", _answering(issuer.metadata))
            application.router.add_get(f"{base}/jwks.json", _answering(issuer.jwks))
            application.router.add_post(f"{base}/token", _exchanging(issuer))
        self._runner = web.AppRunner(application, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        host, port = self._runner.addresses[0][:2]
        for method, issuer in self.issuers.items():
            # Freja's issuer ends in a slash, Inera's does not: a client that adds or drops one fails here too.
            issuer.url = f"http://{host}:{port}/{method.value}{'/' if method is Method.FREJA else ''}"
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._runner is not None:
            await self._runner.cleanup()


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def _answering(make: Callable[[], dict[str, Any]]) -> Handler:
    async def handle(request: web.Request) -> web.Response:  # noqa: ARG001
        return web.json_response(make())

    return handle


def _exchanging(issuer: Issuer) -> Handler:
    async def handle(request: web.Request) -> web.Response:
        form = {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
        status, answer = issuer.token(form)
        return web.json_response(answer, status=status)

    return handle

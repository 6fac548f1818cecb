"""What we say to an OpenID provider, and how its answers are read: metadata, keys, the way to it, a code for a token.

Answers are bounded in size and time, redirects are not followed, and everything that came is checked before it is used.
"""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode, urlsplit

import aiohttp
import jwt
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

from auth.fetched import Fetched
from auth.id_token import Asked, PublicKey, header, read
from auth.identity import Identity
from auth.oidc_errors import Failure, OidcError
from auth.oidc_provider import LEAST_RSA_BITS, ClientKey, Provider
from auth.randomness import new_id

LARGEST_ANSWER = 256 * 1024
TIMEOUT_SECONDS = 10.0
KEPT = timedelta(hours=1)
KEYS_REST = timedelta(seconds=30)
"""However many tokens name unknown keys, the keys are fetched at most this often."""
MOST_KEYS = 50
ASSERTION_LIFETIME = timedelta(seconds=60)
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass(frozen=True, slots=True)
class Metadata:
    """What we use of a provider's discovery document. names_issuer: it puts `iss` beside each code (RFC 9207)."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    names_issuer: bool


@dataclass(frozen=True, slots=True)
class Key:
    """A provider's public key. algorithm: the one it is for, where it says so."""

    kid: str | None
    algorithm: str | None
    public: PublicKey


class OidcClient:
    """One provider. redirect_uri: ours, as registered with it. http: shared, made with `http_session`."""

    def __init__(
        self, provider: Provider, redirect_uri: str, http: aiohttp.ClientSession, clock: Callable[[], datetime]
    ) -> None:
        self.provider = provider
        self._redirect_uri = redirect_uri
        self._http = http
        self._clock = clock
        self._metadata = Fetched(self._fetch_metadata, clock, kept=KEPT, rest=KEYS_REST)
        self._keys = Fetched(self._fetch_keys, clock, kept=KEPT, rest=KEYS_REST)

    async def way_there(self, *, state: str, nonce: str, verifier: str, language: str) -> str:
        """The address that leads the person to the provider. Raises OidcError."""
        profile, metadata = self.provider.profile, await self._metadata.value()
        query = {
            "response_type": "code",
            "client_id": self.provider.client_id,
            "redirect_uri": self._redirect_uri,
            "scope": profile.scope,
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge(verifier),
            "code_challenge_method": "S256",
            "max_age": str(int(profile.most_age.total_seconds())),
            "ui_locales": language,
        }
        if profile.acr_values:
            query["acr_values"] = " ".join(profile.acr_values)
        if profile.prompt is not None:
            query["prompt"] = profile.prompt
        if profile.requested:
            query["claims"] = json.dumps({"id_token": dict.fromkeys(profile.requested)}, separators=(",", ":"))
        joint = "&" if urlsplit(metadata.authorization_endpoint).query else "?"
        return metadata.authorization_endpoint + joint + urlencode(query)

    async def check_issuer(self, told: str | None) -> None:
        """`iss` beside a code or an error must be the provider we led the person to (RFC 9207, 2.4: mix-up).

        Raises OidcError.
        """
        if told is None:
            if (await self._metadata.value()).names_issuer:
                raise OidcError(Failure.ISSUER)
        elif told != self.provider.issuer:
            raise OidcError(Failure.ISSUER)

    async def identity(self, code: str, verifier: str, asked: Asked) -> Identity:
        """Who a code stands for. Raises OidcError; a code can be used once, so nobody tries again with it."""
        metadata = await self._metadata.value()
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect_uri,
            "code_verifier": verifier,
            **self._credentials(metadata.token_endpoint),
        }
        status, answer = await self._call("POST", metadata.token_endpoint, form)
        if status != 200:
            raise OidcError(_refused(status, answer))
        token = _object(answer).get("id_token")
        if not isinstance(token, str):
            raise OidcError(Failure.TOKEN)
        told = header(token, self.provider.profile)
        key = await self._key(told.kid, told.algorithm)
        return read(token, key, self.provider, asked, self._clock())

    async def _key(self, kid: str | None, algorithm: str) -> PublicKey:
        keys = await self._keys.value()
        found = _choose(keys, kid, algorithm)
        if found is None:  # it may be new
            found = _choose(await self._keys.newer(keys), kid, algorithm)
        if found is None:
            raise OidcError(Failure.KEY)
        return found

    def _credentials(self, audience: str) -> dict[str, str]:
        """How we show that we are the client: RFC 7523, 2.2, or client_secret_post (RFC 6749, 2.3.1)."""
        key, client = self.provider.key, self.provider.client_id
        if key is None:
            return {"client_id": client, "client_secret": self.provider.secret or ""}
        now = self._clock()
        claims = {
            "iss": client,
            "sub": client,
            "aud": audience,
            "jti": new_id(),
            "iat": now,
            "exp": now + ASSERTION_LIFETIME,
        }
        algorithm = "RS256" if isinstance(key, RSAPrivateKey) else "ES256"
        assertion = jwt.encode(claims, key, algorithm=algorithm, headers={"kid": thumbprint(key)})
        return {"client_id": client, "client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion}

    async def _fetch_metadata(self) -> Metadata:
        url = self.provider.issuer.rstrip("/") + "/.well-known/openid-configuration"
        status, answer = await self._call("GET", url)
        if status != 200:
            raise OidcError(Failure.UNREACHABLE if status >= 500 else Failure.METADATA)
        found = _object(answer)
        # Discovery 4.3: exactly the same, or somebody else may stand in for it.
        if found.get("issuer") != self.provider.issuer:
            raise OidcError(Failure.METADATA)
        supported = found.get("code_challenge_methods_supported", ["S256"])
        if "code" not in _strings(found.get("response_types_supported")) or "S256" not in _strings(supported):
            raise OidcError(Failure.METADATA)
        algorithms = _strings(found.get("id_token_signing_alg_values_supported"))
        if not set(algorithms) & set(self.provider.profile.algorithms):
            raise OidcError(Failure.METADATA)
        return Metadata(
            self._endpoint(found.get("authorization_endpoint")),
            self._endpoint(found.get("token_endpoint")),
            self._endpoint(found.get("jwks_uri")),
            names_issuer=found.get("authorization_response_iss_parameter_supported") is True,
        )

    def _endpoint(self, url: object) -> str:
        if isinstance(url, str) and len(url) < 2_000:
            parts = urlsplit(url)
            secure = parts.scheme == "https" or (self.provider.local and parts.scheme == "http")
            if secure and parts.hostname and not parts.fragment and parts.username is None:
                return url
        raise OidcError(Failure.METADATA)

    async def _fetch_keys(self) -> tuple[Key, ...]:
        metadata = await self._metadata.value()
        status, answer = await self._call("GET", metadata.jwks_uri)
        if status != 200:
            raise OidcError(Failure.UNREACHABLE if status >= 500 else Failure.METADATA)
        listed = _object(answer).get("keys")
        if not isinstance(listed, list) or len(listed) > MOST_KEYS:
            raise OidcError(Failure.METADATA)
        return tuple(key for item in listed if (key := _read_key(item)) is not None)

    async def _call(self, method: str, url: str, form: Mapping[str, str] | None = None) -> tuple[int, bytes]:
        try:
            async with self._http.request(
                method, url, data=form, headers={"Accept": "application/json"}, allow_redirects=False
            ) as response:
                answer = await response.content.read(LARGEST_ANSWER + 1)
                while not response.content.at_eof() and len(answer) <= LARGEST_ANSWER:
                    answer += await response.content.read(LARGEST_ANSWER + 1 - len(answer))
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError):
            # The exception's text may hold addresses and input; its kind is enough.
            raise OidcError(Failure.UNREACHABLE) from None
        if len(answer) > LARGEST_ANSWER:
            raise OidcError(Failure.UNREADABLE)
        return response.status, answer


def http_session(timeout_seconds: float = TIMEOUT_SECONDS) -> aiohttp.ClientSession:
    """One connection pool for every provider; the caller closes it."""
    return aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit_per_host=20, limit=100),
        timeout=aiohttp.ClientTimeout(total=timeout_seconds),
        cookie_jar=aiohttp.DummyCookieJar(),
    )


def challenge(verifier: str) -> str:
    """PKCE's S256 (RFC 7636, 4.2)."""
    return _base64url(sha256(verifier.encode()).digest())


def thumbprint(key: ClientKey) -> str:
    """The key's name for the provider (RFC 7638)."""
    public = key.public_key()
    algorithm: Any = jwt.algorithms.RSAAlgorithm if isinstance(public, RSAPublicKey) else jwt.algorithms.ECAlgorithm
    jwk = algorithm.to_jwk(public, as_dict=True)
    required = {name: jwk[name] for name in sorted(("e", "kty", "n") if "n" in jwk else ("crv", "kty", "x", "y"))}
    return _base64url(sha256(json.dumps(required, separators=(",", ":")).encode()).digest())


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _object(answer: bytes) -> dict[str, Any]:
    try:
        found = json.loads(answer)
    except (ValueError, RecursionError):
        raise OidcError(Failure.UNREADABLE) from None
    if not isinstance(found, dict):
        raise OidcError(Failure.UNREADABLE)
    return found


def _strings(value: object) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def _refused(status: int, answer: bytes) -> Failure:
    """Why no token came (RFC 6749, 5.2)."""
    if status >= 500 or status == 429:
        return Failure.UNREACHABLE
    try:
        error = _object(answer).get("error")
    except OidcError:
        return Failure.UNREADABLE
    if error == "invalid_grant":
        return Failure.CODE
    return Failure.CLIENT if error in ("invalid_client", "unauthorized_client") else Failure.PROVIDER


def _read_key(item: object) -> Key | None:
    """A key that could sign for us; others (encryption, symmetric, short, unknown) are passed over."""
    if not isinstance(item, dict) or item.get("use", "sig") != "sig" or item.get("kty") not in ("RSA", "EC"):
        return None
    kid, algorithm = item.get("kid"), item.get("alg")
    if not isinstance(kid, str | None) or not isinstance(algorithm, str | None) or "d" in item:
        return None
    try:
        public = jwt.PyJWK(item, algorithm or ("RS256" if item["kty"] == "RSA" else "ES256")).key
    except (jwt.PyJWTError, ValueError, TypeError, KeyError):
        return None
    if isinstance(public, RSAPublicKey) and public.key_size >= LEAST_RSA_BITS:
        return Key(kid, algorithm, public)
    if isinstance(public, EllipticCurvePublicKey) and isinstance(public.curve, SECP256R1):
        return Key(kid, algorithm, public)
    return None


def _choose(keys: tuple[Key, ...], kid: str | None, algorithm: str) -> PublicKey | None:
    kind = RSAPublicKey if algorithm.startswith(("RS", "PS")) else EllipticCurvePublicKey
    fit = [key for key in keys if isinstance(key.public, kind) and key.algorithm in (None, algorithm)]
    named = [key for key in fit if kid is None or key.kid == kid]
    # A token that names no key can only mean the one there is; which of several is not ours to guess.
    return named[0].public if len(named) == 1 else None

"""A LiveKit API key with its secret: signs and checks the HS256 tokens both media servers and their callers use.

What a participant's token allows is read in `sfu.access_token`, since only a media server has to.
https://docs.livekit.io/home/get-started/authentication/ and RFC 7519
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt

from rooms.media import SOURCES, Grant

MIN_SECRET_BYTES = 32
MAX_TOKEN_SIZE = 16 * 1024
LEEWAY = timedelta(seconds=10)
FORMER = timedelta(minutes=15)
"""Longer than any token of ours lives: what was signed just before a change of secret still opens."""


class TokenRefused(Exception):
    """For the other program: why its token opens nothing. The text never quotes the token.

    forbidden: the token is genuine but does not allow this (403); otherwise it is no valid token (401).
    """

    def __init__(self, reason: str, *, forbidden: bool = False) -> None:
        super().__init__(reason)
        self.forbidden = forbidden


@dataclass(frozen=True, slots=True)
class Verified:
    """The claims of a token that is genuine and within its times."""

    raw: Mapping[str, Any]
    not_before: datetime
    expires: datetime


class LiveKitKey:
    """One API key and its secret: makes and checks tokens.

    demo: allows a secret shorter than 32 bytes, which HS256 is too weak with (RFC 7518, 3.2).
    """

    def __init__(self, key: str, secret: str, *, demo: bool = False) -> None:
        if not key or not secret:
            raise ValueError("the media server needs an API key and a secret")
        if len(secret.encode()) < MIN_SECRET_BYTES and not demo:
            raise ValueError(f"the media server's API secret must be at least {MIN_SECRET_BYTES} bytes")
        self.key = key
        self._secret = secret
        self._demo = demo
        self._former: tuple[str, datetime] | None = None

    def use(self, secret: str, now: datetime) -> bool:
        """From now on sign with this secret; what the one before it signed opens for `FORMER` more. False where it is
        the one in use. Raises ValueError for one too short."""
        if secret == self._secret:
            return False
        LiveKitKey(self.key, secret, demo=self._demo)
        self._former = (self._secret, now + FORMER)
        self._secret = secret
        return True

    def mint(self, grant: Grant, now: datetime) -> str:
        """A token to join one room. Every permission is written out: an unset one counts as allowed elsewhere."""
        claims: dict[str, Any] = {
            "sub": grant.identity,
            "name": grant.name,
            "attributes": dict(grant.attributes),
            "video": {
                "roomJoin": True,
                "room": grant.room,
                "canPublish": grant.can_publish,
                "canPublishSources": list(SOURCES),
                "canPublishData": grant.can_publish_data,
                "canSubscribe": grant.can_subscribe,
                "canUpdateOwnMetadata": False,
                "roomCreate": False,
                "roomList": False,
                "roomAdmin": False,
                "roomRecord": False,
                "ingressAdmin": False,
                "hidden": False,
                "recorder": False,
                "agent": False,
            },
        }
        if grant.binding is not None:
            claims["hemmaplan"] = {"binding": grant.binding}
        return self.sign(claims, now, grant.lifetime)

    def sign(self, claims: Mapping[str, Any], now: datetime, lifetime: timedelta) -> str:
        """A token of these claims with issuer, id and times added."""
        start = int(now.timestamp())
        times = {
            "iss": self.key,
            "jti": secrets.token_urlsafe(9),
            "iat": start,
            "nbf": start,
            "exp": start + int(lifetime.total_seconds()),
        }
        return jwt.encode({**claims, **times}, self._secret, algorithm="HS256")

    def check(self, token: str, now: datetime) -> Verified:
        """Check signature, issuer and times. Raises TokenRefused; what the token allows is the caller's to ask."""
        if not token:
            raise TokenRefused("no access token")
        if len(token) > MAX_TOKEN_SIZE:
            raise TokenRefused("access token too large")
        secrets = [self._secret]
        if self._former is not None and now < self._former[1]:
            secrets.append(self._former[0])
        raw = self._opened(token, secrets)
        not_before, expires = _moment(raw, "nbf"), _moment(raw, "exp")
        if now + LEEWAY < not_before:
            raise TokenRefused("access token not valid yet")
        if now - LEEWAY > expires:
            raise TokenRefused("access token has expired")
        return Verified(raw, not_before, expires)

    def _opened(self, token: str, secrets: Sequence[str]) -> dict[str, Any]:
        """The claims, signed with one of these. Raises TokenRefused."""
        for secret in secrets:
            try:
                raw: dict[str, Any] = jwt.decode(
                    token,
                    secret,
                    algorithms=["HS256"],
                    issuer=self.key,
                    options={
                        "require": ["iss", "exp", "nbf"],
                        # Times are compared by whoever calls, with the clock that was passed in.
                        "verify_exp": False,
                        "verify_nbf": False,
                        "verify_iat": False,
                        "verify_aud": False,
                        "enforce_minimum_key_length": False,
                    },
                )
            except jwt.InvalidSignatureError:
                continue
            except jwt.MissingRequiredClaimError as error:
                raise TokenRefused(f"access token without {error.claim}") from None
            except jwt.InvalidIssuerError:
                raise TokenRefused("access token of another API key") from None
            except (jwt.InvalidTokenError, ValueError, RecursionError):
                raise TokenRefused("access token not valid") from None
            return raw
        raise TokenRefused("access token not valid")


def _moment(raw: Mapping[str, Any], name: str) -> datetime:
    try:
        return datetime.fromtimestamp(raw[name], UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        raise TokenRefused(f"access token with a malformed {name}") from None

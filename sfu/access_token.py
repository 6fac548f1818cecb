"""LiveKit access tokens: HS256 JSON Web Tokens whose ``video`` claim says what the holder may do (RFC 7519).

https://docs.livekit.io/home/get-started/authentication/
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt

from rooms.media import Grant

MIN_SECRET_BYTES = 32
MAX_TOKEN_SIZE = 16 * 1024
LEEWAY = timedelta(seconds=10)
MAX_NAME = 256
MAX_METADATA = 64 * 1024
SOURCES = frozenset({"camera", "microphone", "screen_share", "screen_share_audio"})


class TokenRefused(Exception):
    """For the other program: why its token opens nothing. The text never quotes the token.

    forbidden: the token is genuine but does not allow this (403); otherwise it is no valid token (401).
    """

    def __init__(self, reason: str, *, forbidden: bool = False) -> None:
        super().__init__(reason)
        self.forbidden = forbidden


@dataclass(frozen=True, slots=True)
class Permission:
    """What a participant may do. sources: which tracks it may publish, by source; empty for every source."""

    can_publish: bool = True
    can_subscribe: bool = True
    can_publish_data: bool = True
    can_update_metadata: bool = False
    hidden: bool = False
    sources: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Claims:
    """What a verified token says. room: empty for one that is not about one room. made_at: from when it is valid."""

    identity: str
    name: str
    metadata: str
    attributes: Mapping[str, str]
    permission: Permission
    room: str
    made_at: datetime
    expires: datetime
    room_join: bool = False
    room_create: bool = False
    room_list: bool = False
    room_admin: bool = False
    binding: str | None = None
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False, compare=False)


class TokenKey:
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
        return self._signed(claims, now, grant.lifetime)

    def renew(self, claims: Claims, now: datetime, lifetime: timedelta) -> str:
        """A fresh token that says what these claims say now, also where they were changed since they were verified."""
        permission = claims.permission
        video = dict(claims.raw.get("video", {}))
        video |= {
            "canPublish": permission.can_publish,
            "canPublishData": permission.can_publish_data,
            "canSubscribe": permission.can_subscribe,
            "canUpdateOwnMetadata": permission.can_update_metadata,
            "canPublishSources": sorted(permission.sources),
        }
        described = {
            "sub": claims.identity,
            "name": claims.name,
            "metadata": claims.metadata,
            "attributes": dict(claims.attributes),
        }
        kept = {"hemmaplan": claims.raw["hemmaplan"]} if "hemmaplan" in claims.raw else {}
        return self._signed({**described, **kept, "video": video}, now, lifetime)

    def _signed(self, claims: Mapping[str, Any], now: datetime, lifetime: timedelta) -> str:
        start = int(now.timestamp())
        times = {
            "iss": self.key,
            "jti": secrets.token_urlsafe(9),
            "iat": start,
            "nbf": start,
            "exp": start + int(lifetime.total_seconds()),
        }
        return jwt.encode({**claims, **times}, self._secret, algorithm="HS256")

    def verify(self, token: str, now: datetime) -> Claims:
        """Check signature, issuer and times. Raises TokenRefused; what the token allows is the caller's to ask."""
        if not token:
            raise TokenRefused("no access token")
        if len(token) > MAX_TOKEN_SIZE:
            raise TokenRefused("access token too large")
        try:
            raw: dict[str, Any] = jwt.decode(
                token,
                self._secret,
                algorithms=["HS256"],
                issuer=self.key,
                options={
                    "require": ["iss", "exp", "nbf"],
                    # Times are compared below, with the clock that was passed in.
                    "verify_exp": False,
                    "verify_nbf": False,
                    "verify_iat": False,
                    "verify_aud": False,
                    "enforce_minimum_key_length": False,
                },
            )
        except jwt.MissingRequiredClaimError as error:
            raise TokenRefused(f"access token without {error.claim}") from None
        except jwt.InvalidIssuerError:
            raise TokenRefused("access token of another API key") from None
        except (jwt.InvalidTokenError, ValueError, RecursionError):
            raise TokenRefused("access token not valid") from None
        not_before, expires = _moment(raw, "nbf"), _moment(raw, "exp")
        if now + LEEWAY < not_before:
            raise TokenRefused("access token not valid yet")
        if now - LEEWAY > expires:
            raise TokenRefused("access token has expired")
        return _claims(raw, not_before, expires)


def _moment(raw: Mapping[str, Any], name: str) -> datetime:
    try:
        return datetime.fromtimestamp(raw[name], UTC)
    except (TypeError, ValueError, OverflowError, OSError):
        raise TokenRefused(f"access token with a malformed {name}") from None


def _claims(raw: Mapping[str, Any], made_at: datetime, expires: datetime) -> Claims:
    video = raw.get("video", {})
    own = raw.get("hemmaplan", {})
    if not isinstance(video, dict) or not isinstance(own, dict):
        raise TokenRefused("access token with a malformed grant")
    attributes = raw.get("attributes") or {}
    if not isinstance(attributes, dict) or not all(isinstance(v, str) for v in attributes.values()):
        raise TokenRefused("access token with malformed attributes")
    if sum(len(name) + len(value) for name, value in attributes.items()) > MAX_METADATA:
        raise TokenRefused("access token with attributes too large")
    return Claims(
        identity=_text(raw, "sub", MAX_NAME),
        name=_text(raw, "name", MAX_NAME),
        metadata=_text(raw, "metadata", MAX_METADATA),
        attributes=dict(attributes),
        permission=Permission(
            can_publish=_flag(video, "canPublish", unset=True),
            can_subscribe=_flag(video, "canSubscribe", unset=True),
            can_publish_data=_flag(video, "canPublishData", unset=True),
            can_update_metadata=_flag(video, "canUpdateOwnMetadata"),
            hidden=_flag(video, "hidden"),
            sources=_sources(video),
        ),
        room=_text(video, "room", MAX_NAME),
        made_at=made_at,
        expires=expires,
        room_join=_flag(video, "roomJoin"),
        room_create=_flag(video, "roomCreate"),
        room_list=_flag(video, "roomList"),
        room_admin=_flag(video, "roomAdmin"),
        binding=_text(own, "binding", MAX_NAME) or None,
        raw=raw,
    )


def _flag(values: Mapping[str, Any], name: str, *, unset: bool = False) -> bool:
    value = values.get(name)
    if value is None:
        return unset
    if not isinstance(value, bool):
        raise TokenRefused(f"access token with a malformed {name}")
    return value


def _text(values: Mapping[str, Any], name: str, limit: int) -> str:
    value = values.get(name)
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > limit:
        raise TokenRefused(f"access token with a malformed {name}")
    return value


def _sources(video: Mapping[str, Any]) -> frozenset[str]:
    """Unknown sources are dropped; when only unknown ones were named, nothing may be published."""
    named = video.get("canPublishSources") or []
    if not isinstance(named, list) or not all(isinstance(name, str) for name in named):
        raise TokenRefused("access token with malformed canPublishSources")
    known = frozenset(name.lower() for name in named) & SOURCES
    return known if known or not named else frozenset({"none"})

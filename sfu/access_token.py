"""What a LiveKit access token says: its ``video`` claim is what the holder may do in a room.

https://docs.livekit.io/home/get-started/authentication/; signing and checking is `rooms.livekit_key`'s.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from rooms.livekit_key import LiveKitKey, TokenRefused
from rooms.media import SOURCES

MAX_NAME = 256  # characters in a token, bytes where a client says it
MAX_METADATA = 64 * 1024  # the same


@dataclass(frozen=True, slots=True)
class Permission:
    """What a participant may do. sources: which tracks it may publish, by source; empty for every source."""

    can_publish: bool = True
    can_subscribe: bool = True
    can_publish_data: bool = True
    can_update_metadata: bool = False
    hidden: bool = False
    recorder: bool = False
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


class TokenKey(LiveKitKey):
    """The key as a media server holds it: reads what a token allows, and hands out renewed ones."""

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
            "hidden": permission.hidden,
            "recorder": permission.recorder,
        }
        described = {
            "sub": claims.identity,
            "name": claims.name,
            "metadata": claims.metadata,
            "attributes": dict(claims.attributes),
        }
        kept = {"hemmaplan": claims.raw["hemmaplan"]} if "hemmaplan" in claims.raw else {}
        return self.sign({**described, **kept, "video": video}, now, lifetime)

    def verify(self, token: str, now: datetime) -> Claims:
        """Check signature, issuer and times. Raises TokenRefused; what the token allows is the caller's to ask."""
        checked = self.check(token, now)
        return _claims(checked.raw, checked.not_before, checked.expires)


def octets(text: str) -> int:
    """What a text costs whoever is told it: a character may be four bytes."""
    return len(text.encode("utf-8", "surrogatepass"))


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
            recorder=_flag(video, "recorder"),
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
    known = frozenset(name.lower() for name in named) & frozenset(SOURCES)
    return known if known or not named else frozenset({"none"})

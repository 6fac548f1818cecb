"""Access tokens: what is written, and every way one is refused."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from livekit import api

from rooms.livekit_key import TokenRefused
from rooms.media import SOURCES, Grant
from sfu.access_token import Permission, TokenKey

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
SECRET = "a secret of at least thirty-two bytes"
KEY = TokenKey("key", SECRET)


def token(secret: str = SECRET, **changes: Any) -> str:
    claims = {
        "iss": "key",
        "sub": "anna",
        "nbf": NOW.timestamp(),
        "exp": NOW.timestamp() + 60,
        "video": {"roomJoin": True},
    }
    merged = {name: value for name, value in (claims | changes).items() if value is not None}
    return jwt.encode(merged, secret, algorithm="HS256")


def test_a_minted_token_says_everything() -> None:
    grant = Grant(
        room="meeting",
        identity="p1",
        name="Anna",
        attributes={"role": "nurse"},
        can_publish_data=False,
        binding="session:abc",
    )
    minted = KEY.mint(grant, NOW)
    claims = KEY.verify(minted, NOW)
    assert (claims.identity, claims.name, claims.room, claims.attributes) == (
        "p1",
        "Anna",
        "meeting",
        {"role": "nurse"},
    )
    assert claims.permission == Permission(can_publish_data=False, sources=frozenset(SOURCES))
    assert claims.binding == "session:abc"
    assert claims.room_join
    assert not claims.room_admin
    video = jwt.decode(minted, options={"verify_signature": False})["video"]
    assert all(isinstance(video[name], bool) for name in ("canPublish", "canPublishData", "canSubscribe", "hidden"))


def test_livekits_own_sdk_and_ours_agree() -> None:
    theirs = (
        api.AccessToken("key", SECRET)
        .with_identity("py")
        .with_grants(api.VideoGrants(room_join=True, room="r", can_publish_sources=["camera"]))
        .to_jwt()
    )
    claims = KEY.verify(theirs, datetime.now(UTC))
    assert (claims.identity, claims.room, claims.permission.sources) == ("py", "r", frozenset({"camera"}))
    ours = KEY.mint(Grant(room="r", identity="p", name=""), datetime.now(UTC))
    assert api.TokenVerifier("key", SECRET).verify(ours).identity == "p"


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        ("", "no access token"),
        ("x" * 20_000, "too large"),
        ("a.b.c", "not valid"),
        (token("another secret of thirty-two bytes..."), "not valid"),
        (token(iss="other"), "another API key"),
        (token(iss=None), "without iss"),
        (token(exp=None), "without exp"),
        (token(nbf=None), "without nbf"),
        (token(exp=NOW.timestamp() - 11), "expired"),
        (token(nbf=NOW.timestamp() + 11), "not valid yet"),
        (token(video=[]), "malformed grant"),
        (token(video={"roomJoin": "yes"}), "malformed roomJoin"),
        (token(video={"room": 7}), "malformed room"),
        (token(video={"canPublishSources": "camera"}), "malformed canPublishSources"),
        (token(name="x" * 10_000), "malformed name"),
        (token(attributes={"a": 1}), "malformed attributes"),
        (jwt.encode({"iss": "key"}, "", algorithm="none"), "not valid"),
    ],
)
def test_refusals_say_why(bad: str, told: str) -> None:
    with pytest.raises(TokenRefused, match=told):
        KEY.verify(bad, NOW)


def test_a_little_clock_skew_is_forgiven() -> None:
    assert KEY.verify(token(exp=NOW.timestamp() - 9), NOW)
    assert KEY.verify(token(nbf=NOW.timestamp() + 9), NOW)


def test_only_unknown_sources_means_no_source() -> None:
    claims = KEY.verify(token(video={"canPublishSources": ["hologram"]}), NOW)
    assert claims.permission.sources == {"none"}


def test_renewal_keeps_the_holder_and_writes_todays_permissions() -> None:
    claims = KEY.verify(KEY.mint(Grant(room="r", identity="p", name="n", binding="b"), NOW), NOW)
    today = replace(claims, permission=Permission(can_publish=False), name="new name")
    renewed = KEY.verify(KEY.renew(today, NOW, timedelta(minutes=10)), NOW)
    assert (renewed.identity, renewed.room, renewed.binding, renewed.name) == ("p", "r", "b", "new name")
    assert not renewed.permission.can_publish
    assert renewed.raw["jti"] != claims.raw["jti"], "one may be spent without the other"


def test_short_secrets_are_for_the_demo() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        TokenKey("key", "short")
    with pytest.raises(ValueError, match="needs"):
        TokenKey("", SECRET)
    TokenKey("key", "short", demo=True)

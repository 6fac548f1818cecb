"""The key: what it signs can be checked with it alone, and every refusal says why without quoting the token."""

from datetime import UTC, datetime, timedelta

import jwt
import pytest
from livekit import api

from rooms.livekit_key import FORMER, LEEWAY, LiveKitKey, TokenRefused
from rooms.media import Grant

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
SECRET = "a secret of at least thirty-two bytes"
KEY = LiveKitKey("key", SECRET)
MINUTE = timedelta(minutes=1)


def test_what_is_signed_is_found_again_with_its_times() -> None:
    checked = KEY.check(KEY.sign({"sha256": "x"}, NOW, MINUTE), NOW)
    assert (checked.raw["sha256"], checked.raw["iss"]) == ("x", "key")
    assert (checked.not_before, checked.expires) == (NOW, NOW + MINUTE)


def test_livekits_own_verifier_accepts_a_minted_token() -> None:
    token = KEY.mint(Grant("room", "p1", "Karin", {"role": "r"}), datetime.now(UTC))
    claims = api.TokenVerifier("key", SECRET).verify(token)
    assert (claims.identity, claims.name, claims.attributes) == ("p1", "Karin", {"role": "r"})
    assert claims.video is not None
    assert claims.video.room_join
    assert not claims.video.room_admin
    assert claims.video.can_publish_sources == ["camera", "microphone", "screen_share", "screen_share_audio"]


def test_a_grants_binding_stands_in_a_claim_of_our_own() -> None:
    raw = KEY.check(KEY.mint(Grant("r", "p", "n", binding="session:x"), NOW), NOW).raw
    assert raw["hemmaplan"] == {"binding": "session:x"}
    assert "hemmaplan" not in KEY.check(KEY.mint(Grant("r", "p", "n"), NOW), NOW).raw


@pytest.mark.parametrize(
    ("token", "told"),
    [
        ("", "no access token"),
        ("x" * 20_000, "too large"),
        ("a.b.c", "not valid"),
        (LiveKitKey("key", SECRET + "!").sign({}, NOW, MINUTE), "not valid"),
        (LiveKitKey("other", SECRET).sign({}, NOW, MINUTE), "another API key"),
        (jwt.encode({"iss": "key", "exp": 1}, SECRET), "without nbf"),
        (jwt.encode({"iss": "key", "exp": 1e30, "nbf": 1}, SECRET), "malformed exp"),
        (jwt.encode({"iss": "key", "exp": 1, "nbf": 1}, SECRET * 2, algorithm="HS512"), "not valid"),
        (KEY.sign({}, NOW - 2 * MINUTE, MINUTE), "expired"),
        (KEY.sign({}, NOW + MINUTE, MINUTE), "not valid yet"),
    ],
)
def test_refusals_say_why(token: str, told: str) -> None:
    with pytest.raises(TokenRefused, match=told):
        KEY.check(token, NOW)


def test_a_little_clock_skew_is_forgiven() -> None:
    assert KEY.check(KEY.sign({}, NOW + LEEWAY, MINUTE), NOW)
    assert KEY.check(KEY.sign({}, NOW - MINUTE - LEEWAY, MINUTE), NOW)


def test_short_secrets_are_for_the_demo() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        LiveKitKey("key", "short")
    with pytest.raises(ValueError, match="needs"):
        LiveKitKey("", SECRET)
    LiveKitKey("key", "short", demo=True)


def test_a_new_secret_signs_and_the_one_before_still_opens_for_a_while() -> None:
    key = LiveKitKey("k", "the first secret of 32 bytes or more")
    now = datetime(2026, 11, 24, 9, tzinfo=UTC)
    before = key.sign({}, now, timedelta(days=1))
    assert not key.use("the first secret of 32 bytes or more", now)
    with pytest.raises(ValueError, match="32 bytes"):
        key.use("short", now)
    assert key.use("another secret, of 32 bytes or more", now)
    key.check(before, now)
    key.check(key.sign({}, now, timedelta(minutes=1)), now)
    with pytest.raises(TokenRefused, match="not valid"):
        LiveKitKey("k", "the first secret of 32 bytes or more").check(key.sign({}, now, timedelta(minutes=1)), now)
    with pytest.raises(TokenRefused, match="not valid"):
        key.check(LiveKitKey("k", "a foreign secret of 32 bytes or more").sign({}, now, timedelta(minutes=1)), now)
    with pytest.raises(TokenRefused, match="not valid"):
        key.check(before, now + FORMER)

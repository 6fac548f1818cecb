"""A bad setting stops the start with a line that says which and why, and never repeats a secret."""

from pathlib import Path
from typing import Any

import pytest

from signaling.settings import DEMO_PHONE, DEMO_SECRET, BadSettings, Settings, load

GOOD = {
    "public_url": "https://mote.example.se",
    "secret": "s" * 40,
    "media_api_secret": "m" * 40,
    "support_phone": "08-465 004 04",
}


@pytest.fixture
def production(tmp_path: Path) -> dict[str, Any]:
    file = tmp_path / "file.pem"
    file.write_text("x")
    return {**GOOD, "bankid_certificate": file, "bankid_key": file, "bankid_root": file}


def test_the_demo_needs_no_settings() -> None:
    settings = load(demo=True)
    assert settings.origin == "http://localhost:8080"
    assert not settings.secure
    assert settings.database == "sqlite+aiosqlite:///data/hemmaplan.db"


def test_production_starts_when_all_is_given(production: dict[str, Any]) -> None:
    assert load(**production).secure


def test_a_cluster_is_named_by_one_address(production: dict[str, Any]) -> None:
    assert load(**{**production, "media_url": "wss://media.example.se"}).media_url == "wss://media.example.se"
    assert load(demo=True, media_url="ws://127.0.0.1:7880").media_url == "ws://127.0.0.1:7880"


@pytest.mark.parametrize(
    ("change", "line"),
    [
        ({"public_url": ""}, "HEMMAPLAN_PUBLIC_URL: needed"),
        ({"public_url": "http://mote.example.se"}, "must be https"),
        ({"public_url": "https://mote.example.se/path"}, "scheme and host only"),
        ({"public_url": "https://mote.example.se?x=1"}, "scheme and host only"),
        ({"public_url": "https://mote.example.se#x"}, "scheme and host only"),
        ({"public_url": "https://u:p@mote.example.se"}, "scheme and host only"),
        ({"public_url": "https://mote.exa mple.se"}, "scheme and host only"),
        ({"public_url": "https://mote.example.se:x7"}, "HEMMAPLAN_PUBLIC_URL: cannot be read"),
        ({"bankid_url": "http://bankid.example.se/"}, "HEMMAPLAN_BANKID_URL: must be https"),
        ({"sms_url": "http://sms.example.se/"}, "HEMMAPLAN_SMS_URL: must be https"),
        ({"sms_username": "u"}, "HEMMAPLAN_SMS_PASSWORD: needed"),
        ({"sms_password": "p"}, "HEMMAPLAN_SMS_USERNAME: needed"),
        ({"support_phone": DEMO_PHONE}, "HEMMAPLAN_SUPPORT_PHONE: give the number"),
        ({"support_phone": ""}, "HEMMAPLAN_SUPPORT_PHONE: give the number"),
        ({"redis_url": "redis.example.se:6379"}, "HEMMAPLAN_REDIS_URL: give an address"),
        ({"redis_url": "redis://redis.example.se:port/0"}, "HEMMAPLAN_REDIS_URL: give an address"),
        ({"secret": DEMO_SECRET}, "set a secret of your own"),
        ({"secret": "short"}, "set a secret of your own"),
        ({"media_api_secret": DEMO_SECRET}, "set a secret of your own"),
        ({"bankid_key": None}, "path of an existing file"),
        ({"bankid_key": Path("missing.pem")}, "path of an existing file"),
        ({"port": 0}, "HEMMAPLAN_PORT"),
        ({"media_address": "not an address"}, "HEMMAPLAN_MEDIA_ADDRESS"),
        ({"media_tcp_port": 70000}, "HEMMAPLAN_MEDIA_TCP_PORT"),
        ({"turn_urls": "https://turn.example.se"}, "is not like turns:"),
        ({"turn_urls": "turn:turn.example.se:3478?transport=sctp"}, "is not like turns:"),
        ({"turn_urls": "turn:turn.example.se"}, "HEMMAPLAN_TURN_SECRET: needed"),
        ({"turn_urls": "turn:turn.example.se", "turn_secret": "short"}, "HEMMAPLAN_TURN_SECRET: needed"),
        ({"media_url": "media.example.se"}, "LiveKit cluster's address"),
        ({"media_url": "redis://media.example.se"}, "LiveKit cluster's address"),
        ({"media_url": "wss://media.example.se/livekit"}, "scheme and host only"),
        ({"media_url": "wss://key:word@media.example.se"}, "scheme and host only"),
        ({"media_url": "wss://media.example.se:99999999"}, "HEMMAPLAN_MEDIA_URL"),
        ({"media_url": "ws://media.example.se"}, "must be wss"),
        ({"media_max_participants": 0}, "HEMMAPLAN_MEDIA_MAX_PARTICIPANTS"),
        ({"log_format": "xml"}, "HEMMAPLAN_LOG_FORMAT"),
        ({"unknown": "x"}, "HEMMAPLAN_UNKNOWN"),
    ],
)
def test_each_bad_setting_is_named(production: dict[str, Any], change: dict[str, Any], line: str) -> None:
    with pytest.raises(BadSettings) as refused:
        load(**{**production, **change})
    assert line in str(refused.value)


def test_turn_servers_are_a_list_and_their_secret_a_file(
    production: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "turn").write_text("t" * 32 + "\n")
    monkeypatch.setenv("HEMMAPLAN_TURN_SECRET_FILE", str(tmp_path / "turn"))
    urls = "turn:turn.example.se:3478?transport=udp, turns:turn.example.se:443?transport=tcp"
    settings = load(**production, turn_urls=urls)
    assert settings.turn_urls == tuple(urls.split(", "))
    assert settings.turn_secret is not None
    assert settings.turn_secret.get_secret_value() == "t" * 32
    assert "t" * 32 not in repr(settings)


def test_a_refusal_never_repeats_a_secret(production: dict[str, Any]) -> None:
    with pytest.raises(BadSettings) as refused:
        load(**{**production, "secret": "hunter2", "port": "hunter3"})
    assert "hunter" not in str(refused.value)


@pytest.mark.parametrize(
    "name",
    ["public_url", "trusted_proxies", "metrics_networks", "media_address", "turn_urls", "media_url", "redis_url"],
)
@pytest.mark.parametrize("value", ["hunter2", "https://hunter2:hunter2", "redis://u:hunter2@host:hunter2"])
def test_a_refusal_repeats_no_value(production: dict[str, Any], name: str, value: str) -> None:
    with pytest.raises(BadSettings, match=name.upper()) as refused:
        load(**{**production, name: value})
    assert "hunter" not in str(refused.value)


def test_the_address_is_read_as_browsers_write_it(production: dict[str, Any]) -> None:
    settings = load(**{**production, "public_url": "HTTPS://Mote.Example.se/"})
    assert settings.origin == "https://mote.example.se"
    assert settings.secure


def test_a_misspelt_setting_is_refused_and_the_right_one_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEMMAPLAN_TRUSTED_PROXY", "192.0.2.0/24")
    with pytest.raises(BadSettings, match=r"HEMMAPLAN_TRUSTED_PROXY: .* HEMMAPLAN_TRUSTED_PROXIES"):
        load(demo=True)


def test_a_misspelt_setting_in_a_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "hemmaplan.env"
    file.write_text("HEMMAPLAN_DEMO=true\nHEMMAPLAN_TRUSTED_PROXY=192.0.2.0/24\n")
    with pytest.raises(BadSettings, match=r"^HEMMAPLAN_TRUSTED_PROXY: there is no"):
        load(file)


def test_a_secret_file_that_is_no_text_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret").write_bytes(b"\xff\xfe")
    monkeypatch.setenv("HEMMAPLAN_SECRET_FILE", str(tmp_path / "secret"))
    with pytest.raises(BadSettings, match="HEMMAPLAN_SECRET_FILE"):
        load(demo=True)


def test_a_secret_may_come_from_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret").write_text("f" * 40 + "\n")
    monkeypatch.setenv("HEMMAPLAN_SECRET_FILE", str(tmp_path / "secret"))
    assert load(demo=True).secret.get_secret_value() == "f" * 40


def test_a_missing_secret_file_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HEMMAPLAN_SECRET_FILE", "/nowhere/secret")
    with pytest.raises(BadSettings, match="/nowhere/secret"):
        load(demo=True)


def test_settings_may_come_from_the_environment_or_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "hemmaplan.env"
    file.write_text("HEMMAPLAN_DEMO=true\nHEMMAPLAN_PORT=9000\nHEMMAPLAN_MEDIA_ADDRESS=192.0.2.1, 2001:db8::1\n")
    settings = load(file)
    assert (settings.port, settings.media_address) == (9000, ("192.0.2.1", "2001:db8::1"))
    monkeypatch.setenv("HEMMAPLAN_PORT", "9001")
    assert load(file).port == 9001


def test_secrets_are_masked_when_printed() -> None:
    assert DEMO_SECRET not in repr(Settings(demo=True))


OPENID: dict[str, Any] = {
    "siths_issuer": "https://idp.example/oidc",
    "siths_client_id": "us",
    "siths_client_secret": "hush",
}


def test_an_openid_provider_is_whole_or_absent(production: dict[str, Any], tmp_path: Path) -> None:
    assert load(**production, **OPENID).openid("siths") == ("https://idp.example/oidc", "us", "hush", None)
    assert load(**production).openid("freja") == ("", "", None, None)
    for wrong in (
        {"siths_issuer": ""},
        {"siths_issuer": "http://idp.example/oidc"},
        {"siths_client_id": ""},
        {"siths_client_secret": None},
        {"siths_client_key": production["bankid_key"]},
        {"siths_client_secret": None, "siths_client_key": tmp_path / "gone.pem"},
    ):
        with pytest.raises(BadSettings, match=r"^HEMMAPLAN_SITHS_"):
            load(**production, **{**OPENID, **wrong})
    with pytest.raises(BadSettings, match="simulator"):
        load(demo=True, **OPENID)

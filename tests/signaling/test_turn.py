"""TURN credentials: a known answer, five minutes, and none without servers."""

from datetime import UTC, datetime

from signaling.turn import TurnServers, new_holder

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
URLS = ("turn:turn.example.se:3478?transport=udp", "turns:turn.example.se:443?transport=tcp")


def test_credentials_that_anybody_with_the_secret_can_check() -> None:
    (server,) = TurnServers(URLS, "north").for_client("0011223344556677", NOW)
    assert tuple(server.urls) == URLS
    assert server.username == "1795511100:0011223344556677"
    # printf %s <user name> | openssl dgst -sha1 -hmac north -binary | base64
    assert server.credential == "5dhV0GqOzx8S79wgVEX8/U+GMUA="


def test_without_servers_nothing_is_told() -> None:
    assert TurnServers().for_client(new_holder(), NOW) == []


def test_holders_are_random() -> None:
    assert len({new_holder() for _ in range(100)}) == 100

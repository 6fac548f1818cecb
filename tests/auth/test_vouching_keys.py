"""Which key vouches for a meeting: the one in force when it was planned, as long as it is held."""

from datetime import timedelta

from auth.vouching_keys import VouchingKey, VouchingKeys
from tests.conftest import FrozenClock


def test_a_meeting_keeps_the_key_it_was_planned_under(clock: FrozenClock) -> None:
    first, second = VouchingKey("1", bytes(32)), VouchingKey("2", b"2" * 32, clock())
    keys = VouchingKeys([first])
    before = keys.at(clock() - timedelta(days=1)).public_key()
    keys.use([first, second])
    assert keys.at(clock() - timedelta(days=1)).public_key() == before
    assert keys.at(clock()).public_key() != before
    assert [key for key, _ in keys.public()] == ["2", "1"]
    keys.use([second])  # the first was retired: what it vouched for goes over to what is left
    assert keys.at(clock() - timedelta(days=1)).public_key() == keys.at(clock()).public_key()
    assert repr(first) == "VouchingKey(id='1', active_from=None)"

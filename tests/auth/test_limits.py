"""Bounds by key and time."""

from datetime import timedelta

import pytest

from auth.limits import HoldOff, Recent
from tests.conftest import FrozenClock


def test_full_after_so_many_and_free_again_after_the_window(clock: FrozenClock) -> None:
    recent = Recent(2, timedelta(minutes=1), clock)
    for _ in range(2):
        assert not recent.full("a")
        recent.hit("a")
    assert recent.full("a")
    assert not recent.full("b")
    assert (recent.seconds_left("a"), recent.seconds_left("b")) == (60, 0)
    clock.advance(seconds=18.5)
    assert recent.seconds_left("a") == 42
    clock.advance(seconds=41.5)
    assert not recent.full("a")
    assert recent.seconds_left("a") == 0


def test_what_would_count_nothing_is_refused(clock: FrozenClock) -> None:
    for limit, minutes, keys in ((0, 1, 1), (1, 0, 1), (1, 1, 0)):
        with pytest.raises(ValueError, match="above zero"):
            Recent(limit, timedelta(minutes=minutes), clock, keys=keys)


def test_memory_is_bounded(clock: FrozenClock) -> None:
    recent = Recent(1, timedelta(minutes=1), clock, keys=2)
    for key in ("a", "b", "c"):
        recent.hit(key)
    assert not recent.full("a")
    assert recent.full("b")
    assert recent.full("c")


def test_who_has_been_quiet_for_the_window_leaves_nothing_behind(clock: FrozenClock) -> None:
    recent = Recent(2, timedelta(minutes=1), clock)
    for number in range(300):
        recent.hit(f"visitor {number}")
        clock.advance(seconds=1)
    assert len(recent) == 60
    recent.hit("visitor 240")  # is now the newest
    clock.advance(seconds=59)
    recent.hit("another")
    assert len(recent) == 2
    assert recent.full("visitor 240") is False
    recent.hit("visitor 240")
    assert recent.full("visitor 240")


def test_a_provider_that_asks_for_peace_gets_it() -> None:
    now = 100.0
    hold_off = HoldOff(lambda: now)
    assert hold_off.left() == 0
    assert hold_off.refused(7.0) == 7.0
    now += 3
    assert hold_off.left() == 4.0
    now += 4
    assert hold_off.left() == 0


def test_without_a_time_of_its_own_the_wait_doubles_up_to_a_minute() -> None:
    hold_off = HoldOff(lambda: 0.0)
    assert [hold_off.refused(None) for _ in range(6)] == [5, 10, 20, 40, 60, 60]
    hold_off.answered()
    assert hold_off.refused(None) == 5
    assert hold_off.refused(9000) == 60

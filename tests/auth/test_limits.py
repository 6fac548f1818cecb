"""Bounds by key and time."""

from datetime import timedelta

from auth.limits import Recent
from tests.conftest import FrozenClock


def test_full_after_so_many_and_free_again_after_the_window(clock: FrozenClock) -> None:
    recent = Recent(2, timedelta(minutes=1), clock)
    for _ in range(2):
        assert not recent.full("a")
        recent.hit("a")
    assert recent.full("a")
    assert not recent.full("b")
    clock.advance(seconds=60)
    assert not recent.full("a")


def test_memory_is_bounded(clock: FrozenClock) -> None:
    recent = Recent(1, timedelta(minutes=1), clock, keys=2)
    for key in ("a", "b", "c"):
        recent.hit(key)
    assert not recent.full("a")
    assert recent.full("b")
    assert recent.full("c")

"""Paths that let a burst pass at any rate and then no more, as mobile operators' do: video yields and stays away."""

import pytest

from tests.sfu.link import Call, Link, steps

NARROW, WIDE = 200e3, 3e6


@pytest.mark.parametrize("bucket", [4_000, 8_000, 16_000])
@pytest.mark.parametrize("capacity", [120e3, NARROW])
def test_a_burst_that_passes_is_believed_twice_at_most(bucket: int, capacity: float) -> None:
    call = Call(Link(steps((0, WIDE), (20, capacity), (60, WIDE)), queue=7_500, bucket=bucket), seed=1)
    call.run(80)
    assert call.since(20, lambda one: one.granted in (0, None)) < 3, "yields"
    assert call.audio_loss(20, 60) < 0.01
    assert call.changes(23, 60) <= 8, "it was some twenty: up for a moment every four seconds"
    assert call.changes(40, 60) <= 4
    assert call.since(60, lambda one: one.granted == 2) < 10, "comes back"


def test_a_wide_path_with_a_bucket_is_used_whole() -> None:
    call = Call(Link(steps((0, WIDE)), bucket=16_000), seed=1)
    call.run(40)
    assert call.granted(15, 40) == [2] * 250
    assert call.audio_loss(0, 40) == 0

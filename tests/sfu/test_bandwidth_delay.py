"""Over-use told from delay."""

import random

from sfu.bandwidth_delay import MOST_THRESHOLD, DelayDetector, Usage


def feed(detector: DelayDetector, seconds: float, queue: float = 0.0, jitter: float = 0.0, start: float = 0.0) -> None:
    """A packet each 10 ms; queue: seconds of delay it grows by in each second."""
    dice = random.Random(1)
    for index in range(round(seconds * 100)):
        at = start + index * 0.01
        detector.packet(at, 50 + at + 0.03 + queue * index * 0.01 + dice.random() * jitter)


def test_steady_delay_is_normal_and_growing_delay_is_over_use() -> None:
    steady = DelayDetector()
    feed(steady, 2)
    assert steady.usage is Usage.NORMAL
    growing = DelayDetector()
    feed(growing, 0.6, queue=0.5)
    assert growing.usage is Usage.OVER


def test_a_draining_queue_is_under_use() -> None:
    detector = DelayDetector()
    feed(detector, 1, queue=-0.3)
    assert detector.usage is Usage.UNDER


def test_the_threshold_follows_a_path_that_jitters() -> None:
    detector = DelayDetector()
    feed(detector, 5, jitter=0.02)
    assert detector.usage is Usage.NORMAL
    assert detector.threshold <= MOST_THRESHOLD


def test_packets_of_one_burst_count_as_one_and_late_ones_not_at_all() -> None:
    detector = DelayDetector()
    for picture in range(30):
        for part in range(6):
            # All at once, and spread by the path: no growing delay.
            detector.packet(picture * 0.033 + part * 0.0005, 9 + picture * 0.033 + part * 0.004)
    detector.packet(0.0, 20.0)
    assert detector.usage is Usage.NORMAL


def test_a_long_pause_and_a_probe_begin_anew() -> None:
    detector = DelayDetector()
    feed(detector, 0.5, queue=0.5)
    feed(detector, 0.1, start=20.0)
    assert detector.usage is Usage.NORMAL
    detector.skip()
    feed(detector, 0.1, start=20.2)
    assert detector.usage is Usage.NORMAL

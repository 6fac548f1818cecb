"""Probes: when, how much, and what their arrival proves."""

import pytest

from sfu.bandwidth_history import Told
from sfu.bandwidth_probe import (
    BELIEVED_AGAIN,
    FALTER,
    FIRST_RETRY,
    FORGET_AFTER,
    LENGTH,
    LONGEST,
    PROMISE,
    Probe,
    Prober,
)


def send(probe: Probe, at: float, arrive_over: float, lost: int = 0) -> list[Told]:
    """Ten packets over 18 ms that arrive over another time."""
    told = []
    for index in range(10):
        probe.numbers.add(index)
        came = None if index < lost else 5.0 + index * arrive_over / 9
        told.append(Told(index, at + index * 0.002, 500, came))
    probe.is_sent = True
    return told


def results(prober: Prober, told: list[Told], now: float) -> list[float]:
    return [rate for one in told if (rate := prober.take(one, now)) is not None]


def test_a_probe_that_arrives_as_sent_proves_its_rate() -> None:
    prober = Prober()
    assert prober.want(500_000, 600_000, 1.0) is None, "nothing to find out"
    probe = prober.want(2_000_000, 800_000, 1.0)
    assert probe is not None
    assert probe.rate == 2_000_000
    assert prober.want(2_000_000, 800_000, 1.0) is None, "one at a time"
    (proven,) = results(prober, send(probe, 1.0, 0.018), 1.2)
    assert proven == pytest.approx(2_000_000, rel=0.01)
    assert prober.want(9_000_000, 2_000_000, 1.3) is None
    assert prober.want(9_000_000, 2_000_000, 1.7) is not None, "soon the next step"


def test_a_probe_asks_for_two_and_a_half_times_the_estimate_at_most() -> None:
    probe = Prober().want(5_000_000, 200_000, 1.0)
    assert probe is not None
    assert probe.rate == 500_000
    assert probe.octets == 1875
    assert probe.size == 375


def test_a_slow_path_shows_and_the_next_probe_waits() -> None:
    prober = Prober()
    probe = prober.want(2_000_000, 800_000, 1.0)
    assert probe is not None
    (proven,) = results(prober, send(probe, 1.0, 0.06), 1.2)
    assert proven == pytest.approx(0.95 * 600_000, rel=0.01)
    assert prober.want(2_000_000, 800_000, 1.2 + FIRST_RETRY * 0.9) is None
    assert prober.want(2_000_000, 800_000, 1.3 + FIRST_RETRY) is not None


def test_a_probe_whose_packets_are_lost_proves_nothing() -> None:
    prober = Prober()
    probe = prober.want(2_000_000, 800_000, 1.0)
    assert probe is not None
    assert results(prober, send(probe, 1.0, 0.018, lost=5), 1.2) == []
    assert prober.active is None


def test_an_answer_that_never_comes_is_not_waited_for() -> None:
    prober = Prober()
    assert prober.want(2_000_000, 800_000, 1.0) is not None
    assert prober.want(2_000_000, 800_000, 1.1 + FORGET_AFTER) is not None
    prober.hold(3.0, 5.0)
    assert prober.want(2_000_000, 800_000, 4.5) is None
    assert prober.take(Told(99, 0.0, 1, None), 4.5) is None


def test_a_broken_promise_makes_the_next_probes_longer_and_time_makes_them_short_again() -> None:
    prober = Prober()
    lengths = []
    for at in (10.0, 20.0, 30.0, 32.0):
        probe = prober.want(400_000, 200_000, at)
        assert probe is not None
        lengths.append(probe.length)
        prober.active = None
        prober.believed(at + 0.2)
        prober.fell(at + 1.0)
    assert lengths[0] == LENGTH
    assert lengths[1] == pytest.approx(LENGTH + 8_000 * 8 / 400_000)
    assert lengths[1] < lengths[2] < lengths[3] <= LONGEST
    prober.believed(40.0)
    prober.fell(40.0 + PROMISE + 1)  # it was kept
    later = prober.want(400_000, 200_000, 34.0 + BELIEVED_AGAIN)
    assert later is not None
    assert later.length == LENGTH


def test_a_long_probe_stops_when_the_path_falters_and_proves_nothing() -> None:
    prober = Prober()
    prober.believed(1.0)
    prober.fell(2.0)
    probe = prober.want(400_000, 200_000, 3.0)
    assert probe is not None
    for number in range(5):
        probe.numbers.add(number)
        assert prober.take(Told(number, 3.0 + number * 0.02, 279, 8.0 + number * 0.02), 3.2) is None
    assert not probe.falters
    probe.numbers.add(5)
    prober.take(Told(5, 3.1, 279, 8.1 + FALTER + 0.01), 3.3)
    assert probe.falters
    probe.is_sent = True
    assert prober.take(Told(5, 3.1, 279, 8.2), 3.3) is None
    assert prober.active is None


def test_feedback_that_is_lost_leaves_a_probe_to_be_judged_by_the_rest() -> None:
    prober = Prober()
    probe = prober.want(2_000_000, 800_000, 1.0)
    assert probe is not None
    told = send(probe, 1.0, 0.018)
    assert results(prober, [one for one in told if one.number not in (3, 4)], 1.2) != []

"""Rates from arrivals, from delay and from loss."""

import random

import pytest

from sfu.bandwidth_delay import Usage
from sfu.bandwidth_rate import BACK_OFF, LEAST, Acknowledged, DelayRate, LossRate


def test_what_arrives_is_counted_over_a_window() -> None:
    arrived = Acknowledged()
    for index in range(100):
        arrived.packet(index * 0.01, 1250)
    assert arrived.rate == pytest.approx(1_000_000, rel=0.05)
    assert arrived.peak == pytest.approx(1_000_000, rel=0.15)
    arrived.packet(50.0, 1250)
    assert arrived.rate is None, "after a gap it begins anew"
    assert arrived.peak is None


def test_over_use_backs_off_from_what_arrives_and_normal_use_grows_again() -> None:
    rate = DelayRate(2_000_000)
    assert rate.update(Usage.OVER, 1_000_000, 0.1, 1.0)
    assert rate.rate == BACK_OFF * 1_000_000
    assert not rate.update(Usage.OVER, 1_000_000, 0.1, 1.01), "it is given time to help"
    assert not rate.update(Usage.UNDER, 900_000, 0.1, 1.2)
    held = rate.rate
    rate.update(Usage.NORMAL, 900_000, 0.1, 1.3)
    assert rate.rate == held
    rate.update(Usage.NORMAL, 900_000, 0.1, 2.3)
    assert held < rate.rate < 1.1 * held
    rate.update(Usage.NORMAL, 2_000_000, 0.1, 3.3)
    assert rate.rate > held
    rate.raise_to(5_000_000)
    assert rate.rate == 5_000_000
    rate.cut_to(1.0)
    assert rate.rate == LEAST


def test_near_the_known_capacity_growth_is_additive() -> None:
    rate = DelayRate(1_000_000)
    rate.update(Usage.OVER, 1_000_000, 0.1, 0.0)
    rate.update(Usage.NORMAL, 1_000_000, 0.1, 0.1)
    before = rate.rate
    rate.update(Usage.NORMAL, 1_000_000, 0.1, 1.1)
    assert rate.rate - before == pytest.approx(48_000, rel=0.01)


def test_it_never_grows_past_what_arrivals_prove() -> None:
    rate = DelayRate(1_000_000)
    for second in range(20):
        rate.update(Usage.NORMAL, 100_000, 0.1, float(second))
    assert rate.rate == 1_000_000


def run(rate: LossRate, lost: float, seconds: float, start: float, acknowledged: float = 1e6) -> None:
    dice = random.Random(3)
    for step in range(round(seconds * 10)):
        gone = sum(dice.random() < lost for _ in range(20))
        rate.update(gone, 20, acknowledged, start + step / 10, growing=True)


def test_new_loss_brings_the_rate_down_and_heavy_loss_at_once() -> None:
    rate = LossRate(1_000_000)
    run(rate, 0.0, 3, 0)
    assert rate.rate > 1_000_000
    rate = LossRate(1_000_000)
    run(rate, 0.2, 2, 0)
    assert rate.rate < 900_000
    heavy = LossRate(1_000_000)
    run(heavy, 0.9, 0.5, 0, acknowledged=100_000)
    assert heavy.rate <= 100_000
    heavy.raise_to(500_000)
    assert heavy.rate == 500_000


def test_loss_that_is_always_there_is_the_paths_own() -> None:
    rate = LossRate(1_000_000)
    run(rate, 0.1, 60, 0)
    assert rate.rate > 700_000

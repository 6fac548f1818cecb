"""Statistics of measurements."""

import pytest

from bench.figures import percentile, spread


def test_percentile_is_a_measured_value() -> None:
    values = [30.0, 10.0, 20.0, 40.0]
    assert percentile(values, 50) == 20
    assert percentile(values, 95) == 40
    assert percentile(values, 0) == 10
    assert percentile([7.0], 95) == 7


def test_95_of_30_is_the_second_highest() -> None:
    assert percentile([float(n) for n in range(1, 31)], 95) == 29


@pytest.mark.parametrize(("values", "percent"), [([], 50.0), ([1.0], -1.0), ([1.0], 101.0)])
def test_percentile_of_nothing_is_refused(values: list[float], percent: float) -> None:
    with pytest.raises(ValueError, match=r"values|percent"):
        percentile(values, percent)


def test_spread() -> None:
    lying = spread([9.0, 11.0, 10.0, 12.0])
    assert (lying.count, lying.low, lying.median, lying.high) == (4, 9, 10.5, 12)
    assert lying.noise == pytest.approx(3 / 2 / 10.5)
    assert spread([0.0, 0.0]).noise == 0

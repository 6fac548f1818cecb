"""The soak's arithmetic; a meeting of it is what the service's own tests hold."""

import pytest

from bench.soak import Seat, floors, slope


def test_the_slope_is_found_under_noise_and_tells_how_sure_it_is() -> None:
    noise = (0.3, -0.3, 0.1, -0.1) * 50
    samples = [(at / 100, 100 + 2.5 * at / 100 + noise[at]) for at in range(200)]
    gained, error = slope(samples)
    assert gained == pytest.approx(2.5, abs=0.1)
    assert 0 < error < 0.1
    flat, error = slope([(at / 100, 100.0) for at in range(200)])
    assert (flat, error) == (0.0, 0.0)


def test_what_the_collector_takes_back_is_no_growth() -> None:
    """A sawtooth of 7 MiB and four minutes, sampled every five seconds for 22 minutes, on ground that does not rise."""
    saw = [(at * 5 / 3600, 170 + 7 * (at * 5 % 240) / 240) for at in range(264)]
    assert slope(floors(saw))[0] == pytest.approx(0, abs=0.01)
    rising = [(at, value + 3 * at) for at, value in saw]
    assert slope(floors(rising))[0] == pytest.approx(3, abs=0.5)


def test_a_seat_brings_its_own_token() -> None:
    assert Seat("http://127.0.0.1:1", "", "", "ticket").token("anyone", "any room", 0.0) == "ticket"

"""The estimate as a whole, and a simulated call over a seeded bottleneck: 3 Mbit/s, 200 kbit/s, 3 Mbit/s."""

from typing import Any

import pytest

from sfu.bandwidth import FIRST, Bandwidth, ReportedBandwidth
from sfu.bandwidth_rate import LEAST
from sfu.rtcp import TransportFeedback
from tests.sfu.link import Call, Link, steps

DROP = steps((0, 3e6), (20, 200e3), (30, 3e6))
WEATHER: list[tuple[str, dict[str, Any]]] = [
    ("plain", {}),
    ("short way", {"delay": 0.015}),
    ("long way", {"delay": 0.15}),
    ("jitter", {"jitter": 0.02}),
    ("2 % loss", {"loss": 0.02}),
    ("10 % loss, long way", {"loss": 0.1, "delay": 0.15}),
    ("feedback lost", {"feedback_loss": 0.2}),
    ("shallow queue", {"queue": 10_000}),
]


@pytest.mark.parametrize(("name", "link"), WEATHER, ids=[name for name, _ in WEATHER])
def test_video_yields_and_comes_back(name: str, link: dict[str, Any]) -> None:
    call = Call(Link(DROP, **link), seed=3)
    call.run(48)
    loss = link.get("loss", 0.0)
    assert max(call.estimates(10, 20)) < 3.6e6
    assert call.granted(15, 20) == [2] * 50 or loss > 0.05
    assert call.since(20, lambda one: one.granted in (0, None)) < 3, "yields"
    assert max(call.estimates(23, 30)) < 300e3, "under capacity, or near it"
    assert call.audio_loss(21, 30) <= 1.5 * loss + 0.01, "sound is not starved"
    assert call.since(30, lambda one: one.granted == 2) < 10, "comes back"
    assert call.changes(10, 20) <= 1
    assert call.changes(24, 30) <= 2
    assert call.changes(30, 48) <= 5, "no oscillation"


@pytest.mark.parametrize("capacity", [400e3, 1e6])
def test_it_stays_at_what_a_narrow_path_carries(capacity: float) -> None:
    call = Call(Link(steps((0, capacity))), seed=2)
    call.run(40)
    assert max(call.estimates(10, 40)) < 1.3 * capacity
    assert call.changes(10, 40) == 0
    assert call.audio_loss(5, 40) == 0
    late = sorted(delay for at, delay in call.audio_delays if at > 5)
    assert late[int(0.95 * len(late))] < 0.2, "the queue stays short"


def test_a_path_with_others_on_it() -> None:
    """Another stream takes half of it every few seconds."""
    call = Call(Link(lambda now: 1.2e6 if int(now / 5) % 2 else 2.6e6, jitter=0.01), seed=4)
    call.run(60)
    assert call.audio_loss(5, 60) < 0.01
    assert call.changes(10, 60) < 30


def test_without_feedback_it_is_halved_each_second() -> None:
    bandwidth = Bandwidth()
    for _ in range(20):
        bandwidth.history.sent(500, 1.0)
    assert bandwidth.want(5e6, 1.0) is None, "nothing is known of this client's feedback"
    bandwidth.take(TransportFeedback(1, 1, 1, 0, 0, (0,) * 20), 1.1)
    assert bandwidth.has_feedback
    assert not bandwidth.is_measured(1.2), "a first guess"
    assert bandwidth.is_measured(3.0)
    bandwidth.tick(1.2)
    bandwidth.tick(5.0)
    assert bandwidth.estimate == FIRST, "nothing was sent, nothing is missing"
    for _ in range(20):
        bandwidth.history.sent(500, 5.0)
    bandwidth.tick(6.2)
    assert bandwidth.estimate == FIRST / 2
    for second in range(20):
        bandwidth.tick(8.0 + second * 2)
    assert bandwidth.estimate == LEAST


def test_reports_stand_in_for_feedback() -> None:
    reported = ReportedBandwidth()
    assert reported.estimate is None
    reported.report(0.0, 1e6, 1.0)
    reported.remote(2e6, 1e6)
    assert reported.estimate is None, "a receiver proves a limit, never room"
    reported.report(0.2, 1e6, 1.0)
    assert reported.estimate == 0.9e6
    reported.remote(300e3, 1e6)
    assert reported.estimate == 300e3
    reported.report(0.0, 300e3, 1.0)
    assert reported.estimate == pytest.approx(324e3)


def test_a_client_that_moves_to_a_longer_way_keeps_its_rate() -> None:
    link = Link(steps((0, 3e6)))
    call = Call(link, seed=5)
    call.run(15)
    link.delay = 0.4
    call.outlet.bandwidth.path_changed(call.now)
    call.run(30)
    assert call.changes(10, 30) == 0
    assert min(call.estimates(16, 30)) > 2e6

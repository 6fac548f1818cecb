"""Counters of tracks added up over time, also where tracks come and go."""

from types import SimpleNamespace
from typing import Any

import pytest

from sfu.down_track import DownTrack
from sfu.publication import Publication
from sfu.quality import Quality
from sfu.traffic import PERCENT, SAMPLE_INTERVAL, Histogram, Stream, Traffic
from tests.sfu.fakes import camera, live

VIDEO_IN, VIDEO_OUT = Stream("incoming", "CAMERA", "VIDEO"), Stream("outgoing", "CAMERA", "VIDEO")


def stay(*published: Publication, received: tuple[tuple[Publication, DownTrack], ...] = ()) -> Any:
    participant = SimpleNamespace(publications={one.sid: one for one in published}, quality=Quality.LOST)
    return SimpleNamespace(participant=participant, connection=SimpleNamespace(subscriptions=list(received)))


def test_a_histogram_counts_up_to_and_with_its_bounds() -> None:
    histogram = Histogram((1, 10))
    for value in (0, 1, 1.5, 10, 11):
        histogram.observe(value)
    assert histogram.counts == [2, 2, 1]
    assert histogram.total == pytest.approx(23.5)


def test_growth_is_added_once_and_what_has_gone_stays_counted() -> None:
    traffic = Traffic()
    track = live(camera(), "TR_1", ("q",))
    assert track.up_track is not None
    layer = track.up_track.add_layer(7, "q")
    down_track = DownTrack(track.up_track)
    both = [stay(track), stay(received=((track, down_track),))]
    for number in range(10):
        layer.count(number * 2, number * 3000, 100, number / 10)
    down_track.statistics.packets, down_track.statistics.octets = 10, 1000
    down_track.statistics.nacked, down_track.statistics.resent, down_track.statistics.key_frame_requests = 3, 2, 1
    down_track.statistics.fraction_lost, down_track.statistics.round_trip = 0.25, 0.06
    traffic.sample(both, 0.0)
    traffic.sample(both, SAMPLE_INTERVAL / 2)
    assert traffic.packets == {("incoming", "initial"): 10, ("outgoing", "initial"): 10, ("outgoing", "retransmit"): 2}
    assert traffic.octets == {("incoming", "initial"): 1000, ("outgoing", "initial"): 1000}
    assert (traffic.nacks["incoming"], traffic.plis["incoming"]) == (3, 1)
    assert traffic.lost[VIDEO_IN] == 9
    assert traffic.round_trip[VIDEO_OUT].counts[:2] == [0, 1]
    assert sum(traffic.loss[VIDEO_OUT].counts) == 1
    assert len(traffic.loss[VIDEO_OUT].counts) == len(PERCENT) + 1
    assert traffic.publications == {("VIDEO", "attempt"): 1, ("VIDEO", "success"): 1}
    assert traffic.quality.counts[0] == 2, "a lost connection counts as poor"
    layer.count(19, 30000, 100, 1.0)
    traffic.sample(both, SAMPLE_INTERVAL)
    assert traffic.packets["incoming", "initial"] == 11
    traffic.sample([], 2 * SAMPLE_INTERVAL)
    assert traffic.packets["incoming", "initial"] == 11

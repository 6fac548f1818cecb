"""One incoming stream: what is new, what is missing, what is reported."""

import pytest

from sfu.rtcp import SenderReport
from sfu.up_layer import GIVE_UP_AFTER, KEY_FRAME_INTERVAL, LONGEST_GAP, MOST_MISSING, UpLayer


def feed(layer: UpLayer, *numbers: int, at: float = 10.0) -> list[int]:
    lost: list[int] = []
    for number in numbers:
        lost += layer.count(number & 0xFFFF, number * 3000, 100, at)[1]
    return lost


def test_gaps_are_missing_once_and_late_packets_fill_them() -> None:
    layer = UpLayer(1, 90000)
    assert feed(layer, 65534, 65535, 65536 + 2) == [0, 1]
    assert layer.is_missing(0)
    assert layer.count(0, 0, 100, 10.0) == (True, [])
    assert layer.count(0, 0, 100, 10.0) == (False, [])  # a duplicate
    assert layer.count(65535, 0, 100, 10.0) == (False, [])
    assert layer.expected == 5
    assert layer.packets == 4


def test_retries_grow_rarer_and_end() -> None:
    layer = UpLayer(1, 90000)
    feed(layer, 1, 3)
    asked = []
    for tick in range(200):
        if layer.retries(10.0 + tick * 0.05):
            asked.append(tick * 0.05)
    assert 2 <= len(asked) <= 8
    assert asked[-1] <= GIVE_UP_AFTER
    assert not layer.is_missing(2)


def test_a_long_gap_is_left_to_a_key_frame() -> None:
    layer = UpLayer(1, 90000)
    assert feed(layer, 1, 2 + LONGEST_GAP) == []
    assert layer.due_key_frame(11.0)
    assert not layer.due_key_frame(11.0)


def test_what_is_missing_is_bounded() -> None:
    layer = UpLayer(1, 90000)
    feed(layer, *range(0, 4000, 2))
    assert sum(layer.is_missing(number) for number in range(4000)) <= MOST_MISSING


def test_report_block() -> None:
    layer = UpLayer(9, 90000)
    assert layer.report(10.0) is None
    feed(layer, 1, 2, 3, 5)
    layer.take_sender_report(SenderReport(9, 0x1122334455667788, 0, 0, 0), 10.0)
    block = layer.report(10.5)
    assert block is not None
    assert (block.ssrc, block.lost, block.highest, block.fraction_lost) == (9, 1, 5, 51)
    assert (block.last_report, block.delay) == (0x33445566, 32768)
    feed(layer, 6, 7)
    again = layer.report(11.0)
    assert again is not None
    assert (again.fraction_lost, again.lost) == (0, 1)
    assert layer.take_window() == (7, 1)
    assert layer.take_window() == (0, 0)


def test_jitter_of_an_even_and_an_uneven_stream() -> None:
    even, uneven = UpLayer(1, 48000), UpLayer(1, 48000)
    for index in range(200):
        even.count(index, index * 960, 100, 1 + index * 0.02)
        uneven.count(index, index * 960, 100, 1 + index * 0.02 + (index % 2) * 0.01)
    assert even.jitter < 1
    assert uneven.jitter == pytest.approx(480, rel=0.05)  # 10 ms


def test_key_frame_requests_are_throttled_not_forgotten() -> None:
    layer = UpLayer(1, 90000)
    assert layer.want_key_frame(10.0)
    assert not layer.want_key_frame(10.1)
    assert not layer.due_key_frame(10.2)
    assert layer.due_key_frame(10.0 + KEY_FRAME_INTERVAL)
    assert not layer.want_key_frame(10.6)
    layer.key_frame_came()
    assert not layer.due_key_frame(20.0)


def test_live_and_steady() -> None:
    layer = UpLayer(1, 90000)
    feed(layer, 1, at=10.0)
    assert layer.is_live(10.5)
    assert not layer.is_steady(10.5)
    feed(layer, 2, at=10.8)
    feed(layer, 3, at=11.5)
    assert layer.is_steady(11.5)
    assert not layer.is_live(13.0)
    feed(layer, 4, at=20.0)
    assert not layer.is_steady(20.0)


def test_what_was_lost_in_a_long_silence_is_left_to_a_key_frame() -> None:
    layer = UpLayer(1, 90000)
    layer.count(1, 0, 100, 0.0)
    assert layer.count(5, 0, 100, 1.0) == (True, [])
    assert layer.due_key_frame(1.0)
    assert layer.count(7, 0, 100, 1.1) == (True, [6])


def test_the_rate_follows_a_rise_sooner_than_a_fall() -> None:
    layer = UpLayer(1, 90000)
    layer.measure_rate(9.0)
    assert layer.rate is None
    number = 0

    def run(start: float, size: int) -> float:
        nonlocal number
        for step in range(40):
            number += 1
            layer.count(number, number * 3000, size, start + step / 20)
            layer.measure_rate(start + step / 20)
        assert layer.rate is not None
        return layer.rate

    steady = run(10.0, 1000)
    assert steady == pytest.approx((1000 + 38) * 8 * 20, rel=0.15)
    high = run(12.0, 4000)
    assert high > 0.8 * 4038 * 160
    assert run(14.0, 1000) > 1.2 * steady
    layer.measure_rate(60.0)
    assert (layer.rate or 0.0) > steady, "silent, it keeps what it was"


def test_a_key_frame_for_later_falls_due() -> None:
    layer = UpLayer(1, 90000)
    assert not layer.due_key_frame(1.0)
    layer.key_frame_later()
    assert layer.due_key_frame(1.0)
    assert not layer.due_key_frame(9.0)

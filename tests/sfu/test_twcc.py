"""Transport-wide feedback tells the arrival of every packet, and the loss of every other."""

import random
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from sfu import rtcp
from sfu.rtcp import TransportFeedback
from sfu.twcc import TICKS, ArrivalRecorder


def arrivals_of(feedback: list[TransportFeedback]) -> dict[int, float | None]:
    """What a sender reads out of it."""
    told: dict[int, float | None] = {}
    for packet in (one for one in rtcp.parse(rtcp.build(*feedback)) if isinstance(one, TransportFeedback)):
        time = packet.reference_time * 256
        for index, delta in enumerate(packet.deltas):
            number = (packet.base_sequence + index) & 0xFFFF
            if delta is None:
                told.setdefault(number, None)
            else:
                time += delta
                told[number] = time / TICKS
    return told


def test_loss_at_the_end_is_told_next_time() -> None:
    recorder = ArrivalRecorder()
    for number in (10, 11, 12):
        recorder.record(number, 5.0)
    assert [packet.base_sequence for packet in recorder.feedback(1, 2)] == [10]
    recorder.record(15, 5.1)
    [packet] = recorder.feedback(1, 2)
    assert (packet.base_sequence, packet.feedback_count) == (13, 1)
    assert packet.deltas[:2] == (None, None)
    assert recorder.feedback(1, 2) == []


def test_a_late_packet_is_told_after_all() -> None:
    recorder = ArrivalRecorder()
    for number in (1, 3):
        recorder.record(number, 1.0)
    recorder.feedback(1, 2)
    recorder.record(2, 1.1)
    recorder.record(4, 1.2)
    told = arrivals_of(recorder.feedback(1, 2))
    assert set(told) == {2, 3, 4}
    assert told[2] is not None
    assert told[4] is not None


def test_a_long_pause_starts_a_new_feedback() -> None:
    recorder = ArrivalRecorder()
    recorder.record(1, 1.0)
    recorder.record(2, 60.0)
    feedback = recorder.feedback(1, 2)
    assert [packet.base_sequence for packet in feedback] == [1, 2]
    assert arrivals_of(feedback) == {1: 1.0, 2: 60.0}


@given(st.integers(0, 0xFFFF), st.integers(0, 2**32))
def test_a_lossy_shuffled_link_over_the_wrap(start: int, seed: int) -> None:
    dice = random.Random(seed)
    recorder = ArrivalRecorder()
    sent: dict[int, float] = {}
    told: dict[int, float | None] = {}
    order = [(index + dice.random() * 3, index) for index in range(400) if index == 0 or dice.random() > 0.2]
    order = [order[0], *sorted(order[1:])]
    for step, (_, index) in enumerate(order):
        number = (start + index) & 0xFFFF
        sent[number] = 100 + step * 0.0013
        recorder.record(number, sent[number])
        if dice.random() < 0.05:
            for key, value in arrivals_of(recorder.feedback(1, 2)).items():
                told[key] = value if value is not None else told.get(key)
    for key, value in arrivals_of(recorder.feedback(1, 2)).items():
        told[key] = value if value is not None else told.get(key)
    for number, at in sent.items():
        value = told[number]
        assert value is not None
        assert abs(value - at) <= 2 / TICKS
    assert {number for number, value in told.items() if value is not None} == set(sent)


def test_memory_is_bounded() -> None:
    recorder = ArrivalRecorder()
    for number in range(60_000):
        recorder.record(number * 7 & 0xFFFF, number * 0.001)
    feedback = recorder.feedback(1, 2)
    assert sum(len(packet.deltas) for packet in feedback) <= 2000
    assert all((later.feedback_count - earlier.feedback_count) & 0xFF == 1 for earlier, later in pairwise(feedback))


def test_packets_sent_and_come_are_counted_over_the_wrap() -> None:
    recorder = ArrivalRecorder()
    assert (recorder.sent, recorder.came) == (0, 0)
    for number in (65534, 65535, 2, 0):
        recorder.record(number, 1.0)
    assert (recorder.sent, recorder.came) == (5, 4)

"""What was sent, and what feedback tells of it."""

from sfu.bandwidth_history import OVERHEAD, SIZE, SentHistory
from sfu.rtcp import TransportFeedback


def feedback(base: int, *deltas: int | None, reference: int = 100) -> TransportFeedback:
    return TransportFeedback(1, 1, base & 0xFFFF, reference & 0xFFFFFF, 0, deltas)


def test_each_packet_is_told_once() -> None:
    history = SentHistory()
    assert [history.sent(100, at) for at in (1.0, 1.1, 1.2)] == [1, 2, 3]
    told = history.take(feedback(1, 4, None, 8))
    assert [(one.number, one.sent_at, one.size) for one in told] == [
        (1, 1.0, 100 + OVERHEAD),
        (2, 1.1, 100 + OVERHEAD),
        (3, 1.2, 100 + OVERHEAD),
    ]
    assert told[0].received_at == 0.001
    assert told[1].received_at is None
    assert told[2].received_at == 0.003
    assert history.take(feedback(1, 4, None, 8)) == [], "said again, it is no news"
    (late,) = history.take(feedback(2, 4))
    assert late.number == 2
    assert late.received_at is not None, "lost at first, it has come after all"


def test_numbers_never_sent_and_forgotten_ones_are_passed_over() -> None:
    history = SentHistory()
    assert history.take(feedback(5, 4, 4)) == []
    for at in range(SIZE + 100):
        history.sent(10, float(at))
    assert history.take(feedback(1, *[4] * 50)) == []
    assert len(history.take(feedback(SIZE + 95, *[4] * 50))) == 6


def test_numbers_and_reference_times_wrap() -> None:
    history = SentHistory()
    for _ in range(0xFFFF + 10):
        history.sent(10, 5.0)
    first = history.take(feedback(0xFFFE, 0, 0, reference=0xFFFFFF))
    then = history.take(feedback(0x10000, 0, 0, reference=0))
    assert [one.number for one in first + then] == [0xFFFE, 0xFFFF, 0x10000, 0x10001]
    assert (then[0].received_at or 0) - (first[0].received_at or 0) == 0.064

"""Bursts spread, order kept, nothing held for long."""

from sfu.pacer import MOST_QUEUED, STEP, Pacer


class Bench:
    def __init__(self, rate: float) -> None:
        self.now = 5.0
        self.sent: list[tuple[float, bytes]] = []
        self.waits = 0
        self.pacer = Pacer(lambda packet, _at: self.sent.append((self.now, packet)), lambda: self.now)
        self.pacer.set_rate(rate)
        self.pacer.on_wait = self._wait

    def _wait(self) -> None:
        self.waits += 1

    def drain(self) -> None:
        while self.pacer.is_waiting:
            self.now += STEP
            self.pacer.drain(self.now)


def packet(index: int, size: int = 1200, ssrc: int = 1) -> bytes:
    return bytes(6) + index.to_bytes(2, "big") + ssrc.to_bytes(4, "big") + bytes(size - 12)


def test_ordinary_pictures_do_not_wait() -> None:
    bench = Bench(1_000_000)
    for picture in range(30):
        bench.now = 5.0 + picture / 30
        for _ in range(3):
            bench.pacer.take(packet(0), 17)
    assert len(bench.sent) == 90
    assert bench.pacer.waited == 0


def test_a_key_frame_is_spread_in_order() -> None:
    bench = Bench(1_000_000)
    for index in range(60):
        bench.pacer.take(packet(index), 17)
    assert len(bench.sent) < 15
    assert bench.waits == 1
    bench.drain()
    assert [int.from_bytes(one[6:8], "big") for _, one in bench.sent] == list(range(60))
    assert 0.15 < bench.now - 5.0 < 0.4


def test_a_long_queue_leaves_faster_than_the_rate() -> None:
    bench = Bench(50_000)
    for index in range(100):
        bench.pacer.take(packet(index), 17)
    bench.drain()
    assert bench.now - 5.0 < 2.0


def test_it_holds_no_more_than_so_many() -> None:
    bench = Bench(50_000)
    for index in range(MOST_QUEUED + 100):
        bench.pacer.take(packet(index & 0xFFFF), 17)
    assert len(bench.sent) >= 100


def test_a_stream_that_ended_and_what_was_spent_elsewhere() -> None:
    bench = Bench(100_000)
    bench.pacer.spent(100_000)
    bench.pacer.take(packet(1, ssrc=7), 17)
    bench.pacer.take(packet(2, ssrc=8), 17)
    assert bench.sent == []
    bench.pacer.discard(7)
    bench.drain()
    assert [one[8:12] for _, one in bench.sent] == [(8).to_bytes(4, "big")]
    bench.pacer.spent(100_000)
    bench.pacer.take(packet(3), 17)
    bench.pacer.clear()
    assert not bench.pacer.is_waiting


def test_a_run_passes_whole_or_not_at_all() -> None:
    bench = Bench(1_000_000)
    assert bench.pacer.passes(4000, bench.now)
    assert not bench.pacer.passes(4000, bench.now), "the burst is spent"
    bench.now += 0.05
    assert bench.pacer.passes(4000, bench.now)
    bench.pacer.spent(10_000)
    bench.pacer.take(packet(1), 17)
    assert bench.pacer.is_waiting
    assert not bench.pacer.passes(10, bench.now + 10), "it would overtake"

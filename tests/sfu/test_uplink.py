"""A client's own line: a queue that stands on it is met by a limit, and nothing else is. On simulated time."""

import heapq
import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from sfu.bandwidth_rate import MOST
from sfu.uplink import SOUND_ALONE, UNIT, WRAP, Uplink

SOUND, PICTURE = 80_000.0, 900_000.0  # bit/s


@dataclass
class Line:
    """capacity: bit/s at a time; queue, bucket: bytes, as of a token bucket. stall: when nothing passes."""

    capacity: Callable[[float], float] = lambda _: 10_000_000.0
    queue: int = 7_500
    bucket: int = 8_000
    jitter: float = 0.0
    loss: float = 0.0
    stall: tuple[float, float] = (-1.0, -1.0)


@dataclass
class Sender:
    """Sound and a picture over a line; it obeys a limit 0.1 s after it was told, and knows no other."""

    line: Line
    sound: dict[int, list[bool]] = field(default_factory=dict)  # second -> of each packet whether it was lost
    limits: list[tuple[float, float | None]] = field(default_factory=list)
    queues: list[tuple[float, float]] = field(default_factory=list)

    def run(self, until: float) -> "Sender":
        dice = random.Random(1)
        uplink = Uplink()
        events: list[tuple[float, int, bytes, int]] = []  # arrivals
        order = itertools.count()
        free_at = arrived_at = 0.0
        obeyed: list[tuple[float, float]] = [(0.0, MOST)]
        sent = came = 0
        picture = 0.0
        before = self.line.capacity(0.0)
        for step in range(int(until * 100)):
            now = step / 100
            limit = [rate for at, rate in obeyed if at <= now][-1]
            picture += max(0.0, min(PICTURE, limit - SOUND)) / 8 / 100
            sizes = [] if step % 2 else [200]
            while picture > 1000:
                picture -= 1000
                sizes.append(1000)
            for size in sizes:
                sent += 1
                capacity = self.line.capacity(now)
                free_at, before = now + (free_at - now) * before / capacity, capacity
                waiting = max(0.0, free_at - now) * capacity / 8
                lost = waiting + size > self.line.queue or dice.random() < self.line.loss
                if size == 200:
                    self.sound.setdefault(int(now), []).append(lost)
                if lost:
                    continue
                free_at = max(free_at, now - self.line.bucket * 8 / capacity) + size * 8 / capacity
                arrival = max(now, free_at) + 0.03 + dice.random() * self.line.jitter
                if self.line.stall[0] <= arrival < self.line.stall[1]:
                    arrival = self.line.stall[1]
                arrived_at = arrival = max(arrival, arrived_at)
                stamp = (int((now + 60) / UNIT) % WRAP).to_bytes(3, "big")
                heapq.heappush(events, (arrival, next(order), stamp, size))
            while events and events[0][0] <= now:
                at, _, stamp, size = heapq.heappop(events)
                came += 1
                uplink.packet(stamp, at, size)
            if step % 5 == 0:
                told = uplink.conclude(sent - len(events), came, now)
                if told is not None:
                    obeyed.append((now + 0.1, told))
                self.limits.append((now, uplink.limit))
                self.queues.append((now, uplink.queue))
        return self

    def lost(self, start: int, end: int) -> float:
        packets = [lost for second in range(start, end) for lost in self.sound[second]]
        return sum(packets) / len(packets)

    def first(self, start: float, wanted: Callable[[float | None], bool]) -> float:
        """Seconds after `start` until the limit is as wanted."""
        return next((at - start for at, limit in self.limits if at >= start and wanted(limit)), float("inf"))


def squeezed(now: float) -> float:
    return 200_000.0 if 10 <= now < 40 else 10_000_000.0


def test_a_narrow_line_is_met_at_once_and_sound_stays_whole() -> None:
    sender = Sender(Line(squeezed)).run(60)
    assert sender.first(0, lambda limit: limit is not None) == pytest.approx(10, abs=1)
    held = [limit or MOST for at, limit in sender.limits if 11 <= at < 40]
    assert max(held) < 500_000, "what a bucket lets through at once is no width"
    assert sum(held) / len(held) < 230_000
    assert sender.lost(10, 40) < 0.01
    assert sender.lost(12, 40) == 0
    standing = [queue for at, queue in sender.queues if 15 <= at < 40]
    assert sum(standing) / len(standing) < 0.08


def test_the_limit_goes_soon_after_the_line_is_wide_again() -> None:
    sender = Sender(Line(squeezed)).run(60)
    assert sender.first(40, lambda limit: limit is None or limit > 0.8 * (SOUND + PICTURE)) < 8
    assert sender.first(40, lambda limit: limit is None) < 10
    assert sender.limits[-1][1] is None


@pytest.mark.parametrize("line", [Line(), Line(jitter=0.06), Line(loss=0.1, jitter=0.03), Line(loss=0.3)])
def test_neither_loss_nor_jitter_is_a_queue(line: Line) -> None:
    assert all(limit is None for _, limit in Sender(line).run(30).limits)


def test_a_short_stall_is_no_narrow_line() -> None:
    sender = Sender(Line(queue=1_000_000, stall=(10.0, 10.4))).run(20)
    assert all(limit is None for _, limit in sender.limits)


def test_a_long_queue_without_loss_is_met_too() -> None:
    sender = Sender(Line(squeezed, queue=1_000_000)).run(60)
    assert sender.first(10, lambda limit: limit is not None) < 1.5
    assert all(queue < 0.4 for at, queue in sender.queues if 18 <= at < 40)


def test_clocks_that_wrap_and_packets_without_a_send_time_are_no_queue() -> None:
    uplink = Uplink()
    for step in range(10_000):
        now = step / 50
        stamp = (int(now / UNIT) % WRAP).to_bytes(3, "big")
        uplink.packet(stamp if step % 3 else None, now + 0.02, 1000)
        assert uplink.conclude(step, step, now) is None
    assert uplink.queue < 0.001


def test_another_path_begins_anew_and_a_flood_leaves_sound_alone() -> None:
    uplink = Uplink()
    for step in range(1, 2000):
        now = step / 50
        longer = 0.2 if step > 1000 else 0.0
        if step == 1001:
            uplink.path_changed()
        stamp = (int(now / UNIT) % WRAP).to_bytes(3, "big")
        uplink.packet(stamp, now + longer, 100)
        assert uplink.conclude(step, step, now) is None
    for step in range(2000, 2300):
        now = step / 50
        stamp = (int(now / UNIT) % WRAP).to_bytes(3, "big")
        uplink.packet(stamp, now + 0.6, 100)
        uplink.conclude(2 * step, step, now)
    assert uplink.limit == SOUND_ALONE

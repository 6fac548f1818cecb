"""A simulated subscriber behind a seeded bottleneck: the real outlet, estimate and allocator, on simulated time."""

import heapq
import itertools
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from sfu.allocator import Allocator, Video
from sfu.outlet import Outlet
from sfu.pacer import STEP
from sfu.rtcp import TransportFeedback
from sfu.twcc import ArrivalRecorder

LAYERS = {0: 150_000.0, 1: 500_000.0, 2: 1_700_000.0}
AUDIO_SIZE = 110
KEY_FRAME_DELAY = 0.15  # seconds until an asked layer can be entered


@dataclass
class Link:
    """capacity: bit/s at a time. queue: bytes. jitter: most seconds added at random, order kept.

    bucket: bytes that pass at once after a rest, as operators' token buckets let them.
    """

    capacity: Callable[[float], float]
    queue: int = 40_000
    bucket: int = 0
    delay: float = 0.025
    jitter: float = 0.0
    loss: float = 0.0
    feedback_loss: float = 0.0


@dataclass
class Sample:
    at: float
    estimate: float
    granted: int | None
    sent: float  # bit/s of video and probes that left since the last sample


@dataclass
class Fate:
    """Audio packets sent and lost in one second."""

    sent: int = 0
    lost: int = 0


@dataclass
class Call:
    """One audio and one simulcast video over a link. samples: ten a second."""

    link: Link
    seed: int = 1
    samples: list[Sample] = field(default_factory=list)
    audio: dict[int, Fate] = field(default_factory=dict)
    audio_delays: list[tuple[float, float]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.now = 0.0
        self._dice = random.Random(self.seed)
        self._events: list[tuple[float, int, Callable[[], None]]] = []
        self._order = itertools.count()
        self._free_at = 0.0  # when the bottleneck has sent all it holds
        self._arrived_at = 0.0
        self._octets = 0
        self._is_audio = False
        self._recorder = ArrivalRecorder()
        self.outlet = Outlet(self._transmit, lambda: self.now)
        self.outlet.pacer.on_wait = self._start_timer
        self._has_timer = False
        self._allocator = Allocator()
        self._granted: int | None = 0
        self._flowing: int | None = None
        self._entered = 0
        self._key_frame = False
        self._change(0, at_once=False)
        for work, every in (
            (self._speak, 0.02),
            (self._show, 1 / 30),
            (self._tick, 0.05),
            (self._feed_back, 0.06),
            (self._sample, 0.1),
        ):
            self._every(every, work)

    def run(self, until: float) -> None:
        while self._events[0][0] <= until:
            self.now, _, work = heapq.heappop(self._events)
            work()
        self.now = until

    def _at(self, when: float, work: Callable[[], None]) -> None:
        heapq.heappush(self._events, (when, next(self._order), work))

    def _every(self, seconds: float, work: Callable[[], None]) -> None:
        def again() -> None:
            work()
            self._at(self.now + seconds, again)

        self._at(self.now + self._dice.random() * seconds, again)

    # The server

    def _speak(self) -> None:
        self._is_audio = True
        self.outlet.send(bytes(AUDIO_SIZE), 17)
        self._is_audio = False

    def _show(self) -> None:
        if self._flowing is None:
            return
        size = LAYERS[self._flowing] / 30 / 8 * self._dice.uniform(0.7, 1.3)
        if self._key_frame:
            size, self._key_frame = size * 5, False
        while size > 0:
            self.outlet.pacer.take(bytes(int(min(1100, size)) + 60), 17)
            size -= 1100

    def _tick(self) -> None:
        bandwidth = self.outlet.bandwidth
        bandwidth.tick(self.now)
        self.outlet.pacer.set_rate(bandwidth.estimate)
        division = self._allocator.allocate(bandwidth.estimate, 60_000, [Video("v", (), LAYERS)], self.now)
        flows = 60_000 + (LAYERS[self._flowing] if self._flowing is not None else 0)
        quality = division.granted["v"]
        if quality != self._granted:
            self._change(quality, at_once=bandwidth.estimate < 0.8 * flows)
        if division.wanted:
            self.outlet.probe(1.1 * division.wanted, [self], self.now)

    def _change(self, quality: int | None, *, at_once: bool) -> None:
        falls = quality is None or (self._flowing is not None and quality < self._flowing)
        self._granted = quality
        if quality is None or (falls and at_once):
            self._flowing = None
            self.outlet.pacer.discard(0)
        self._entered += 1
        mine = self._entered

        def enter() -> None:
            if mine == self._entered and quality is not None:
                self._flowing, self._key_frame = quality, True

        self._at(self.now + KEY_FRAME_DELAY, enter)

    def probe(self, size: int) -> tuple[bytes, int]:
        return bytes(min(size, 279)), 17

    def _start_timer(self) -> None:
        if not self._has_timer:
            self._has_timer = True
            self._at(self.now + STEP, self._work)

    def _work(self) -> None:
        self._has_timer = False
        if self.outlet.work(self.now):
            self._start_timer()

    # The path

    def _transmit(self, packet: bytes, _at: int, number: int) -> None:
        link, size = self.link, len(packet) + 38
        self._octets += size if not self._is_audio else 0
        fate = self.audio.setdefault(int(self.now), Fate()) if self._is_audio else Fate()
        fate.sent += 1
        capacity = link.capacity(self.now)
        waiting = max(0.0, self._free_at - self.now) * capacity / 8
        if waiting + size > link.queue or self._dice.random() < link.loss:
            fate.lost += 1
            return
        rested = self.now - link.bucket * 8 / capacity
        self._free_at = max(self._free_at, rested) + size * 8 / capacity
        arrival = max(self.now, self._free_at) + link.delay + self._dice.random() * link.jitter
        self._arrived_at = arrival = max(arrival, self._arrived_at)
        if self._is_audio:
            self.audio_delays.append((self.now, arrival - self.now))
        self._at(arrival, lambda: self._recorder.record(number, arrival + 1000.0))

    def _feed_back(self) -> None:
        for feedback in self._recorder.feedback(1, 1):
            if self._dice.random() >= self.link.feedback_loss:
                self._at(self.now + self.link.delay, partial(self._told, feedback))

    def _told(self, feedback: TransportFeedback) -> None:
        self.outlet.bandwidth.take(feedback, self.now)

    def _sample(self) -> None:
        self.samples.append(Sample(self.now, self.outlet.bandwidth.estimate, self._granted, self._octets * 8 / 0.1))
        self._octets = 0

    # What is asked of it afterwards

    def estimates(self, start: float, end: float) -> list[float]:
        return [sample.estimate for sample in self.samples if start <= sample.at < end]

    def granted(self, start: float, end: float) -> list[int | None]:
        return [sample.granted for sample in self.samples if start <= sample.at < end]

    def changes(self, start: float, end: float) -> int:
        return sum(one != other for one, other in itertools.pairwise(self.granted(start, end)))

    def audio_loss(self, start: int, end: int) -> float:
        fates = [self.audio[second] for second in range(start, end)]
        return sum(fate.lost for fate in fates) / sum(fate.sent for fate in fates)

    def since(self, start: float, wanted: Callable[[Sample], bool]) -> float:
        """Seconds from `start` until a sample is as wanted; infinite when none is."""
        return next((one.at - start for one in self.samples if one.at >= start and wanted(one)), float("inf"))


def steps(*pairs: tuple[float, float]) -> Callable[[float], float]:
    """(from when, bit/s)..."""

    def capacity(now: float) -> float:
        return [rate for start, rate in pairs if now >= start][-1]

    return capacity

"""Spreads bursts of video, which are key frames mostly, so that they do not overrun a slow path's queue.

Audio and repairs never wait. Pure: packets in, packets out by `send`; the owner calls `drain` by one timer while
`is_waiting`.
"""

from collections import deque
from collections.abc import Callable

FACTOR = 1.5  # of the estimate: as fast as video leaves
LONGEST_WAIT = 0.25  # seconds: a longer queue leaves faster
STEP = 0.005  # seconds between two calls of `drain`
BURST_TIME = 0.04  # seconds of the pacing rate that may leave at once
LEAST_BURST, MOST_BURST = 3_000.0, 30_000.0  # bytes
MOST_QUEUED = 1024  # packets; what comes beyond pushes the oldest out to the network


class Pacer:
    """Video of one transport. Each packet comes with a number that is handed on with it."""

    def __init__(self, send: Callable[[bytes, int], None], clock: Callable[[], float]) -> None:
        self._send = send
        self._clock = clock
        self._queue: deque[tuple[bytes, int]] = deque()
        self._queued = 0  # bytes
        self._debt = 0.0  # bytes sent ahead of the rate
        self._at = clock()
        self.set_rate(1_000_000.0)
        self.on_wait: Callable[[], None] = lambda: None
        self.waited = 0

    @property
    def is_waiting(self) -> bool:
        return bool(self._queue)

    def set_rate(self, estimate: float) -> None:
        """estimate: bit/s of the path."""
        self._rate = FACTOR * estimate / 8
        self._burst = max(LEAST_BURST, min(MOST_BURST, self._rate * BURST_TIME))

    def take(self, packet: bytes, number_at: int) -> None:
        """Send a packet now, or queue it. On the hot path."""
        now = self._clock()
        debt = self._debt - (now - self._at) * self._rate
        self._at = now
        if debt < 0.0:  # noqa: PLR1730  half the cost of max, for each packet
            debt = 0.0
        if debt < self._burst and not self._queue:
            self._debt = debt + len(packet)
            self._send(packet, number_at)
            return
        self._debt = debt
        self.waited += 1
        self._queue.append((packet, number_at))
        self._queued += len(packet)
        if len(self._queue) > MOST_QUEUED:
            self._release()
        elif len(self._queue) == 1:
            self.on_wait()

    def passes(self, octets: int, now: float) -> bool:
        """Whether so many bytes may leave at once; then they count as sent. Else the packets come one by one."""
        if self._queue:
            return False
        debt = self._debt - (now - self._at) * self._rate
        if debt < 0.0:  # noqa: PLR1730  as in `take`
            debt = 0.0
        if debt + octets >= self._burst:
            return False
        self._debt = debt + octets
        self._at = now
        return True

    def spent(self, size: int) -> None:
        """Something else went out that did not wait (a repair, a probe): video waits for it."""
        self._debt += size

    def drain(self, now: float) -> None:
        """Send what is due."""
        rate = max(self._rate, self._queued / LONGEST_WAIT)
        self._debt = max(0.0, self._debt - max(0.0, now - self._at) * rate)
        self._at = now
        while self._queue and self._debt < LEAST_BURST:
            self._debt += self._release()

    def discard(self, ssrc: int) -> None:
        """Drop what waits of a stream that has ended: its receiver will go on at a key frame."""
        name = ssrc.to_bytes(4, "big")
        kept = [entry for entry in self._queue if entry[0][8:12] != name]
        self._queue = deque(kept)
        self._queued = sum(len(packet) for packet, _ in kept)

    def clear(self) -> None:
        self._queue.clear()
        self._queued = 0

    def _release(self) -> int:
        packet, number_at = self._queue.popleft()
        self._queued -= len(packet)
        self._send(packet, number_at)
        return len(packet)

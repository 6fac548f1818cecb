"""Over-use of the path from growing delay: groups of packets, their delay variation, its trend, an adaptive threshold.

draft-ietf-rmcat-gcc-02 sections 5.2 to 5.4, with the trend line that WebRTC took in place of the Kalman filter.
"""

from collections import deque
from dataclasses import dataclass
from enum import Enum, auto

BURST = 0.005  # seconds: what is sent within it is one group
LONGEST_BURST = 0.1
WINDOW = 20  # groups under the trend line
SMOOTHING = 0.9
GAIN = 4.0
MOST_DELTAS = 60
OVER_USE_TIME = 10.0  # ms the trend must stay over the threshold
FIRST_THRESHOLD, LEAST_THRESHOLD, MOST_THRESHOLD = 12.5, 6.0, 600.0  # ms
GAIN_UP, GAIN_DOWN = 0.0087, 0.039  # of the threshold, per ms
MOST_ABOVE = 15.0  # ms: a value further over the threshold does not move it
GAP = 3.0  # seconds between groups after which measuring starts anew


class Usage(Enum):
    """What the delay tells of the path."""

    NORMAL = auto()
    OVER = auto()
    UNDER = auto()


@dataclass(slots=True)
class _Group:
    first_sent: float
    last_sent: float
    first_arrival: float
    last_arrival: float


class DelayDetector:
    """Feed it the packets that arrived, in the order sent; `usage` is the verdict."""

    def __init__(self) -> None:
        self.usage = Usage.NORMAL
        self.threshold = FIRST_THRESHOLD
        self._group: _Group | None = None
        self._previous: _Group | None = None
        self._restart()

    def _restart(self) -> None:
        self._points: deque[tuple[float, float]] = deque(maxlen=WINDOW)
        self._deltas = 0
        self._accumulated = 0.0
        self._smoothed = 0.0
        self._trend = 0.0
        self._first_arrival = 0.0
        self._over_since: float | None = None
        self._over_count = 0
        self._updated_at: float | None = None
        self.usage = Usage.NORMAL

    def packet(self, sent_at: float, arrival: float) -> None:
        """Seconds, each on its own clock."""
        group = self._group
        if group is None:
            self._group = _Group(sent_at, sent_at, arrival, arrival)
            return
        if sent_at < group.first_sent:
            return  # out of order
        if sent_at - group.first_sent <= BURST or self._is_burst(group, sent_at, arrival):
            group.last_sent = max(group.last_sent, sent_at)
            group.last_arrival = max(group.last_arrival, arrival)
            return
        previous = self._previous
        self._previous = group
        self._group = _Group(sent_at, sent_at, arrival, arrival)
        if previous is not None:
            self._compare(previous, group)

    def skip(self) -> None:
        """What comes now is not comparable to what came before (a bandwidth probe)."""
        self._group = self._previous = None

    @staticmethod
    def _is_burst(group: _Group, sent_at: float, arrival: float) -> bool:
        """Packets that a queue on the way lets go at once arrive together, later ones with less delay."""
        between = arrival - group.last_arrival
        return (
            between - (sent_at - group.last_sent) < 0
            and between <= BURST
            and arrival - group.first_arrival < LONGEST_BURST
        )

    def _compare(self, before: _Group, after: _Group) -> None:
        sent = after.last_sent - before.last_sent
        arrived = after.last_arrival - before.last_arrival
        if sent > GAP or arrived < -GAP:
            self._restart()
            return
        if arrived < 0:
            return
        if not self._points:
            self._first_arrival = after.last_arrival
        self._deltas += 1
        self._accumulated += (arrived - sent) * 1000
        self._smoothed = SMOOTHING * self._smoothed + (1 - SMOOTHING) * self._accumulated
        self._points.append(((after.last_arrival - self._first_arrival) * 1000, self._smoothed))
        trend = self._slope() if len(self._points) == WINDOW else 0.0
        self._judge(trend, sent * 1000, after.last_arrival * 1000)

    def _slope(self) -> float:
        """Least squares: ms of delay per ms of time."""
        points = self._points
        mean_x = sum(x for x, _ in points) / len(points)
        mean_y = sum(y for _, y in points) / len(points)
        spread = sum((x - mean_x) ** 2 for x, _ in points)
        return sum((x - mean_x) * (y - mean_y) for x, y in points) / spread if spread else 0.0

    def _judge(self, trend: float, sent: float, now: float) -> None:
        value = min(self._deltas, MOST_DELTAS) * trend * GAIN
        if value > self.threshold:
            self._over_since = sent / 2 if self._over_since is None else self._over_since + sent
            self._over_count += 1
            if self._over_since > OVER_USE_TIME and self._over_count > 1 and trend >= self._trend:
                self._over_since = 0.0
                self._over_count = 0
                self.usage = Usage.OVER
        else:
            self._over_since = None
            self._over_count = 0
            self.usage = Usage.UNDER if value < -self.threshold else Usage.NORMAL
        self._trend = trend
        self._adapt(abs(value), now)

    def _adapt(self, value: float, now: float) -> None:
        if self._updated_at is not None and value <= self.threshold + MOST_ABOVE:
            gain = GAIN_DOWN if value < self.threshold else GAIN_UP
            self.threshold += gain * (value - self.threshold) * min(now - self._updated_at, 100.0)
            self.threshold = max(LEAST_THRESHOLD, min(MOST_THRESHOLD, self.threshold))
        self._updated_at = now

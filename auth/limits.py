"""Bounds on what a stranger can make us do, and on what we do to others."""

import math
from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta


class Recent:
    """At most `limit` hits a key within `window`. Keys without a hit within it are forgotten, and of more than `keys`
    the oldest. Raises ValueError where there is nothing to count: fewer than one hit or key, or no time."""

    def __init__(self, limit: int, window: timedelta, clock: Callable[[], datetime], *, keys: int = 10_000) -> None:
        if limit < 1 or keys < 1 or window <= timedelta():
            raise ValueError("a limit, keys and a window above zero")
        self._limit = limit
        self._window = window
        self._clock = clock
        self._keys = keys
        self._hits: dict[str, deque[datetime]] = {}

    def __len__(self) -> int:
        """Keys remembered."""
        return len(self._hits)

    def full(self, key: str) -> bool:
        """Whether the key has used up its hits."""
        hits = self._hits.get(key)
        if hits is None:
            return False
        since = self._clock() - self._window
        while hits and hits[0] <= since:
            hits.popleft()
        return len(hits) >= self._limit

    def seconds_left(self, key: str) -> int:
        """Until a key that is full has a hit again, rounded up; 0 where it has one now."""
        if not self.full(key):
            return 0
        return math.ceil((self._hits[key][0] + self._window - self._clock()).total_seconds())

    def hit(self, key: str) -> None:
        """Count one."""
        now = self._clock()
        hits = self._hits.pop(key, None) or deque(maxlen=self._limit)
        hits.append(now)
        self._hits[key] = hits  # last in order: the first is the one longest without a hit
        while True:
            oldest, theirs = next(iter(self._hits.items()))
            if theirs and theirs[-1] > now - self._window and len(self._hits) <= self._keys:
                return
            del self._hits[oldest]


class HoldOff:
    """After a provider asked for peace, nobody of ours calls it for a while. Without a time of its own to go by, each
    refusal in a row doubles the wait, from `first` up to `longest` seconds."""

    def __init__(self, monotonic: Callable[[], float], *, first: float = 5.0, longest: float = 60.0) -> None:
        self._monotonic = monotonic
        self._first = first
        self._longest = longest
        self._until = 0.0
        self._refusals = 0

    def left(self) -> float:
        """Seconds until a call may be made; 0 at once."""
        return max(0.0, self._until - self._monotonic())

    def refused(self, retry_after: float | None) -> float:
        """It asked for peace, for so many seconds where it said. Gives the wait."""
        wait = min(retry_after or self._first * 2**self._refusals, self._longest)
        self._refusals = min(self._refusals + 1, 10)
        self._until = self._monotonic() + wait
        return wait

    def answered(self) -> None:
        """It answered a call."""
        self._refusals = 0

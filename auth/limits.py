"""Bounds on what a stranger can make us do."""

from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta


class Recent:
    """At most `limit` hits a key within `window`. Holds at most `keys` keys; beyond that the oldest are forgotten."""

    def __init__(self, limit: int, window: timedelta, clock: Callable[[], datetime], *, keys: int = 10_000) -> None:
        self._limit = limit
        self._window = window
        self._clock = clock
        self._keys = keys
        self._hits: dict[str, deque[datetime]] = {}

    def full(self, key: str) -> bool:
        """Whether the key has used up its hits."""
        hits = self._hits.get(key)
        if hits is None:
            return False
        since = self._clock() - self._window
        while hits and hits[0] <= since:
            hits.popleft()
        return len(hits) >= self._limit

    def hit(self, key: str) -> None:
        """Count one."""
        hits = self._hits.pop(key, None)
        if hits is None:
            hits = deque(maxlen=self._limit)
        hits.append(self._clock())
        self._hits[key] = hits  # last in order: the first is the one longest without a hit
        if len(self._hits) > self._keys:
            del self._hits[next(iter(self._hits))]

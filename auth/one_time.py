"""Values that count once: join tokens' ids, return nonces. Three engines behind one method."""

from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from redis.asyncio import Redis

from auth.randomness import fingerprint

if TYPE_CHECKING:
    from auth.store import OneTimeRows

PREFIX = "hemmaplan:once:"


class OneTimeFull(Exception):
    """More unspent-and-remembered values than this process will hold: refuse rather than forget one."""


class OneTimeStore(Protocol):
    """Remembers spent values. An engine that cannot be reached raises: a value is never taken as fresh in doubt."""

    async def spend(self, key: str, lifetime: timedelta) -> bool:
        """True the first time within `lifetime`, False after that."""
        ...


class MemoryOneTime:
    """For one process; forgets at a restart, so values must not outlive one by more than their own short lifetime."""

    def __init__(self, clock: Callable[[], datetime], limit: int = 100_000) -> None:
        self._clock = clock
        self._limit = limit
        self._spent: OrderedDict[str, datetime] = OrderedDict()

    async def spend(self, key: str, lifetime: timedelta) -> bool:
        now = self._clock()
        until = self._spent.get(key)
        if until is not None and until > now:
            return False
        if len(self._spent) >= self._limit:
            self._spent = OrderedDict((key, until) for key, until in self._spent.items() if until > now)
            if len(self._spent) >= self._limit:
                raise OneTimeFull
        self._spent[key] = now + lifetime
        return True


class SqlOneTime:
    """In the database: survives a restart and serves several processes."""

    def __init__(self, rows: "OneTimeRows", clock: Callable[[], datetime]) -> None:
        self._rows = rows
        self._clock = clock

    async def spend(self, key: str, lifetime: timedelta) -> bool:
        return await self._rows.spend(fingerprint(key), self._clock(), lifetime)


class RedisOneTime:
    """In Redis, by SET NX with an expiry: for many nodes. Redis keeps its own time."""

    def __init__(self, redis: Redis) -> None:
        self._redis = redis

    async def spend(self, key: str, lifetime: timedelta) -> bool:
        milliseconds = max(1, round(lifetime.total_seconds() * 1000))
        return bool(await self._redis.set(PREFIX + fingerprint(key), b"1", nx=True, px=milliseconds))

"""Something fetched from another party and kept for a while: one fetch at a time; a party that fails is let rest."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from auth.oidc_errors import OidcError

Value = TypeVar("Value")


class Fetched(Generic[Value]):
    """fetch: raises OidcError. kept: how long a value is used. rest: least time between two fetches that were asked for
    before that. failed_rest: how long a failure is told again without another try."""

    def __init__(
        self,
        fetch: Callable[[], Awaitable[Value]],
        clock: Callable[[], datetime],
        *,
        kept: timedelta,
        rest: timedelta,
        failed_rest: timedelta = timedelta(seconds=5),
    ) -> None:
        self._fetch = fetch
        self._clock = clock
        self._kept = kept
        self._rest = rest
        self._failed_rest = failed_rest
        self._lock = asyncio.Lock()
        self._value: Value | None = None
        self._fetched_at: datetime | None = None
        self._tried_at: datetime | None = None
        self._hurried_at: datetime | None = None
        self._failure: OidcError | None = None

    async def value(self) -> Value:
        """The value, fetched where there is none or it is too old. Raises OidcError."""
        async with self._lock:
            if self._value is not None and self._fetched_at is not None:
                age = self._clock() - self._fetched_at
                if timedelta() <= age < self._kept:
                    return self._value
            return await self._again()

    async def newer(self, than: Value) -> Value:
        """A value fetched after `than`, or `than` itself where that was asked for too recently. Raises OidcError."""
        async with self._lock:
            if self._value is not None and self._value is not than:
                return self._value  # somebody else asked meanwhile
            now = self._clock()
            if self._hurried_at is not None and now - self._hurried_at < self._rest:
                return than
            self._hurried_at = now
            return await self._again()

    async def _again(self) -> Value:
        now = self._clock()
        if self._failure is not None and self._tried_at is not None and now - self._tried_at < self._failed_rest:
            raise self._failure
        self._tried_at = now
        try:
            self._value = await self._fetch()
        except OidcError as failure:
            self._failure = failure
            raise
        self._failure, self._fetched_at = None, now
        return self._value

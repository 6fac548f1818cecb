"""Values that count once: join tokens, webhook events. Spent ones stand in the database, so that a restart forgets none
and every node knows them.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from auth.randomness import fingerprint

if TYPE_CHECKING:
    from auth.store import OneTimeRows


class OneTimeStore(Protocol):
    """Remembers spent values. What cannot be reached raises: a value is never taken as fresh in doubt."""

    async def spend(self, key: str, lifetime: timedelta) -> bool:
        """True the first time within `lifetime`, False after that."""
        ...


class SqlOneTime:
    """A unique row for each spent value, under its hash."""

    def __init__(self, rows: "OneTimeRows", clock: Callable[[], datetime]) -> None:
        self._rows = rows
        self._clock = clock

    async def spend(self, key: str, lifetime: timedelta) -> bool:
        return await self._rows.spend(fingerprint(key), self._clock(), lifetime)

"""One-time values in the database."""

from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncEngine

from auth.store import OneTimeRows
from tests.conftest import FrozenClock


async def test_one_time_rows_are_cleared_when_over(database: AsyncEngine, clock: FrozenClock) -> None:
    rows = OneTimeRows(database)
    assert await rows.spend("a" * 64, clock(), timedelta(seconds=60))
    assert not await rows.spend("a" * 64, clock(), timedelta(seconds=60))
    clock.advance(seconds=60)
    assert await rows.spend("a" * 64, clock(), timedelta(seconds=60))

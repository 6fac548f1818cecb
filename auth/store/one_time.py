"""One-time values: the table and its SQL."""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from auth.store.rows import insert
from db.schema import UtcDateTime, metadata

ONE_TIME_VALUES = sa.Table(
    "one_time_values",
    metadata,
    sa.Column("value_hash", sa.String(64), primary_key=True),
    sa.Column("expires_at", UtcDateTime, nullable=False, index=True),
)


class OneTimeRows:
    """One-time values in the database: outlives a restart of the process."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def spend(self, value_hash: str, now: datetime, lifetime: timedelta) -> bool:
        async with self._engine.begin() as connection:
            await connection.execute(sa.delete(ONE_TIME_VALUES).where(ONE_TIME_VALUES.c.expires_at <= now))
        return await insert(self._engine, ONE_TIME_VALUES, {"value_hash": value_hash, "expires_at": now + lifetime})

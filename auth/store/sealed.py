"""Rows that hold an identity number, by keyed look-up and sealed: counted and moved from key to key."""

from dataclasses import dataclass, field

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from auth.store.tables import PEOPLE


@dataclass(frozen=True, slots=True)
class SealedRow:
    id: str
    sealed: bytes = field(repr=False)


class SealedRows:
    """One table. lookup, sealed: names of its columns; the record of a sealed value is the row's id."""

    def __init__(self, engine: AsyncEngine, table: sa.Table, *, lookup: str, sealed: str) -> None:
        self.name = table.name
        self._engine = engine
        self._table = table
        self._lookup = table.c[lookup]
        self._sealed = table.c[sealed]

    async def using(self) -> dict[str, int]:
        """Rows by the id of their key."""
        # The look-up is written "<key id>:<hash>"; key ids are digits, so the first seven signs hold id and colon.
        start = sa.func.substr(self._lookup, 1, 7).label("start")
        query = sa.select(start).where(self._lookup.is_not(None))
        found: dict[str, int] = {}
        async with self._engine.connect() as connection:
            for row in await connection.execute(query):
                key = row.start.partition(":")[0]
                found[key] = found.get(key, 0) + 1
        return found

    async def under_other_keys(self, current: str, limit: int) -> list[SealedRow]:
        query = sa.select(self._table.c.id, self._sealed.label("sealed")).where(
            self._lookup.is_not(None), self._lookup.not_like(f"{current}:%")
        )
        async with self._engine.connect() as connection:
            rows = await connection.execute(query.order_by(self._table.c.id).limit(limit))
        return [SealedRow(row.id, row.sealed) for row in rows]

    async def move(self, row: SealedRow, lookup: str, sealed: bytes) -> bool:
        """False where the row was changed or moved by another node in between."""
        unchanged = sa.and_(self._table.c.id == row.id, self._sealed == row.sealed)
        update = sa.update(self._table).where(unchanged)
        async with self._engine.begin() as connection:
            done = await connection.execute(update.values({self._lookup.name: lookup, self._sealed.name: sealed}))
        return done.rowcount == 1


def people_rows(engine: AsyncEngine) -> SealedRows:
    return SealedRows(engine, PEOPLE, lookup="number_lookup", sealed="number_sealed")

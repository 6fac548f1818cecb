"""A row that is there already is told, and changes nothing."""

from sqlalchemy.ext.asyncio import AsyncEngine

from auth.store.rows import insert
from auth.store.tables import ORGANISATIONS


async def test_a_row_twice(database: AsyncEngine) -> None:
    row = {"id": "nordvik", "name": "Nordviks kommun", "kind": "kommun", "phone": "0980-31 92 10"}
    assert await insert(database, ORGANISATIONS, row)
    assert not await insert(database, ORGANISATIONS, row)
    assert not await insert(database, ORGANISATIONS, {**row, "id": "other"})

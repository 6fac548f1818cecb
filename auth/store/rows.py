"""What every table of this folder is written with."""

from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine


async def insert(engine: AsyncEngine, table: sa.Table, values: dict[str, Any]) -> bool:
    """False where the row, or one that may not stand beside it, is there already."""
    try:
        async with engine.begin() as connection:
            await connection.execute(sa.insert(table).values(**values))
    except IntegrityError:
        return False
    return True

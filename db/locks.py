"""One holder of a name at a time among all nodes on a database, for acts that read, decide and write.

PostgreSQL's own advisory locks: a node that dies loses its connection, and with it the lock. SQLite is for one process,
whose own locks are enough.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from hashlib import sha256

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

WAIT = "5s"
MOST_HELD = 12
"""By one process. Each holds a connection, and whoever holds one needs another to work with (`db.engine.connect`)."""


class Locks:
    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._free = asyncio.Semaphore(MOST_HELD)

    @asynccontextmanager
    async def hold(self, name: str) -> AsyncIterator[None]:
        """Raises DatabaseFailure where another holds it for more than `WAIT`."""
        if self._engine.dialect.name != "postgresql":
            yield
            return
        key = int.from_bytes(sha256(name.encode()).digest()[:8], signed=True)
        async with self._free, self._engine.connect() as pooled:
            connection = await pooled.execution_options(isolation_level="AUTOCOMMIT")
            try:
                await connection.execute(sa.text(f"SET lock_timeout = '{WAIT}'"))
                await connection.execute(sa.select(sa.func.pg_advisory_lock(key)))
            except BaseException:
                await connection.invalidate()  # whether it came to be held is not known
                raise
            try:
                yield
            finally:
                await _let_go(connection, key)


async def _let_go(connection: AsyncConnection, key: int) -> None:
    try:
        await connection.execute(sa.select(sa.func.pg_advisory_unlock(key)))
        await connection.execute(sa.text("RESET lock_timeout"))
    except BaseException:
        await connection.invalidate()  # the lock goes with the connection
        raise

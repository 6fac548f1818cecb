"""SQLite under asyncio: one wake-up of the connection's thread a statement, and writers that wait for their turn.

aiosqlite alone makes four (cursor, execute, fetch, close) and two more to end a transaction, each of them a switch of
threads. And SQLite's own waiting for a writer (sqlite3_busy_timeout) sleeps for longer and longer, up to a tenth of a
second, and lets whoever wakes first go first: here the writers of one process queue, and what waits costs nothing. For
writers of other processes SQLite waits as before.
"""

import asyncio
import re
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import aiosqlite
from sqlalchemy.ext.asyncio import AsyncConnection

# Before these Python's sqlite3 begins a transaction.
_WRITES = re.compile(r"\s*(INSERT|UPDATE|DELETE|REPLACE)\b", re.IGNORECASE)

_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a statement gave, fetched whole on the connection's thread."""

    description: Any = None
    rowcount: int = -1
    lastrowid: int | None = None
    rows: Sequence[Any] = ()


class Connection(aiosqlite.Connection):
    """What SQLAlchemy's dialect asks of aiosqlite's. writers: one lock for all connections of the process to this
    database, held from the first writing statement to the transaction's end; wait_seconds: for it."""

    def __init__(self, path: str, writers: asyncio.Lock, *, wait_seconds: float) -> None:
        super().__init__(lambda: sqlite3.connect(path, timeout=wait_seconds), iter_chunk_size=64)
        self._thread.daemon = True  # as SQLAlchemy does with those it makes
        self.wait_seconds = wait_seconds
        self._writers = writers
        self._writing = False
        self._unsure = False  # a call was given up while the thread was at it: what it did is not known

    def cursor(self) -> "Cursor":  # type: ignore[override]  # SQLAlchemy awaits its __aenter__
        return Cursor(self)

    async def answer(self, statement: str, parameters: Any, *, many: bool) -> _Answer:
        """Raises sqlite3.Error; OperationalError as SQLite's own where the wait for other writers was too long."""
        if not self._writing and _WRITES.match(statement):
            await self._take_turn()
        try:
            return await self._on_thread(lambda: _answer(self._conn, statement, parameters, many=many))
        finally:
            self._give_turn()

    async def commit(self) -> None:
        await self._end(self._conn.commit)

    async def rollback(self) -> None:
        await self._end(self._conn.rollback)

    async def close(self) -> None:
        try:
            await super().close()
        finally:
            self._give_turn(closed=True)

    def stop(self) -> asyncio.Future[Any] | None:
        stopped: asyncio.Future[Any] | None = super().stop()
        self._give_turn(closed=True)
        return stopped

    async def _end(self, how: Callable[[], None]) -> None:
        """Nothing to do where nothing was begun, as after reading, or after a commit."""
        if self._unsure or self._conn.in_transaction:
            await self._on_thread(how)
            self._unsure = False
        self._give_turn()

    async def _on_thread(self, call: Callable[[], _Result]) -> _Result:
        try:
            result: _Result = await self._execute(call)  # type: ignore[no-untyped-call]  # aiosqlite leaves it untyped
        except asyncio.CancelledError:
            self._unsure = True
            raise
        return result

    async def _take_turn(self) -> None:
        try:
            async with asyncio.timeout(self.wait_seconds):
                await self._writers.acquire()
        except TimeoutError:
            raise sqlite3.OperationalError("database is locked") from None
        self._writing = True

    def _give_turn(self, *, closed: bool = False) -> None:
        over = closed or not (self._unsure or self._conn.in_transaction)
        if self._writing and over:
            self._writing = False
            self._writers.release()


async def wait_at_most(connection: AsyncConnection, seconds: float) -> None:
    """From now on for the other writers of this process, and as long again for those of others."""
    driver = (await connection.get_raw_connection()).driver_connection
    assert isinstance(driver, Connection)
    driver.wait_seconds = seconds
    await connection.exec_driver_sql(f"PRAGMA busy_timeout={max(1, int(seconds * 1000))}")


class Cursor:
    """One statement; its rows are at hand when it has been executed."""

    arraysize = 1

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._answer = _Answer()

    async def __aenter__(self) -> "Cursor":
        return self

    @property
    def description(self) -> Any:
        return self._answer.description

    @property
    def rowcount(self) -> int:
        return self._answer.rowcount

    @property
    def lastrowid(self) -> int | None:
        return self._answer.lastrowid

    async def execute(self, statement: str, parameters: Any = ()) -> None:
        self._answer = await self._connection.answer(statement, parameters, many=False)

    async def executemany(self, statement: str, parameters: Any) -> None:
        self._answer = await self._connection.answer(statement, parameters, many=True)

    async def fetchall(self) -> Sequence[Any]:
        return self._answer.rows

    async def close(self) -> None:
        """Its statement is over already."""


def _answer(connection: sqlite3.Connection, statement: str, parameters: Any, *, many: bool) -> _Answer:
    cursor = connection.cursor()
    try:
        (cursor.executemany if many else cursor.execute)(statement, parameters)
        rows = cursor.fetchall() if cursor.description else ()
        return _Answer(cursor.description, cursor.rowcount, cursor.lastrowid, rows)
    finally:
        cursor.close()

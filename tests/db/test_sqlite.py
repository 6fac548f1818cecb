"""SQLite's connections: a statement is one call on their thread, writers take turns, and who gives up holds nobody."""

import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest

from db.sqlite import Connection


@pytest.fixture
def wait_seconds() -> float:
    return 30.0


@pytest.fixture
async def pair(tmp_path: Path, wait_seconds: float) -> AsyncIterator[tuple[Connection, Connection]]:
    """Two connections of one process to one database with a table of numbers."""
    path, writers = str(tmp_path / "turns.db"), asyncio.Lock()
    with closing(sqlite3.connect(path)) as prepared:
        prepared.execute("PRAGMA journal_mode=WAL")
        prepared.execute("CREATE TABLE numbers (number INTEGER PRIMARY KEY)")
    opened = [Connection(path, writers, wait_seconds=wait_seconds) for _ in range(2)]
    for connection in opened:
        await connection
    yield opened[0], opened[1]
    for connection in opened:
        await connection.close()


async def run(connection: Connection, statement: str) -> list[tuple[int]]:
    cursor = connection.cursor()
    await cursor.execute(statement)
    return list(await cursor.fetchall())


async def insert(connection: Connection, number: int) -> None:
    await run(connection, f"INSERT INTO numbers VALUES ({number})")


async def test_what_a_statement_gave_is_at_hand(pair: tuple[Connection, Connection]) -> None:
    cursor = pair[0].cursor()
    await cursor.executemany("INSERT INTO numbers VALUES (?)", [(1,), (2,)])
    assert cursor.rowcount == 2
    await pair[0].commit()
    await cursor.execute("SELECT number FROM numbers ORDER BY number")
    assert cursor.description[0][0] == "number"
    assert list(await cursor.fetchall()) == [(1,), (2,)]
    await cursor.execute("INSERT INTO numbers VALUES (?)", (7,))
    assert cursor.lastrowid == 7
    await pair[0].rollback()
    assert await run(pair[1], "SELECT count(*) FROM numbers") == [(2,)]


async def test_the_next_writer_begins_when_the_first_has_ended(pair: tuple[Connection, Connection]) -> None:
    first, second = pair
    await insert(first, 1)
    waiting = asyncio.gather(insert(second, 2))
    assert await run(first, "SELECT count(*) FROM numbers") == [(1,)]
    assert not waiting.done()
    await first.commit()
    await waiting
    await second.commit()
    assert await run(first, "SELECT number FROM numbers") == [(1,), (2,)]


@pytest.mark.parametrize("end", ["rollback", "close", "stop"])
async def test_a_turn_ends_with_the_transaction_however_it_ends(pair: tuple[Connection, Connection], end: str) -> None:
    first, second = pair
    await insert(first, 1)
    with pytest.raises(sqlite3.IntegrityError):
        await insert(first, 1)
    ended = getattr(first, end)()
    if ended is not None:
        await ended
    await insert(second, 1)
    await second.commit()


@pytest.mark.parametrize("wait_seconds", [0.1])
async def test_who_waits_too_long_is_told_as_by_sqlite(pair: tuple[Connection, Connection]) -> None:
    await insert(pair[0], 1)
    with pytest.raises(sqlite3.OperationalError, match="database is locked"):
        await insert(pair[1], 2)
    await pair[0].commit()
    await insert(pair[1], 2)
    await pair[1].commit()


@pytest.mark.parametrize("wait_seconds", [0.1])
async def test_a_writer_of_another_process_keeps_nobody_here_from_writing_later(
    pair: tuple[Connection, Connection], tmp_path: Path
) -> None:
    with closing(sqlite3.connect(tmp_path / "turns.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(sqlite3.OperationalError, match="database is locked"):
            await insert(pair[0], 1)
        other.execute("ROLLBACK")
    await pair[0].rollback()  # as the pool does with every connection that comes back
    await insert(pair[1], 1)
    await pair[1].commit()


async def test_a_call_given_up_half_way_is_rolled_back(pair: tuple[Connection, Connection]) -> None:
    first, second = pair
    held = threading.Event()
    first._tx.put_nowait((None, held.wait))  # its thread is busy, so what comes after waits
    given_up = asyncio.gather(insert(first, 1))
    while first._tx.empty():  # noqa: ASYNC110  a queue of threads has no event to wait for
        await asyncio.sleep(0)
    given_up.cancel()
    with pytest.raises(asyncio.CancelledError):
        await given_up
    back = asyncio.gather(first.rollback())
    await asyncio.sleep(0)
    held.set()
    await back
    await insert(second, 1)
    await second.commit()

"""One holder at a time among nodes; a holder that dies lets go; SQLite's one process needs none."""

import asyncio

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from db.engine import DatabaseFailure, connect
from db.locks import MOST_HELD, Locks
from tests.postgres import postgres_engine, postgres_server, postgres_url

__all__ = ["postgres_engine", "postgres_server", "postgres_url"]


@pytest.mark.postgres
async def test_one_at_a_time_by_name(postgres_engine: AsyncEngine, postgres_url: str) -> None:
    other = connect(postgres_url)
    inside, most = 0, 0

    async def act(locks: Locks, name: str) -> None:
        nonlocal inside, most
        async with locks.hold(name):
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0.01)
            inside -= 1

    nodes = [Locks(postgres_engine), Locks(other)]
    await asyncio.gather(*(act(node, "one") for node in nodes for _ in range(5)))
    assert most == 1
    together = asyncio.Barrier(2)

    async def meet(locks: Locks, name: str) -> None:
        async with locks.hold(name):
            await asyncio.wait_for(together.wait(), 30)

    await asyncio.gather(meet(nodes[0], "one"), meet(nodes[1], "another"))
    await other.dispose()


@pytest.mark.postgres
async def test_whoever_dies_or_is_cancelled_lets_go(postgres_engine: AsyncEngine, postgres_url: str) -> None:
    other, held = connect(postgres_url), asyncio.Event()

    async def forever() -> None:
        async with Locks(other).hold("one"):
            held.set()
            await asyncio.Event().wait()

    task = asyncio.get_running_loop().create_task(forever())
    await held.wait()
    task.cancel()
    await asyncio.wait([task])
    async with asyncio.timeout(30), Locks(postgres_engine).hold("one"):
        pass
    with pytest.raises(ZeroDivisionError):
        async with Locks(other).hold("one"):
            raise ZeroDivisionError
    async with asyncio.timeout(30), Locks(postgres_engine).hold("one"):
        pass
    await other.dispose()


@pytest.mark.postgres
async def test_a_lock_that_does_not_come_is_a_failure_and_not_a_leave(
    postgres_engine: AsyncEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("db.locks.WAIT", "50ms")
    locks = Locks(postgres_engine)
    async with locks.hold("one"):
        with pytest.raises(DatabaseFailure):
            async with locks.hold("one"):
                raise AssertionError
    async with locks.hold("one"):  # and afterwards it can be held
        pass


@pytest.mark.postgres
async def test_holders_leave_connections_to_work_with(postgres_engine: AsyncEngine) -> None:
    locks = Locks(postgres_engine)

    async def act(name: str) -> None:
        async with locks.hold(name), postgres_engine.connect():
            await asyncio.sleep(0)

    await asyncio.gather(*(act(str(number)) for number in range(4 * MOST_HELD)))


async def test_sqlite_is_for_one_process(engine: AsyncEngine) -> None:
    async with Locks(engine).hold("one"), Locks(engine).hold("one"):
        pass

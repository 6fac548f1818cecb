"""Background tasks are held, bounded, counted when they fail, and ended with their owner."""

import asyncio

import pytest

from db.tasks import Tasks


async def test_closing_cancels_what_still_runs() -> None:
    tasks = Tasks()
    task = tasks.start(asyncio.sleep(60), name="sleep")
    await tasks.close()
    assert task.cancelled()


async def test_a_failure_is_counted() -> None:
    async def fail() -> None:
        raise ValueError("input")

    tasks, before = Tasks(), Tasks.failed
    await asyncio.wait([tasks.start(fail(), name="fail")])
    await asyncio.sleep(0)
    assert Tasks.failed == before + 1


async def test_the_number_of_tasks_is_bounded() -> None:
    tasks = Tasks(limit=1)
    tasks.start(asyncio.sleep(60), name="one")
    with pytest.raises(RuntimeError, match="too many"):
        tasks.start(asyncio.sleep(60), name="two")
    await tasks.close()

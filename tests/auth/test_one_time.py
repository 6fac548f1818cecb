"""Spent once: over restarts, and by one of many at the same moment."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from auth.one_time import OneTimeStore, SqlOneTime
from auth.store import OneTimeRows
from tests.conftest import FrozenClock

MINUTE = timedelta(seconds=60)


@pytest.fixture
def store(clock: FrozenClock, engine: AsyncEngine) -> OneTimeStore:
    return SqlOneTime(OneTimeRows(engine), clock)


async def test_counts_once(store: OneTimeStore) -> None:
    assert await store.spend("key", MINUTE)
    assert not await store.spend("key", MINUTE)
    assert await store.spend("other key", MINUTE)


async def test_one_of_many_at_once(store: OneTimeStore) -> None:
    answers = await asyncio.gather(*(store.spend("key", MINUTE) for _ in range(10)))
    assert sum(answers) == 1


async def test_strange_keys(store: OneTimeStore) -> None:
    for key in ("", "å ö\n\0", "x" * 10_000):
        assert await store.spend(key, MINUTE)
        assert not await store.spend(key, MINUTE)


async def test_counts_anew_after_its_lifetime(store: OneTimeStore, clock: FrozenClock) -> None:
    assert await store.spend("key", timedelta(milliseconds=50))
    clock.advance(seconds=1)
    assert await store.spend("key", MINUTE)


async def test_another_process_on_the_same_rows_knows_it(
    store: OneTimeStore, clock: FrozenClock, engine: AsyncEngine
) -> None:
    assert await store.spend("key", MINUTE)
    assert not await SqlOneTime(OneTimeRows(engine), clock).spend("key", MINUTE)

"""One contract for every engine of one-time values, Redis as a real process."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError
from sqlalchemy.ext.asyncio import AsyncEngine

from auth.one_time import MemoryOneTime, OneTimeFull, OneTimeStore, RedisOneTime, SqlOneTime
from auth.store import OneTimeRows
from tests.conftest import FrozenClock

MINUTE = timedelta(seconds=60)


@pytest.fixture
async def redis(redis_process: str) -> AsyncIterator[Redis]:
    client = Redis.from_url(redis_process)
    await client.flushall()
    yield client
    await client.aclose()


@pytest.fixture(params=["memory", "sql", pytest.param("redis", marks=pytest.mark.redis)])
def store(request: pytest.FixtureRequest, clock: FrozenClock, engine: AsyncEngine) -> OneTimeStore:
    match request.param:
        case "memory":
            return MemoryOneTime(clock)
        case "sql":
            return SqlOneTime(OneTimeRows(engine), clock)
    return RedisOneTime(request.getfixturevalue("redis"))


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
    await asyncio.sleep(0.1 if isinstance(store, RedisOneTime) else 0)
    assert await store.spend("key", MINUTE)


async def test_memory_refuses_rather_than_forgets(clock: FrozenClock) -> None:
    store = MemoryOneTime(clock, limit=2)
    for key in ("a", "b"):
        assert await store.spend(key, MINUTE)
    with pytest.raises(OneTimeFull):
        await store.spend("c", MINUTE)
    assert not await store.spend("a", MINUTE)
    clock.advance(seconds=60)
    assert await store.spend("c", MINUTE)


async def test_redis_gone_is_an_error_and_never_a_yes(tmp_path: Path) -> None:
    redis = Redis(unix_socket_path=str(tmp_path / "gone.sock"))
    with pytest.raises((RedisError, OSError)):
        await RedisOneTime(redis).spend("key", MINUTE)
    await redis.aclose()

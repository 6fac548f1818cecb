"""One contract for both buses; the Redis one against a real server."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import redis

from signaling import bus as bus_module
from signaling.bus import QUEUE_LIMIT, Bus, BusUnavailable, MemoryBus, RedisBus, SlowReader, open_bus


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.redis)])
async def bus(request: pytest.FixtureRequest) -> AsyncIterator[Bus]:
    url = request.getfixturevalue("redis_process") if request.param == "redis" else None
    bus = open_bus(url)
    yield bus
    await bus.close()


async def test_a_message_reaches_every_subscriber_of_its_topic_and_no_other(bus: Bus) -> None:
    async with bus.subscribe("one") as first, bus.subscribe("one") as second, bus.subscribe("two") as other:
        await bus.publish("one", b"hello")
        await bus.publish("two", b"elsewhere")
        assert await asyncio.wait_for(anext(first), 30) == b"hello"
        assert await asyncio.wait_for(anext(second), 30) == b"hello"
        assert await asyncio.wait_for(anext(other), 30) == b"elsewhere"


async def test_messages_keep_their_order(bus: Bus) -> None:
    async with bus.subscribe("topic") as reader:
        for number in range(50):
            await bus.publish("topic", str(number).encode())
        assert [await asyncio.wait_for(anext(reader), 30) for _ in range(50)] == [str(n).encode() for n in range(50)]


async def test_nothing_is_kept_for_those_who_come_later(bus: Bus) -> None:
    await bus.publish("topic", b"early")
    async with bus.subscribe("topic") as reader:
        await bus.publish("topic", b"late")
        assert await asyncio.wait_for(anext(reader), 30) == b"late"


async def test_a_slow_reader_is_told_and_others_are_not_held_up() -> None:
    bus = MemoryBus()
    async with bus.subscribe("topic") as slow:
        for _ in range(QUEUE_LIMIT + 1):
            await bus.publish("topic", b"x")
        with pytest.raises(SlowReader):
            await anext(slow)


@pytest.mark.redis
async def test_what_redis_did_not_take_sends_readers_for_a_snapshot(
    redis_process: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def gone(_channel: str, _message: bytes) -> None:
        raise redis.exceptions.TimeoutError

    monkeypatch.setattr(bus_module, "LOOK_SECONDS", 0.05)
    bus = RedisBus(redis_process)
    async with bus.subscribe("topic") as reader:
        with monkeypatch.context() as stopped:
            stopped.setattr(bus._redis, "publish", gone)
            with pytest.raises(BusUnavailable):
                await bus.publish("topic", b"lost")
        with pytest.raises(SlowReader):
            await asyncio.wait_for(anext(reader), 30)
    async with bus.subscribe("topic") as reader:
        await bus.publish("topic", b"again")
        assert await asyncio.wait_for(anext(reader), 30) == b"again"
    await bus.close()


async def test_a_redis_that_is_gone_refuses_soon() -> None:
    bus = RedisBus("unix:///nowhere/redis.sock")
    with pytest.raises(BusUnavailable):
        await bus.publish("topic", b"x")
    with pytest.raises(BusUnavailable):
        async with bus.subscribe("topic"):
            pass
    await bus.close()

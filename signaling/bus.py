"""The bus: what one node tells the others about a meeting. In this process by default, over Redis between nodes."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import Protocol

import redis.asyncio as redis
import structlog
from redis.asyncio.connection import parse_url

log = structlog.get_logger()

QUEUE_LIMIT = 256  # messages waiting for one slow reader; then it is cut off and must fetch a fresh snapshot
LOOK_SECONDS = 2.0


class SlowReader(Exception):
    """The subscriber did not keep up, or something could not be told; it must subscribe again and take a snapshot."""


class BusUnavailable(Exception):
    """The bus cannot be reached: state changes are refused rather than half told."""


class Bus(Protocol):
    """`subscribe` gives an iterator of messages; iterating raises SlowReader when the reader fell behind."""

    async def publish(self, topic: str, message: bytes) -> None: ...
    def subscribe(self, topic: str) -> AbstractAsyncContextManager[AsyncIterator[bytes]]: ...
    async def close(self) -> None: ...


class _Queue:
    def __init__(self) -> None:
        self._messages: asyncio.Queue[bytes] = asyncio.Queue(QUEUE_LIMIT)
        self._overrun = asyncio.Event()

    def put(self, message: bytes) -> None:
        try:
            self._messages.put_nowait(message)
        except asyncio.QueueFull:
            self._overrun.set()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            if self._overrun.is_set():
                raise SlowReader
            yield await self._messages.get()


class MemoryBus:
    """For one process: publishing reaches every subscriber of the topic before it returns."""

    def __init__(self) -> None:
        self._topics: dict[str, set[_Queue]] = {}

    async def publish(self, topic: str, message: bytes) -> None:
        for queue in self._topics.get(topic, ()):
            queue.put(message)

    @asynccontextmanager
    async def subscribe(self, topic: str) -> AsyncIterator[AsyncIterator[bytes]]:
        queue = _Queue()
        self._topics.setdefault(topic, set()).add(queue)
        try:
            yield aiter(queue)
        finally:
            readers = self._topics[topic]
            readers.discard(queue)
            if not readers:
                del self._topics[topic]

    async def close(self) -> None:
        self._topics.clear()


class RedisBus:
    """Redis publish/subscribe. What is sent while Redis does not answer is lost: readers take a snapshot, those of this
    node within LOOK_SECONDS also where their own connection stood through it.
    """

    def __init__(self, url: str) -> None:
        self._redis = redis.from_url(url, socket_timeout=2, socket_connect_timeout=2, health_check_interval=10)
        self._lost = 0

    async def publish(self, topic: str, message: bytes) -> None:
        try:
            await self._redis.publish(f"hemmaplan:{topic}", message)
        except redis.RedisError as error:
            self._lost += 1
            raise BusUnavailable from error

    @asynccontextmanager
    async def subscribe(self, topic: str) -> AsyncIterator[AsyncIterator[bytes]]:
        lost = self._lost
        channel = self._redis.pubsub(ignore_subscribe_messages=True)
        try:
            await channel.subscribe(f"hemmaplan:{topic}")
            yield self._read(channel, lost)
        except redis.RedisError as error:
            raise BusUnavailable from error
        finally:
            with suppress(redis.RedisError):
                await channel.aclose()  # type: ignore[no-untyped-call]

    async def _read(self, channel: redis.client.PubSub, lost: int) -> AsyncIterator[bytes]:
        while True:
            message = await channel.get_message(timeout=LOOK_SECONDS)
            if message is not None:
                yield message["data"]
            if self._lost != lost:
                raise SlowReader

    async def close(self) -> None:
        await self._redis.aclose()


def check_address(redis_url: str) -> None:
    """Raises ValueError for an address the client cannot read; its text may repeat it."""
    parse_url(redis_url)


def open_bus(redis_url: str | None) -> Bus:
    return RedisBus(redis_url) if redis_url else MemoryBus()

"""Whoever says nothing, or says it a letter at a time, is cut; whoever is served is left alone."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from signaling.connections import BETWEEN_REQUESTS, FIRST_REQUEST, Connections


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def connections(clock: Clock) -> Connections:
    return Connections(clock)


@pytest.fixture
async def server(connections: Connections) -> AsyncIterator[TestServer]:
    async def quick(request: web.Request) -> web.Response:
        return web.Response(text="served")

    async def socket(request: web.Request) -> web.WebSocketResponse:
        made = web.WebSocketResponse()
        await made.prepare(request)
        async for message in made:
            await made.send_str(str(message.data))
        return made

    app = web.Application(middlewares=[connections.middleware])
    app.add_routes([web.get("/", quick), web.get("/socket", socket)])
    async with TestServer(app) as made:
        assert isinstance(made, TestServer)
        yield made


def _server(server: TestServer) -> Any:
    assert server.runner is not None
    return server.runner.server


async def _is_cut(reader: asyncio.StreamReader) -> bool:
    """Closed, or reset where something had been said that was not read."""
    try:
        return await asyncio.wait_for(reader.read(), 30) == b""
    except ConnectionResetError:
        return True


def _round(connections: Connections, server: TestServer) -> None:
    connections.cut_slow(_server(server).connections)


async def _connected(server: TestServer) -> None:
    """The server has seen the connection."""
    for _ in range(3000):
        if _server(server).connections:
            return
        await asyncio.sleep(0.01)
    raise TimeoutError


@pytest.mark.parametrize("said", [b"", b"GET / HTTP/1.1\r\nHost: x\r\nX-Slow: "])
async def test_a_head_that_does_not_come_is_not_waited_for(
    connections: Connections, server: TestServer, clock: Clock, said: bytes
) -> None:
    reader, writer = await asyncio.open_connection(server.host, server.port)
    writer.write(said)
    await _connected(server)
    _round(connections, server)
    clock.now += FIRST_REQUEST
    _round(connections, server)
    assert await _is_cut(reader)
    writer.close()


async def test_a_served_connection_may_rest_but_not_for_ever(
    connections: Connections, server: TestServer, clock: Clock
) -> None:
    reader, writer = await asyncio.open_connection(server.host, server.port)
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert b"served" in await asyncio.wait_for(reader.readuntil(b"served"), 30)
    clock.now += FIRST_REQUEST + 1
    _round(connections, server)
    clock.now += BETWEEN_REQUESTS
    _round(connections, server)
    assert await _is_cut(reader)
    writer.close()


async def test_an_open_socket_is_left_alone(connections: Connections, server: TestServer, clock: Clock) -> None:
    async with aiohttp.ClientSession() as session, session.ws_connect(server.make_url("/socket")) as socket:
        clock.now += 10 * BETWEEN_REQUESTS
        _round(connections, server)
        await socket.send_str("still here")
        assert await socket.receive_str(timeout=30) == "still here"

"""A line that cannot be sent on is given up in time, and a budget that a patient client never exhausts."""

import asyncio
from typing import Any

import pytest
import uvloop

from signaling import signal_line
from signaling.signal_line import MESSAGE_BURST, MESSAGE_UNIT, Budget, Line


class Stuck:
    """A socket whose client does not read."""

    async def send_bytes(self, _data: bytes) -> None:
        await asyncio.Event().wait()

    async def close(self, **_how: Any) -> None:
        await asyncio.Event().wait()


class Gone:
    async def send_bytes(self, _data: bytes) -> None:
        raise ConnectionResetError


class Wire(asyncio.Transport):
    aborted = False

    def abort(self) -> None:
        self.aborted = True


async def test_a_stuck_line_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signal_line, "SEND_TIMEOUT", 0.05)
    monkeypatch.setattr(signal_line, "CLOSE_TIMEOUT", 0.05)
    wire = Wire()
    line = Line(Stuck(), wire)  # type: ignore[arg-type]  # a stand-in
    assert not await line.send(b"x")
    await line.close(1000, b"")
    assert wire.aborted


async def test_a_line_that_is_gone() -> None:
    line = Line(Gone(), None)  # type: ignore[arg-type]  # a stand-in
    assert not await line.send(b"x")
    line.cut()


def test_small_messages_cost_one_large_ones_more(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr(signal_line, "monotonic", lambda: now)
    budget = Budget()
    assert all(budget.take(0) for _ in range(int(MESSAGE_BURST)))
    assert not budget.take(0)
    now += 1
    assert all(budget.take(0) for _ in range(49))
    now += 60
    assert budget.take(MESSAGE_UNIT * 200)
    assert not budget.take(MESSAGE_UNIT * 200)


def test_descriptions_cost_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(signal_line, "monotonic", lambda: 10.0)
    budget = Budget()
    taken = 0
    while budget.take(256 * 1024) and budget.take_description(256 * 1024):
        taken += 1
    assert taken == 4


def test_a_line_is_cut_on_the_loop_that_serves() -> None:
    """uvloop's transports are no `asyncio.Transport` by class: a cut must end them all the same."""

    async def cut() -> bytes:
        lines: list[Line] = []
        connected = asyncio.Event()

        class Server(asyncio.Protocol):
            def connection_made(self, transport: asyncio.BaseTransport) -> None:
                lines.append(Line(Gone(), transport))  # type: ignore[arg-type]  # stand-ins
                connected.set()

        server = await asyncio.get_running_loop().create_server(Server, "127.0.0.1", 0)
        async with server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            await connected.wait()
            lines[0].cut()
            try:
                async with asyncio.timeout(30):
                    return await reader.read()
            except ConnectionResetError:
                return b""
            finally:
                writer.close()

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(cut()) == b""

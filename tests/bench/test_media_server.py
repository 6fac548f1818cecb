"""Starting and stopping a process to measure."""

import os
import socket
from pathlib import Path

import pytest

from bench.media_server import Command, DidNotStart, cores, free_port, pinned, running

LISTENS = "{bin}/python -c \"import socket,time; s=socket.create_server(('127.0.0.1',{port})); time.sleep(60)\""


def test_arguments_are_filled_in() -> None:
    words = Command("{bin}/x --port {port} --udp {udp_port} --key {key} --secret={secret}").arguments(
        port=1, udp_port=2, key="k", secret="s p"
    )
    assert words[1:] == ["--port", "1", "--udp", "2", "--key", "k", "--secret=s p"]


async def test_a_server_runs_and_stops(tmp_path: Path) -> None:
    async with running(Command(LISTENS), tmp_path / "log") as server:
        port = int(server.access.url.rsplit(":", 1)[1])
        with socket.create_connection(("127.0.0.1", port)):
            pass
    with pytest.raises(ProcessLookupError):
        os.kill(server.pid, 0)


async def test_one_that_does_not_start_says_why(tmp_path: Path) -> None:
    command = Command("{bin}/python -c \"raise SystemExit('no licence')\"")
    with pytest.raises(DidNotStart, match="no licence"):
        async with running(command, tmp_path / "log"):
            pass


def test_pinning_is_undone() -> None:
    before = os.sched_getaffinity(0)
    with pinned(min(before)):
        assert os.sched_getaffinity(0) == {min(before)}
    assert os.sched_getaffinity(0) == before
    with pinned(None):
        assert os.sched_getaffinity(0) == before


def test_server_and_generator_get_different_cores() -> None:
    server, generator = cores()
    assert server is None or server != generator


def test_free_port() -> None:
    assert 0 < free_port(socket.SOCK_DGRAM) < 65536

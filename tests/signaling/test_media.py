"""The media server alone: it starts, tells where, stops, and says plainly why it cannot."""

import asyncio
import signal
import socket
import sys

import aiohttp
from click.testing import CliRunner

from signaling.media import media


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def test_a_serving_process_no_longer_collects_what_it_started_with() -> None:
    code = (
        "import gc; from signaling.media import settle; settle(); print(gc.get_freeze_count() > 50_000, gc.isenabled())"
    )
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", code, stdout=asyncio.subprocess.PIPE)
    assert (await process.communicate())[0].split() == [b"True", b"True"]


async def test_it_serves_until_told_to_stop() -> None:
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "signaling.media", "--port", str(port), "--udp-port", "0"),
        *("--key", "k", "--secret", "a secret of at least thirty-two bytes"),
        stdout=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    async with asyncio.timeout(60):
        line = await process.stdout.readline()
    assert line.startswith(f"media server: ws://127.0.0.1:{port}, UDP ".encode())
    async with aiohttp.ClientSession() as http:
        async with http.get(f"http://127.0.0.1:{port}/") as response:
            assert await response.text() == "OK"
        async with http.get(f"http://127.0.0.1:{port}/rtc/validate") as response:
            assert response.status == 401
    process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(45):
        assert await process.wait() == 0


def test_a_short_secret_stops_the_start() -> None:
    result = CliRunner().invoke(media, ["--key", "k", "--secret", "short", "--port", "0", "--udp-port", "0"])
    assert result.exit_code == 1
    assert "at least 32 bytes" in result.output


def test_a_taken_port_stops_the_start() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        secret = "a secret of at least thirty-two bytes"
        result = CliRunner().invoke(media, ["--key", "k", "--secret", secret, "--port", port, "--udp-port", "0"])
    assert result.exit_code == 1
    assert "address already in use" in result.output

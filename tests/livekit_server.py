"""A real livekit-server on free ports of this machine; tests are skipped, visibly, where it has not been built."""

import asyncio
import json
import socket
import subprocess
import time
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from tests.browser.service import free_port

PROGRAM = Path(__file__).parent.parent / "build" / "bin" / "livekit-server"
KEY, SECRET = "devkey", "a secret of at least thirty-two bytes"


def needed() -> None:
    """Skips the test that calls it where there is no livekit-server."""
    if not PROGRAM.exists():
        pytest.skip("livekit-server is not built: make livekit-server")


def configuration(port: int, *, webhook: str, redis: str | None, key: str, secret: str) -> dict[str, Any]:
    """As deploy/livekit.yaml, on the loopback alone. JSON is YAML."""
    values: dict[str, Any] = {
        "port": port,
        "bind_addresses": ["127.0.0.1"],
        "rtc": {
            "udp_port": free_port(socket.SOCK_DGRAM),
            "tcp_port": free_port(),
            "node_ip": "127.0.0.1",
            "use_external_ip": False,
            "enable_loopback_candidate": True,
            "interfaces": {"includes": ["lo"]},
        },
        "room": {"auto_create": False},
        "keys": {key: secret},
        "webhook": {"api_key": key, "urls": [webhook]},
        "logging": {"level": "warn"},
    }
    if redis is not None:
        values["redis"] = {"address": redis}
    return values


@contextmanager
def livekit_process(
    folder: Path, *, webhook: str, redis: str | None = None, key: str = KEY, secret: str = SECRET
) -> Iterator[str]:
    """A node, ready. Gives its ``ws://`` address. redis: ``host:port`` that joins nodes to a cluster."""
    needed()
    port = free_port()
    file = folder / f"livekit-{port}.yaml"
    file.write_text(json.dumps(configuration(port, webhook=webhook, redis=redis, key=key, secret=secret)))
    log = folder / f"livekit-{port}.log"
    with log.open("wb") as output:
        process = subprocess.Popen([PROGRAM, "--config", str(file)], stdout=output, stderr=subprocess.STDOUT)
    try:
        deadline = time.monotonic() + 90
        while not _answers(f"http://127.0.0.1:{port}/"):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"livekit-server did not start:\n{log.read_text()}")
            time.sleep(0.05)
        yield f"ws://127.0.0.1:{port}"
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)


@asynccontextmanager
async def livekit_nodes(
    count: int, *, webhook: str, redis: str | None = None, key: str = KEY, secret: str = SECRET
) -> AsyncIterator[list[str]]:
    """The same without stopping the loop meanwhile: the webhook is served by it."""
    needed()
    with TemporaryDirectory() as folder:
        nodes = []
        opened = []
        try:
            for _ in range(count):
                node = livekit_process(Path(folder), webhook=webhook, redis=redis, key=key, secret=secret)
                nodes.append(await asyncio.to_thread(node.__enter__))
                opened.append(node)
            yield nodes
        finally:
            for node in opened:
                await asyncio.to_thread(node.__exit__, None, None, None)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False

"""The measured media server as a process of its own, pinned to a core."""

import asyncio
import contextlib
import os
import secrets
import shlex
import socket
import sys
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.client import Access

EMBEDDED = "{bin}/python -m signaling.media --port {port} --udp-port {udp_port} --key {key} --secret {secret}"
COMPILED_IN = Path("build/compiled")
"""Where `make compiled` puts the service with its media path as machine code, as the image holds it."""
COMPILED = f"env PYTHONPATH={COMPILED_IN} {EMBEDDED.replace('python', 'python -P')}"
_START = 20.0
_STOP = 5.0


class DidNotStart(Exception):
    """For the operator: the server's own last words."""


@dataclass(frozen=True, slots=True)
class Command:
    """How to start a media server.

    template: a command with {bin}, {port}, {udp_port}, {key} and {secret}. key, secret: made up where empty.
    """

    template: str = EMBEDDED
    key: str = ""
    secret: str = ""

    def arguments(self, *, port: int, udp_port: int, key: str, secret: str) -> list[str]:
        values = {
            "bin": str(Path(sys.executable).parent),
            "port": port,
            "udp_port": udp_port,
            "key": key,
            "secret": secret,
        }
        return [word.format_map(values) for word in shlex.split(self.template)]


@dataclass(frozen=True, slots=True)
class MediaServer:
    pid: int
    access: Access


def cores() -> tuple[int | None, int | None]:
    """(the server's, the load generator's) core: two different ones, or none where the machine has but one."""
    usable = sorted(os.sched_getaffinity(0))
    return (usable[0], usable[1]) if len(usable) > 1 else (None, None)


@contextmanager
def pinned(core: int | None) -> Iterator[None]:
    """Keep this process, and what it starts meanwhile, on one core."""
    before = os.sched_getaffinity(0)
    if core is not None:
        os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@asynccontextmanager
async def running(command: Command, log: Path, core: int | None = None) -> AsyncIterator[MediaServer]:
    """Start it on free ports and wait until it answers. Raises DidNotStart. log: where its output goes."""
    access = Access(
        url=f"http://127.0.0.1:{free_port(socket.SOCK_STREAM)}",
        key=command.key or "bench",
        secret=command.secret or secrets.token_hex(24),
    )
    port = int(access.url.rsplit(":", 1)[1])
    arguments = command.arguments(
        port=port, udp_port=free_port(socket.SOCK_DGRAM), key=access.key, secret=access.secret
    )
    async with started(arguments, port, log, core) as pid:
        yield MediaServer(pid, access)


@asynccontextmanager
async def started(arguments: Sequence[str], port: int, log: Path, core: int | None = None) -> AsyncIterator[int]:
    """Start a program and wait until it answers on the TCP port; its process id. Raises DidNotStart."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output, pinned(core):
        process = await asyncio.create_subprocess_exec(*arguments, stdout=output, stderr=output)
    try:
        await _answering(process, port, log)
        yield process.pid
    finally:
        await _stop(process)


async def _answering(process: asyncio.subprocess.Process, port: int, log: Path) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(_START):
            while process.returncode is None:
                with contextlib.suppress(OSError):
                    _, writer = await asyncio.open_connection("127.0.0.1", port)
                    writer.close()
                    return
                await asyncio.sleep(0.05)
    raise DidNotStart("the media server did not start: " + _last_words(log))


def _last_words(log: Path) -> str:
    return " | ".join(log.read_text(errors="replace").strip().splitlines()[-5:]) or "it said nothing"


async def _stop(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), _STOP)
        except TimeoutError:
            process.kill()
            await process.wait()

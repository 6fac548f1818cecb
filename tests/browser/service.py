"""The real service as a process, in its demo: what a person meets after ``make run``."""

import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass
class Service:
    """A running ``hemmaplan demo``. log: what it has printed."""

    url: str
    data: Path
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def database(self) -> str:
        return f"sqlite+aiosqlite:///{self.data / 'hemmaplan.db'}"

    def printed(self) -> str:
        return self.log.read_text(encoding="utf-8")

    def links(self) -> dict[str, str]:
        """The demo's personal links: name -> address."""
        return dict(re.findall(r"^\s*(\S.*?)\s{2,}(http\S+/i/\S+)", self.printed(), re.MULTILINE))

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(45)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(5)


def start(folder: Path, extra: Mapping[str, str] | None = None, command: Sequence[str] = ()) -> Service:
    """Starts the demo on free ports and waits until it is ready. command: instead of ``hemmaplan demo``."""
    extra = extra or {}
    port = int(extra.get("HEMMAPLAN_PORT", free_port()))
    log = folder / "service.log"
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HEMMAPLAN_")}
    environment |= {
        "HEMMAPLAN_PORT": str(port),
        "HEMMAPLAN_MEDIA_UDP_PORT": "0",  # the system chooses, one that TCP has free too where it can
        "HEMMAPLAN_DATA_DIRECTORY": str(folder / "data"),
        "PYTHONUNBUFFERED": "1",
        **extra,
    }
    program = command or [str(Path(sys.executable).parent / "hemmaplan"), "demo"]
    with log.open("wb") as output:
        process = subprocess.Popen(program, env=environment, stdout=output, stderr=subprocess.STDOUT)
    service = Service(f"http://localhost:{port}", folder / "data", process, log)
    deadline = time.monotonic() + 90
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the service did not start:\n{service.printed()}")
        try:
            with urllib.request.urlopen(f"{service.url}/readyz", timeout=10) as answer:
                if answer.status == 200:
                    return service
        except OSError:
            time.sleep(0.1)
    service.stop()
    raise RuntimeError(f"the service was not ready in time:\n{service.printed()}")

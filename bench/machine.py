"""The machine a figure was measured on, in general terms, and how busy it was with other things."""

import os
import platform
import ssl
import subprocess
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

PROC = Path("/proc")
TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Machine:
    """memory: GiB. revision: the project's commit, with "+" where files differ from it."""

    cores: int
    processor: str
    memory: int
    kernel: str
    python: str
    openssl: str
    aiortc: str
    revision: str


@dataclass(frozen=True, slots=True)
class Activity:
    """Core-seconds over all cores. stolen: taken by the machine's host for other guests."""

    busy: float
    stolen: float

    def since(self, earlier: "Activity") -> "Activity":
        return Activity(self.busy - earlier.busy, self.stolen - earlier.stolen)


def describe() -> Machine:
    memory = int((PROC / "meminfo").read_text().split()[1]) / 2**20
    return Machine(
        cores=os.cpu_count() or 1,
        processor=processor((PROC / "cpuinfo").read_text()),
        memory=round(memory),
        kernel=platform.release().split("-")[0],
        python=platform.python_version(),
        openssl=ssl.OPENSSL_VERSION.split()[1],
        aiortc=version("aiortc"),
        revision=_revision(),
    )


def processor(cpuinfo: str) -> str:
    for line in cpuinfo.splitlines():
        key, _, value = line.partition(":")
        if key.strip() == "model name":
            return value.strip()
    return platform.machine()


def activity(text: str | None = None) -> Activity:
    """From the first line of ``/proc/stat``: user nice system idle iowait irq softirq steal (proc(5))."""
    line = (text if text is not None else (PROC / "stat").read_text()).split("\n", 1)[0]
    user, nice, system, _idle, _iowait, irq, softirq, steal = (int(field) for field in line.split()[1:9])
    return Activity((user + nice + system + irq + softirq) / TICKS_A_SECOND, steal / TICKS_A_SECOND)


def load_average() -> float:
    """Of the last minute."""
    return round(os.getloadavg()[0], 2)


def _revision() -> str:
    try:
        commit = _git("rev-parse", "--short", "HEAD")
        changed = _git("status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return commit + ("+" if changed else "")


def _git(*arguments: str) -> str:
    return subprocess.run(["git", *arguments], capture_output=True, text=True, check=True).stdout.strip()

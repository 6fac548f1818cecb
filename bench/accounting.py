"""What a process has used, from the kernel's own accounting in /proc (Linux).

CPU time is the sum over all threads of the first field of ``/proc/<pid>/task/<tid>/schedstat``: nanoseconds on a CPU,
user and system together (Documentation/scheduler/sched-stats.rst). ``utime`` and ``stime`` of ``/proc/<pid>/stat``
come in ticks of 10 ms and serve only to part user from system. On loopback the receiver's soft interrupt runs inside
the sender's system call and is charged to the sender.
"""

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
TICKS_A_SECOND = os.sysconf("SC_CLK_TCK")


class NoAccounting(Exception):
    """For the operator: this kernel does not tell what the process used."""


@dataclass(frozen=True, slots=True)
class Usage:
    """Used so far, or, as a difference, used in between.

    cpu: seconds on a CPU. starved: seconds in which a thread could have run but another process had the CPU.
    user, system: seconds, in steps of 10 ms. waits: times a thread gave up the CPU by itself. resident: MiB now (not a
    difference).
    """

    cpu: float
    starved: float
    user: float
    system: float
    waits: int
    resident: float

    def since(self, earlier: "Usage") -> "Usage":
        return Usage(
            self.cpu - earlier.cpu,
            self.starved - earlier.starved,
            self.user - earlier.user,
            self.system - earlier.system,
            self.waits - earlier.waits,
            self.resident,
        )

    @property
    def user_share(self) -> float:
        """Part of the CPU time spent outside the kernel, 0-1."""
        total = self.user + self.system
        return self.user / total if total else 0.0


def schedstat_seconds(text: str) -> tuple[float, float]:
    """Seconds on a CPU, and seconds of waiting for one."""
    ran, waited = text.split()[:2]
    return int(ran) / 1e9, int(waited) / 1e9


def stat_seconds(text: str) -> tuple[float, float]:
    """User and system seconds of ``/proc/<pid>/stat``; the command in parentheses may hold spaces (proc(5))."""
    fields = text.rsplit(")", 1)[1].split()
    return int(fields[11]) / TICKS_A_SECOND, int(fields[12]) / TICKS_A_SECOND


def status_field(text: str, name: str) -> int:
    """A number of ``/proc/<pid>/status``; 0 where the line is missing."""
    for line in text.splitlines():
        key, _, value = line.partition(":")
        if key == name:
            return int(value.split()[0])
    return 0


def usage(pid: int, proc: Path = PROC) -> Usage:
    """Raises NoAccounting where the process is gone or the kernel keeps no schedstat."""
    process = proc / str(pid)
    cpu = starved = 0.0
    waits = 0
    threads = 0
    with contextlib.suppress(OSError):
        for task in (process / "task").iterdir():
            # A thread may end between the listing and the reading.
            with contextlib.suppress(OSError):
                ran, waited = schedstat_seconds((task / "schedstat").read_text())
                cpu, starved = cpu + ran, starved + waited
                waits += status_field((task / "status").read_text(), "voluntary_ctxt_switches")
                threads += 1
    if not threads:
        raise NoAccounting(f"no schedstat of process {pid}")
    user, system = stat_seconds((process / "stat").read_text())
    resident = status_field((process / "status").read_text(), "VmRSS") / 1024
    return Usage(cpu, starved, user, system, waits, resident)


def family_seconds(pid: int, *, apart_from: int, proc: Path = PROC) -> float:
    """CPU seconds of a process and all its living descendants but one, in steps of 10 ms each."""
    seconds: dict[int, float] = {}
    children: dict[int, list[int]] = {}
    for path in proc.glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            text = path.read_text()
            number = int(path.parent.name)
            children.setdefault(int(text.rsplit(")", 1)[1].split()[1]), []).append(number)
            seconds[number] = sum(stat_seconds(text))
    total, waiting = 0.0, [pid]
    while waiting:
        number = waiting.pop()
        if number != apart_from:
            total += seconds.get(number, 0.0)
            waiting += children.get(number, [])
    return total

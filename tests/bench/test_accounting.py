"""Reading /proc, from a made-up one and of this very process."""

import os
from pathlib import Path

import pytest

from bench.accounting import TICKS_A_SECOND, NoAccounting, Usage, family_seconds, stat_seconds, status_field, usage

STAT = "41 (we (ird) name) S {parent} 41 41 0 -1 0 0 0 0 0 {user} {system} 0 0 20 0 2 0 100 0 0\n"


def write(proc: Path, pid: int, *, parent: int = 1, user: int = 0, system: int = 0) -> Path:
    process = proc / str(pid)
    process.mkdir(parents=True)
    (process / "stat").write_text(STAT.format(parent=parent, user=user, system=system))
    (process / "status").write_text("Name:\tx\nVmRSS:\t   2048 kB\n")
    return process


def test_threads_are_summed(tmp_path: Path) -> None:
    process = write(tmp_path, 41, user=3 * TICKS_A_SECOND, system=TICKS_A_SECOND)
    for thread, (ran, waits) in {41: (1_500_000_000, 3), 42: (250_000_000, 4)}.items():
        task = process / "task" / str(thread)
        task.mkdir(parents=True)
        (task / "schedstat").write_text(f"{ran} 500000000 9\n")
        (task / "status").write_text(f"Name:\tx\nvoluntary_ctxt_switches:\t{waits}\n")
    (process / "task" / "43").mkdir()  # a thread that ended meanwhile
    used = usage(41, tmp_path)
    assert used == Usage(1.75, 1.0, 3.0, 1.0, 7, 2.0)
    assert used.user_share == 0.75


def test_difference_keeps_what_is_resident_now() -> None:
    assert Usage(5, 2, 3, 2, 10, 64).since(Usage(4, 1, 2.5, 1.5, 4, 60)) == Usage(1, 1, 0.5, 0.5, 6, 64)
    assert Usage(0, 0, 0, 0, 0, 0).user_share == 0


def test_a_process_that_is_gone(tmp_path: Path) -> None:
    with pytest.raises(NoAccounting):
        usage(41, tmp_path)


def test_this_process() -> None:
    before = usage(os.getpid())
    sum(range(100_000))
    assert usage(os.getpid()).since(before).cpu > 0
    assert before.resident > 1


def test_stat_survives_parentheses_in_the_name() -> None:
    assert stat_seconds(STAT.format(parent=1, user=TICKS_A_SECOND, system=0)) == (1.0, 0.0)
    assert status_field("Name:\tx\n", "VmRSS") == 0


def test_family_without_one_branch(tmp_path: Path) -> None:
    for pid, parent in {10: 1, 11: 10, 12: 11, 20: 10, 21: 20, 30: 1}.items():
        write(tmp_path, pid, parent=parent, user=TICKS_A_SECOND)
    assert family_seconds(10, apart_from=20, proc=tmp_path) == 3.0

"""Files and tables."""

import json
from pathlib import Path

from rich.console import Console

from bench.forward import Plan, summarise
from bench.join import STEPS, Cores, Join, outcome
from bench.machine import Machine
from bench.results import forward_table, join_table, save, show
from tests.bench.test_forward import window

MACHINE = Machine(2, "CPU", 24, "6.18", "3.11.7", "3.0", "1.16.0", "abc1234")


def text(table: object) -> str:
    console = Console(width=200, record=True, file=Path("/dev/null").open("w"))  # noqa: SIM115  closed with the test
    console.print(table)
    return console.export_text()


def test_saved_with_when_where_and_how(tmp_path: Path) -> None:
    path = save(
        "forward",
        MACHINE,
        Plan(),
        {"x": 1.23456789, "rows": summarise({1: [window(1, 10)]}, {1: []})},
        tmp_path / "new",
    )
    content = json.loads(path.read_text())
    assert content["machine"]["cores"] == 2
    assert content["settings"]["repeats"] == 5
    assert content["figures"]["rows"][0]["microseconds"]["median"] == 10
    assert content["measured_at"].endswith("+00:00")


def test_forward_table() -> None:
    table = text(
        forward_table(summarise({1: [window(1, 10.0)], 2: [window(2, 12.5)], 8: []}, {1: [], 2: [], 8: ["33% came"]}))
    )
    assert "12.50" in table
    assert "×1.25" in table
    assert "33% came" in table


def test_join_table_gives_the_verdict() -> None:
    cores = Cores(0.1, 0.5, 0.2)
    table = text(join_table(outcome([Join(90, 1200, 1300, 500, 600, dict.fromkeys(STEPS, 7.0), cores)], cores, 0.5)))
    lines = {line.split("│")[1].strip(): line for line in table.splitlines() if line.startswith("│")}
    assert lines["first video frame"].rstrip(" │").endswith("no")
    assert lines["first sound"].rstrip(" │").endswith("yes")
    assert "socket 7, joined 7" in table


def test_show_names_the_machine() -> None:
    console = Console(width=200, record=True, file=Path("/dev/null").open("w"))  # noqa: SIM115  closed with the test
    show(console, forward_table([]), MACHINE)
    assert "2 cores (CPU), Linux 6.18, Python 3.11.7" in console.export_text()

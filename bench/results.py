"""Results as JSON files and as tables on the terminal."""

import json
import statistics
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.forward import Row, Window
from bench.join import AUDIO_BAR, VIDEO_BAR, Outcome
from bench.machine import Machine
from bench.media import Standing

FOLDER = Path("build/bench")


def save(name: str, machine: Machine, settings: Any, figures: Any, folder: Path = FOLDER) -> Path:
    """Write ``<name>.json`` with when, where and how. settings, figures: JSON, or dataclasses in it."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.json"
    content = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": asdict(machine),
        "settings": settings,
        "figures": figures,
    }
    path.write_text(json.dumps(content, indent=1, default=_plain) + "\n")
    return path


def _plain(value: Any) -> Any:
    return round(value, 6) if isinstance(value, float) else asdict(value)


def forward_table(rows: Sequence[Row]) -> Table:
    """Medians of all windows of a row; the spread is that of the figure itself."""
    table = Table(title="CPU per forwarded packet, rooms of 6")
    for heading in (
        "rooms",
        "out/s",
        "µs a packet",
        "spread",
        "growth",
        "yardstick",
        "server",
        "starved",
        "user",
        "idle",
        "delay p50/p95",
    ):
        table.add_column(heading, justify="right")
    for row in rows:
        if row.microseconds is None or row.growth is None:
            table.add_row(str(row.rooms), "", "none", row.refused[-1])
            continue

        def middle(name: str, windows: Sequence[Window] = row.windows) -> float:
            return float(statistics.median(getattr(window, name) for window in windows))

        table.add_row(
            str(row.rooms),
            f"{middle('packets_out'):,.0f}",
            f"{row.microseconds.median:.2f}",
            f"{row.microseconds.low:.2f}–{row.microseconds.high:.2f}",
            f"×{row.growth:.2f}",
            f"{middle('yardstick'):.2f}",
            f"{middle('server'):.0%}",
            f"{middle('starved'):.0%}",
            f"{middle('user'):.0%}",
            f"{middle('idle'):.1%}",
            f"{middle('delay_median'):.1f}/{middle('delay_p95'):.1f} ms",
        )
    return table


def media_table(rows: Sequence[Standing], missing: Sequence[str]) -> Table:
    """Medians of all windows of a row; ratio: to the embedded server in the same round."""
    table = Table(title="CPU per forwarded packet of three servers, rooms of 6")
    for heading in (
        "rooms",
        "server",
        "µs a packet",
        "spread",
        "ratio",
        "yardstick",
        "of its core",
        "starved",
        "delay",
    ):
        table.add_column(heading, justify="left" if heading == "server" else "right")
    for row in rows:
        if row.microseconds is None or row.ratio is None:
            table.add_row(str(row.rooms), row.engine, "none", row.refused[-1] if row.refused else "not side by side")
            continue

        def middle(name: str, windows: Sequence[Window] = row.windows) -> float:
            return float(statistics.median(getattr(window, name) for window in windows))

        table.add_row(
            str(row.rooms),
            row.engine + (f" ({len(row.refused)} without figure)" if row.refused else ""),
            f"{row.microseconds.median:.2f}",
            f"{row.microseconds.low:.2f}–{row.microseconds.high:.2f}",
            f"×{row.ratio:.2f}",
            f"{middle('yardstick'):.2f}",
            f"{middle('server'):.0%}",
            f"{middle('starved'):.0%}",
            f"{middle('delay_median'):.1f}/{middle('delay_p95'):.1f} ms",
        )
    table.caption = "; ".join(missing) or None
    return table


def join_table(outcome: Outcome) -> Table:
    table = Table(title=f"From connect() to the others' picture and sound, {outcome.connected.count} joins, ms")
    for heading in ("", "p50", "p95", "lowest", "highest", "bar (p95)", "reached"):
        table.add_column(heading, justify="left" if not heading else "right")
    for name, figure, bar in (
        ("connect() resolved", outcome.connected, None),
        ("first video frame", outcome.first_video, VIDEO_BAR),
        ("video of all five", outcome.all_video, None),
        ("first sound", outcome.first_audio, AUDIO_BAR),
        ("sound of all five", outcome.all_audio, None),
    ):
        values = [f"{value:.0f}" for value in (figure.median, figure.p95, figure.low, figure.high)]
        verdict = ("" if bar is None else f"{bar:.0f}", "" if bar is None else "yes" if figure.p95 <= bar else "no")
        table.add_row(name, *values, *verdict)
    steps = ", ".join(f"{name} {at:.0f}" for name, at in outcome.steps.items())
    table.caption = (
        f"steps (median): {steps}\n"
        f"cores used while joining (median): publishers and browser {outcome.joining.bench:.2f}, media server "
        f"{outcome.joining.server:.2f}, anything else {outcome.joining.others:.2f}"
    )
    return table


def show(console: Console, table: Table, machine: Machine) -> None:
    table.width = 120
    console.print(table)
    console.print(
        f"{machine.cores} cores ({machine.processor}), Linux {machine.kernel}, Python {machine.python}, "
        f"aiortc {machine.aiortc}, OpenSSL {machine.openssl}, revision {machine.revision}"
    )

"""``python -m bench [join|forward|media|all]``, in the project's folder: measure, write build/bench/, print tables."""

from collections.abc import Sequence
from dataclasses import asdict

import click
import uvloop
from rich.console import Console

from bench import forward, join, media
from bench.client import Refused
from bench.connection import NotConnected
from bench.load import NotDelivered
from bench.machine import describe
from bench.media_server import EMBEDDED, Command, DidNotStart
from bench.results import FOLDER, forward_table, join_table, media_table, save, show

console = Console(highlight=False, soft_wrap=True)
_FAILURES = (NotDelivered, NotConnected, Refused, DidNotStart, join.NotJoined, FileNotFoundError)


def _tell(line: str) -> None:
    console.print(line, style="dim")


def _forward(plan: forward.Plan, command: Command) -> None:
    machine = describe()
    rows = uvloop.run(forward.measure(plan, command, FOLDER / "forward.log", _tell))
    save("forward", machine, {"server": command.template, **asdict(plan)}, [asdict(row) for row in rows])
    show(console, forward_table(rows), machine)


def _media(plan: forward.Plan) -> None:
    machine = describe()
    servers, missing = media.engines()
    for line in missing:
        console.print(line, style="bold")
    rows = uvloop.run(media.measure(plan, servers, FOLDER, _tell))
    save("media", machine, {"missing": missing, **asdict(plan)}, [asdict(row) for row in rows])
    show(console, media_table(rows, missing), machine)


def _join(plan: join.Plan, command: Command) -> None:
    machine = describe()
    outcome = uvloop.run(join.measure(plan, command, FOLDER / "join.log", _tell))
    save("join", machine, {"server": command.template, **asdict(plan)}, asdict(outcome))
    show(console, join_table(outcome), machine)


@click.command()
@click.argument("which", type=click.Choice(["join", "forward", "media", "all"]), default="all")
@click.option(
    "--rooms", multiple=True, type=click.IntRange(1, 40), default=forward.ROOMS, help="forward: rooms of six."
)
@click.option("--repeats", type=click.IntRange(1), default=5, show_default=True, help="forward: rounds.")
@click.option("--seconds", type=float, default=5.0, show_default=True, help="forward: length of one measurement.")
@click.option("--feedback", is_flag=True, help="media: receivers tell of each packet's arrival, as browsers do.")
@click.option("--joins", type=click.IntRange(1), default=30, show_default=True, help="join: how many.")
@click.option("--server", default=EMBEDDED, help="Command of another LiveKit server, as in bench/media_server.py.")
@click.option("--key", default="", help="Its API key, where it has a fixed one.")
@click.option("--secret", default="", help="Its API secret, where it has a fixed one.")
def main(
    *,
    which: str,
    rooms: Sequence[int],
    repeats: int,
    seconds: float,
    feedback: bool,
    joins: int,
    server: str,
    key: str,
    secret: str,
) -> None:
    """Measure the media server."""
    command = Command(server, key, secret)
    try:
        if which == "media":
            _media(forward.Plan(rooms=rooms, repeats=repeats, measure=seconds, feedback=feedback))
            return
        if which != "join":
            _forward(forward.Plan(rooms=rooms, repeats=repeats, measure=seconds), command)
        if which != "forward":
            _join(join.Plan(joins=joins), command)
    except _FAILURES as failure:
        raise click.ClickException(str(failure)) from None


if __name__ == "__main__":
    main(prog_name="python -m bench")

"""The command line ``hemmaplan``."""

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from pathlib import Path
from typing import Any

import click
import uvloop
from rich.console import Console

from audit.commands import audit
from audit.log import AuditUnavailable, LogDamaged
from audit.signer import SignerUnusable
from auth.commands import organisation, staff, unit
from auth.key_commands import keys
from auth.oidc_provider import BadClientKey
from auth.vault import VaultError
from db.engine import DatabaseFailure, UnsupportedDatabase, connect, upgrade
from kiosk.commands import kiosk
from rooms.commands import meeting
from signaling.foundation import directory, planner
from signaling.foundation import keys as keys_of
from signaling.logs import configure
from signaling.media import media
from signaling.settings import BadSettings, Settings, load

# What a start can fail with: for the operator, in one line, without a traceback.
STARTS_BADLY = (
    SignerUnusable,
    LogDamaged,
    AuditUnavailable,
    VaultError,
    BadClientKey,
    BadSettings,
    UnsupportedDatabase,
    OSError,
)


@click.group()
@click.option(
    "--settings",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File of HEMMAPLAN_* lines; the environment weighs more.",
)
@click.version_option(package_name="hemmaplan")
@click.pass_context
def main(context: click.Context, file: Path | None) -> None:
    """Secure video meetings for coordinated individual planning, held in the patient's own home."""
    context.meta["settings_file"] = file
    match context.invoked_subcommand:
        case "staff" | "organisation" | "unit":
            context.obj = lambda: directory(_settings(context))
        case "keys":
            context.obj = lambda: keys_of(_settings(context))
        case "meeting":
            context.obj = lambda: planner(_settings(context))


def _settings(context: click.Context, **overrides: Any) -> Settings:
    """Ends the program, with exit code 2 and what is wrong, where the settings are bad."""
    try:
        return load(context.meta["settings_file"], **overrides)
    except BadSettings as error:
        raise click.UsageError(str(error)) from None


def _run(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(work())
    except STARTS_BADLY as error:
        raise click.ClickException(str(error)) from None
    except DatabaseFailure as error:
        raise click.ClickException(f"the database failed: {type(error).__name__}") from None


@main.command()
@click.pass_context
def serve(context: click.Context) -> None:
    """Serve pages, meetings and media."""
    from signaling.app import run  # noqa: PLC0415 - aiortc loads PyAV (60 MB): not for every command

    settings = _settings(context)
    configure(settings.log_format)
    _run(partial(run, settings))


@main.command()
@click.pass_context
def demo(context: click.Context) -> None:
    """Serve the demo: simulators, invented people, today's meetings."""
    from signaling.app import run  # noqa: PLC0415 - the same
    from signaling.demo import print_what_to_open  # noqa: PLC0415 - the same

    settings = _settings(context, demo=True)
    configure("console", quiet=True)
    _run(partial(run, settings, started=partial(print_what_to_open, Console(highlight=False), settings)))


@main.group()
def db() -> None:
    """The database."""


@db.command("upgrade")
@click.pass_context
def db_upgrade(context: click.Context) -> None:
    """Bring the schema to the newest revision; `serve` does it too."""
    settings = _settings(context)

    async def work() -> None:
        settings.data_directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        engine = connect(settings.database)
        try:
            await upgrade(engine)
        finally:
            await engine.dispose()

    _run(work)
    click.echo("The schema is the newest.")


for command in (staff, organisation, unit, keys, meeting, audit, kiosk, media):
    main.add_command(command)

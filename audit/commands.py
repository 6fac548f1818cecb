"""``hemmaplan audit``: verifying the log offline, taking a copy of it out, and erasing what is old.

Exit codes: 0 whole, 1 not, 2 cannot tell.
"""

import asyncio
import getpass
import os
import sys
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click
from rich.console import Console
from rich.table import Table

from audit.checkpoint import BadNote, PublicKey, read_keys
from audit.events import Event, EventType
from audit.export import export
from audit.log import RETENTION, AuditUnavailable, is_new, open_log
from audit.signer import Signer, SignerUnusable, load_signer, public_path
from audit.store import Engine
from audit.verifier import Report
from audit.verify import Unverifiable, verify_database, verify_export
from db.engine import UnsupportedDatabase, connect

Result = TypeVar("Result")
MOST_SHOWN = 50

KEY_NAME = "audit.key"
DATABASE_NAME = "hemmaplan.db"  # as `signaling.settings.Settings.database` has it

data_option = click.option(
    "--data-directory",
    envvar="HEMMAPLAN_DATA_DIRECTORY",
    default="data",
    show_default=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="The service's own folder: where database and keys are when they are not named.",
)
database_option = click.option(
    "--database-url",
    envvar="HEMMAPLAN_DATABASE_URL",
    help="sqlite+aiosqlite:///path or postgresql+asyncpg://...; default: SQLite in the data directory.",
)
meeting_option = click.option("--meeting", help="Only the entries of this meeting (its id), each with its own proof.")


@click.group()
def audit() -> None:
    """The tamper-evident log: verify it, take a copy out, erase what is old."""


@audit.command()
@click.argument("file", required=False, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@database_option
@data_option
@click.option(
    "--key",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="File with the log's public key, name+id+key on a line. Default: the one beside the service's data, which "
    "whoever altered the data could have altered too: keep a copy elsewhere.",
)
@click.option(
    "--checkpoint",
    "checkpoints",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A checkpoint kept from before; shows whether the log was cut or replaced since. May be given many times.",
)
def verify(
    file: Path | None,
    *,
    database_url: str | None,
    data_directory: Path,
    key: Path | None,
    checkpoints: tuple[Path, ...],
) -> None:
    """Check a database, or an exported FILE, against the public key. Nothing is written."""
    keys = _keys(key or public_path(data_directory / KEY_NAME))

    async def check() -> Report:
        witnesses = [_read(path) for path in checkpoints]
        if file is not None:
            with file.open(encoding="utf-8") as lines:
                return verify_export(lines, keys, witnesses)
        engine = connect(_existing(database_url or _own_database(data_directory)))
        try:
            return await verify_database(engine, keys, witnesses)
        finally:
            await engine.dispose()

    report = _run(check)
    _show(report)
    sys.exit(0 if report.whole else 1)


@audit.command(name="export")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@database_option
@data_option
@click.option(
    "--signing-key",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The log's own key file, default: in the data directory. That a copy is taken is itself written in the log.",
)
@click.option("--origin", help="The log's name; default: the one in the public key beside the signing key.")
@meeting_option
@click.option("--reason", default="", help="Why the copy is taken; stands in the log.")
def export_command(
    file: Path,
    *,
    database_url: str | None,
    data_directory: Path,
    signing_key: Path | None,
    origin: str | None,
    meeting: str | None,
    reason: str,
) -> None:
    """Write the log, or one meeting of it, to FILE (new, readable by you alone)."""
    signer = _signer(signing_key or data_directory / KEY_NAME, origin)

    async def write() -> int:
        engine = connect(_existing(database_url or _own_database(data_directory)))
        try:
            return await _write(engine, signer, file, meeting, reason)
        finally:
            await engine.dispose()

    number = _run(write)
    _out().print(f"{number} entries written. Check them with: hemmaplan audit verify --key KEY FILE")


@audit.command()
@database_option
@data_option
@click.option(
    "--signing-key",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The log's own key file, default: in the data directory. That contents are erased is itself in the log.",
)
@click.option("--origin", help="The log's name; default: the one in the public key beside the signing key.")
@click.option(
    "--before",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Entries made before that day (UTC); default, and the latest that is let pass: five years ago.",
)
@click.option("--yes", is_flag=True, help="Erase. Without it is only told what would be.")
def erase(
    *,
    database_url: str | None,
    data_directory: Path,
    signing_key: Path | None,
    origin: str | None,
    before: datetime | None,
    yes: bool,
) -> None:
    """Erase the contents of old entries (gallring), where their principals have decided so. Their places in the tree
    stay, so that the log can still be verified. Nothing brings them back: take an export first."""
    signer = _signer(signing_key or data_directory / KEY_NAME, origin)
    limit = datetime.now(UTC) - RETENTION
    wanted = before.replace(tzinfo=UTC) if before else limit
    if wanted > limit:
        raise click.UsageError(f"entries are kept for five years: give a day before {limit:%Y-%m-%d}")

    async def work() -> int:
        engine = connect(_existing(database_url or _own_database(data_directory)))
        try:
            if await is_new(engine):
                raise Unverifiable("the database has no log")
            log = await open_log(engine, signer, lambda: datetime.now(UTC))
            try:
                return await (log.erase(wanted, operator=getpass.getuser()) if yes else log.erasable(wanted))
            finally:
                await log.close()
        finally:
            await engine.dispose()

    number = _run(work)
    if yes:
        _out().print(f"The contents of {number} entries made before {wanted:%Y-%m-%d} are erased.")
    else:
        _out().print(f"{number} entries made before {wanted:%Y-%m-%d} would be erased. Nothing was: add --yes.")


async def _write(engine: Engine, signer: Signer, file: Path, meeting: str | None, reason: str) -> int:
    if await is_new(engine):
        raise Unverifiable("the database has no log")
    log = await open_log(engine, signer, lambda: datetime.now(UTC))
    try:
        details = {"operator": getpass.getuser(), "reason": reason}
        await log.append(Event(EventType.AUDIT_EXPORTED, meeting=meeting, details=details))
        number = 0
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as target:
            async for line in export(log, meeting):
                target.write(line)
                number += line.startswith('{"entry"')
        return number
    finally:
        await log.close()


def _show(report: Report) -> None:
    out = _out()
    if report.whole:
        out.print("[bold green]The log is whole.[/]")
    else:
        out.print(f"[bold red]The log is not whole: {len(report.findings)} findings.[/]")
        table = Table("Kind", "Entry", "What is wrong")
        for finding in report.findings[:MOST_SHOWN]:
            table.add_row(finding.problem.value, "" if finding.seq is None else str(finding.seq), finding.text)
        out.print(table)
        if len(report.findings) > MOST_SHOWN:
            out.print(f"{len(report.findings) - MOST_SHOWN} more findings are not shown.")
    out.print(
        f"{report.entries} entries read, {report.checkpoints} signed checkpoints, the last good one for {report.size}."
    )
    if report.erased:
        out.print(f"The contents of {report.erased} entries are erased; their places in the tree are kept.")


def _run(work: Callable[[], Coroutine[Any, Any, Result]]) -> Result:
    try:
        return asyncio.run(work())
    except (Unverifiable, AuditUnavailable) as failure:
        problem = str(failure)
    except UnsupportedDatabase as failure:
        problem = str(failure)
    except FileExistsError:
        problem = "the file to write already exists"
    except (OSError, UnicodeDecodeError) as failure:
        problem = f"a file cannot be read or written ({type(failure).__name__})"
    except Exception as failure:  # noqa: BLE001  a database may answer anything; the person gets a sentence
        problem = f"the database cannot be read ({type(failure).__name__})"
    return _cannot_tell(problem)


def _cannot_tell(problem: str) -> NoReturn:
    Console(stderr=True, highlight=False).print(f"Cannot tell: {problem}.", markup=False, soft_wrap=True)
    sys.exit(2)


def _keys(path: Path) -> list[PublicKey]:
    try:
        return read_keys(path.read_text(encoding="utf-8"))
    except (BadNote, OSError, UnicodeDecodeError) as failure:
        _cannot_tell(f"the public key cannot be used: {failure if isinstance(failure, BadNote) else _unread(path)}")


def _unread(path: Path) -> str:
    """In words where a file was looked for: whoever stands in another folder sees it at once."""
    where = path.absolute()
    return f"{where} cannot be read" if path.exists() else f"there is no file {where}"


def _signer(path: Path, origin: str | None) -> Signer:
    try:
        name = origin or read_keys(_read(public_path(path)))[0].name
        return load_signer(path, name, may_create=False)
    except (SignerUnusable, BadNote) as failure:
        _cannot_tell(str(failure))
    except (OSError, UnicodeDecodeError):
        _cannot_tell(f"there is no public key beside the signing key, {public_path(path).absolute()}: give --origin")


def _own_database(data_directory: Path) -> str:
    return f"sqlite+aiosqlite:///{data_directory / DATABASE_NAME}"


def _existing(url: str) -> str:
    """The URL, where the database is there: SQLite would make a new, empty file of a wrong path."""
    scheme, _, path = url.partition(":///")
    if scheme.startswith("sqlite") and not Path(path).is_file():
        raise Unverifiable(f"there is no database file at {Path(path).absolute()}")
    return url


def _out() -> Console:
    return Console(highlight=False)


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8")

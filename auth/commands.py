"""``hemmaplan organisation``, ``hemmaplan unit`` and ``hemmaplan staff``.

Identity numbers are asked for, or read from a file or standard input, never given as arguments: arguments are seen in
the shell's history and in the list of processes.
"""

import asyncio
import getpass
import re
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO, TypeVar, get_args

import click

from audit.log import AuditUnavailable
from auth.directory import Administrator, Directory
from auth.errors import Refusal
from auth.fields import InvalidFields
from auth.hsa_id import InvalidOrganisationNumber, organisation_number
from auth.people import Organisation, OrganisationKind, Permission, Staff
from auth.staff_csv import LARGEST, TEMPLATE
from auth.staff_draft import StaffDraft, check_staff
from auth.staff_import import Preview, StaffImport

Answer = TypeVar("Answer")
OpenDirectory = Callable[[], AbstractAsyncContextManager[Directory]]
"""Opens database and log for one command. The command line's context object."""

LONGEST = 200
LONGEST_PHONE = 40


def _text(context: click.Context, parameter: click.Parameter, value: str) -> str:  # noqa: ARG001
    value = value.strip()
    if not 1 <= len(value) <= LONGEST or not value.isprintable():
        raise click.BadParameter(f"1 to {LONGEST} printable characters")
    return value


def _phone(context: click.Context, parameter: click.Parameter, value: str) -> str:
    value = _text(context, parameter, value)
    if len(value) > LONGEST_PHONE:
        raise click.BadParameter(f"at most {LONGEST_PHONE} characters")
    return value


def _number(context: click.Context, parameter: click.Parameter, value: str | None) -> str | None:  # noqa: ARG001
    try:
        return organisation_number(value) if value is not None else None
    except InvalidOrganisationNumber as invalid:
        raise click.BadParameter(str(invalid)) from None


def _identifier(context: click.Context, parameter: click.Parameter, value: str) -> str:  # noqa: ARG001
    if re.fullmatch(r"[a-z0-9][a-z0-9-]{0,39}", value, re.ASCII) is None:
        raise click.BadParameter("lower case letters a-z, digits and hyphens, at most 40")
    return value


_of = click.option("--organisation", "organisation_id", required=True, callback=_identifier, help="Its id.")


def operator() -> str:
    """Who runs the command, as the machine knows them."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return "unknown"


@click.group()
def organisation() -> None:
    """Regions and municipalities."""


@organisation.command("add")
@click.option("--id", "organisation_id", required=True, callback=_identifier, help="For example nordvik.")
@click.option("--name", required=True, callback=_text, help="Written name, for example Nordviks kommun.")
@click.option("--kind", required=True, type=click.Choice(get_args(OrganisationKind)))
@click.option("--phone", required=True, callback=_phone, help="What a lost visitor is told to call.")
@click.option("--number", callback=_number, help="Organisation number, for example 212000-9911.")
@click.pass_context
def add_organisation(
    context: click.Context, organisation_id: str, name: str, *, kind: OrganisationKind, phone: str, number: str | None
) -> None:
    """Add a region or municipality."""
    made = Organisation(organisation_id, name, kind, phone, number)
    _run(context, lambda directory, who: directory.add_organisation(who, made))
    click.echo(f"Added {name}.")


@organisation.command("list")
@click.pass_context
def list_organisations(context: click.Context) -> None:
    """Id, kind, organisation number and name of each."""
    for one in _run(context, lambda directory, who: directory.organisations(who)):
        click.echo(f"{one.id}\t{one.kind}\t{one.number or '-'}\t{one.name}")


@click.group()
def unit() -> None:
    """Units of an organisation."""


@unit.command("add")
@_of
@click.option("--name", required=True, callback=_text)
@click.pass_context
def add_unit(context: click.Context, organisation_id: str, name: str) -> None:
    """Add a unit."""
    _run(context, lambda directory, who: directory.add_unit(who, organisation_id, name))
    click.echo(f"Added {name}.")


@unit.command("list")
@_of
@click.pass_context
def list_units(context: click.Context, organisation_id: str) -> None:
    """The units of an organisation."""
    for one in _run(context, lambda directory, who: directory.units(who, organisation_id)):
        click.echo(one.name)


@click.group()
def staff() -> None:
    """People who work with the meetings."""


@staff.command("add")
@_of
@click.option("--title", required=True, callback=_text, help="Role in words, for example Distriktssköterska.")
@click.option("--unit", required=True, callback=_text)
@click.option("--given-name", prompt=True, callback=_text)
@click.option("--surname", prompt=True, callback=_text)
@click.option("--hsa-id", default="", help="With one, the identity number may be left empty.")
@click.option("--valid-to", default="", help="Last day, for example 2027-06-30.")
@click.option(
    "--permission",
    "permissions",
    multiple=True,
    type=click.Choice([permission.value for permission in Permission]),
    help="May be given many times.",
)
@click.pass_context
def add_staff(context: click.Context, /, organisation_id: str, **values: Any) -> None:
    """Add a commission. The identity number is asked for, not shown, and may come from standard input."""
    number = click.prompt("Identity number (12 digits)", default="", hide_input=True, show_default=False).strip()

    async def add(directory: Directory, who: Administrator) -> None:
        new = check_staff(StaffDraft(**values, identity_number=number), datetime.now(UTC))
        await directory.add_staff(who, organisation_id, new)

    _run(context, add)
    click.echo(f"Added {values['title']} at {values['unit']}.")


@staff.command("list")
@_of
@click.option("--ended", is_flag=True, help="Also commissions that are over.")
@click.pass_context
def list_staff(context: click.Context, organisation_id: str, *, ended: bool) -> None:
    """Id, name, title, unit, permissions and last moment of each commission."""
    for one in _run(context, lambda directory, who: directory.staff_in(who, organisation_id, ended=ended)):
        click.echo("\t".join((one.id, one.person.name, *_described(one))))


@staff.command("end")
@_of
@click.option("--id", "staff_id", required=True, help="As `staff list` shows it.")
@click.pass_context
def end_staff(context: click.Context, organisation_id: str, staff_id: str) -> None:
    """End a commission now; whoever is logged in with it is logged out."""
    _run(context, lambda directory, who: directory.end_staff(who, organisation_id, staff_id))
    click.echo("Ended.")


@staff.command("import")
@_of
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
@click.argument("file", type=click.File("rb"))
@click.pass_context
def import_staff(context: click.Context, organisation_id: str, file: BinaryIO, *, dry_run: bool) -> None:
    """Add and change commissions from a CSV file, or from standard input where FILE is -. All of it or nothing."""
    content = file.read(LARGEST + 1)

    async def read(directory: Directory, who: Administrator) -> Preview:
        importing = StaffImport(directory, lambda: datetime.now(UTC))
        take = importing.preview if dry_run else importing.store
        return await take(who, organisation_id, content)

    preview = _run(context, read)
    for bad in preview.bad:
        place = f"row {bad.row}" if bad.row else "the file"
        click.echo(f"{place}{', ' + bad.column if bad.column else ''}: {bad.english}", err=True)
    if preview.bad:
        raise click.ClickException("nothing was imported")
    done = "would be " if dry_run else ""
    click.echo(
        f"{len(preview.added)} {done}added, {len(preview.changed)} {done}changed, {preview.unchanged} as before."
    )


@staff.command("template")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
def template(file: Path) -> None:
    """Write an empty CSV file with the headings that `staff import` reads."""
    file.write_text(TEMPLATE, encoding="utf-8", newline="")


def _described(one: Staff) -> tuple[str, ...]:
    until = one.valid_to.isoformat() if one.valid_to else "-"
    return one.title, one.unit, ",".join(sorted(one.permissions)) or "-", until


def _run(context: click.Context, work: Callable[[Directory, Administrator], Awaitable[Answer]]) -> Answer:
    opener: Any = context.obj
    if opener is None:
        raise click.UsageError("this command is part of hemmaplan")

    async def run() -> Answer:
        async with opener() as directory:
            return await work(directory, Administrator.command_line(operator()))

    try:
        return asyncio.run(run())
    except InvalidFields as invalid:
        wrong = "; ".join(f"{fault['field']}: {fault['message']}" for fault in invalid.fields("en"))
        raise click.ClickException(wrong) from None
    except Refusal as refusal:
        raise click.ClickException(refusal.english) from None
    except AuditUnavailable:
        raise click.ClickException("the log cannot be written, so nothing was changed") from None

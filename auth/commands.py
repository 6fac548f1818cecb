"""``hemmaplan staff add`` and ``hemmaplan organisation add``.

The identity number is asked for (or read from standard input), never given as an argument: arguments are seen in the
shell's history and in the list of processes.
"""

import asyncio
import getpass
import re
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from typing import Any, get_args

import click

from audit.log import AuditUnavailable
from auth.directory import Directory, DirectoryError, NewStaff
from auth.identity_number import IdentityNumber, InvalidIdentityNumber
from auth.people import Organisation, OrganisationKind, Permission

OpenDirectory = Callable[[str], AbstractAsyncContextManager[Directory]]
"""Opens database and log for one command; the argument is who runs it. The command line's context object."""

LONGEST = 200


def _text(context: click.Context, parameter: click.Parameter, value: str) -> str:  # noqa: ARG001
    value = value.strip()
    if not 1 <= len(value) <= LONGEST or not value.isprintable():
        raise click.BadParameter(f"1 to {LONGEST} printable characters")
    return value


def _identifier(context: click.Context, parameter: click.Parameter, value: str) -> str:  # noqa: ARG001
    if re.fullmatch(r"[a-z0-9][a-z0-9-]{0,39}", value, re.ASCII) is None:
        raise click.BadParameter("lower case letters a-z, digits and hyphens, at most 40")
    return value


def _opener(context: click.Context) -> OpenDirectory:
    opener: Any = context.obj
    if opener is None:
        raise click.UsageError("this command is part of hemmaplan")
    return opener  # type: ignore[no-any-return]  # click's context object has no type


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
@click.option("--phone", required=True, callback=_text, help="What a lost visitor is told to call.")
@click.pass_context
def add_organisation(
    context: click.Context, organisation_id: str, name: str, kind: OrganisationKind, phone: str
) -> None:
    """Add a region or municipality."""

    async def run() -> None:
        async with _opener(context)(operator()) as directory:
            await directory.add_organisation(Organisation(organisation_id, name, kind, phone[:40]))

    _run(run)
    click.echo(f"Added {name}.")


@click.group()
def staff() -> None:
    """People who work with the meetings."""


@staff.command("add")
@click.option("--organisation", "organisation_id", required=True, callback=_identifier, help="Its id.")
@click.option("--title", required=True, callback=_text, help="Role in words, for example Distriktssköterska.")
@click.option("--unit", required=True, callback=_text)
@click.option("--given-name", prompt=True, callback=_text)
@click.option("--surname", prompt=True, callback=_text)
@click.option(
    "--permission",
    "permissions",
    multiple=True,
    type=click.Choice([permission.value for permission in Permission]),
    help="May be given many times.",
)
@click.pass_context
def add_staff(
    context: click.Context,
    *,
    organisation_id: str,
    title: str,
    unit: str,
    given_name: str,
    surname: str,
    permissions: tuple[str, ...],
) -> None:
    """Add a post. The identity number is asked for, not shown, and may come from standard input."""
    try:
        number = IdentityNumber.parse(click.prompt("Identity number (12 digits)", hide_input=True).strip())
    except InvalidIdentityNumber as invalid:
        raise click.ClickException(str(invalid)) from None
    new = NewStaff(
        number,
        given_name,
        surname,
        organisation_id,
        title,
        unit,
        frozenset(Permission(permission) for permission in permissions),
    )

    async def run() -> None:
        async with _opener(context)(operator()) as directory:
            await directory.add_staff(new)

    _run(run)
    click.echo(f"Added {title} at {unit}.")


def _run(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    try:
        asyncio.run(work())
    except DirectoryError as error:
        raise click.ClickException(str(error)) from None
    except AuditUnavailable:
        raise click.ClickException("the log cannot be written, so nothing was added") from None

"""``hemmaplan meeting``: ``create`` plans a meeting from a JSON file and prints the personal links; ``erase`` takes the
personal data of old ones away.

The file has the body of ``POST /api/v1/meetings``. It holds identity numbers, so it is read from a file or standard
input and never from arguments, which are seen in the shell's history and in the list of processes.
"""

import asyncio
import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Any, TextIO

import click

from audit.events import Actor
from audit.log import AuditUnavailable, Log
from auth.commands import operator
from auth.fields import InvalidFields
from auth.people import Permission, Staff
from auth.store import People
from auth.vault import Vault
from rooms.bodies import MeetingBody, shaped
from rooms.desk import Desk
from rooms.drafts import MeetingDraft
from rooms.invitations import Invitations, Link
from rooms.no_media import NoMedia
from rooms.planning import Planning
from rooms.retention import LEAST, Retention
from rooms.retention_store import RetentionRows
from rooms.room_names import RoomNames
from rooms.store import Store

LONGEST_FILE = 64 * 1024


class Planner:
    """Plans from outside the server. Pages that are open hear of it when they next ask."""

    def __init__(
        self,
        store: Store,
        retention: RetentionRows,
        *,
        audit: Log,
        people: People,
        vault: Vault,
        origin: str,
        clock: Callable[[], datetime],
    ) -> None:
        self.retention = Retention(store, retention, audit, clock)
        desk = Desk(store, audit, NoMedia(), _tell_nobody, clock, room_names=RoomNames(origin))
        self._people = people
        self._planning = Planning(desk, Invitations(desk, people, vault, origin=origin), people, vault)

    async def create(self, organisation: str, host: str, draft: MeetingDraft) -> tuple[str, tuple[Link, ...]]:
        """The new meeting's id and its links. Raises UnknownPost, InvalidFields, AuditUnavailable."""
        posts = await self._people.staff_in(organisation)
        post = next((item for item in posts if item.id == host and item.may(Permission.HOST)), None)
        if post is None:
            raise UnknownPost
        planned = await self._planning.plan_for(post, draft, _by_command(post))
        return planned.gathering.meeting.id, planned.links


class UnknownPost(Exception):
    """For the operator: no such post in that organisation, or it may not lead meetings."""


OpenPlanner = Callable[[], AbstractAsyncContextManager[Planner]]
"""Opens database and log for one command. The command line's context object."""


def _by_command(post: Staff) -> Actor:
    return Actor("", operator(), "Operator", post.organisation.name, "command line")


async def _tell_nobody(meeting: str, event: dict[str, Any]) -> None:  # noqa: ARG001
    return


@click.group()
def meeting() -> None:
    """SIP meetings."""


@meeting.command()
@click.option(
    "--older-than",
    "days",
    required=True,
    type=click.IntRange(min=LEAST.days, max=36_500),
    help="Days since it was over, or was to be.",
)
@click.option("--yes", is_flag=True, help="Erase. Without it is only told what would be.")
@click.pass_context
def erase(context: click.Context, days: int, *, yes: bool) -> None:
    """Erase the personal data of old meetings (gallring), where their principals have decided so: names, numbers,
    telephones, purpose, place, links. The log keeps its own time. Nothing brings them back."""
    opener: OpenPlanner | None = context.obj
    if opener is None:
        raise click.UsageError("this command is part of hemmaplan")

    async def run() -> int:
        async with opener() as planner:
            age = timedelta(days=days)
            return await (planner.retention.erase(age, operator()) if yes else planner.retention.due(age))

    try:
        number = asyncio.run(run())
    except AuditUnavailable:
        raise click.ClickException("the log cannot be written, so nothing was erased") from None
    click.echo(f"{number} meetings erased." if yes else f"{number} meetings would be erased. Nothing was: add --yes.")


@meeting.command("create")
@click.option("--organisation", required=True, help="Id of the organisation that plans, for example nordvik.")
@click.option("--host", required=True, help="Id of the post that leads the meeting, for example nordvik-anna.")
@click.argument("file", type=click.File("r", encoding="utf-8"))
@click.pass_context
def create(context: click.Context, organisation: str, host: str, file: TextIO) -> None:
    """Plan the meeting written in FILE (JSON; - for standard input) and print the personal links, this once."""
    opener: OpenPlanner | None = context.obj
    if opener is None:
        raise click.UsageError("this command is part of hemmaplan")
    draft = _draft(file)

    async def run() -> tuple[str, tuple[Link, ...]]:
        async with opener() as planner:
            return await planner.create(organisation, host, draft)

    try:
        made, links = asyncio.run(run())
    except InvalidFields as invalid:
        raise click.ClickException(_faults(invalid)) from None
    except UnknownPost:
        raise click.ClickException("no such post in that organisation, or it may not lead meetings") from None
    except AuditUnavailable:
        raise click.ClickException("the log cannot be written, so nothing was planned") from None
    click.echo(f"Planned meeting {made}.")
    for link in links:
        click.echo(f"{link.name}: {link.url}")


def _draft(file: TextIO) -> MeetingDraft:
    text = file.read(LONGEST_FILE + 1)
    try:
        content = json.loads(text) if len(text) <= LONGEST_FILE else None
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise click.ClickException(f"the file is not a JSON object of at most {LONGEST_FILE} characters")
    try:
        draft = shaped(MeetingBody, content).draft()
    except InvalidFields as invalid:
        raise click.ClickException(_faults(invalid)) from None
    if draft.start_now:
        raise click.ClickException("start_now: a meeting is started by the one who leads it")
    return draft


def _faults(invalid: InvalidFields) -> str:
    return "\n".join(f"{item['field']}: {item['message']}" for item in invalid.fields("en"))

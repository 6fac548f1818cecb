"""The rows of meetings whose time is over: what is taken away of them, and what stays until the log's time is over too.

What stays says that somebody, by an opaque id, was invited for an organisation: an auditor of that organisation may
review its people's log for as long as there is one (`rooms.policy.takes_part`). Every other column is emptied, so that
one added later is emptied too unless it is written here.
"""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from auth.store.tables import PEOPLE
from db.locks import Locks
from db.schema import metadata
from rooms.meeting import MeetingStatus
from rooms.store import invitations, meetings, participants

KEPT = {
    meetings: (
        "id",
        "room",
        "type",
        "status",
        "organisation",
        "organisation_name",
        "consent",
        "starts_at",
        "ends_at",
        "created_at",
        "started_at",
        "ended_at",
    ),
    invitations: (
        "id",
        "meeting",
        "kind",
        "organisation",
        "party",
        "authority",
        "representation",
        "person",
        "created_at",
        "expires_at",
        "revoked_at",
    ),
    participants: ("id", "meeting", "invitation", "person", "method", "status", "waiting_since", "seen_at"),
}
EMPTY: tuple[tuple[type[sa.types.TypeEngine[Any]], object], ...] = (
    (sa.Boolean, False),
    (sa.Integer, 0),
    (sa.JSON, []),
    (sa.LargeBinary, b""),
    (sa.String, ""),
)
"""What stands where a column may not be null."""
MOST_AT_ONCE = 500


class RetentionRows:
    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._locks = Locks(engine)

    def alone(self) -> AbstractAsyncContextManager[None]:
        """No other node erases meanwhile."""
        return self._locks.hold("retention")

    async def due(self, before: datetime) -> list[str]:
        """Meetings that were over before then, or never began, and still hold personal data; at most `MOST_AT_ONCE`."""
        query = sa.select(meetings.c.id).where(_over(before), meetings.c.erased_at.is_(None))
        async with self._engine.connect() as connection:
            return list(await connection.scalars(query.order_by(meetings.c.starts_at).limit(MOST_AT_ONCE)))

    async def count(self, before: datetime) -> int:
        query = sa.select(sa.func.count()).where(_over(before), meetings.c.erased_at.is_(None))
        async with self._engine.connect() as connection:
            return int((await connection.execute(query)).scalar_one())

    async def empty(self, meeting: str, before: datetime, now: datetime) -> bool:
        """Take away what is personal in one meeting; False where it is no longer due."""
        async with self._engine.begin() as connection:
            still = sa.and_(meetings.c.id == meeting, _over(before), meetings.c.erased_at.is_(None))
            emptied = {**_emptied(meetings), "erased_at": now}
            if (await connection.execute(sa.update(meetings).where(still).values(emptied))).rowcount == 0:
                return False
            for table in (invitations, participants):
                await connection.execute(sa.update(table).where(table.c.meeting == meeting).values(**_emptied(table)))
            await _delete(connection, [meeting], [one for one in _of_a_meeting() if one not in KEPT])
            return True

    async def forget_people(self) -> int:
        """Those who were in nothing but emptied meetings, hold no commission and are not logged in; how many."""
        elsewhere = [
            sa.select(column).where(column.is_not(None))
            for table in metadata.sorted_tables
            for column in table.columns
            if any(key.column is PEOPLE.c.id for key in column.foreign_keys)
        ]
        for table in (invitations, participants):
            living = sa.select(table.c.person).join(meetings, meetings.c.id == table.c.meeting)
            elsewhere.append(living.where(meetings.c.erased_at.is_(None), table.c.person.is_not(None)))
        been = sa.select(invitations.c.person).join(meetings, meetings.c.id == invitations.c.meeting)
        gone = sa.delete(PEOPLE).where(
            PEOPLE.c.id.in_(been.where(meetings.c.erased_at.is_not(None), invitations.c.person.is_not(None))),
            *(PEOPLE.c.id.not_in(query) for query in elsewhere),
        )
        async with self._engine.begin() as connection:
            return (await connection.execute(gone)).rowcount

    async def remove(self, before: datetime) -> int:
        """Take away what is left of emptied meetings that were over before then; how many."""
        query = sa.select(meetings.c.id).where(_over(before), meetings.c.erased_at.is_not(None))
        async with self._engine.begin() as connection:
            ids = list(await connection.scalars(query.limit(MOST_AT_ONCE)))
            await _delete(connection, ids, _of_a_meeting())
            await connection.execute(sa.delete(meetings).where(meetings.c.id.in_(ids)))
        return len(ids)


def _over(before: datetime) -> sa.ColumnElement[bool]:
    ended = sa.func.coalesce(meetings.c.ended_at, meetings.c.ends_at)
    return sa.and_(meetings.c.status != MeetingStatus.OPEN.value, ended < before)


def _emptied(table: sa.Table) -> dict[str, object]:
    return {
        column.name: None if column.nullable else next(empty for kind, empty in EMPTY if isinstance(column.type, kind))
        for column in table.columns
        if column.name not in KEPT[table]
    }


def _of_a_meeting() -> list[sa.Table]:
    """Every table with rows of one meeting, those that point at others first."""
    return [
        table
        for table in reversed(metadata.sorted_tables)
        if any(key.column is meetings.c.id for key in table.foreign_keys)
    ]


async def _delete(connection: AsyncConnection, ids: Sequence[str], tables: Sequence[sa.Table]) -> None:
    for table in tables:
        await connection.execute(sa.delete(table).where(table.c.meeting.in_(ids)))

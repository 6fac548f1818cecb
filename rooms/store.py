"""The rows of meetings, invitations, participants and attendance."""

from collections.abc import Iterable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from auth.store.tables import PEOPLE
from db.locks import Locks
from db.schema import UtcDateTime, metadata
from rooms.assurance_store import AssuranceRows
from rooms.consent_store import ConsentRows
from rooms.meeting import (
    Attendance,
    Authority,
    Consent,
    Gathering,
    HomePerson,
    Invitation,
    Kind,
    Meeting,
    MeetingStatus,
    Participant,
    ParticipantStatus,
    Party,
    Patient,
    Representation,
)

meetings = sa.Table(
    "meetings",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("room", sa.String(40), nullable=False, unique=True),
    sa.Column("type", sa.String(40), nullable=False),
    sa.Column("status", sa.String(20), nullable=False, index=True),
    sa.Column("organisation", sa.String(40), nullable=False),
    sa.Column("organisation_name", sa.String(200), nullable=False),
    sa.Column("phone", sa.String(40), nullable=False),
    sa.Column("given_name", sa.String(100), nullable=False),
    sa.Column("surname", sa.String(100), nullable=False),
    sa.Column("number_hash", sa.String(200), nullable=False, index=True),
    sa.Column("number_sealed", sa.LargeBinary, nullable=False),
    sa.Column("place", sa.String(200), nullable=False),
    sa.Column("purpose", sa.Text, nullable=False),
    sa.Column("consent", sa.String(20), nullable=False),
    sa.Column("starts_at", UtcDateTime, nullable=False, index=True),
    sa.Column("ends_at", UtcDateTime, nullable=False),
    sa.Column("planned_by", sa.String(40), nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("started_at", UtcDateTime),
    sa.Column("ended_at", UtcDateTime),
    sa.Column("host_away_since", UtcDateTime),
    sa.Column("empty_since", UtcDateTime),
    sa.Column("lobby_announced", sa.Boolean, nullable=False),
    sa.Column("home_people", sa.JSON, nullable=False),
    sa.Column("sole_guardian", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("erased_at", UtcDateTime),
)

invitations = sa.Table(
    "invitations",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("meeting", sa.String(40), sa.ForeignKey("meetings.id"), nullable=False, index=True),
    sa.Column("kind", sa.String(20), nullable=False),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("role", sa.String(100), nullable=False),
    sa.Column("organisation", sa.String(200), nullable=False),
    sa.Column("party", sa.String(20), nullable=False),
    sa.Column("relation", sa.String(100), nullable=False),
    sa.Column("authority", sa.String(20), nullable=False),
    sa.Column("created_at", UtcDateTime, nullable=False),
    sa.Column("expires_at", UtcDateTime, nullable=False),
    sa.Column("number_hash", sa.String(200), nullable=False, index=True),
    sa.Column("number_sealed", sa.LargeBinary, nullable=False),
    sa.Column("person", sa.String(40), index=True),
    sa.Column("token_hash", sa.String(64), unique=True),
    sa.Column("opened_at", UtcDateTime),
    sa.Column("revoked_at", UtcDateTime),
    sa.Column("phone_sealed", sa.LargeBinary),
    sa.Column("sms_reason", sa.String(200), nullable=False, server_default=""),
    sa.Column("representation", sa.String(20), nullable=False, server_default="none"),
)

participants = sa.Table(
    "participants",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("meeting", sa.String(40), sa.ForeignKey("meetings.id"), nullable=False),
    sa.Column("invitation", sa.String(40), sa.ForeignKey("invitations.id"), nullable=False),
    sa.Column("person", sa.String(40), nullable=False),
    sa.Column("name", sa.String(200), nullable=False),
    sa.Column("given_name", sa.String(100), nullable=False),
    sa.Column("method", sa.String(20), nullable=False),
    sa.Column("status", sa.String(20), nullable=False, index=True),
    sa.Column("session", sa.String(100), nullable=False),
    sa.Column("waiting_since", UtcDateTime, nullable=False),
    sa.Column("seen_at", UtcDateTime, nullable=False),
    sa.Column("identity", sa.String(40), unique=True),
    sa.Column("admitted_at", UtcDateTime),
    sa.Column("ready", sa.Boolean, nullable=False),
    sa.Column("not_yet", sa.Boolean, nullable=False),
    sa.Column("home", sa.Boolean, nullable=False),
    sa.Column("may_return", sa.Boolean, nullable=False),
    sa.Column("recognised_at", UtcDateTime),
    sa.Column("key", sa.String(100)),
    sa.Column("allowed_by", sa.String(200)),
    sa.Column("vouching", sa.Text),
    sa.Column("level", sa.Integer, nullable=False, server_default="0"),
    sa.UniqueConstraint("meeting", "person"),
)

attendance = sa.Table(
    "attendance",
    metadata,
    sa.Column("id", sa.String(40), primary_key=True),
    sa.Column("meeting", sa.String(40), sa.ForeignKey("meetings.id"), nullable=False, index=True),
    sa.Column("participant", sa.String(40), sa.ForeignKey("participants.id"), nullable=False),
    sa.Column("identity", sa.String(40), nullable=False),
    sa.Column("joined_at", UtcDateTime, nullable=False),
    sa.Column("left_at", UtcDateTime),
    sa.Column("reason", sa.String(60)),
)

NUMBERED = (meetings, invitations)
"""Tables with an identity number, by its keyed hash and sealed."""

Change = Meeting | Invitation | Participant | Attendance

_TABLES: dict[type[Change], sa.Table] = {
    Meeting: meetings,
    Invitation: invitations,
    Participant: participants,
    Attendance: attendance,
}


class Store:
    """Reads give frozen values; `save` writes any number of them in one transaction."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._locks = Locks(engine)
        self.assurance = AssuranceRows(engine)
        self.consents = ConsentRows(engine)

    def exclusive(self, meeting: str) -> AbstractAsyncContextManager[None]:
        """No other node acts on this meeting meanwhile (`db.locks`)."""
        return self._locks.hold(f"meeting {meeting}")

    async def save(self, *changes: Change) -> None:
        """Insert or update each by its id, in the order given: all of them or none."""
        async with self._engine.begin() as connection:
            for change in changes:
                await _put(connection, change)

    async def gathering(self, meeting: str, *, erased: bool = False) -> Gathering | None:
        """erased: also one whose personal data is gone, for the log's sake."""
        found = await self._gatherings(meetings.c.id == meeting, erased=erased)
        return found[0] if found else None

    async def gathering_of_room(self, room: str) -> Gathering | None:
        found = await self._gatherings(meetings.c.room == room)
        return found[0] if found else None

    async def gatherings_with(self, status: MeetingStatus) -> list[Gathering]:
        return await self._gatherings(meetings.c.status == status.value)

    async def gatherings_with_waiting(self) -> list[Gathering]:
        waiting = sa.select(participants.c.meeting).where(participants.c.status == ParticipantStatus.WAITING.value)
        return await self._gatherings(meetings.c.id.in_(waiting))

    async def gatherings_of_session(self, session: str) -> list[Gathering]:
        """Meetings in which this login is waiting or let in."""
        here = (ParticipantStatus.WAITING, ParticipantStatus.ADMITTED, ParticipantStatus.IN_ROOM)
        chosen = sa.select(participants.c.meeting).where(
            participants.c.session == session, participants.c.status.in_([status.value for status in here])
        )
        return await self._gatherings(meetings.c.id.in_(chosen))

    async def sessions_with_a_place(self) -> dict[str, bool]:
        """The logins that wait, may come in or sit in an open meeting, and whether their media is in the room."""
        here = (ParticipantStatus.WAITING, ParticipantStatus.ADMITTED, ParticipantStatus.IN_ROOM)
        query = (
            sa.select(participants.c.session, participants.c.status)
            .join(meetings, meetings.c.id == participants.c.meeting)
            .where(
                participants.c.status.in_([status.value for status in here]),
                meetings.c.status.in_([MeetingStatus.OPEN.value, MeetingStatus.PLANNED.value]),
            )
        )
        found: dict[str, bool] = {}
        async with self._engine.connect() as connection:
            for row in await connection.execute(query):
                inside = row.status == ParticipantStatus.IN_ROOM.value
                found[row.session] = found.get(row.session, False) or inside
        return found

    async def gatherings_opening(self, until: datetime) -> list[Gathering]:
        """Planned meetings that start before `until` and whose waiting room has not been announced."""
        return await self._gatherings(
            meetings.c.status == MeetingStatus.PLANNED.value,
            meetings.c.starts_at <= until,
            meetings.c.lobby_announced.is_(False),
        )

    async def gatherings_for(
        self, *, person: str, organisation: str | None, since: datetime, until: datetime
    ) -> list[Gathering]:
        """Meetings that overlap [since, until) to which the person is invited, or that the organisation planned."""
        invited = sa.select(invitations.c.meeting).where(
            invitations.c.person == person, invitations.c.revoked_at.is_(None)
        )
        concerned: sa.ColumnElement[bool] = meetings.c.id.in_(invited)
        if organisation is not None:
            concerned = concerned | (meetings.c.organisation == organisation)
        return await self._gatherings(concerned, meetings.c.ends_at > since, meetings.c.starts_at < until)

    async def invitation_by_token(self, token_hash: str) -> Invitation | None:
        async with self._engine.connect() as connection:
            row = (await connection.execute(invitations.select().where(invitations.c.token_hash == token_hash))).first()
        return None if row is None else _invitation(row)

    async def bind_person(self, number_hash: str, person: str) -> None:
        """Whoever carries this number is this person, in every meeting they are invited to."""
        # One who was forgotten (`rooms.retention_store`) at the moment they were invited again comes under a new id.
        unknown = invitations.c.person.is_(None) | invitations.c.person.not_in(sa.select(PEOPLE.c.id))
        async with self._engine.begin() as connection:
            await connection.execute(
                invitations.update().where(invitations.c.number_hash == number_hash, unknown).values(person=person)
            )

    async def has_unbound(self, number_hashes: Sequence[str]) -> bool:
        """Whether somebody with this number (its hashes under every key) is invited without our having seen it."""
        query = sa.select(invitations.c.id).where(
            invitations.c.number_hash.in_(number_hashes), invitations.c.person.is_(None)
        )
        async with self._engine.connect() as connection:
            return (await connection.execute(query.limit(1))).first() is not None

    async def seen(self, participant: str, now: datetime) -> None:
        """A sign of life from a waiting person's page."""
        async with self._engine.begin() as connection:
            await connection.execute(participants.update().where(participants.c.id == participant).values(seen_at=now))

    async def attendance(self, meeting: str) -> list[Attendance]:
        """Every stay in the room, in the order they began."""
        query = attendance.select().where(attendance.c.meeting == meeting).order_by(attendance.c.joined_at)
        async with self._engine.connect() as connection:
            rows = (await connection.execute(query)).all()
        return [Attendance(**row._mapping) for row in rows]

    async def open_stays(self, meeting: str, identity: str | None = None) -> list[Attendance]:
        return [
            stay
            for stay in await self.attendance(meeting)
            if stay.left_at is None and identity in (None, stay.identity)
        ]

    async def _gatherings(self, *conditions: sa.ColumnElement[bool], erased: bool = False) -> list[Gathering]:
        query = meetings.select().where(*conditions).order_by(meetings.c.starts_at, meetings.c.id)
        if not erased:
            query = query.where(meetings.c.erased_at.is_(None))
        # One transaction, so that the three reads show the same moment.
        async with self._engine.begin() as connection:
            found = (await connection.execute(query)).all()
            ids = [row.id for row in found]
            invited = await _grouped(connection, invitations, ids, invitations.c.created_at)
            came = await _grouped(connection, participants, ids, participants.c.waiting_since)
        return [
            Gathering(
                _meeting(row),
                tuple(_invitation(item) for item in invited.get(row.id, ())),
                tuple(_participant(item) for item in came.get(row.id, ())),
            )
            for row in found
        ]


async def _grouped(
    connection: AsyncConnection, table: sa.Table, ids: Sequence[str], order: sa.Column[Any]
) -> dict[str, list[sa.Row[Any]]]:
    grouped: dict[str, list[sa.Row[Any]]] = {}
    if ids:
        query = table.select().where(table.c.meeting.in_(ids)).order_by(order, table.c.id)
        for row in await connection.execute(query):
            grouped.setdefault(row.meeting, []).append(row)
    return grouped


async def _put(connection: AsyncConnection, change: Change) -> None:
    table = _TABLES[type(change)]
    values = _values(change)
    updated = await connection.execute(table.update().where(table.c.id == change.id).values(**values))
    if updated.rowcount == 0:
        await connection.execute(table.insert().values(**values))


def _values(change: Change) -> dict[str, Any]:
    if not isinstance(change, Meeting):
        return {item.name: getattr(change, item.name) for item in fields(change)}
    values = {item.name: getattr(change, item.name) for item in fields(change) if item.name != "patient"}
    return {
        **values,
        **{item.name: getattr(change.patient, item.name) for item in fields(change.patient)},
        "home_people": [asdict(person) for person in change.home_people],
    }


def _meeting(row: sa.Row[Any]) -> Meeting:
    values = dict(row._mapping)
    patient = Patient(**{item.name: values.pop(item.name) for item in fields(Patient)})
    people: Iterable[dict[str, str]] = values.pop("home_people")
    return Meeting(
        **{**values, "status": MeetingStatus(values["status"]), "consent": Consent(values["consent"])},
        patient=patient,
        home_people=tuple(HomePerson(**person) for person in people),
    )


def _invitation(row: sa.Row[Any]) -> Invitation:
    values = dict(row._mapping)
    values |= {
        "kind": Kind(values["kind"]),
        "party": Party(values["party"]),
        "authority": Authority(values["authority"]),
        "representation": Representation(values["representation"]),
    }
    return Invitation(**values)


def _participant(row: sa.Row[Any]) -> Participant:
    values = dict(row._mapping)
    return Participant(**{**values, "status": ParticipantStatus(values["status"])})

"""The log's tables. Entries, tree nodes, the head and its checkpoint are written in one transaction or not at all."""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from audit.entries import BadEntry, Entry, read_record
from audit.events import EventType, written_time
from audit.rows import (
    READINGS,
    REFUSALS,
    MeetingFound,
    Row,
    Search,
    SearchKeys,
    StoredCheckpoint,
    answered_not_yet,
    moment,
)
from audit.tree import Coordinates, Node
from db.engine import BUSY_TIMEOUT_MS
from db.schema import metadata
from db.sqlite import wait_at_most

Engine = AsyncEngine
"""The database's engine, by a name the rest of the folder may use without knowing SQLAlchemy."""
PAGE = 500
MOST_ERASED = 2_000
"""In one transaction."""


class Bytes(sa.LargeBinary):
    """Bytes, also where somebody has put text into a SQLite column: a spoilt row must be told, not stop the reading."""

    def result_processor(self, dialect: sa.Dialect, coltype: object) -> Callable[[Any], Any] | None:
        process = super().result_processor(dialect, coltype)  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it untyped

        def read(value: Any) -> Any:
            if isinstance(value, str | int | float):
                return str(value).encode("utf-8", "surrogateescape")
            return process(value) if process else value

        return read


# Times are RFC 3339 text of fixed length (`audit.events.written_time`): the same to the byte in database, envelope
# and export.
entries = sa.Table(
    "audit_entries",
    metadata,
    sa.Column("seq", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("at", sa.String(27), nullable=False),
    sa.Column("type", sa.String(64), nullable=False),
    sa.Column("envelope", Bytes, nullable=False),
    sa.Column("salt", Bytes),
    sa.Column("payload", Bytes),
    # Copies out of the payload to search by; `audit.verify` compares them with it, erasing clears them.
    sa.Column("organisation", sa.String(64)),
    sa.Column("meeting", sa.String(64)),
    sa.Column("actor", sa.String(64)),
    sa.Column("subject", sa.String(64)),
    sa.Column("names", sa.Text),
    sa.Index("ix_audit_entries_meeting", "meeting", "seq"),
    sa.Index("ix_audit_entries_organisation", "organisation", "at"),
    sa.Index("ix_audit_entries_actor", "actor", "seq"),
    sa.Index("ix_audit_entries_subject", "subject", "seq"),
    sa.Index("ix_audit_entries_at", "at"),
)
nodes = sa.Table(
    "audit_nodes",
    metadata,
    sa.Column("level", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("position", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("hash", Bytes, nullable=False),
)
checkpoints = sa.Table(
    "audit_checkpoints",
    metadata,
    sa.Column("size", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("at", sa.String(27), nullable=False),
    sa.Column("note", sa.Text, nullable=False),
)
head = sa.Table(
    "audit_head",
    metadata,
    sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("note", sa.Text, nullable=False),
)


class HeadMoved(Exception):
    """Another node wrote a checkpoint in between: nothing of this write is stored."""


class Writing:
    """One transaction that holds the head: no other node can write until it ends."""

    def __init__(self, connection: AsyncConnection, note: str) -> None:
        self._connection = connection
        self.note = note

    async def hashes(self, wanted: Sequence[Coordinates]) -> dict[Coordinates, bytes]:
        return await _hashes(self._connection, wanted)

    async def add(self, rows: Sequence[Row], added: Sequence[Node], checkpoint: StoredCheckpoint) -> None:
        """Stage the rows and nodes, then swap the head. Raises HeadMoved if the head is not the one this began with."""
        if rows:
            await self._connection.execute(sa.insert(entries), [_columns(row) for row in rows])
            await self._connection.execute(
                sa.insert(nodes),
                [{"level": level, "position": position, "hash": digest} for level, position, digest in added],
            )
        await self._connection.execute(
            sa.insert(checkpoints),
            {"size": checkpoint.size, "at": written_time(checkpoint.at), "note": checkpoint.note},
        )
        swap = sa.update(head).where(head.c.id == 1, head.c.note == self.note).values(note=checkpoint.note)
        if (await self._connection.execute(swap)).rowcount != 1:
            raise HeadMoved


class Store:
    """Reads and writes the log's tables; knows nothing of trees or signatures."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    @asynccontextmanager
    async def writing(self, wait: float) -> AsyncIterator[Writing]:
        """A transaction holding the head, committed at the end of the block. Waits at most `wait` seconds for
        another writer.

        Raises LookupError where the log was never begun or its head is gone.
        """
        milliseconds = max(1, int(wait * 1000))
        async with self._engine.connect() as connection:
            sqlite = connection.dialect.name == "sqlite"
            if sqlite:
                await wait_at_most(connection, wait)
            try:
                async with _transaction(connection):
                    if sqlite:
                        # It has no row locks: an update that changes nothing takes the one write lock.
                        held: sa.Executable = sa.update(head).values(id=head.c.id).returning(head.c.note)
                    else:
                        await connection.exec_driver_sql(f"SET LOCAL lock_timeout={milliseconds}")
                        await connection.exec_driver_sql(f"SET LOCAL statement_timeout={milliseconds}")
                        held = sa.select(head.c.note).with_for_update()
                    found = (await connection.execute(held)).scalar_one_or_none()
                    if found is None:
                        raise LookupError("the log has no head")
                    yield Writing(connection, found)
            finally:
                if sqlite:
                    await wait_at_most(connection, BUSY_TIMEOUT_MS / 1000)

    async def begin(self, checkpoint: StoredCheckpoint) -> None:
        """Write the first head. Only for a log that has nothing: the caller has looked with `is_new`; a second one
        fails."""
        async with self._engine.begin() as connection:
            await connection.execute(
                sa.insert(checkpoints),
                {"size": checkpoint.size, "at": written_time(checkpoint.at), "note": checkpoint.note},
            )
            await connection.execute(sa.insert(head), {"id": 1, "note": checkpoint.note})

    async def is_new(self) -> bool:
        """Whether there is neither entry, node, checkpoint nor head."""
        async with self._engine.connect() as connection:
            for table in (entries, nodes, checkpoints, head):
                if (await connection.execute(sa.select(sa.literal(1)).select_from(table).limit(1))).first():
                    return False
        return True

    async def head(self) -> StoredCheckpoint:
        """The last checkpoint. Raises LookupError where there is no head or the last checkpoint is not the head's."""
        query = sa.select(checkpoints).order_by(checkpoints.c.size.desc()).limit(1)
        async with self._engine.connect() as connection:
            note = (await connection.execute(sa.select(head.c.note))).scalar_one_or_none()
            row = (await connection.execute(query)).first()
        if row is None or row.note != note:
            raise LookupError("the log has no head that fits its checkpoints")
        return StoredCheckpoint(row.size, moment(row.at), row.note)

    async def head_note(self) -> str | None:
        async with self._engine.connect() as connection:
            note: str | None = (await connection.execute(sa.select(head.c.note))).scalar_one_or_none()
        return note

    async def count(self) -> tuple[int, int | None]:
        """How many entries there are, and the place of the last."""
        async with self._engine.connect() as connection:
            number, last = (await connection.execute(sa.select(sa.func.count(), sa.func.max(entries.c.seq)))).one()
        return number, last

    async def last_place(self) -> int | None:
        async with self._engine.connect() as connection:
            last: int | None = (await connection.execute(sa.select(sa.func.max(entries.c.seq)))).scalar_one()
        return last

    async def hashes(self, wanted: Sequence[Coordinates]) -> dict[Coordinates, bytes]:
        """The stored nodes among `wanted`."""
        async with self._engine.connect() as connection:
            return await _hashes(connection, wanted)

    async def search(self, wanted: Search) -> list[Row]:
        query = _narrowed(sa.select(entries), wanted)
        query = query.order_by(entries.c.seq.desc() if wanted.newest_first else entries.c.seq)
        if wanted.limit is not None:
            query = query.limit(wanted.limit)
        async with self._engine.connect() as connection:
            return [_row(found) for found in await connection.execute(query)]

    async def meetings(self, wanted: Search) -> list[MeetingFound]:
        """Meetings with an entry that is `wanted`, the latest first; counted over all their entries in that
        organisation."""
        named = _narrowed(sa.select(entries.c.meeting).distinct(), wanted).where(
            entries.c.meeting.is_not(None), entries.c.type.not_in(READINGS)
        )
        refused = sa.func.sum(sa.case((entries.c.type.in_(REFUSALS), 1), else_=0))
        first, last = sa.func.min(entries.c.at), sa.func.max(entries.c.at)
        query = (
            sa.select(
                entries.c.meeting,
                first.label("first"),
                last.label("last"),
                sa.func.count().label("number"),
                refused.label("refused"),
            )
            .where(entries.c.meeting.in_(named))
            .group_by(entries.c.meeting)
            .order_by(last.desc())
            .limit(wanted.limit)
        )
        if wanted.organisation is not None:
            query = query.where(entries.c.organisation == wanted.organisation)
        async with self._engine.connect() as connection:
            found = (await connection.execute(query)).all()
            waiting = await self._not_yet(connection, [row.meeting for row in found], wanted.organisation)
        return [
            MeetingFound(
                row.meeting, moment(row.first), moment(row.last), row.number, row.refused - waiting[row.meeting]
            )
            for row in found
        ]

    async def _not_yet(
        self, connection: AsyncConnection, meetings: list[str], organisation: str | None
    ) -> Counter[str]:
        """How often each meeting's waiting were told "Inte än": the same type of record as a refusal, and is none."""
        query = sa.select(entries).where(
            entries.c.type == EventType.PARTICIPANT_DENIED.value, entries.c.meeting.in_(meetings)
        )
        if organisation is not None:
            query = query.where(entries.c.organisation == organisation)
        told: Counter[str] = Counter()
        for row in await connection.execute(query):
            try:
                event = read_record(_row(row).entry).event
            except BadEntry:
                continue  # altered afterwards: the meeting's page says so
            if event is not None and event.meeting is not None and answered_not_yet(event):
                told[row.meeting] += 1
        return told

    async def all_rows(self) -> AsyncIterator[Row]:
        """Every entry in order of its place, a page at a time."""
        after = None
        while page := await self.search(Search(after=after, limit=PAGE)):
            for row in page:
                yield row
            after = page[-1].entry.seq

    async def all_checkpoints(self) -> AsyncIterator[StoredCheckpoint]:
        """Every checkpoint in order of its size, a page at a time."""
        after = -1
        while True:
            query = sa.select(checkpoints).where(checkpoints.c.size > after).order_by(checkpoints.c.size).limit(PAGE)
            async with self._engine.connect() as connection:
                page = [StoredCheckpoint(row.size, moment(row.at), row.note) for row in await connection.execute(query)]
            if not page:
                return
            for checkpoint in page:
                yield checkpoint
            after = page[-1].size

    async def erasable(self, before: datetime) -> tuple[int, int, int] | None:
        """How many entries made before then still have contents, and the first and last of their places; None if
        none.
        """
        query = sa.select(sa.func.count(), sa.func.min(entries.c.seq), sa.func.max(entries.c.seq))
        async with self._engine.connect() as connection:
            number, first, last = (await connection.execute(query.where(_with_contents(before)))).one()
        return (number, first, last) if number else None

    async def erase(self, before: datetime) -> int:
        """Take away salt, payload and search columns of entries made before then, of so many that writers need not
        wait long; how many, 0 when none is left. Envelopes and nodes stay.
        """
        cleared = dict.fromkeys(("salt", "payload", "organisation", "meeting", "actor", "subject", "names"))
        some = sa.select(entries.c.seq).where(_with_contents(before)).order_by(entries.c.seq).limit(MOST_ERASED)
        async with self._engine.begin() as connection:
            erased = await connection.execute(sa.update(entries).where(entries.c.seq.in_(some)).values(cleared))
        return erased.rowcount


@asynccontextmanager
async def _transaction(connection: AsyncConnection) -> AsyncIterator[None]:
    # The PRAGMA before has begun SQLAlchemy's own transaction; SQLite's begins with the first write.
    try:
        yield
        await connection.commit()
    except BaseException:
        await connection.rollback()
        raise


async def _hashes(connection: AsyncConnection, wanted: Sequence[Coordinates]) -> dict[Coordinates, bytes]:
    by_level: dict[int, list[int]] = {}
    for level, position in wanted:
        by_level.setdefault(level, []).append(position)
    found: dict[Coordinates, bytes] = {}
    for level, positions in by_level.items():
        for chunk in _chunks(positions):
            query = sa.select(nodes).where(nodes.c.level == level, nodes.c.position.in_(chunk))
            found.update({(row.level, row.position): row.hash for row in await connection.execute(query)})
    return found


def _chunks(positions: Sequence[int]) -> Iterable[Sequence[int]]:
    return (positions[start : start + PAGE] for start in range(0, len(positions), PAGE))


def _narrowed(query: sa.Select[Any], wanted: Search) -> sa.Select[Any]:
    columns = entries.c
    for column, value in ((columns.organisation, wanted.organisation), (columns.meeting, wanted.meeting)):
        if value is not None:
            query = query.where(column == value)
    if wanted.actor is not None:
        query = query.where(sa.or_(columns.actor == wanted.actor, columns.subject == wanted.actor))
    if wanted.among is not None:
        query = query.where(sa.or_(columns.actor.in_(wanted.among), columns.subject.in_(wanted.among)))
    if wanted.outside is not None:
        query = query.where(columns.organisation != wanted.outside)
    if wanted.who is not None:
        named = columns.names.contains(wanted.who.casefold(), autoescape=True)
        query = query.where(sa.or_(columns.actor == wanted.who, columns.subject == wanted.who, named))
    if wanted.since is not None:
        query = query.where(columns.at >= written_time(wanted.since))
    if wanted.until is not None:
        query = query.where(columns.at < written_time(wanted.until))
    if wanted.after is not None:
        query = query.where(columns.seq < wanted.after if wanted.newest_first else columns.seq > wanted.after)
    return query


def _with_contents(before: datetime) -> sa.ColumnElement[bool]:
    return sa.and_(entries.c.at < written_time(before), entries.c.payload.is_not(None))


def _columns(row: Row) -> dict[str, object]:
    return {
        "seq": row.entry.seq,
        "at": written_time(row.at),
        "type": row.type,
        "envelope": row.entry.envelope,
        "salt": row.entry.salt,
        "payload": row.entry.payload,
        "organisation": row.keys.organisation,
        "meeting": row.keys.meeting,
        "actor": row.keys.actor,
        "subject": row.keys.subject,
        "names": row.keys.names,
    }


def _row(found: sa.Row[Any]) -> Row:
    entry = Entry(found.seq, found.envelope, found.salt, found.payload)
    keys = SearchKeys(found.organisation, found.meeting, found.actor, found.subject, found.names)
    return Row(entry, moment(found.at), found.type, keys)

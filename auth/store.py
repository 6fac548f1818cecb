"""Organisations, people, staff, sessions, identifications under way and one-time values: the tables and their SQL."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from auth.identity import AssuranceLevel, Identity, Method
from auth.identity_number import IdentityNumber
from auth.people import Organisation, Permission, Person, Staff
from auth.randomness import new_id
from auth.sessions import Session
from auth.vault import Vault
from db.schema import UtcDateTime, metadata

ORGANISATIONS = sa.Table(
    "organisations",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("name", sa.String(200), nullable=False, unique=True),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("phone", sa.String(40), nullable=False),
)
PEOPLE = sa.Table(
    "people",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("given_name", sa.String(200), nullable=False),
    sa.Column("surname", sa.String(200), nullable=False),
    sa.Column("name", sa.String(400), nullable=False),
    sa.Column("number_lookup", sa.String(128), nullable=False, unique=True),
    sa.Column("number_sealed", sa.LargeBinary, nullable=False),
)
STAFF = sa.Table(
    "staff",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("person_id", sa.String(64), sa.ForeignKey("people.id"), nullable=False, index=True),
    sa.Column("organisation_id", sa.String(64), sa.ForeignKey("organisations.id"), nullable=False, index=True),
    sa.Column("title", sa.String(200), nullable=False),
    sa.Column("unit", sa.String(200), nullable=False),
    sa.Column("permissions", sa.JSON, nullable=False),
)
SESSIONS = sa.Table(
    "sessions",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("secret_hash", sa.String(64), nullable=False, unique=True),
    sa.Column("person_id", sa.String(64), sa.ForeignKey("people.id"), nullable=False, index=True),
    sa.Column("staff_id", sa.String(64), sa.ForeignKey("staff.id"), nullable=True),
    sa.Column("invitation", sa.String(64), nullable=True),
    sa.Column("method", sa.String(16), nullable=False),
    sa.Column("assurance_level", sa.Integer, nullable=False),
    sa.Column("authenticated_at", UtcDateTime, nullable=False),
    sa.Column("idle_until", UtcDateTime, nullable=False),
    sa.Column("language", sa.String(2), nullable=False),
)
IDENTIFICATIONS = sa.Table(
    "identifications",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("flow_hash", sa.String(64), nullable=False),
    sa.Column("started_at", UtcDateTime, nullable=False, index=True),
    sa.Column("status", sa.String(16), nullable=False),
    sa.Column("order_sealed", sa.LargeBinary, nullable=True),
    sa.Column("answer_sealed", sa.LargeBinary, nullable=True),
    sa.Column("hint", sa.String(64), nullable=False),
    sa.Column("problem", sa.String(64), nullable=True),
    sa.Column("person_id", sa.String(64), sa.ForeignKey("people.id"), nullable=True),
    sa.Column("staff_id", sa.String(64), sa.ForeignKey("staff.id"), nullable=True),
    sa.Column("invitation", sa.String(64), nullable=True),
    sa.Column("next", sa.String(200), nullable=True),
    sa.Column("finished_at", UtcDateTime, nullable=True),
    sa.Column("delivered_at", UtcDateTime, nullable=True),
)
ONE_TIME_VALUES = sa.Table(
    "one_time_values",
    metadata,
    sa.Column("value_hash", sa.String(64), primary_key=True),
    sa.Column("expires_at", UtcDateTime, nullable=False, index=True),
)


@dataclass(frozen=True, slots=True)
class Identification:
    """One transaction as stored. status: pending, complete or failed.

    order: what is needed to collect it, gone once it is complete; answer: the provider's final word, gone once it is
    finished. Both JSON.
    problem: code of the refusal that ended it (`auth.errors`). delivered_at: when the browser was given its session.
    """

    id: str
    flow_hash: str
    started_at: datetime
    status: str
    order: str | None
    answer: str | None
    hint: str
    problem: str | None = None
    person_id: str | None = None
    staff_id: str | None = None
    invitation: str | None = None
    next: str | None = None
    finished_at: datetime | None = None
    delivered_at: datetime | None = None


class People:
    """Organisations, people and staff. People are found by the keyed hash of their number."""

    def __init__(self, engine: AsyncEngine, vault: Vault) -> None:
        self._engine = engine
        self._vault = vault

    async def person_by_number(self, number: IdentityNumber) -> Person | None:
        query = sa.select(PEOPLE).where(PEOPLE.c.number_lookup.in_(self._vault.lookups(number)))
        async with self._engine.connect() as connection:
            row = (await connection.execute(query)).first()
        return _person(row._mapping) if row is not None else None

    async def person(self, person: str) -> Person | None:
        """By `people.id`."""
        async with self._engine.connect() as connection:
            row = (await connection.execute(sa.select(PEOPLE).where(PEOPLE.c.id == person))).first()
        return _person(row._mapping) if row is not None else None

    async def save_person(self, identity: Identity) -> Person:
        """The person of an identification, made the first time. The e-ID's names replace what was known, since a
        post is often added under a spelling of the organisation's own."""
        return await self.save_named(
            identity.number, given_name=identity.given_name, surname=identity.surname, name=identity.name
        )

    async def save_named(self, number: IdentityNumber, *, given_name: str, surname: str, name: str) -> Person:
        """The same for a person who has not identified yet, such as staff being added."""
        known = await self.person_by_number(number)
        if known is None:
            made = Person(new_id(), given_name, surname, name)
            row = {
                "id": made.id,
                "number_lookup": self._vault.lookup(number),
                "number_sealed": self._vault.seal(number.reveal(), record=made.id),
            }
            try:
                async with self._engine.begin() as connection:
                    await connection.execute(sa.insert(PEOPLE).values(**row, **_names(made)))
                return made
            except IntegrityError:  # the same person, in another window at the same moment
                known = await self.person_by_number(number)
                if known is None:
                    raise
        named = Person(known.id, given_name, surname, name)
        if named != known:
            async with self._engine.begin() as connection:
                await connection.execute(sa.update(PEOPLE).where(PEOPLE.c.id == known.id).values(**_names(named)))
        return named

    async def number_of(self, person: str) -> IdentityNumber | None:
        """The number of a person by `people.id`, deciphered. Raises VaultError where the record was tampered with."""
        query = sa.select(PEOPLE.c.number_sealed).where(PEOPLE.c.id == person)
        async with self._engine.connect() as connection:
            sealed = (await connection.execute(query)).scalar_one_or_none()
        return IdentityNumber.parse(self._vault.open(sealed, record=person)) if sealed is not None else None

    async def organisations(self) -> list[Organisation]:
        async with self._engine.connect() as connection:
            rows = await connection.execute(sa.select(ORGANISATIONS).order_by(ORGANISATIONS.c.name))
        return [_organisation(row._mapping) for row in rows]

    async def organisation(self, organisation: str) -> Organisation | None:
        async with self._engine.connect() as connection:
            rows = await connection.execute(sa.select(ORGANISATIONS).where(ORGANISATIONS.c.id == organisation))
            row = rows.first()
        return _organisation(row._mapping) if row is not None else None

    async def add_organisation(self, organisation: Organisation) -> bool:
        """False where one of that id or name is already there."""
        values = {name: getattr(organisation, name) for name in ("id", "name", "kind", "phone")}
        return await _insert(self._engine, ORGANISATIONS, values)

    async def add_staff(self, staff: Staff) -> bool:
        """False where the id is taken. Person and organisation must be stored already."""
        values = {
            "id": staff.id,
            "person_id": staff.person.id,
            "organisation_id": staff.organisation.id,
            "title": staff.title,
            "unit": staff.unit,
            "permissions": sorted(staff.permissions),
        }
        return await _insert(self._engine, STAFF, values)

    async def staff_of(self, person: str) -> list[Staff]:
        """The posts of a person by `people.id`, those with the most permissions first."""
        async with self._engine.connect() as connection:
            rows = await connection.execute(_staff_query().where(STAFF.c.person_id == person))
        return sorted((_staff(row._mapping) for row in rows), key=lambda post: (-len(post.permissions), post.id))

    async def staff_in(self, organisation: str) -> list[Staff]:
        """Everybody with a post in an organisation, by name."""
        query = _staff_query().where(STAFF.c.organisation_id == organisation).order_by(PEOPLE.c.surname, STAFF.c.id)
        async with self._engine.connect() as connection:
            rows = await connection.execute(query)
        return [_staff(row._mapping) for row in rows]


class SessionRows:
    """Sessions by the hash of their cookie."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def add(self, session: Session, idle_until: datetime) -> None:
        values = {
            "id": session.id,
            "secret_hash": session.secret_hash,
            "person_id": session.person.id,
            "staff_id": session.staff.id if session.staff else None,
            "invitation": session.invitation,
            "method": session.method.value,
            "assurance_level": int(session.assurance_level),
            "authenticated_at": session.authenticated_at,
            "idle_until": idle_until,
            "language": session.language,
        }
        async with self._engine.begin() as connection:
            await connection.execute(sa.insert(SESSIONS).values(**values))

    async def find(
        self, *, secret_hash: str | None = None, session: str | None = None
    ) -> tuple[Session, datetime] | None:
        """A session and the moment its idle time ends, by its cookie's hash or by its id."""
        condition = SESSIONS.c.secret_hash == secret_hash if secret_hash is not None else SESSIONS.c.id == session
        found = await self._read(condition)
        return found[0] if found else None

    async def of_person(self, person: str) -> list[Session]:
        return [session for session, _ in await self._read(SESSIONS.c.person_id == person)]

    async def over(self, now: datetime, oldest: datetime) -> list[Session]:
        """Sessions idle too long at `now`, or begun before `oldest`."""
        condition = sa.or_(SESSIONS.c.idle_until <= now, SESSIONS.c.authenticated_at <= oldest)
        return [session for session, _ in await self._read(condition)]

    async def keep(self, session: str, idle_until: datetime) -> None:
        """Lengthen the idle time; never shortens it."""
        update = sa.update(SESSIONS).where(SESSIONS.c.id == session, SESSIONS.c.idle_until < idle_until)
        async with self._engine.begin() as connection:
            await connection.execute(update.values(idle_until=idle_until))

    async def remove(self, session: str) -> bool:
        async with self._engine.begin() as connection:
            done = await connection.execute(sa.delete(SESSIONS).where(SESSIONS.c.id == session))
        return done.rowcount == 1

    async def _read(self, condition: sa.ColumnElement[bool]) -> list[tuple[Session, datetime]]:
        query = (
            sa.select(SESSIONS, *_prefixed(PEOPLE, "p"), *_staff_columns())
            .join(PEOPLE, PEOPLE.c.id == SESSIONS.c.person_id)
            .outerjoin(STAFF, STAFF.c.id == SESSIONS.c.staff_id)
            .outerjoin(ORGANISATIONS, ORGANISATIONS.c.id == STAFF.c.organisation_id)
            .where(condition)
        )
        async with self._engine.connect() as connection:
            rows = await connection.execute(query)
        return [(_session(row._mapping), row.idle_until) for row in rows]


class IdentificationRows:
    """Identifications under way. What could be misused (order, answer) is ciphered."""

    def __init__(self, engine: AsyncEngine, vault: Vault) -> None:
        self._engine = engine
        self._vault = vault

    async def add(self, identification: Identification) -> None:
        if identification.order is None:
            raise ValueError("a new identification has its order")
        values = {
            "id": identification.id,
            "flow_hash": identification.flow_hash,
            "started_at": identification.started_at,
            "status": identification.status,
            "hint": identification.hint,
            "order_sealed": self._vault.seal(identification.order, record=identification.id),
        }
        async with self._engine.begin() as connection:
            await connection.execute(sa.insert(IDENTIFICATIONS).values(**values))

    async def find(self, identification: str) -> Identification | None:
        async with self._engine.connect() as connection:
            rows = await connection.execute(sa.select(IDENTIFICATIONS).where(IDENTIFICATIONS.c.id == identification))
            row = rows.first()
        return self._read(row._mapping) if row is not None else None

    async def pending(self, since: datetime) -> list[Identification]:
        """Those a stopped process left unfinished."""
        query = sa.select(IDENTIFICATIONS).where(
            IDENTIFICATIONS.c.status == "pending", IDENTIFICATIONS.c.started_at >= since
        )
        async with self._engine.connect() as connection:
            rows = await connection.execute(query)
        return [self._read(row._mapping) for row in rows]

    async def keep_answer(self, identification: str, answer: str) -> None:
        """The provider tells a final answer once: store it before anything is done with it."""
        sealed = self._vault.seal(answer, record=identification)
        await self._change(identification, IDENTIFICATIONS.c.status == "pending", answer_sealed=sealed)

    async def finish(self, identification: str, *, status: str, hint: str, now: datetime, **result: str | None) -> bool:
        """Set the outcome once; False where it was set already. result: the columns problem to next."""
        return await self._change(
            identification,
            IDENTIFICATIONS.c.status == "pending",
            status=status,
            hint=hint,
            finished_at=now,
            answer_sealed=None,
            **({"order_sealed": None} if status == "complete" else {}),
            **result,
        )

    async def deliver(self, identification: str, now: datetime) -> bool:
        """Hand the outcome over once; False where another answer did so first."""
        condition = sa.and_(IDENTIFICATIONS.c.status == "complete", IDENTIFICATIONS.c.delivered_at.is_(None))
        return await self._change(identification, condition, delivered_at=now)

    async def forget(self, before: datetime) -> None:
        """Remove those begun before."""
        async with self._engine.begin() as connection:
            await connection.execute(sa.delete(IDENTIFICATIONS).where(IDENTIFICATIONS.c.started_at < before))

    async def _change(self, identification: str, condition: sa.ColumnElement[bool], **values: object) -> bool:
        update = sa.update(IDENTIFICATIONS).where(IDENTIFICATIONS.c.id == identification, condition)
        async with self._engine.begin() as connection:
            done = await connection.execute(update.values(**values))
        return done.rowcount == 1

    def _read(self, row: Any) -> Identification:
        def opened(sealed: bytes | None) -> str | None:
            return self._vault.open(sealed, record=row["id"]) if sealed is not None else None

        plain = {name: row[name] for name in Identification.__slots__ if name not in ("order", "answer")}
        return Identification(order=opened(row["order_sealed"]), answer=opened(row["answer_sealed"]), **plain)


class OneTimeRows:
    """One-time values in the database: outlives a restart of the process."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def spend(self, value_hash: str, now: datetime, lifetime: timedelta) -> bool:
        async with self._engine.begin() as connection:
            await connection.execute(sa.delete(ONE_TIME_VALUES).where(ONE_TIME_VALUES.c.expires_at <= now))
        return await _insert(self._engine, ONE_TIME_VALUES, {"value_hash": value_hash, "expires_at": now + lifetime})


async def _insert(engine: AsyncEngine, table: sa.Table, values: dict[str, Any]) -> bool:
    try:
        async with engine.begin() as connection:
            await connection.execute(sa.insert(table).values(**values))
    except IntegrityError:
        return False
    return True


def _prefixed(table: sa.Table, prefix: str) -> Sequence[sa.Label[Any]]:
    return [column.label(f"{prefix}_{column.name}") for column in table.columns]


def _staff_columns() -> Sequence[sa.Label[Any]]:
    return [*_prefixed(STAFF, "s"), *_prefixed(ORGANISATIONS, "o")]


def _staff_query() -> sa.Select[Any]:
    return (
        sa.select(*_prefixed(PEOPLE, "p"), *_staff_columns())
        .join(STAFF, STAFF.c.person_id == PEOPLE.c.id)
        .join(ORGANISATIONS, ORGANISATIONS.c.id == STAFF.c.organisation_id)
    )


def _names(person: Person) -> dict[str, str]:
    return {"given_name": person.given_name, "surname": person.surname, "name": person.name}


def _person(row: Any, prefix: str = "") -> Person:
    return Person(*(row[prefix + name] for name in ("id", "given_name", "surname", "name")))


def _organisation(row: Any, prefix: str = "") -> Organisation:
    return Organisation(*(row[prefix + name] for name in ("id", "name", "kind", "phone")))


def _staff(row: Any) -> Staff:
    permissions = frozenset(Permission(name) for name in row["s_permissions"])
    organisation = _organisation(row, "o_")
    return Staff(row["s_id"], _person(row, "p_"), organisation, row["s_title"], row["s_unit"], permissions)


def _session(row: Any) -> Session:
    return Session(
        id=row["id"],
        secret_hash=row["secret_hash"],
        person=_person(row, "p_"),
        method=Method(row["method"]),
        assurance_level=AssuranceLevel(row["assurance_level"]),
        authenticated_at=row["authenticated_at"],
        staff=_staff(row) if row["s_id"] is not None else None,
        invitation=row["invitation"],
        language=row["language"],
    )

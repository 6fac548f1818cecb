"""Sessions: the table and its SQL."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from auth.identity import STAFF_LEVEL, AssuranceLevel, Method
from auth.sessions import Session
from auth.store.identifications import delivery
from auth.store.tables import PEOPLE, STAFF, person_columns, read_person, read_staff, staff_columns, with_staff
from db.schema import UtcDateTime, metadata

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
    sa.Column("device", sa.String(16), nullable=False, server_default=""),
    sa.Column("confirmed_on", sa.String(16), nullable=False, server_default=""),
)


class SessionRows:
    """Sessions by the hash of their cookie."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def add(
        self, session: Session, idle_until: datetime, *, delivers: tuple[str, datetime] | None = None
    ) -> bool:
        """delivers: the identification whose outcome it is, and the moment: both are stored or neither. False where
        that outcome was handed over already."""
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
            "device": session.device,
            "confirmed_on": session.confirmed_on,
        }
        async with self._engine.begin() as connection:
            if delivers is not None and (await connection.execute(delivery(*delivers))).rowcount != 1:
                return False
            await connection.execute(sa.insert(SESSIONS).values(**values))
        return True

    async def find(
        self, *, secret_hash: str | None = None, session: str | None = None
    ) -> tuple[Session, datetime] | None:
        """A session and the moment its idle time ends, by its cookie's hash or by its id."""
        if secret_hash is not None:
            found = await self._read(_BY_SECRET, {"secret_hash": secret_hash})
        else:
            found = await self._read(_BY_ID, {"session": session})
        return found[0] if found else None

    async def of_person(self, person: str) -> list[Session]:
        return [session for session, _ in await self._read(_CHOSEN.where(SESSIONS.c.person_id == person))]

    async def of_staff(self, staff: str) -> list[Session]:
        """Sessions that work in a commission."""
        return [session for session, _ in await self._read(_CHOSEN.where(SESSIONS.c.staff_id == staff))]

    async def of_ended_staff(self, now: datetime) -> list[Session]:
        """Sessions that work in a commission that is over."""
        return [session for session, _ in await self._read(_CHOSEN.where(STAFF.c.valid_to <= now))]

    async def choose(self, session: str, staff: str) -> None:
        """The commission a session works in from now on."""
        async with self._engine.begin() as connection:
            await connection.execute(sa.update(SESSIONS).where(SESSIONS.c.id == session).values(staff_id=staff))

    async def living(self, sessions: Collection[str], now: datetime, oldest: datetime) -> list[str]:
        """Which of these ids are neither idle too long at `now` nor begun before `oldest`."""
        query = sa.select(SESSIONS.c.id).where(
            SESSIONS.c.id.in_(list(sessions)), SESSIONS.c.idle_until > now, SESSIONS.c.authenticated_at > oldest
        )
        async with self._engine.connect() as connection:
            return [row.id for row in await connection.execute(query)]

    async def over(self, now: datetime, oldest: datetime) -> list[Session]:
        """Sessions idle too long at `now`, or begun before `oldest`."""
        condition = sa.or_(SESSIONS.c.idle_until <= now, SESSIONS.c.authenticated_at <= oldest)
        return [session for session, _ in await self._read(_CHOSEN.where(condition))]

    async def keep(self, session: str, idle_until: datetime) -> None:
        """Lengthen the idle time; never shortens it."""
        update = sa.update(SESSIONS).where(SESSIONS.c.id == session, SESSIONS.c.idle_until < idle_until)
        async with self._engine.begin() as connection:
            await connection.execute(update.values(idle_until=idle_until))

    async def remove(self, session: str) -> bool:
        async with self._engine.begin() as connection:
            done = await connection.execute(sa.delete(SESSIONS).where(SESSIONS.c.id == session))
        return done.rowcount == 1

    async def _read(
        self, query: sa.Select[Any], values: dict[str, str | None] | None = None
    ) -> list[tuple[Session, datetime]]:
        async with self._engine.connect() as connection:
            rows = await connection.execute(query, values)
        return [(_session(row._mapping), row.idle_until) for row in rows]


def _chosen() -> sa.Select[Any]:
    """Sessions with person and commission, and how many commissions the person holds."""
    held = STAFF.alias()
    going_on = sa.or_(held.c.valid_to.is_(None), held.c.valid_to > sa.func.current_timestamp())
    count = sa.select(sa.func.count()).where(held.c.person_id == SESSIONS.c.person_id, going_on)
    chosen = sa.select(
        SESSIONS, *person_columns(), *staff_columns(), count.scalar_subquery().label("commissions")
    ).join(PEOPLE, PEOPLE.c.id == SESSIONS.c.person_id)
    return with_staff(chosen, STAFF.c.id == SESSIONS.c.staff_id)


# Asked at every request: to put such a query together costs several times what it costs to ask it.
_CHOSEN = _chosen()
_BY_SECRET = _CHOSEN.where(SESSIONS.c.secret_hash == sa.bindparam("secret_hash"))
_BY_ID = _CHOSEN.where(SESSIONS.c.id == sa.bindparam("session"))


def _session(row: Any) -> Session:
    works = row["assurance_level"] >= STAFF_LEVEL  # whatever a row says, a weak login is nobody's post
    return Session(
        id=row["id"],
        secret_hash=row["secret_hash"],
        person=read_person(row, "p_"),
        method=Method(row["method"]),
        assurance_level=AssuranceLevel(row["assurance_level"]),
        authenticated_at=row["authenticated_at"],
        staff=read_staff(row) if works and row["s_id"] is not None else None,
        invitation=row["invitation"],
        language=row["language"],
        several=works and row["commissions"] > 1,
        device=row["device"],
        confirmed_on=row["confirmed_on"],
    )

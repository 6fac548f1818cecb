"""Codes sent by SMS: the table and its SQL. Neither code nor telephone number is in it, only keyed hashes."""

from dataclasses import dataclass
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from db.locks import Locks
from db.schema import UtcDateTime, metadata

SMS_CODES = sa.Table(
    "sms_codes",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("flow_hash", sa.String(64), nullable=False),
    sa.Column("code_hash", sa.String(64), nullable=False),
    sa.Column("number_hash", sa.String(64), nullable=False, index=True),
    sa.Column("link_hash", sa.String(64), nullable=False, index=True),
    sa.Column("sent_at", UtcDateTime, nullable=False, index=True),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("used_at", UtcDateTime, nullable=True),
)


@dataclass(frozen=True, slots=True)
class SmsCode:
    """One code sent. tries: how often it was guessed at."""

    id: str
    flow_hash: str
    code_hash: str
    number_hash: str
    link_hash: str
    sent_at: datetime
    tries: int = 0
    used_at: datetime | None = None


class SmsCodeRows:
    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._locks = Locks(engine)

    async def add(self, code: SmsCode, *, most: int, within: timedelta) -> datetime | None:
        """Store one, unless so many were sent to its number or for its link within that time; then the moment from
        which one may be sent again. Counted and stored in one step: of a burst no more than `most` come through."""
        names = list(SmsCode.__slots__)
        row = sa.select(*(sa.literal(getattr(code, name), SMS_CODES.c[name].type) for name in names))
        counts = [
            sa.select(sa.func.count()).where(same, SMS_CODES.c.sent_at > code.sent_at - within).scalar_subquery()
            for same in _same(code)
        ]
        few = sa.and_(*(count < most for count in counts))
        insert = sa.insert(SMS_CODES).from_select(names, row.where(few))
        # SQLite has one writer at a time; PostgreSQL's statements do not see each other's rows.
        async with self._locks.hold("sms codes"), self._engine.begin() as connection:
            if (await connection.execute(insert)).rowcount == 1:
                return None
            newest = [
                sa.select(SMS_CODES.c.sent_at)
                .where(same)
                .order_by(SMS_CODES.c.sent_at.desc())
                .offset(most - 1)
                .limit(1)
                for same in _same(code)
            ]
            found = [(await connection.execute(query)).scalar_one_or_none() for query in newest]
        last: datetime = max(sent_at for sent_at in found if sent_at is not None)
        return last + within

    async def find(self, code: str) -> SmsCode | None:
        async with self._engine.connect() as connection:
            row = (await connection.execute(sa.select(SMS_CODES).where(SMS_CODES.c.id == code))).first()
        return SmsCode(**row._mapping) if row is not None else None

    async def guess(self, code: str, *, most: int) -> bool:
        """Count a try before it is looked at. False where the tries are used up, or the code is."""
        open_ = sa.and_(SMS_CODES.c.id == code, SMS_CODES.c.tries < most, SMS_CODES.c.used_at.is_(None))
        return await self._changed(sa.update(SMS_CODES).where(open_).values(tries=SMS_CODES.c.tries + 1))

    async def use(self, code: str, now: datetime) -> bool:
        """False where it was used already."""
        unused = sa.and_(SMS_CODES.c.id == code, SMS_CODES.c.used_at.is_(None))
        return await self._changed(sa.update(SMS_CODES).where(unused).values(used_at=now))

    async def remove(self, code: str) -> None:
        async with self._engine.begin() as connection:
            await connection.execute(sa.delete(SMS_CODES).where(SMS_CODES.c.id == code))

    async def forget(self, before: datetime) -> None:
        """Remove those sent before."""
        async with self._engine.begin() as connection:
            await connection.execute(sa.delete(SMS_CODES).where(SMS_CODES.c.sent_at < before))

    async def _changed(self, update: sa.Update) -> bool:
        async with self._engine.begin() as connection:
            return (await connection.execute(update)).rowcount == 1


def _same(code: SmsCode) -> tuple[sa.ColumnElement[bool], sa.ColumnElement[bool]]:
    """Sent to the same number; sent for the same link."""
    return SMS_CODES.c.number_hash == code.number_hash, SMS_CODES.c.link_hash == code.link_hash

"""Codes sent by SMS: the table and its SQL. Neither code nor telephone number is in it, only keyed hashes."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

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

    async def add(self, code: SmsCode) -> None:
        values = {name: getattr(code, name) for name in SmsCode.__slots__}
        async with self._engine.begin() as connection:
            await connection.execute(sa.insert(SMS_CODES).values(**values))

    async def find(self, code: str) -> SmsCode | None:
        async with self._engine.connect() as connection:
            row = (await connection.execute(sa.select(SMS_CODES).where(SMS_CODES.c.id == code))).first()
        return SmsCode(**row._mapping) if row is not None else None

    async def sent_since(self, since: datetime, *, number_hash: str, link_hash: str) -> int:
        """How many were sent to this number, or for this link, whichever is more."""
        by_number = sa.func.sum(sa.case((SMS_CODES.c.number_hash == number_hash, 1), else_=0))
        by_link = sa.func.sum(sa.case((SMS_CODES.c.link_hash == link_hash, 1), else_=0))
        query = sa.select(by_number, by_link).where(SMS_CODES.c.sent_at > since)
        async with self._engine.connect() as connection:
            row = (await connection.execute(query)).one()
        return max(int(row[0] or 0), int(row[1] or 0))

    async def guess(self, code: str, *, most: int) -> bool:
        """Count a try before it is looked at. False where the tries are used up, or the code is."""
        open_ = sa.and_(SMS_CODES.c.id == code, SMS_CODES.c.tries < most, SMS_CODES.c.used_at.is_(None))
        return await self._changed(sa.update(SMS_CODES).where(open_).values(tries=SMS_CODES.c.tries + 1))

    async def use(self, code: str, now: datetime) -> bool:
        """False where it was used already."""
        unused = sa.and_(SMS_CODES.c.id == code, SMS_CODES.c.used_at.is_(None))
        return await self._changed(sa.update(SMS_CODES).where(unused).values(used_at=now))

    async def forget(self, before: datetime) -> None:
        """Remove those sent before."""
        async with self._engine.begin() as connection:
            await connection.execute(sa.delete(SMS_CODES).where(SMS_CODES.c.sent_at < before))

    async def _changed(self, update: sa.Update) -> bool:
        async with self._engine.begin() as connection:
            return (await connection.execute(update)).rowcount == 1

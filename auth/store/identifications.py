"""Identifications under way: the table and its SQL. What could be misused (order, answer) is ciphered."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from auth.vault import Vault
from db.schema import UtcDateTime, metadata

IDENTIFICATIONS = sa.Table(
    "identifications",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("flow_hash", sa.String(64), nullable=False),
    sa.Column("started_at", UtcDateTime, nullable=False, index=True),
    sa.Column("status", sa.String(16), nullable=False, index=True),
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
    sa.Column("collector", sa.String(64), nullable=False, server_default=""),
    sa.Column("beat", sa.Integer, nullable=False, server_default="0"),
    sa.Column("came_back", sa.Boolean, nullable=False, server_default=sa.false()),
    sa.Column("device", sa.String(16), nullable=False, server_default=""),
    sa.Column("confirmed_on", sa.String(16), nullable=False, server_default=""),
)


@dataclass(frozen=True, slots=True)
class Identification:
    """One transaction as stored. status: pending, complete or failed.

    order: what is needed to collect it, gone once it is complete; answer: the provider's final word, gone once it is
    finished. Both JSON.
    problem: code of the refusal that ended it (`auth.errors`). delivered_at: when the browser was given its session.
    collector, beat: the node that collects it and its counter (`auth.lease`). came_back: from the app, with our nonce.
    device, confirmed_on: for the session (`auth.sessions.Session`).
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
    collector: str = ""
    beat: int = 0
    came_back: bool = False
    device: str = ""
    confirmed_on: str = ""


def delivery(identification: str, now: datetime) -> sa.Update:
    """Hands the outcome over: changes one row, or none where it was handed over already (`SessionRows.add`)."""
    there = sa.and_(IDENTIFICATIONS.c.id == identification, IDENTIFICATIONS.c.status == "complete")
    return sa.update(IDENTIFICATIONS).where(there, IDENTIFICATIONS.c.delivered_at.is_(None)).values(delivered_at=now)


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
            "collector": identification.collector,
            "order_sealed": self._vault.seal(identification.order, record=identification.id),
        }
        async with self._engine.begin() as connection:
            await connection.execute(sa.insert(IDENTIFICATIONS).values(**values))

    async def find(self, identification: str) -> Identification | None:
        async with self._engine.connect() as connection:
            rows = await connection.execute(sa.select(IDENTIFICATIONS).where(IDENTIFICATIONS.c.id == identification))
            row = rows.first()
        return self._read(row._mapping) if row is not None else None

    async def pending(self) -> list[Identification]:
        """Those without an outcome, whoever collects them."""
        query = sa.select(IDENTIFICATIONS).where(IDENTIFICATIONS.c.status == "pending")
        async with self._engine.connect() as connection:
            rows = await connection.execute(query)
        return [self._read(row._mapping) for row in rows]

    async def beat(self, collector: str, identifications: Collection[str]) -> frozenset[str]:
        """Move the counters of these; gives those that are pending and still the collector's."""
        if not identifications:
            return frozenset()
        mine = sa.and_(
            IDENTIFICATIONS.c.id.in_(list(identifications)),
            IDENTIFICATIONS.c.collector == collector,
            IDENTIFICATIONS.c.status == "pending",
        )
        async with self._engine.begin() as connection:
            await connection.execute(sa.update(IDENTIFICATIONS).where(mine).values(beat=IDENTIFICATIONS.c.beat + 1))
            rows = await connection.execute(sa.select(IDENTIFICATIONS.c.id).where(mine))
        return frozenset(row.id for row in rows)

    async def take(self, seen: Identification, collector: str) -> bool:
        """Become the collector of one as it was seen; False where its holder lives, or another was faster."""
        unchanged = sa.and_(
            IDENTIFICATIONS.c.status == "pending",
            IDENTIFICATIONS.c.collector == seen.collector,
            IDENTIFICATIONS.c.beat == seen.beat,
        )
        return await self._change(seen.id, unchanged, collector=collector, beat=seen.beat + 1)

    async def release(self, collector: str) -> None:
        """Leave all of a node's own."""
        mine = sa.and_(IDENTIFICATIONS.c.collector == collector, IDENTIFICATIONS.c.status == "pending")
        async with self._engine.begin() as connection:
            await connection.execute(sa.update(IDENTIFICATIONS).where(mine).values(collector=""))

    async def hint(self, identification: str, hint: str) -> None:
        """How far it has come, for pages that ask another node."""
        await self._change(identification, IDENTIFICATIONS.c.status == "pending", hint=hint)

    async def come_back(self, identification: str) -> None:
        """The person came back from the app with our nonce."""
        await self._change(identification, IDENTIFICATIONS.c.status == "pending", came_back=True)

    async def has_come_back(self, identification: str) -> bool:
        query = sa.select(IDENTIFICATIONS.c.came_back).where(IDENTIFICATIONS.c.id == identification)
        async with self._engine.connect() as connection:
            return bool((await connection.execute(query)).scalar_one_or_none())

    async def keep_answer(self, identification: str, answer: str) -> bool:
        """The provider tells a final answer once: store it before anything is done with it. Gives `has_come_back`."""
        sealed = self._vault.seal(answer, record=identification)
        pending = sa.and_(IDENTIFICATIONS.c.id == identification, IDENTIFICATIONS.c.status == "pending")
        update = sa.update(IDENTIFICATIONS).where(pending).values(answer_sealed=sealed)
        async with self._engine.begin() as connection:
            kept = await connection.execute(update.returning(IDENTIFICATIONS.c.came_back))
            return bool(kept.scalar_one_or_none())

    async def finish(self, identification: str, *, status: str, hint: str, now: datetime, **result: str | None) -> bool:
        """Set the outcome once; False where it was set already. result: the columns problem to next, device and
        confirmed_on."""
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

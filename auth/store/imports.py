"""Files that have been looked at and wait to be imported: ciphered, one person's, gone within minutes."""

from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from auth.randomness import new_id
from auth.vault import Vault
from db.schema import UtcDateTime, metadata

IMPORTS = sa.Table(
    "pending_imports",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("person_id", sa.String(64), sa.ForeignKey("people.id"), nullable=False, unique=True),
    sa.Column("organisation_id", sa.String(64), sa.ForeignKey("organisations.id"), nullable=False),
    sa.Column("content_sealed", sa.LargeBinary, nullable=False),
    sa.Column("made_at", UtcDateTime, nullable=False),
)
KEPT = timedelta(minutes=15)


class ImportRows:
    """A person has one at a time: a new file takes the place of the one before."""

    def __init__(self, engine: AsyncEngine, vault: Vault) -> None:
        self._engine = engine
        self._vault = vault

    async def keep(self, person: str, organisation: str, content: bytes, now: datetime) -> str:
        """Gives the id by which it is taken. What is too old, anybody's, goes at the same time."""
        made = new_id()
        row = {
            "id": made,
            "person_id": person,
            "organisation_id": organisation,
            "content_sealed": self._vault.seal(content.decode(), record=made),
            "made_at": now,
        }
        gone = sa.or_(IMPORTS.c.person_id == person, IMPORTS.c.made_at <= now - KEPT)
        async with self._engine.begin() as connection:
            await connection.execute(sa.delete(IMPORTS).where(gone))
            await connection.execute(sa.insert(IMPORTS).values(**row))
        return made

    async def take(self, made: str, person: str, organisation: str, now: datetime) -> bytes | None:
        """The file, once; None for one that is another's, taken already or too old."""
        own = sa.and_(
            IMPORTS.c.id == made,
            IMPORTS.c.person_id == person,
            IMPORTS.c.organisation_id == organisation,
            IMPORTS.c.made_at > now - KEPT,
        )
        async with self._engine.begin() as connection:
            found = (await connection.execute(sa.select(IMPORTS.c.content_sealed).where(own))).scalar_one_or_none()
            done = await connection.execute(sa.delete(IMPORTS).where(own))
        return self._vault.open(found, record=made).encode() if found is not None and done.rowcount == 1 else None

"""Logins that are away at an OpenID provider: what we must remember until the person is back."""

from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from auth.vault import Vault
from db.schema import UtcDateTime, metadata

OIDC_LOGINS = sa.Table(
    "oidc_logins",
    metadata,
    sa.Column("state_hash", sa.String(64), primary_key=True),
    sa.Column("flow_hash", sa.String(64), nullable=False),
    sa.Column("method", sa.String(16), nullable=False),
    sa.Column("started_at", UtcDateTime, nullable=False, index=True),
    sa.Column("sealed", sa.LargeBinary, nullable=False),
)


@dataclass(frozen=True, slots=True)
class Away:
    """state_hash, flow_hash: SHA-256 of the `state` parameter and of the browser's flow cookie. content: JSON, ciphered
    in the database."""

    state_hash: str
    flow_hash: str
    method: str
    started_at: datetime
    content: str


class OidcRows:
    def __init__(self, engine: AsyncEngine, vault: Vault) -> None:
        self._engine = engine
        self._vault = vault

    async def add(self, away: Away) -> None:
        values = {
            "state_hash": away.state_hash,
            "flow_hash": away.flow_hash,
            "method": away.method,
            "started_at": away.started_at,
            "sealed": self._vault.seal(away.content, record=away.state_hash),
        }
        async with self._engine.begin() as connection:
            await connection.execute(sa.insert(OIDC_LOGINS).values(**values))

    async def take(self, state_hash: str, *, flow_hash: str, method: str) -> Away | None:
        """The login, which can be taken once: by the browser that started it, back from the provider it went to."""
        delete = sa.delete(OIDC_LOGINS).where(
            OIDC_LOGINS.c.state_hash == state_hash, OIDC_LOGINS.c.flow_hash == flow_hash, OIDC_LOGINS.c.method == method
        )
        async with self._engine.begin() as connection:
            row = (await connection.execute(delete.returning(*OIDC_LOGINS.c))).first()
        if row is None:
            return None
        content = self._vault.open(row.sealed, record=row.state_hash)
        return Away(row.state_hash, row.flow_hash, row.method, row.started_at, content)

    async def count(self) -> int:
        async with self._engine.connect() as connection:
            found = await connection.execute(sa.select(sa.func.count()).select_from(OIDC_LOGINS))
        return int(found.scalar_one())

    async def forget(self, before: datetime) -> None:
        """Remove those begun before: nobody came back."""
        async with self._engine.begin() as connection:
            await connection.execute(sa.delete(OIDC_LOGINS).where(OIDC_LOGINS.c.started_at < before))

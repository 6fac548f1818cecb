"""Moves identity numbers from old keys to the current one, a few rows at a time, while everybody works on.

A row is found under every key that is here, so nobody is logged out or unknown meanwhile; several nodes may move at
once, since each row is moved only as it was read.
"""

from collections.abc import Sequence

from auth.identity_number import IdentityNumber
from auth.store.sealed import SealedRows
from auth.vault import Vault

BATCH = 100


class Rekeying:
    def __init__(self, tables: Sequence[SealedRows], vault: Vault) -> None:
        self._tables = tables
        self._vault = vault

    async def using(self) -> dict[str, int]:
        """Rows in all tables by the id of their key."""
        found: dict[str, int] = {}
        for table in self._tables:
            for key, count in (await table.using()).items():
                found[key] = found.get(key, 0) + count
        return found

    async def step(self, limit: int = BATCH) -> int:
        """Move at most so many; tells how many were. 0: all are under the current key. Raises VaultError."""
        moved = 0
        for table in self._tables:
            for row in await table.under_other_keys(self._vault.current, limit - moved):
                number = IdentityNumber.parse(self._vault.open(row.sealed, record=row.id))
                sealed = self._vault.seal(number.reveal(), record=row.id)
                moved += await table.move(row, self._vault.lookup(number), sealed)
            if moved >= limit:
                break
        return moved

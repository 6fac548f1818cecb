"""The installation's keys as a whole: shown, rotated, retired, and taken up by every node without a restart.

Three kinds are the service's own. The *vault* keys seal identity numbers and make the keyed hashes (the pepper) they
are found by, and what is derived for identification; the *audit* key signs the log's checkpoints; the *vouching* keys
sign whose a browser's key is in end-to-end encryption. Sessions need none: their cookies are random, the database holds
a hash.
"""

import asyncio
from base64 import urlsafe_b64encode
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import structlog

from audit.events import Event, EventType
from audit.log import Log
from audit.signer import SignerUnusable, load_signer, rotate_signer
from auth.key_file import KeyFile, KeyRow
from auth.rekeying import BATCH, Rekeying
from auth.vault import Vault, VaultError
from auth.vouching_keys import VouchingKey, VouchingKeys
from db.engine import DatabaseFailure

log = structlog.get_logger()

LOOK_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Listed:
    """One vault key, and how many rows still use it."""

    row: KeyRow
    rows_using: int


class Keys:
    """signing: the file of the audit key; origin: the log's name."""

    def __init__(
        self,
        file: KeyFile,
        signing: Path,
        origin: str,
        *,
        vault: Vault,
        vouching: VouchingKeys,
        audit: Log,
        rekeying: Rekeying,
        clock: Callable[[], datetime],
    ) -> None:
        self._file = file
        self._signing = signing
        self._origin = origin
        self._vault = vault
        self.vouching = vouching
        self._audit = audit
        self._rekeying = rekeying
        self._clock = clock
        self._stamp = file.stamp()

    async def listed(self) -> list[Listed]:
        """The vault's keys, oldest first. Raises VaultError."""
        using = await self._rekeying.using()
        return [Listed(row, using.get(row.id, 0)) for row in self._file.load(self._clock()).rows]

    def signing_keys(self) -> Sequence[str]:
        """The audit key's public forms (C2SP vkey), the one in use first."""
        return [str(key) for key in self._audit.signer.trusted]

    def jwks(self) -> dict[str, list[dict[str, Any]]]:
        """Public keys of what this installation signs (RFC 7517, 8037), of each kind the ones in use first."""
        signing = [(f"audit-{key.id.hex()}", key.key) for key in self._audit.signer.trusted]
        vouching = [(f"vouching-{key}", public) for key, public in self.vouching.public()]
        return {
            "keys": [
                {
                    "kty": "OKP",
                    "crv": "Ed25519",
                    "use": "sig",
                    "alg": "EdDSA",
                    "kid": name,
                    "x": urlsafe_b64encode(public).rstrip(b"=").decode("ascii"),
                }
                for name, public in [*signing, *vouching]
            ]
        }

    async def rotate_vouching(self, operator: str) -> VouchingKey:
        """A new key for meetings planned from now on, recorded. Raises VaultError, AuditUnavailable."""
        await self._record("vouching", "rotated", operator)
        return self._file.rotate_vouching(self._clock())

    async def retire_vouching(self, key: str, operator: str) -> None:
        """Forget one; who is in a meeting that had it opens the page again. Raises VaultError, AuditUnavailable."""
        await self._record("vouching", f"retired {key}", operator)
        self._file.retire_vouching(key, self._clock())

    async def rotate_vault(self, operator: str) -> KeyRow:
        """A new key, recorded. Raises VaultError, AuditUnavailable."""
        await self._record("vault", "rotated", operator)
        return self._file.rotate(self._clock())

    async def rotate_audit(self, operator: str) -> str:
        """A new signing key; that it comes is the last that the old one signs.

        Raises SignerUnusable, AuditUnavailable.
        """
        await self._record("audit", "rotated", operator)
        made = rotate_signer(self._signing, self._origin)
        self._audit.resign(load_signer(self._signing, self._origin, may_create=False))
        # The first that the new one signs, so that every later checkpoint is under it.
        await self._record("audit", f"now {made.id.hex()}", operator)
        return str(made)

    async def retire_vault(self, key: str, operator: str) -> None:
        """Forget a key that nothing uses. Raises VaultError, AuditUnavailable."""
        left = (await self._rekeying.using()).get(key, 0)
        if left:
            raise VaultError(f"{left} rows still use this key: let the service move them, or run `keys rekey`")
        await self._record("vault", f"retired {key}", operator)
        self._file.retire(key, self._clock())

    async def rekey(self, limit: int = BATCH) -> int:
        """Move some rows to the current key; tells how many. Raises VaultError."""
        self.refresh()
        return await self._rekeying.step(limit)

    def refresh(self) -> None:
        """Take up what stands in the files now. Raises VaultError, SignerUnusable; then what was in force stays."""
        held = self._file.load(self._clock())
        if self._file.stamp() != self._stamp or held.current != self._vault.current:
            self._stamp = self._file.stamp()
            self._vault.use(held.secrets, current=held.current)
            self.vouching.use(held.vouching)
            log.info("keys taken up", current=held.current, held=len(held.secrets))
        signer = load_signer(self._signing, self._origin, may_create=False)
        if signer.public != self._audit.signer.public:
            self._audit.resign(signer)
            log.info("audit key taken up")

    async def run(self) -> None:
        """Look at the files, and move rows, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            try:
                if moved := await self.rekey():
                    log.info("rows moved to the current key", rows=moved)
                self.refresh()
            except (VaultError, SignerUnusable) as failure:
                log.error("keys cannot be taken up; the old ones stay", failure=str(failure))
            except DatabaseFailure as failure:
                log.warning("rows not moved to the current key", failure=type(failure).__name__)

    async def _record(self, kind: str, change: str, operator: str) -> None:
        details = {"key": kind, "change": change, "operator": operator[:64]}
        await self._audit.append(Event(EventType.KEY_CHANGED, None, details=details))

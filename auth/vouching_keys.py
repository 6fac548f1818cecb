"""The keys that vouch for seats in end-to-end encryption (Ed25519): their own, changed without harm to a meeting.

A page gets one key when it opens and holds to it, so a meeting keeps the key that was in force when it was planned: a
new one serves the meetings that are planned from then on.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey


@dataclass(frozen=True, slots=True)
class VouchingKey:
    """seed: 32 bytes (RFC 8032). active_from: None for the first, which has always been."""

    id: str
    seed: bytes = field(repr=False)
    active_from: datetime | None = None


class VouchingKeys:
    """keys: oldest first, at least one."""

    def __init__(self, keys: Sequence[VouchingKey]) -> None:
        self.use(keys)

    def use(self, keys: Sequence[VouchingKey]) -> None:
        """From now on these, in place of those before."""
        self._keys = [(key, Ed25519PrivateKey.from_private_bytes(key.seed)) for key in keys]

    def at(self, moment: datetime) -> Ed25519PrivateKey:
        """The key of what was planned then; the oldest there is where its own has been retired."""
        begun = [made for key, made in self._keys if key.active_from is None or key.active_from <= moment]
        return begun[-1] if begun else self._keys[0][1]

    def public(self) -> list[tuple[str, bytes]]:
        """Ids and public keys (32 bytes), newest first."""
        return [(key.id, made.public_key().public_bytes_raw()) for key, made in reversed(self._keys)]

"""Keeps identity numbers: a keyed hash to look one up by, and a cipher to read it back.

The keys live outside the database. An unpeppered hash of a personnummer can be tried out in minutes, hence HMAC.
Keys have ids: the newest writes, all of them read, so that a key is changed without losing or logging out anyone.
"""

import hmac
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from hashlib import sha256

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from auth.identity_number import IdentityNumber

NONCE_BYTES = 12
SHORTEST_SECRET = 32


class VaultError(Exception):
    """For the operator: a key is missing, or a stored value was altered or moved to another record."""


@dataclass(frozen=True, slots=True)
class _Keys:
    lookup: bytes
    cipher: AESGCM
    derive: bytes


def _keys(secret: str) -> _Keys:
    if len(secret) < SHORTEST_SECRET:
        raise VaultError(f"a secret needs at least {SHORTEST_SECRET} characters")

    def derived(purpose: bytes) -> bytes:
        return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"hemmaplan " + purpose).derive(secret.encode())

    return _Keys(derived(b"identity number look-up"), AESGCM(derived(b"stored values")), derived(b"derived values"))


class Vault:
    """secrets: key id to root secret (32 characters or more); current: the id of the one that writes."""

    def __init__(
        self, secrets: Mapping[str, str], *, current: str, random: Callable[[int], bytes] = os.urandom
    ) -> None:
        self._random = random
        self._keys: dict[str, _Keys] = {}
        self.use(secrets, current=current)

    @property
    def current(self) -> str:
        """The id of the key that writes."""
        return self._current

    def use(self, secrets: Mapping[str, str], *, current: str) -> None:
        """From now on these keys, in place of those before. Raises VaultError, which leaves those before."""
        if current not in secrets or any(":" in key_id or not key_id for key_id in secrets):
            raise VaultError("the current key's id must be among the keys, and no id may be empty or hold a colon")
        self._keys = {key_id: _keys(secret) for key_id, secret in secrets.items()}
        self._current = current

    def lookup(self, number: IdentityNumber) -> str:
        """``<key id>:<HMAC-SHA256, hex>`` under the current key: what a new record is stored with."""
        return self._lookup(self._current, number)

    def lookups(self, number: IdentityNumber) -> tuple[str, ...]:
        """The same under every key, current first: what a stored record may be found by."""
        others = (key_id for key_id in self._keys if key_id != self._current)
        return tuple(self._lookup(key_id, number) for key_id in (self._current, *others))

    def matches(self, number: IdentityNumber, lookup: str) -> bool:
        """Whether a stored look-up stands for this number. Compares in constant time."""
        return any(hmac.compare_digest(candidate, lookup) for candidate in self.lookups(number))

    def _lookup(self, key_id: str, number: IdentityNumber) -> str:
        message = f"{number.oid}|{number.reveal()}".encode()
        return f"{key_id}:{hmac.new(self._keys[key_id].lookup, message, sha256).hexdigest()}"

    def seal(self, text: str, *, record: str) -> bytes:
        """Cipher text for the record of that id: AES-256-GCM, the id as associated data, so it opens nowhere else."""
        nonce = self._random(NONCE_BYTES)
        sealed = self._keys[self._current].cipher.encrypt(nonce, text.encode(), record.encode())
        return self._current.encode() + b":" + nonce + sealed

    def open(self, sealed: bytes, *, record: str) -> str:
        """The text sealed for that record. Raises VaultError."""
        key_id, _, rest = sealed.partition(b":")
        keys = self._keys.get(key_id.decode(errors="replace"))
        if keys is None:
            raise VaultError("a stored value needs a key that is not here")
        try:
            return keys.cipher.decrypt(rest[:NONCE_BYTES], rest[NONCE_BYTES:], record.encode()).decode()
        except (InvalidTag, ValueError):
            raise VaultError("a stored value was altered, or belongs to another record") from None

    def derive(self, *parts: str) -> str:
        """64 hex digits only this server can tell: the same for the same parts while the current key stands."""
        return self.derivations(*parts)[0]

    def derivations(self, *parts: str) -> tuple[str, ...]:
        """The same under every key, current first: what was derived before a key was changed is among them."""
        message = b"".join(len(part.encode()).to_bytes(4, "big") + part.encode() for part in parts)
        ids = [self._current, *(key_id for key_id in self._keys if key_id != self._current)]
        return tuple(hmac.new(self._keys[key_id].derive, message, sha256).hexdigest() for key_id in ids)

"""The key that signs checkpoints: where it is kept, and when it may be made.

A lost key is an incident, not a first start: beside a log that has entries, a missing key file stops the service,
since a new key would
let a rewritten log pass for the old one. Public keys, old ones too, stand in ``<key file>.pub``, one vkey a line,
newest first.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from audit.checkpoint import BadNote, Checkpoint, PublicKey, read_checkpoint, read_keys, sign


class SignerUnusable(Exception):
    """For the operator: the key file is missing, unreadable, open to others or not an Ed25519 key. Says which and
    why.
    """


@dataclass(frozen=True, slots=True)
class Signer:
    """Signs checkpoints of one origin. origin: the log's name, by custom a host name and path without scheme.

    retired: public keys this log was signed with before; they still open old checkpoints.
    """

    origin: str
    key: Ed25519PrivateKey = field(repr=False)
    retired: Sequence[PublicKey] = ()

    @property
    def public(self) -> PublicKey:
        return PublicKey(self.origin, self.key.public_key().public_bytes_raw())

    @property
    def trusted(self) -> list[PublicKey]:
        return [self.public, *(key for key in self.retired if key != self.public)]

    def sign(self, size: int, root: bytes) -> str:
        return sign(Checkpoint(self.origin, size, root).text, self.origin, self.key)

    def read(self, note: str) -> Checkpoint:
        """Raises BadNote or NotSigned (see `audit.checkpoint.read_checkpoint`)."""
        return read_checkpoint(note, self.trusted)


def load_signer(path: Path, origin: str, *, may_create: bool) -> Signer:
    """The signer of the key file `path` (PEM, PKCS 8, mode 0600).

    may_create: the log has no entry yet, so a missing file means a first start (see `audit.log.is_new`). Raises
    SignerUnusable.
    """
    try:
        PublicKey(origin, bytes(32))
    except BadNote as failure:
        raise SignerUnusable(f"the log's origin cannot be used: {failure}") from None
    try:
        if not path.exists():
            if not may_create:
                raise SignerUnusable(
                    "the log has entries but its key file is missing: restore the file, do not make a new key"
                )
            _create(path, origin)
        if path.stat().st_mode & 0o077:
            raise SignerUnusable("the log's key file can be read by others: set its mode to 0600")
        key = load_pem_private_key(path.read_bytes(), password=None)
        retired = read_keys(public_path(path).read_text()) if public_path(path).exists() else []
    except (OSError, ValueError, TypeError) as failure:
        raise SignerUnusable(f"the log's key file cannot be used: {type(failure).__name__}") from failure
    if not isinstance(key, Ed25519PrivateKey):
        raise SignerUnusable("the log's key file holds another kind of key than Ed25519")
    return Signer(origin, key, tuple(retired))


def rotate_signer(path: Path, origin: str) -> PublicKey:
    """Put a new key in place of the one at `path`; the old public key stays among those trusted. Raises SignerUnusable.

    Whoever runs with the old key reads the file again (`audit.log.Log.renew`) when it meets the new signature.
    """
    old = load_signer(path, origin, may_create=False)
    new = Signer(origin, Ed25519PrivateKey.generate(), tuple(old.trusted))
    beside = path.with_name(path.name + ".new")
    beside.unlink(missing_ok=True)
    _write_key(beside, new.key)
    # The public key first: a reader between the two steps trusts both.
    public = public_path(path)
    public.with_name(public.name + ".new").write_text("".join(f"{key}\n" for key in new.trusted))
    public.with_name(public.name + ".new").replace(public)
    beside.replace(path)
    return new.public


def public_path(path: Path) -> Path:
    return path.with_name(path.name + ".pub")


def _create(path: Path, origin: str) -> None:
    signer = Signer(origin, Ed25519PrivateKey.generate())
    path.parent.mkdir(parents=True, exist_ok=True)
    _write_key(path, signer.key)
    public_path(path).write_text(f"{signer.public}\n")


def _write_key(path: Path, key: Ed25519PrivateKey) -> None:
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    # O_EXCL: of two processes starting at once, one makes the key and the other fails, instead of both signing.
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(pem)
        file.flush()
        os.fsync(file.fileno())

"""Signed checkpoints in the C2SP forms `signed-note` and `tlog-checkpoint`, Ed25519 only.

A checkpoint says "the log of this origin had this many entries and this root"; whoever keeps one can later prove
that the log was not
rewritten. Its text is ``origin``, ``size`` and the base64 root, a line each; then an empty line; then a line for
each signature:
``— name base64(key id || signature)`` where key id = SHA-256(name || newline || 0x01 || public key)[:4].
"""

import binascii
import re
from base64 import b64decode, b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from audit.tree import HASH_SIZE

ED25519 = b"\x01"
LONGEST_NOTE = 64 * 1024
_NAME = re.compile(r"[^\s+]{1,255}")
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)


class BadNote(ValueError):
    """A note, checkpoint or key that is not in its written form."""


class NotSigned(Exception):
    """A well-formed note without a valid signature by any key we trust."""


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A key that may vouch for checkpoints. Written as ``name+key id+base64(0x01 || key)``, the C2SP "vkey"."""

    name: str
    key: bytes

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise BadNote("a key's name is 1-255 characters without space or plus")
        if len(self.key) != HASH_SIZE:
            raise BadNote("an Ed25519 public key is 32 bytes")

    @property
    def id(self) -> bytes:
        return sha256(self.name.encode() + b"\n" + ED25519 + self.key).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{b64encode(ED25519 + self.key).decode()}"

    @classmethod
    def read(cls, text: str) -> Self:
        """Raises BadNote, also when the key id does not belong to the key."""
        parts = text.strip().split("+", 2)
        if len(parts) != 3:
            raise BadNote("a public key is written name+id+key")
        data = _bytes(parts[2])
        if data[:1] != ED25519:
            raise BadNote("the key is not an Ed25519 key")
        key = cls(parts[0], data[1:])
        if key.id.hex() != parts[1]:
            raise BadNote("the key id does not belong to the key")
        return key


def read_keys(text: str) -> list[PublicKey]:
    """One key a line, newest first; empty lines and lines beginning with # are passed over. Raises BadNote."""
    lines = [line.strip() for line in text.splitlines()]
    keys = [PublicKey.read(line) for line in lines if line and not line.startswith("#")]
    if not keys:
        raise BadNote("no public key in the file")
    return keys


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a note vouches for. size: entries in the tree; root: its 32 bytes."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        return f"{self.origin}\n{self.size}\n{b64encode(self.root).decode()}\n"

    @classmethod
    def read(cls, text: str) -> Self:
        lines = text.split("\n")
        # Extension lines may follow the third (tlog-checkpoint): they are signed but mean nothing to us.
        if len(lines) < 4 or lines[-1] or not lines[0] or not _SIZE.fullmatch(lines[1]):
            raise BadNote("a checkpoint is three lines: origin, size, root")
        root = _bytes(lines[2])
        if len(root) != HASH_SIZE:
            raise BadNote("the root is not 32 bytes")
        return cls(lines[0], int(lines[1]), root)


def sign(text: str, name: str, key: Ed25519PrivateKey) -> str:
    """The note: `text` (which ends with a newline) with one signature."""
    public = PublicKey(name, key.public_key().public_bytes_raw())
    signature = b64encode(public.id + key.sign(text.encode())).decode()
    return f"{text}\n— {name} {signature}\n"


def opened(note: str, keys: Sequence[PublicKey]) -> str:
    """The text of `note` if one of `keys` has signed it. Raises BadNote or NotSigned; unknown signatures are passed
    over."""
    if len(note) > LONGEST_NOTE:
        raise BadNote("the note is too long")
    text, middle, signatures = note.rpartition("\n\n")
    if not middle or not signatures.endswith("\n"):
        raise BadNote("the note has no signatures")
    text += "\n"
    for line in signatures[:-1].split("\n"):
        dash, _, rest = line.partition(" ")
        name, _, encoded = rest.partition(" ")
        if dash != "—" or not name or not encoded:
            raise BadNote("a signature line is not in its written form")
        data = _bytes(encoded)
        for key in keys:
            if key.name == name and key.id == data[:4]:
                try:
                    Ed25519PublicKey.from_public_bytes(key.key).verify(data[4:], text.encode())
                except InvalidSignature:
                    # One false signature by a known key spoils the note (signed-note: MUST reject).
                    raise NotSigned("the signature does not fit the text") from None
                return text
    raise NotSigned("signed by none of the known keys")


def read_checkpoint(note: str, keys: Sequence[PublicKey]) -> Checkpoint:
    """The checkpoint in a signed note, its origin that of the key. Raises BadNote or NotSigned."""
    checkpoint = Checkpoint.read(opened(note, keys))
    if checkpoint.origin not in {key.name for key in keys}:
        raise NotSigned("the checkpoint is of another log")
    return checkpoint


def _bytes(text: str) -> bytes:
    try:
        return b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        raise BadNote("not base64") from None

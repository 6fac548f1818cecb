"""The keys beyond the first: a file beside the data, shared by all nodes, that ``hemmaplan keys`` writes.

The first key is the root secret of the settings (id "1"). `rotate` adds one that every node reads within seconds and
that writes from `active_from` on, when all of them have it; before, it only reads. Everything sealed or looked up
under an older key is moved in the background (`auth.rekeying`); a key is retired when nothing uses it any more.
Beside them stand the vouching keys (`auth.vouching_keys`), the first of them made from the root secret too. The
file holds secrets: mode 0600, written anew and moved into place, never into the database, a log or a message.
"""

import json
import os
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from auth.vault import SHORTEST_SECRET, VaultError
from auth.vouching_keys import VouchingKey

FIRST = "1"
# Nodes look at the file every few seconds; clocks may differ somewhat.
ACTIVE_AFTER = timedelta(seconds=60)
# What is sealed for a while alone (identifications, uploads) is gone by itself within a day.
SHORT_LIVED = timedelta(days=1)


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    id: str = Field(pattern=r"^[0-9]{1,6}$")
    secret: str = Field(min_length=SHORTEST_SECRET, max_length=200, repr=False)
    made_at: AwareDatetime
    active_from: AwareDatetime


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    keys: tuple[_Entry, ...] = ()
    retired: tuple[str, ...] = ()
    vouching: tuple[_Entry, ...] = ()
    vouching_retired: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class KeyRow:
    """One key as it may be shown. state: current, coming or old. superseded_at: when the next began to write."""

    id: str
    state: str
    made_at: datetime | None
    superseded_at: datetime | None


@dataclass(frozen=True, slots=True)
class KeySet:
    """What is in force: every key that may read, and the id of the one that writes."""

    secrets: Mapping[str, str] = field(repr=False)
    current: str
    rows: Sequence[KeyRow]
    vouching: Sequence[VouchingKey] = ()


class KeyFile:
    """path: where it stands, or will; first: the settings' root secret."""

    def __init__(self, path: Path, first: str) -> None:
        self._path = path
        self._first = first

    def stamp(self) -> tuple[int, int, int] | None:
        """Another value when the file has changed; None without a file."""
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return None
        return found.st_mtime_ns, found.st_size, found.st_ino

    def load(self, now: datetime) -> KeySet:
        """Raises VaultError for a file that cannot be used; the text never holds what is in it."""
        file = self._read()
        times: list[tuple[str, datetime | None, datetime | None]] = [(FIRST, None, None)]
        times += [(entry.id, entry.made_at, entry.active_from) for entry in file.keys]
        held = {FIRST: self._first} | {entry.id: entry.secret for entry in file.keys}
        for gone in file.retired:
            held.pop(gone, None)
        active = [row for row in times if row[2] is None or row[2] <= now]
        current = active[-1][0]
        if current not in held:
            raise VaultError("the key file has retired its newest key")
        rows = []
        for place, (key, made_at, active_from) in enumerate(times):
            if key not in held:
                continue
            after = times[place + 1][2] if place + 1 < len(times) else None
            coming = active_from is not None and active_from > now
            state = "current" if key == current else "coming" if coming else "old"
            rows.append(KeyRow(key, state, made_at, after if state == "old" else None))
        return KeySet(held, current, rows, self._vouching(file))

    def _vouching(self, file: _File) -> list[VouchingKey]:
        made = [(FIRST, self._first, None), *((one.id, one.secret, one.active_from) for one in file.vouching)]
        kept = [(key, secret, begins) for key, secret, begins in made if key not in file.vouching_retired]
        if not kept:
            raise VaultError("the key file has retired its newest vouching key")
        return [VouchingKey(key, _seed(secret), begins) for key, secret, begins in kept]

    def rotate_vouching(self, now: datetime) -> VouchingKey:
        """Add one, for meetings planned from `ACTIVE_AFTER` on. Raises VaultError while another is coming."""
        file = self._read()
        if any(entry.active_from > now for entry in file.vouching):
            raise VaultError("a new key is on its way already: wait a minute")
        entry = _made([entry.id for entry in file.vouching], file.vouching_retired, now)
        self._write(file.model_copy(update={"vouching": (*file.vouching, entry)}))
        return VouchingKey(entry.id, _seed(entry.secret), entry.active_from)

    def retire_vouching(self, key: str, now: datetime) -> None:
        """Forget one that a newer has followed: a meeting that has it goes over to the oldest that is left. Raises
        VaultError."""
        file = self._read()
        held = self._vouching(file)
        if key not in [one.id for one in held]:
            raise VaultError("there is no such key")
        if key == [one.id for one in held if one.active_from is None or one.active_from <= now][-1]:
            raise VaultError("this key is in use: make a new one first")
        kept = tuple(entry for entry in file.vouching if entry.id != key)
        self._write(file.model_copy(update={"vouching": kept, "vouching_retired": (*file.vouching_retired, key)}))

    def rotate(self, now: datetime) -> KeyRow:
        """Add a key; it writes from `ACTIVE_AFTER` on. Raises VaultError while another is coming."""
        file, held = self._read(), self.load(now)
        if any(row.state == "coming" for row in held.rows):
            raise VaultError("a new key is on its way already: wait a minute")
        entry = _made([entry.id for entry in file.keys], file.retired, now)
        self._write(file.model_copy(update={"keys": (*file.keys, entry)}))
        return KeyRow(entry.id, "coming", now, None)

    def retire(self, key: str, now: datetime) -> None:
        """Forget a key that, as whoever calls has seen, no row uses. Raises VaultError for one in use."""
        row = next((row for row in self.load(now).rows if row.id == key), None)
        if row is None:
            raise VaultError("there is no such key")
        if row.state != "old" or row.superseded_at is None:
            raise VaultError("this key is in use")
        if now < row.superseded_at + SHORT_LIVED:
            raise VaultError("what is sealed for a day may still need this key: wait a day after the rotation")
        file = self._read()
        kept = tuple(entry for entry in file.keys if entry.id != key)
        self._write(file.model_copy(update={"keys": kept, "retired": (*file.retired, key)}))

    def _read(self) -> _File:
        try:
            if self._path.stat().st_mode & 0o077:
                raise VaultError("the key file can be read by others: set its mode to 0600")
            return _File.model_validate_json(self._path.read_bytes())
        except FileNotFoundError:
            return _File()
        except (OSError, ValidationError) as failure:
            raise VaultError(f"the key file cannot be used ({type(failure).__name__})") from None

    def _write(self, file: _File) -> None:
        beside = self._path.with_name(self._path.name + ".new")
        beside.unlink(missing_ok=True)
        with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as target:
            json.dump(file.model_dump(mode="json"), target, indent=1)
            target.flush()
            os.fsync(target.fileno())
        beside.replace(self._path)


def _made(ids: Sequence[str], retired: Sequence[str], now: datetime) -> _Entry:
    number = max(int(FIRST), *map(int, [*ids, *retired, FIRST])) + 1  # an id is never used again
    return _Entry(id=str(number), secret=secrets.token_urlsafe(48), made_at=now, active_from=now + ACTIVE_AFTER)


def _seed(secret: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=b"hemmaplan vouching key").derive(secret.encode())

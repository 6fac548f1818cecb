"""Checking a log, offline, against nothing but its public key.

Everything is recomputed from the stored bytes. A report names each entry that is not right and in what way:
altered, deleted, out of its
place, cut off, forked, unsigned, or erased without the log saying so. What cannot be told from the log alone (that
a whole later part was
cut away, checkpoints and all) is told by a checkpoint somebody kept: give such ones as witnesses.
"""

import json
from collections.abc import AsyncIterator, Iterable, Sequence

from audit.checkpoint import BadNote, Checkpoint, NotSigned, PublicKey, read_checkpoint
from audit.entries import Entry
from audit.reader import record_of
from audit.rows import Row, Search, StoredCheckpoint
from audit.store import PAGE, Engine, Store
from audit.tree import Coordinates, Node, verify_inclusion
from audit.verifier import Problem, Report, Verifier

FORMAT = "hemmaplan-audit-1"


class Unverifiable(Exception):
    """What was given is no log, or a witness is not signed by the key: nothing can be said. Says why."""


async def verify_database(engine: Engine, keys: Sequence[PublicKey], witnesses: Sequence[str] = ()) -> Report:
    """Check the log in a database. witnesses: signed checkpoints kept elsewhere. Raises Unverifiable."""
    store = Store(engine)
    verifier = Verifier(keys, _witnesses(witnesses, keys))
    head = await store.head_note()
    checkpoints = _Ahead(store.all_checkpoints())
    last = None if head is None else _size(head, keys)
    after: int | None = None
    while rows := await store.search(Search(after=after, limit=PAGE)):
        leaves = await store.hashes([(0, seq) for seq in range(verifier.size, rows[-1].entry.seq + 1)])
        added: list[Node] = []
        for row in rows:
            while verifier.size < row.entry.seq:
                await _pass_checkpoints(verifier, checkpoints)
                added += verifier.missing(leaves.get((0, verifier.size)))
            await _pass_checkpoints(verifier, checkpoints)
            added += verifier.entry(row.entry, leaves.get((0, row.entry.seq)))
            _check_search_columns(verifier, row)
        await _check_nodes(verifier, store, added)
        after = rows[-1].entry.seq
    while (checkpoint := await checkpoints.peek()) is not None:
        verifier.checkpoint(checkpoint.note)
        await checkpoints.next()
    if head is None:
        verifier.find(Problem.UNSIGNED, None, "The log has no head: nobody has vouched for it as it stands.")
    elif last is None or last != verifier.last_checkpoint:
        verifier.find(Problem.TRUNCATED, None, "The log's head and its last checkpoint are not the same.")
    return verifier.finish()


def verify_export(lines: Iterable[str], keys: Sequence[PublicKey], witnesses: Sequence[str] = ()) -> Report:
    """Check an export made by `audit.export`, whole or of one meeting. Raises Unverifiable."""
    stream = iter(lines)
    try:
        header = json.loads(next(stream, ""))
        if header["format"] != FORMAT:
            raise Unverifiable("the file is in a format of another version")
        selection, note = header["meeting"], header["checkpoint"]
        verifier = Verifier(keys, _witnesses(witnesses, keys))
        if selection is None:
            return _verify_whole(stream, verifier, note)
        return _verify_selection(stream, verifier, read_checkpoint(note, keys))
    except NotSigned:
        raise Unverifiable("the export's checkpoint is not signed by the key") from None
    except (ValueError, KeyError, TypeError):
        raise Unverifiable("the file is not an export of the log") from None


def _verify_whole(lines: Iterable[str], verifier: Verifier, note: str) -> Report:
    for line in lines:
        item = json.loads(line)
        if "checkpoint" in item:
            verifier.checkpoint(item["checkpoint"])
            continue
        entry, leaf = _read_entry(item["entry"])
        while verifier.size < entry.seq:
            verifier.missing(None)
        verifier.entry(entry, leaf)
    verifier.checkpoint(note)
    return verifier.finish()


def _verify_selection(lines: Iterable[str], verifier: Verifier, checkpoint: Checkpoint) -> Report:
    for line in lines:
        item = json.loads(line)["entry"]
        entry, leaf = _read_entry(item)
        verifier.alone(entry)
        proof = [bytes.fromhex(text) for text in item["proof"]]
        if not verify_inclusion(entry.leaf, entry.seq, checkpoint.size, proof, checkpoint.root):
            right = verify_inclusion(leaf, entry.seq, checkpoint.size, proof, checkpoint.root)
            why = "has been altered" if right else "is not in the log its checkpoint vouches for"
            verifier.find(Problem.ALTERED, entry.seq, f"Entry {entry.seq} {why}.")
    return verifier.report(checkpoint.size, erasures_known=False)


def _read_entry(item: dict[str, str | None]) -> tuple[Entry, bytes]:
    seq, envelope, leaf, salt, payload = (item[key] for key in ("seq", "envelope", "leaf", "salt", "payload"))
    if not isinstance(seq, int) or envelope is None or leaf is None:
        raise Unverifiable("the file is not an export of the log")
    return Entry(
        seq,
        envelope.encode(),
        None if salt is None else bytes.fromhex(salt),
        None if payload is None else payload.encode(),
    ), bytes.fromhex(leaf)


def _witnesses(notes: Sequence[str], keys: Sequence[PublicKey]) -> list[Checkpoint]:
    try:
        return [read_checkpoint(note, keys) for note in notes]
    except (BadNote, NotSigned) as failure:
        raise Unverifiable(f"the checkpoint to compare with cannot be used: {failure}") from None


def _size(note: str, keys: Sequence[PublicKey]) -> int | None:
    try:
        return read_checkpoint(note, keys).size
    except (BadNote, NotSigned):
        return None


def _check_search_columns(verifier: Verifier, row: Row) -> None:
    if verifier.is_sound(row.entry) and not record_of(row).intact:
        text = f"Entry {row.entry.seq} is right, but what it is searched by has been altered: searches miss it."
        verifier.find(Problem.SEARCH, row.entry.seq, text)


async def _check_nodes(verifier: Verifier, store: Store, added: Sequence[Node]) -> None:
    right: dict[Coordinates, set[bytes]] = {}
    for level, position, digest in added:
        right.setdefault((level, position), set()).add(digest)
    stored = await store.hashes(list(right))
    for (level, position), digests in right.items():
        if level and stored.get((level, position)) not in digests:
            first, last = position << level, ((position + 1) << level) - 1
            verifier.find(Problem.TREE, first, f"The stored hash over entries {first}-{last} is altered or gone.")


async def _pass_checkpoints(verifier: Verifier, checkpoints: "_Ahead") -> None:
    while (checkpoint := await checkpoints.peek()) is not None and checkpoint.size <= verifier.size:
        verifier.checkpoint(checkpoint.note)
        await checkpoints.next()


class _Ahead:
    """An iterator one can look ahead in."""

    def __init__(self, source: AsyncIterator[StoredCheckpoint]) -> None:
        self._source = source
        self._waiting: StoredCheckpoint | None = None

    async def peek(self) -> StoredCheckpoint | None:
        if self._waiting is None:
            self._waiting = await anext(self._source, None)
        return self._waiting

    async def next(self) -> None:
        self._waiting = None

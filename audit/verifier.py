"""The judging part of `audit.verify`: entries and checkpoints in, findings out. Pure; nothing is read here."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from audit.checkpoint import BadNote, Checkpoint, NotSigned, PublicKey, read_checkpoint
from audit.entries import BadEntry, Entry, Envelope, payload_fits, read_envelope, read_event
from audit.events import EventType, read_time
from audit.tree import Edge, Node


class Problem(StrEnum):
    """What can be wrong with a log."""

    ALTERED = "altered"
    DELETED = "deleted"
    REORDERED = "reordered"
    TRUNCATED = "truncated"
    FORKED = "forked"
    UNSIGNED = "unsigned"
    FORGED = "forged"
    ERASED_UNTOLD = "erased untold"
    SEARCH = "search"
    TREE = "tree"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that is wrong. seq: the entry, or the first of those meant; None for the log as a whole."""

    problem: Problem
    seq: int | None
    text: str


@dataclass(frozen=True, slots=True)
class Report:
    """size: entries the last good checkpoint vouches for; entries: how many were read; erased: how many of them without
    contents, as the log itself says; checkpoints: how many were checked."""

    size: int
    entries: int
    erased: int
    checkpoints: int
    findings: list[Finding]

    @property
    def whole(self) -> bool:
        return not self.findings


@dataclass(slots=True)
class _Segment:
    """What has been seen since the last checkpoint that fits: it is judged when the next one comes."""

    start: int = 0
    doubtful: list[int] = field(default_factory=list)
    explained: bool = False


class Verifier:
    """Give it each entry in order of place, and each checkpoint after the last entry it covers; then `finish`.

    Two trees are kept: one over the entries as they stand and one over the leaf hashes stored beside them. A signed
    checkpoint tells
    which of the two is right, and so which entry was altered.
    """

    def __init__(self, keys: Sequence[PublicKey], witnesses: Sequence[Checkpoint] = ()) -> None:
        self._keys = keys
        self._witnesses = sorted(witnesses, key=lambda witness: witness.size)
        self._computed = Edge()
        self._stored = Edge()
        self._segment = _Segment()
        self._here: list[Checkpoint] = []
        self._lost = False
        self._entries = 0
        self._checkpoints = 0
        self._erased: list[tuple[int, datetime]] = []
        self._erased_before: datetime | None = None
        self._findings: list[Finding] = []
        self._named: set[int] = set()
        self._sound: Entry | None = None
        self._good = 0
        self.last_checkpoint: int | None = None
        """Entries covered by the newest checkpoint that is signed, also if it does not fit."""

    @property
    def size(self) -> int:
        """The place the next entry should have."""
        return self._computed.size

    def find(self, problem: Problem, seq: int | None, text: str) -> None:
        self._findings.append(Finding(problem, seq, text))

    def is_sound(self, entry: Entry) -> bool:
        """Whether nothing was wrong with the entry given last."""
        return self._sound is entry

    def entry(self, entry: Entry, leaf: bytes | None) -> list[Node]:
        """leaf: the hash stored beside the entry. Returns the tree nodes the entry completes, by both trees."""
        self._entries += 1
        if entry.seq < self.size:
            self.find(
                Problem.REORDERED, entry.seq, f"Entry {entry.seq} stands a second time, after entry {self.size - 1}."
            )
            return []
        self._judge()
        envelope = self._contents(entry)
        if envelope is not None and envelope.seq != entry.seq:
            self.find(
                Problem.REORDERED,
                entry.seq,
                f"At place {entry.seq} stands the entry that was written as number {envelope.seq}.",
            )
            self._segment.explained = True
            self._sound = None
        elif leaf is None:
            self.find(Problem.TREE, entry.seq, f"The stored hash of entry {entry.seq} is gone.")
        elif leaf != entry.leaf:
            self._segment.doubtful.append(entry.seq)
            self._sound = None
        return self._add(entry.leaf, leaf or entry.leaf)

    def missing(self, leaf: bytes | None) -> list[Node]:
        """There is no entry at the next place; leaf: its hash, where that is still there."""
        self._judge()
        self.find(Problem.DELETED, self.size, f"Entry {self.size} is missing.")
        self._segment.explained = True
        if leaf is None:
            self._lost = True
        return self._add(leaf or bytes(32), leaf or bytes(32))

    def alone(self, entry: Entry) -> None:
        """An entry that is checked by its own proof and not as part of the whole."""
        self._entries += 1
        envelope = self._contents(entry)
        if envelope is not None and envelope.seq != entry.seq:
            self.find(Problem.REORDERED, entry.seq, f"Entry {entry.seq} was written as number {envelope.seq}.")

    def checkpoint(self, note: str) -> None:
        try:
            checkpoint = read_checkpoint(note, self._keys)
        except (BadNote, NotSigned) as failure:
            self.find(
                Problem.FORGED,
                None,
                f"A checkpoint after {self.size} entries cannot be trusted: {failure}.",
            )
            return
        self._checkpoints += 1
        self.last_checkpoint = max(checkpoint.size, self.last_checkpoint or 0)
        if checkpoint.size < self.size:
            self.find(
                Problem.REORDERED,
                None,
                f"A checkpoint for {checkpoint.size} entries stands after entry {self.size - 1}.",
            )
        else:
            self._here.append(checkpoint)

    def finish(self) -> Report:
        self._judge()
        beyond = max((checkpoint.size for checkpoint in self._here), default=0)
        witnessed = max((witness.size for witness in self._witnesses), default=0)
        if beyond > self.size:
            self.find(
                Problem.TRUNCATED,
                self.size,
                f"The log ends after {self.size} entries, but a checkpoint was signed for {beyond}.",
            )
        elif witnessed > self.size:
            self.find(
                Problem.TRUNCATED,
                self.size,
                f"The log ends after {self.size} entries, but a checkpoint kept elsewhere was signed for {witnessed}.",
            )
        covered = self.last_checkpoint or 0
        if self.last_checkpoint is None:
            self.find(Problem.UNSIGNED, None, "There is no signed checkpoint.")
        elif covered < self.size:
            self._settle(fits_stored=False)
            self.find(Problem.UNSIGNED, covered, f"Entries from {covered} on are covered by no signed checkpoint.")
        return self.report(self._good, erasures_known=True)

    def report(self, size: int, *, erasures_known: bool) -> Report:
        """erasures_known: all entries were seen, so an erasure the log does not tell of is a finding."""
        for seq, time in self._erased if erasures_known else ():
            if self._erased_before is None or time >= self._erased_before:
                self.find(
                    Problem.ERASED_UNTOLD,
                    seq,
                    f"The contents of entry {seq} are gone, and no entry says they were erased.",
                )
        return Report(size, self._entries, len(self._erased), self._checkpoints, self._findings)

    def _contents(self, entry: Entry) -> Envelope | None:
        self._sound = None
        try:
            envelope = read_envelope(entry.envelope)
        except BadEntry:
            self._altered(entry.seq)
            return None
        if entry.erased:
            self._erased.append((entry.seq, envelope.time))
        elif not payload_fits(entry, envelope):
            self.find(Problem.ALTERED, entry.seq, f"The contents of entry {entry.seq} have been altered.")
            return envelope
        elif entry.payload is not None and envelope.type is EventType.AUDIT_ERASED:
            self._note_erasure(entry.payload)
        self._sound = entry
        return envelope

    def _note_erasure(self, payload: bytes) -> None:
        try:
            before = read_time(str(read_event(EventType.AUDIT_ERASED, payload).details.get("before")))
        except (BadEntry, ValueError):
            return
        self._erased_before = max(before, self._erased_before or before)

    def _add(self, computed: bytes, stored: bytes) -> list[Node]:
        self._computed, nodes = self._computed.add(computed)
        self._stored, others = self._stored.add(stored)
        return [*nodes, *others]

    def _judge(self) -> None:
        """Compare the trees with the checkpoints and witnesses made at this size."""
        here = [checkpoint for checkpoint in self._here if checkpoint.size == self.size]
        self._here = [checkpoint for checkpoint in self._here if checkpoint.size != self.size]
        witnesses = [witness for witness in self._witnesses if witness.size == self.size]
        if self._lost:
            return
        roots = {checkpoint.root for checkpoint in here}
        fits = {self._computed.root, self._stored.root} & roots
        if fits:
            self._settle(fits_stored=self._stored.root in roots)
            self._good = self.size
        elif here:
            self._unexplained()
        if (len(roots) > 1 and fits) or (fits and any(witness.root not in fits for witness in witnesses)):
            self.find(Problem.FORKED, self.size - 1, f"Two different logs of {self.size} entries have been signed.")
        elif not here and any(witness.root not in {self._computed.root, self._stored.root} for witness in witnesses):
            self.find(
                Problem.FORKED,
                self.size - 1,
                f"The first {self.size} entries are not those a checkpoint kept elsewhere was signed for.",
            )

    def _settle(self, *, fits_stored: bool) -> None:
        for seq in self._segment.doubtful:
            if fits_stored:
                self._altered(seq)
            else:
                self.find(Problem.TREE, seq, f"The stored hash of entry {seq} has been altered; the entry is right.")
        if fits_stored:
            # From here on what was altered before must not make later checkpoints seem false.
            self._computed = self._stored
        else:
            self._stored = self._computed
        self._segment = _Segment(start=self.size)

    def _unexplained(self) -> None:
        segment, last = self._segment, self.size - 1
        for seq in segment.doubtful:
            self._altered(seq)
        if not segment.doubtful and not segment.explained:
            which = (
                f"Entry {last} is not the one"
                if segment.start == last
                else f"Entries {segment.start}-{last} are not those"
            )
            self.find(
                Problem.ALTERED,
                segment.start,
                f"{which} the checkpoint was signed for: rewritten together with the tree.",
            )
        # Nothing after this can be compared with a signed root; entries are still checked one by one.
        self._lost = True

    def _altered(self, seq: int) -> None:
        if seq not in self._named:
            self._named.add(seq)
            self.find(Problem.ALTERED, seq, f"Entry {seq} has been altered.")

"""Reading the log: searching, the last checkpoint, proofs, and whether a meeting's entries are as they were written."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime

from audit.checkpoint import BadNote, NotSigned
from audit.entries import BadEntry, read_record
from audit.events import EventType, Record
from audit.rows import MeetingFound, Row, Search, SearchKeys, StoredCheckpoint, search_keys
from audit.signer import Signer
from audit.store import Store
from audit.tree import BadRange, Coordinates, edge_nodes, plan_consistency, plan_inclusion, verify_inclusion

LIMIT = 4.0
"""Seconds until an append or a reading has failed."""


class AuditUnavailable(Exception):
    """The log cannot be written or read: nobody is let in, and nothing in it is shown."""


class LogDamaged(AuditUnavailable):
    """For the operator: what is stored is not what was signed. Nothing is written until somebody has looked."""


@dataclass(frozen=True, slots=True)
class InclusionProof:
    """That `leaf` (a hash) is entry `seq` of the tree of `size` entries; hashes as in RFC 9162 section 2.1.3."""

    seq: int
    size: int
    leaf: bytes
    hashes: list[bytes]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether entries fit a checkpoint. wrong: the places of those that do not; missing: whether entries are gone."""

    entries: int
    wrong: list[int]
    missing: bool
    checkpoint: StoredCheckpoint

    @property
    def whole(self) -> bool:
        return not self.wrong and not self.missing


class Reader:
    """Reads one log. Whoever calls has first written that it is read (`EventType.AUDIT_READ`).

    limit: seconds until a reading has failed.
    """

    def __init__(self, store: Store, signer: Signer, limit: float = LIMIT) -> None:
        self.store = store
        self.signer = signer
        self.limit = limit

    @property
    def origin(self) -> str:
        return self.signer.origin

    async def search(
        self,
        *,
        organisation: str | None = None,
        meeting: str | None = None,
        actor: str | None = None,
        who: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 100,
        after: int | None = None,
        newest_first: bool = False,
        among: tuple[str, ...] | None = None,
        outside: str | None = None,
    ) -> list[Record]:
        """Records in order of their place. See `audit.rows.Search`. The caller has logged the reading. Raises
        AuditUnavailable."""
        wanted = Search(organisation, meeting, actor, who, since, until, after, limit, newest_first, among, outside)
        async with reading(self.limit):
            return [record_of(row) for row in await self.store.search(wanted)]

    async def meetings(
        self,
        *,
        organisation: str | None = None,
        who: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        limit: int = 100,
        among: tuple[str, ...] | None = None,
        outside: str | None = None,
    ) -> list[MeetingFound]:
        """Meetings with an entry in that time that names that person, the latest first. Raises AuditUnavailable."""
        wanted = Search(
            organisation=organisation, who=who, since=since, until=until, limit=limit, among=among, outside=outside
        )
        async with reading(self.limit):
            return await self.store.meetings(wanted)

    async def checkpoint(self) -> str:
        """The last signed checkpoint. Raises AuditUnavailable."""
        return (await self.latest()).note

    async def latest(self) -> StoredCheckpoint:
        """The last checkpoint and when it was signed; LogDamaged if it is not ours."""
        async with reading(self.limit):
            stored = await self.store.head()
            self.signer.read(stored.note)
            return stored

    async def inclusion_proof(self, seq: int, size: int) -> InclusionProof:
        """Raises `audit.tree.BadRange` for an entry that tree does not have, or a tree larger than the log."""
        plan = plan_inclusion(seq, size)
        nodes = await self._nodes([(0, seq), *plan.nodes])
        return InclusionProof(seq, size, nodes((0, seq)), plan.build(nodes))

    async def consistency_proof(self, old: int, new: int) -> list[bytes]:
        """Raises `audit.tree.BadRange` for trees that never were."""
        plan = plan_consistency(old, new)
        return plan.build(await self._nodes([*plan.nodes, *edge_nodes(new)]))

    async def check(self, meeting: str) -> Verdict:
        """Whether every entry of a meeting is as it was written and stands in the last checkpoint's tree."""
        checkpoint = await self.latest()
        root = self.signer.read(checkpoint.note).root
        async with reading(self.limit):
            rows = [row for row in await self.store.search(Search(meeting=meeting)) if row.entry.seq < checkpoint.size]
            number, _ = await self.store.count()
            plans = {row.entry.seq: plan_inclusion(row.entry.seq, checkpoint.size) for row in rows}
            found = await self.store.hashes(list({at for plan in plans.values() for at in plan.nodes}))
        wrong = []
        for row in rows:
            plan = plans[row.entry.seq]
            proof = plan.build(found.__getitem__) if all(at in found for at in plan.nodes) else []
            included = verify_inclusion(row.entry.leaf, row.entry.seq, checkpoint.size, proof, root)
            if not included or not record_of(row).intact:
                wrong.append(row.entry.seq)
        return Verdict(len(rows), wrong, number < checkpoint.size, checkpoint)

    async def _nodes(self, wanted: list[Coordinates]) -> Callable[[Coordinates], bytes]:
        size = (await self.latest()).size
        if any((position + 1) << level > size for level, position in wanted):
            raise BadRange("the log is not that large")
        async with reading(self.limit):
            found = await self.store.hashes(wanted)
            if not all(node in found for node in wanted):
                raise LogDamaged("nodes of the tree are missing")
        return found.__getitem__


def record_of(row: Row) -> Record:
    """The record in a row; not intact where contents or search columns are not those it was stored with."""
    try:
        record = read_record(row.entry)
        expected = search_keys(record.event) if record.event else SearchKeys()
        fits = (record.seq, record.time, record.type.value, expected) == (row.entry.seq, row.at, row.type, row.keys)
    except BadEntry:
        return Record(row.entry.seq, row.at, _type(row.type), None, intact=False)
    return record if fits else replace(record, event=None, intact=False)


def _type(text: str) -> EventType:
    try:
        return EventType(text)
    except ValueError:
        raise LogDamaged("an entry is of a type there is not") from None


@asynccontextmanager
async def reading(limit: float) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout(limit):
            yield
    except AuditUnavailable:
        raise
    except (BadNote, NotSigned, LookupError) as failure:
        raise LogDamaged("the log's head cannot be trusted") from failure
    except Exception as failure:
        raise AuditUnavailable("the log cannot be read") from failure

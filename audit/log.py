"""The log itself: appending, reading, proving and erasing.

An append stages the entry and the tree nodes it completes, signs a new checkpoint and swaps it for the last one, all
in one transaction; only then does it return. Appends that come while another is being written go together in the next
transaction. Two nodes on one database cannot fork the tree: the head is held while writing, and swapped only if it is
the one the write began with. After any failure, and when another node has written, the next write first reads the
head and checks that it continues what this process knows: recovery is no path of its own.
"""

import asyncio
import secrets
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from audit.canonical import Scalar
from audit.checkpoint import BadNote, Checkpoint, NotSigned
from audit.entries import SALT_SIZE, payload_of, seal
from audit.events import Actor, Event, EventType, Record, written_time
from audit.reader import LIMIT, AuditUnavailable, LogDamaged, Reader, reading
from audit.rows import Row, SearchKeys, StoredCheckpoint, search_keys
from audit.signer import Signer, SignerUnusable
from audit.store import Engine, Store, Writing
from audit.tree import Edge, Node, edge_nodes, plan_consistency, verify_consistency
from db.tasks import Tasks

__all__ = ["AuditUnavailable", "Log", "LogDamaged", "is_new", "open_log"]

logger = structlog.get_logger()

LONGEST_QUEUE = 10_000
LARGEST_GROUP = 500
RETENTION = timedelta(days=5 * 366)
"""HSLF-FS 2016:40 4:9: a log is kept at least five years."""


@dataclass(slots=True)
class _Pending:
    event: Event
    payload: bytes
    keys: SearchKeys
    time: datetime
    stored: asyncio.Future[Record] = field(repr=False)


async def is_new(engine: Engine) -> bool:
    """Whether the log has nothing at all: only then may its key be made (`audit.signer.load_signer`)."""
    async with reading(LIMIT):
        return await Store(engine).is_new()


async def open_log(
    engine: Engine,
    signer: Signer,
    clock: Callable[[], datetime],
    *,
    limit: float = LIMIT,
    longest_queue: int = LONGEST_QUEUE,
    salts: Callable[[int], bytes] = secrets.token_bytes,
) -> "Log":
    """The log in `engine`, begun if the database has none. Raises AuditUnavailable, or LogDamaged for the operator.

    limit: seconds; longest_queue: appends that may wait; salts: `n` random bytes.
    """
    log = Log(Store(engine), signer, clock, limit=limit, longest_queue=longest_queue, salts=salts)
    await log.recover()
    return log


class Log(Reader):
    """One process's hand on the log; made by `open_log`. `close` lets what is queued be written.

    written, refused: how many appends were stored and how many failed; writable: whether the last attempt to write went
    well. They are for metrics, readiness and alarm.
    """

    def __init__(
        self,
        store: Store,
        signer: Signer,
        clock: Callable[[], datetime],
        *,
        limit: float,
        longest_queue: int,
        salts: Callable[[int], bytes],
    ) -> None:
        super().__init__(store, signer, limit)
        self._clock = clock
        self._longest_queue = longest_queue
        self._salts = salts
        self._queue: deque[_Pending] = deque()
        self._tasks = Tasks()
        self._writer: asyncio.Task[None] | None = None
        self._closed = False
        self._edge = Edge()
        self._note: str | None = None
        self.written = 0
        self.refused = 0
        self.writable = True
        self.renew: Callable[[], Signer] | None = None
        """Reads the signer's files again, for a head that this process's keys have not signed: one was rotated."""

    def resign(self, signer: Signer) -> None:
        """From now on sign with this key; what is read may be signed by any that it trusts."""
        self.signer = signer

    async def append(self, event: Event) -> Record:
        """Returns when the event is durably stored under a new checkpoint.

        Raises AuditUnavailable within the limit of time; the entry may then still have been stored, saying what was
        about to happen. Raises ValueError for text that cannot be written (half a surrogate pair).
        """
        masked = event.masked()
        payload = payload_of(masked)
        if self._closed or len(self._queue) >= self._longest_queue:
            self.refused += 1
            raise AuditUnavailable("the log takes no more entries now")
        stored: asyncio.Future[Record] = asyncio.get_running_loop().create_future()
        self._queue.append(_Pending(masked, payload, search_keys(masked), self._clock(), stored))
        if self._writer is None:
            self._writer = self._tasks.start(self._write(), name="audit writer")
        try:
            async with asyncio.timeout(self.limit):
                return await stored
        except TimeoutError:
            self.refused += 1
            raise AuditUnavailable("the log did not answer in time") from None
        except AuditUnavailable:
            self.refused += 1
            raise

    async def close(self) -> None:
        """Take no more entries, let those that wait be written, and end. Not longer than the limit of time."""
        self._closed = True
        if self._writer is not None:
            await asyncio.wait([self._writer], timeout=self.limit)
        await self._tasks.close()

    async def recover(self) -> None:
        """Begin a log that has nothing, else check that what is stored continues from what was signed."""
        async with reading(self.limit):
            if await self.store.is_new():
                first = StoredCheckpoint(0, self._clock(), self.signer.sign(0, Edge().root))
                try:
                    await self.store.begin(first)
                except Exception:
                    # Another node began it in between: then there is a head to continue from.
                    if await self.store.is_new():
                        raise
            async with self.store.writing(self.limit * 0.75) as writing:
                edge = await self._continued(writing)
            last = await self.store.last_place()
            if (last if last is not None else -1) < edge.size - 1:
                raise LogDamaged("the log's last entries are missing")
            self._edge, self._note = edge, writing.note

    async def erasable(self, before: datetime) -> int:
        """How many entries made before then still have contents. Raises ValueError for entries younger than
        `RETENTION`, AuditUnavailable."""
        found = await self._erasable(before)
        return found[0] if found else 0

    async def erase(self, before: datetime, actor: Actor | None = None, *, operator: str = "") -> int:
        """Erase the contents of entries made before then (gallring), saying so in the log first; how many were erased.

        Raises ValueError for entries younger than `RETENTION`, AuditUnavailable as `append`.
        """
        found = await self._erasable(before)
        if found is None:
            return 0
        number, first, last = found
        details: dict[str, Scalar] = {"before": written_time(before), "entries": number, "first": first, "last": last}
        if operator:
            details["operator"] = operator[:64]
        await self.append(Event(EventType.AUDIT_ERASED, actor, details=details))
        try:
            erased = 0
            while some := await self.store.erase(before):
                erased += some
        except Exception as failure:
            raise AuditUnavailable("the contents were not erased") from failure
        return erased

    async def _erasable(self, before: datetime) -> tuple[int, int, int] | None:
        if before > self._clock() - RETENTION:
            raise ValueError("the law has these entries kept longer")
        async with reading(self.limit):
            return await self.store.erasable(before)

    async def _write(self) -> None:
        try:
            while group := self._next_group():
                await self._write_group(group)
        finally:
            self._writer = None
            while self._queue:  # only when cancelled
                _fail(self._queue.popleft(), AuditUnavailable("the log is closed"))

    async def _write_group(self, group: list[_Pending]) -> None:
        try:
            async with asyncio.timeout(self.limit):
                records = await self._commit(group)
        except Exception as failure:  # noqa: BLE001  whatever is wrong, nobody is let in; the waiting are told
            self.writable = False
            logger.error("audit log not written", failure=type(failure).__name__, entries=len(group))
            for pending in group:
                _fail(pending, failure)
            return
        except BaseException:
            for pending in group:
                _fail(pending, AuditUnavailable("the log is closed"))
            raise
        self.writable = True
        self.written += len(records)
        for pending, record in zip(group, records, strict=True):
            if not pending.stored.done():
                pending.stored.set_result(record)

    def _next_group(self) -> list[_Pending]:
        group: list[_Pending] = []
        while self._queue and len(group) < LARGEST_GROUP:
            pending = self._queue.popleft()
            # Who has given up waiting has been told that nothing happened.
            if not pending.stored.done():
                group.append(pending)
        return group

    async def _commit(self, group: list[_Pending]) -> list[Record]:
        # A writer elsewhere may hold the lock: give up early enough that the answer still comes within the limit.
        async with self.store.writing(self.limit * 0.75) as writing:
            edge = self._edge if writing.note == self._note else await self._continued(writing)
            rows: list[Row] = []
            nodes: list[Node] = []
            for pending in group:
                kind = pending.event.type
                salt = self._salts(SALT_SIZE)
                entry = seal(kind, pending.payload, seq=edge.size, time=pending.time, salt=salt)
                edge, added = edge.add(entry.leaf)
                rows.append(Row(entry, pending.time, kind.value, pending.keys))
                nodes.extend(added)
            note = self.signer.sign(edge.size, edge.root)
            await writing.add(rows, nodes, StoredCheckpoint(edge.size, self._clock(), note))
        self._edge, self._note = edge, note
        return [
            Record(row.entry.seq, row.at, pending.event.type, pending.event)
            for row, pending in zip(rows, group, strict=True)
        ]

    def _head(self, note: str) -> Checkpoint:
        try:
            return self.signer.read(note)
        except NotSigned:
            if self.renew is None:
                raise
            try:
                self.resign(self.renew())
            except SignerUnusable as failure:
                raise LogDamaged("the log's key file cannot be used") from failure
            return self.signer.read(note)

    async def _continued(self, writing: Writing) -> Edge:
        """The edge of the stored tree, if it is what was signed and begins with the tree this process knows."""
        try:
            checkpoint = self._head(writing.note)
        except (BadNote, NotSigned) as failure:
            raise LogDamaged("the log's head is not signed by its key") from failure
        if checkpoint.size < self._edge.size:
            raise LogDamaged("the stored log is older than what this process has signed")
        edge = await _edge(writing, checkpoint.size)
        if edge.root != checkpoint.root:
            raise LogDamaged("the stored tree is not the one that was signed")
        if self._edge.size:
            plan = plan_consistency(self._edge.size, edge.size)
            found = await writing.hashes(plan.nodes)
            proof = plan.build(lambda at: found.get(at, b""))
            if not verify_consistency(self._edge.size, edge.size, self._edge.root, edge.root, proof):
                raise LogDamaged("the stored log is another than the one this process has signed")
        return edge


async def _edge(writing: Writing, size: int) -> Edge:
    wanted = edge_nodes(size)
    found = await writing.hashes(wanted)
    try:
        return Edge(size, tuple(found[at] for at in wanted))
    except KeyError:
        raise LogDamaged("nodes of the tree are missing") from None


def _fail(pending: _Pending, failure: Exception) -> None:
    if not pending.stored.done():
        unavailable = AuditUnavailable("the log could not be written")
        unavailable.__cause__ = failure
        pending.stored.set_exception(failure if isinstance(failure, AuditUnavailable) else unavailable)

"""Collects orders: one task each, on one node, and the final answer is stored before anything is done with it."""

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from audit.log import AuditUnavailable
from auth.bankid import PASSING, BankIdClient, BankIdError, Collected
from auth.bankid_texts import RETURNING
from auth.conclusion import Conclusions, confirmed_on, judge
from auth.errors import IdentificationUnavailable, NotLogged, Refusal
from auth.flow import StoredOrder
from auth.lease import BEAT_SECONDS, Leases
from auth.records import IdentificationRecords
from auth.relay import Verdict
from auth.store import IdentificationRows
from db.engine import DatabaseFailure
from db.tasks import Tasks

log = structlog.get_logger()

OUTSTANDING = "outstandingTransaction"
# BankID gives an order up after three minutes; what is older here has lost its collector.
ORDER_LIMIT = timedelta(seconds=200)
# Who approved on this device is led back by the app at once.
RETURN_LIMIT = timedelta(seconds=90)
LONGEST_WAIT_SECONDS = 30.0
REMEMBERED_SECONDS = 300.0


@dataclass(slots=True)
class Live:
    """An order this process starts or collects. problem: set where its outcome could not even be stored."""

    flow_hash: str
    address: str = field(repr=False)
    link: str | None = field(repr=False)
    hint: str = OUTSTANDING
    problem: str | None = None
    task: "asyncio.Task[None] | None" = None
    done: asyncio.Event = field(default_factory=asyncio.Event)


class Collector:
    """Holds this node's orders under way. seconds: between two questions about the same order (BankID asks for two).

    `run` keeps them this node's, and takes over those of a node that died.
    """

    def __init__(
        self,
        bankid: BankIdClient,
        rows: IdentificationRows,
        conclusions: Conclusions,
        records: IdentificationRecords,
        clock: Callable[[], datetime],
        *,
        seconds: float = 2.0,
        leases: Leases | None = None,
    ) -> None:
        self.live: dict[str, Live] = {}
        self._bankid = bankid
        self._rows = rows
        self._conclusions = conclusions
        self._records = records
        self._clock = clock
        self._seconds = seconds
        self._leases = leases or Leases(rows)
        self._tasks = Tasks()

    @property
    def node(self) -> str:
        """What this node's orders are marked with."""
        return self._leases.node

    def begin(self, transaction: str, order: StoredOrder, answer: str | None = None) -> None:
        """Collect an order that stands in `live`. answer: one a stopped process had stored already."""
        live = self.live[transaction]
        live.task = self._tasks.start(
            self._see_through(transaction, order, answer, live), name="collect identification"
        )

    def stop(self, transaction: str) -> None:
        """Nobody waits for this order any more."""
        live = self.live.pop(transaction, None)
        if live is not None and live.task is not None:
            live.done.set()
            live.task.cancel()

    async def resume(self) -> None:
        """Go on with what a stopped process left, and watch from now on; to be called once at the start."""
        await self._take_over()
        self._tasks.start(self._run(), name="identification leases")

    async def close(self) -> None:
        """Stop collecting; another node, or the next process, goes on."""
        await self._tasks.close()
        with contextlib.suppress(DatabaseFailure):
            await self._leases.release()

    async def look(self) -> None:
        """One round: keep what is ours, let go of what is not any more, take over what nobody collects."""
        # An order without a task is being made and not stored yet; one that is done waits to be told.
        ours = [key for key, live in self.live.items() if live.task is not None and not live.done.is_set()]
        kept = await self._leases.keep(ours)
        for transaction in ours:
            live = self.live.get(transaction)
            if transaction not in kept and live is not None and not live.done.is_set():
                self.stop(transaction)  # cancelled at another node, or taken by one that thought us dead
        await self._take_over()

    async def _run(self) -> None:
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            try:
                await self.look()
            except Exception as failure:  # noqa: BLE001 - the next round tries again
                log.error("identification leases not kept", failure=type(failure).__name__)

    async def _take_over(self) -> None:
        for row in await self._leases.take_over(self.live):
            if row.order is None:
                continue
            order = StoredOrder.model_validate_json(row.order)
            self.live[row.id] = Live(row.flow_hash, order.address, order.link, hint=row.hint)
            self.begin(row.id, order, row.answer)

    async def _see_through(self, transaction: str, order: StoredOrder, answer: str | None, live: Live) -> None:
        try:
            if answer is None:
                await self._collect(transaction, order, live)
            else:
                came_back = await self._rows.has_come_back(transaction)
                collected = Collected.model_validate_json(answer)
                await self._conclude(transaction, order, collected, live, came_back=came_back)
        except AuditUnavailable:
            await self._refuse(transaction, live, NotLogged.code)
        except Refusal as refused:
            await self._refuse(transaction, live, refused.code)
        except Exception as failure:  # noqa: BLE001 - whatever went wrong, the person is told and nobody is let in
            log.error("identification failed", transaction=transaction, failure=type(failure).__name__)
            await self._refuse(transaction, live, IdentificationUnavailable.code)
        live.done.set()
        if live.problem is not None:  # told from memory, for as long as the person may ask
            await asyncio.sleep(REMEMBERED_SECONDS)
        self.live.pop(transaction, None)

    async def _refuse(self, transaction: str, live: Live, problem: str) -> None:
        try:
            await self._finish(transaction, "", problem)
        except Exception as failure:  # noqa: BLE001 - most likely the same database that failed the log
            log.error("outcome not stored", transaction=transaction, failure=type(failure).__name__)
            live.problem = problem

    async def _collect(self, transaction: str, order: StoredOrder, live: Live) -> None:
        wait = self._seconds
        while True:
            await asyncio.sleep(wait)
            wait = self._seconds
            try:
                collected = await self._bankid.collect(order.order.order_ref)
            except BankIdError as error:
                if error.failure not in PASSING:
                    await self._lost(transaction, error)
                    return
                wait = min(max(error.retry_after or 0.0, wait), LONGEST_WAIT_SECONDS)
            else:
                if collected.status != "pending":
                    kept = collected.model_dump_json(by_alias=True)
                    came_back = await self._rows.keep_answer(transaction, kept)
                    await self._conclude(transaction, order, collected, live, came_back=came_back)
                    return
                await self._tell(transaction, live, collected.hint_code)
            if self._clock() - order.answered_at > ORDER_LIMIT:
                await self._fail(transaction, "expiredTransaction")
                return

    async def _tell(self, transaction: str, live: Live, hint: str) -> None:
        """The hint, also to pages that ask another node."""
        if live.hint != hint:
            live.hint = hint
            await self._rows.hint(transaction, hint)

    async def _lost(self, transaction: str, error: BankIdError) -> None:
        """The order cannot be collected any more: another process did so, or BankID and we disagree."""
        row = await self._rows.find(transaction)
        if row is None or row.status != "pending" or row.answer is not None:
            return
        log.error("BankID order cannot be collected", transaction=transaction, failure=error.failure.value)
        await self._records.ended(transaction, error.failure.value)
        await self._finish(transaction, "internalError", None)

    async def _conclude(
        self, transaction: str, order: StoredOrder, collected: Collected, live: Live, *, came_back: bool
    ) -> None:
        completion = collected.completion
        if collected.status == "failed" or completion is None:
            await self._fail(transaction, collected.hint_code or "internalError")
            return
        if judge(order, completion, came_back=came_back) is Verdict.MUST_COME_BACK:
            await self._tell(transaction, live, RETURNING)
            came_back = await self._comes_back(transaction)
        outcome = await self._conclusions.reach(transaction, order, completion, came_back=came_back)
        await self._rows.finish(
            transaction,
            status="complete",
            hint="",
            now=self._clock(),
            person_id=outcome.person,
            staff_id=outcome.staff,
            invitation=outcome.invitation,
            next=outcome.next,
            device=order.device,
            confirmed_on=confirmed_on(order, completion),
        )

    async def _comes_back(self, transaction: str) -> bool:
        deadline = self._clock() + RETURN_LIMIT
        while self._clock() < deadline:
            await asyncio.sleep(min(self._seconds, 1.0))
            if await self._rows.has_come_back(transaction):
                return True
        return False

    async def _fail(self, transaction: str, hint: str) -> None:
        await self._records.ended(transaction, hint)
        await self._finish(transaction, hint, None)

    async def _finish(self, transaction: str, hint: str, problem: str | None) -> None:
        await self._rows.finish(transaction, status="failed", hint=hint, now=self._clock(), problem=problem)

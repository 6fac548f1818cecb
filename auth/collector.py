"""Collects orders: one task each, and the final answer is stored before anything is done with it."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from audit.log import AuditUnavailable
from auth.bankid import PASSING, BankIdClient, BankIdError, Collected
from auth.conclusion import Conclusions
from auth.errors import IdentificationUnavailable, NotLogged, Refusal
from auth.flow import StoredOrder
from auth.records import IdentificationRecords
from auth.store import IdentificationRows
from db.tasks import Tasks

log = structlog.get_logger()

OUTSTANDING = "outstandingTransaction"
# BankID gives an order up after three minutes; what is older here has lost its collector.
ORDER_LIMIT = timedelta(seconds=200)
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
    """Holds the orders under way. seconds: between two questions about the same order (BankID asks for two)."""

    def __init__(
        self,
        bankid: BankIdClient,
        rows: IdentificationRows,
        conclusions: Conclusions,
        records: IdentificationRecords,
        clock: Callable[[], datetime],
        *,
        seconds: float = 2.0,
    ) -> None:
        self.live: dict[str, Live] = {}
        self._bankid = bankid
        self._rows = rows
        self._conclusions = conclusions
        self._records = records
        self._clock = clock
        self._seconds = seconds
        self._tasks = Tasks()

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
        """Go on with what a stopped process left; to be called once at the start."""
        for row in await self._rows.pending(self._clock() - ORDER_LIMIT):
            if row.order is not None and row.id not in self.live:
                order = StoredOrder.model_validate_json(row.order)
                self.live[row.id] = Live(row.flow_hash, order.address, order.link)
                self.begin(row.id, order, row.answer)

    async def close(self) -> None:
        """Stop collecting; the next process resumes."""
        await self._tasks.close()

    async def _see_through(self, transaction: str, order: StoredOrder, answer: str | None, live: Live) -> None:
        try:
            if answer is None:
                await self._collect(transaction, order, live)
            else:
                await self._conclude(transaction, order, Collected.model_validate_json(answer))
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
        while self._clock() - order.answered_at <= ORDER_LIMIT:
            await asyncio.sleep(wait)
            wait = self._seconds
            try:
                collected = await self._bankid.collect(order.order.order_ref)
            except BankIdError as error:
                if error.failure not in PASSING:
                    await self._lost(transaction, error)
                    return
                wait = min(max(error.retry_after or 0.0, wait), LONGEST_WAIT_SECONDS)
                continue
            if collected.status != "pending":
                await self._rows.keep_answer(transaction, collected.model_dump_json(by_alias=True))
                await self._conclude(transaction, order, collected)
                return
            live.hint = collected.hint_code
        await self._fail(transaction, "expiredTransaction")

    async def _lost(self, transaction: str, error: BankIdError) -> None:
        """The order cannot be collected any more: another process did so, or BankID and we disagree."""
        row = await self._rows.find(transaction)
        if row is None or row.status != "pending" or row.answer is not None:
            return
        log.error("BankID order cannot be collected", transaction=transaction, failure=error.failure.value)
        await self._records.ended(transaction, error.failure.value)
        await self._finish(transaction, "internalError", None)

    async def _conclude(self, transaction: str, order: StoredOrder, collected: Collected) -> None:
        if collected.status == "failed" or collected.completion is None:
            await self._fail(transaction, collected.hint_code or "internalError")
            return
        outcome = await self._conclusions.reach(transaction, order, collected.completion)
        await self._rows.finish(
            transaction,
            status="complete",
            hint="",
            now=self._clock(),
            person_id=outcome.person,
            staff_id=outcome.staff,
            invitation=outcome.invitation,
            next=outcome.next,
        )

    async def _fail(self, transaction: str, hint: str) -> None:
        await self._records.ended(transaction, hint)
        await self._finish(transaction, hint, None)

    async def _finish(self, transaction: str, hint: str, problem: str | None) -> None:
        await self._rows.finish(transaction, status="failed", hint=hint, now=self._clock(), problem=problem)

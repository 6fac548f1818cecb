"""Identification with BankID, from the first tap to the session: who may start, who collects, who is told what.

Four rules hold throughout. The transaction belongs to the browser that started it (its flow cookie). One task collects
an order and stores the final answer before anything is done with it. Every outcome is in the audit log before it takes
effect; where the log cannot be written, nothing completes. A session is made new at every identification.
"""

import asyncio
import base64
import contextlib
import hmac
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from audit.events import Reason
from audit.log import AuditUnavailable
from auth import bankid_texts, qr
from auth.bankid import OURS, BankIdClient, BankIdError, Failure, Web
from auth.browsers import device_of, is_robot
from auth.collector import OUTSTANDING, Collector, Live
from auth.conclusion import Conclusions
from auth.errors import (
    AlreadyInProgress,
    BankIdMaintenance,
    ForPeople,
    IdentificationUnavailable,
    IdentificationUnknown,
    InvitationRefused,
    Refusal,
    TooManyIdentifications,
    refusal,
)
from auth.flow import Browser, Greeting, Invitations, Started, Status, StoredOrder, start_page, visible_text
from auth.identity import AssuranceLevel, Method
from auth.lease import Leases
from auth.limits import HoldOff, Recent
from auth.randomness import fingerprint, new_id
from auth.records import IdentificationRecords
from auth.return_path import return_url
from auth.sessions import AlreadyDelivered, AuditLog, Session, Sessions
from auth.store import Identification, IdentificationRows, People
from auth.vault import Vault

log = structlog.get_logger()

# A finished identification waits this long for its browser, and is told again, should the answer have been lost.
PICK_UP = timedelta(minutes=5)
TOLD_AGAIN = timedelta(minutes=1)
KEPT = timedelta(days=1)
ASK_ROW_SECONDS = 0.25
NONCE_LENGTH = 32


@dataclass(frozen=True, slots=True)
class Limits:
    """Orders under way at once, in all and by address (which may be a whole municipality's), link and browser.

    A browser's own oldest order gives way to its newest; otherwise the newest is refused.
    by_link: from one address, so that a stranger who has seen the link keeps nobody else from it.
    refused: links that are no good, and started: identifications begun, an address in ten minutes. Each start is a
    call to BankID and a record in the log, also where it is given up at once. Bad links count against bad links alone:
    whoever tries them shuts out neither the staff nor the invited behind the same address.
    """

    live: int = 300
    by_address: int = 40
    by_link: int = 5
    by_browser: int = 3
    refused: int = 20
    started: int = 600


@dataclass(frozen=True, slots=True)
class _Wish:
    """What a start asks for."""

    transaction: str
    browser: Browser
    link: str | None
    next: str | None
    same_device: bool


class Identifications:
    """All identifications of one process. origin: the public address, "https://mote.example.se"."""

    def __init__(
        self,
        *,
        bankid: BankIdClient,
        rows: IdentificationRows,
        people: People,
        sessions: Sessions,
        invitations: Invitations,
        audit: AuditLog,
        vault: Vault,
        clock: Callable[[], datetime],
        origin: str,
        limits: Limits | None = None,
        collect_seconds: float = 2.0,
        leases: Leases | None = None,
    ) -> None:
        self._bankid = bankid
        self._rows = rows
        self._people = people
        self._sessions = sessions
        self._invitations = invitations
        self._vault = vault
        self._clock = clock
        self._origin = origin
        self._limits = limits or Limits()
        self._refused = Recent(self._limits.refused, timedelta(minutes=10), clock)
        self._records = IdentificationRecords(audit, Method.BANKID)
        self._started = Recent(self._limits.started, timedelta(minutes=10), clock)
        conclusions = Conclusions(people, invitations, self._records, clock)
        self._collector = Collector(
            bankid, rows, conclusions, self._records, clock, seconds=collect_seconds, leases=leases
        )
        self._hold_off = HoldOff(time.monotonic)
        self._held_off_by: type[Refusal] = IdentificationUnavailable

    async def resume(self) -> None:
        """Go on with what a stopped process left; to be called once at the start."""
        await self._collector.resume()

    async def close(self) -> None:
        """Stop collecting; the next process resumes."""
        await self._collector.close()

    async def sweep(self) -> None:
        """Forget identifications of yesterday; to be called every minute or so."""
        await self._rows.forget(self._clock() - KEPT)

    async def start(
        self, browser: Browser, *, link: str | None = None, next_path: str | None = None, same_device: bool = False
    ) -> Started:
        """Begin. link: token of a personal link, None for staff; next_path: where staff go afterwards, checked already.

        Raises ForPeople, InvitationRefused, TooManyIdentifications, IdentificationUnavailable, AlreadyInProgress,
        AuditUnavailable.
        """
        if is_robot(browser.user_agent):
            raise ForPeople
        if (seconds := self._hold_off.left()) > 0:
            raise self._held_off_by(retry_after=math.ceil(seconds))
        # Looked at first: a link that is no good starts nothing, and so uses up nobody's starts.
        greeting = await self._greeting(browser, link)
        await self._make_room(browser)
        self._refuse_if_full(browser, link)
        self._started.hit(browser.address)
        wish = _Wish(new_id(), browser, link, next_path, same_device)
        live = self._collector.live
        # Counted from here on, so that a burst cannot slip past the limits.
        live[wish.transaction] = Live(fingerprint(browser.flow), browser.address, link)
        try:
            await self._records.started(wish.transaction, for_link=link is not None, same_device=same_device)
            order = await self._order(wish, greeting)
            await self._rows.add(_row(wish, order, self._collector.node))
        except BaseException:
            del live[wish.transaction]
            raise
        self._collector.begin(wish.transaction, order)
        return Started(wish.transaction, order.order.auto_start_token, self._qr(order))

    async def _make_room(self, browser: Browser) -> None:
        """A page loaded anew or the other way of starting leaves orders behind: the browser's oldest gives way."""
        flow_hash, live = fingerprint(browser.flow), self._collector.live
        while (
            len(own := [key for key, other in live.items() if other.flow_hash == flow_hash]) >= self._limits.by_browser
        ):
            try:
                await self.cancel(own[0], browser.flow)
            except IdentificationUnknown:  # not stored yet: this is a burst, not a person
                raise TooManyIdentifications(retry_after=5) from None
            self._collector.stop(own[0])

    def _refuse_if_full(self, browser: Browser, link: str | None) -> None:
        live, limits = self._collector.live.values(), self._limits
        here = [other for other in live if other.address == browser.address]
        if (
            len(live) >= limits.live
            or len(here) >= limits.by_address
            or (link is not None and sum(other.link == link for other in here) >= limits.by_link)
        ):
            raise TooManyIdentifications(retry_after=60)  # an order is over within minutes
        if self._started.full(browser.address):
            raise TooManyIdentifications(retry_after=self._started.seconds_left(browser.address))

    async def _greeting(self, browser: Browser, link: str | None) -> Greeting | None:
        if link is None:
            return None
        try:
            return await self._invitations.greeting(link)
        except InvitationRefused as refused:
            if self._refused.full(browser.address):
                raise TooManyIdentifications(retry_after=self._refused.seconds_left(browser.address)) from None
            self._refused.hit(browser.address)
            await self._records.link_refused(refused.reason)
            raise

    async def _order(self, wish: _Wish, greeting: Greeting | None) -> StoredOrder:
        browser, way_back = wish.browser, None
        if wish.same_device:
            nonce = self.nonce(wish.transaction)
            way_back = return_url(self._origin, wish.transaction, nonce, browser.user_agent, touch=browser.touch)
        domain = self._origin.partition("://")[2].partition(":")[0]
        try:
            order = await self._bankid.auth(
                end_user_ip=browser.address,
                visible_text=visible_text(greeting, browser.language, kiosk=(wish.next or "").startswith("/kiosk")),
                web=Web(domain, browser.user_agent or "unknown", fingerprint("device " + browser.flow)),
                return_url=way_back,
            )
        except BankIdError as error:
            await self._records.ended(wish.transaction, error.failure.value)
            raise self._told(error) from None
        self._hold_off.answered()
        return StoredOrder(
            order=order,
            answered_at=self._clock(),
            address=browser.address,
            language=browser.language,
            same_device=wish.same_device,
            link=wish.link,
            next=wish.next,
            device=device_of(browser.user_agent, touch=browser.touch).value,
            can_return=way_back is not None,
        )

    def _told(self, error: BankIdError) -> Refusal:
        """What the person is told of a start that BankID did not answer, and for how long nobody asks it again."""
        if error.failure in OURS:
            log.error("BankID refuses us: look at certificate and address", failure=error.failure.value)
        if error.failure is Failure.ALREADY_IN_PROGRESS:
            return AlreadyInProgress()
        kind = _REFUSALS.get(error.failure, IdentificationUnavailable)
        if error.failure not in _REFUSALS:
            return kind(retry_after=round(error.retry_after) if error.retry_after is not None else None)
        self._held_off_by = kind
        return kind(retry_after=math.ceil(self._hold_off.refused(error.retry_after)))

    async def status(self, transaction: str, flow: str, language: str) -> Status:
        """How it stands, for the browser that started it. Raises IdentificationUnknown for any other.

        The first answer after completion carries the new session's cookie.
        """
        row = await self._own(transaction, flow)
        live = self._collector.live.get(transaction)
        if row.status == "complete":
            return await self._deliver(row, flow, language)
        order = StoredOrder.model_validate_json(row.order) if row.order is not None else None
        if row.status == "failed":
            same_device = order is not None and order.same_device
            return _failed(row.hint, row.problem, language, same_device=same_device)
        if live is not None and live.problem is not None:
            return _failed("", live.problem, language)
        if order is None:
            return _failed("expiredTransaction", None, language)
        hint = live.hint if live is not None else row.hint
        message = bankid_texts.message("pending", hint, language=language, same_device=order.same_device)
        return Status("pending", hint, message, qr=self._qr(order) if hint == OUTSTANDING else None)

    async def cancel(self, transaction: str, flow: str) -> None:
        """The person gave up. Raises IdentificationUnknown; no error where it is finished already."""
        row = await self._own(transaction, flow)
        if row.status != "pending":
            return
        try:
            await self._records.ended(transaction, Reason.CANCELLED)
        except AuditUnavailable:  # giving up is the safe direction, whatever the log says
            log.error("cancelled identification not recorded", transaction=transaction)
        if not await self._rows.finish(transaction, status="failed", hint="cancelled", now=self._clock()):
            return
        self._collector.stop(transaction)
        if row.order is not None:
            try:
                await self._bankid.cancel(StoredOrder.model_validate_json(row.order).order.order_ref)
            except BankIdError as error:  # it dies of itself within three minutes, and nobody collects it
                log.info("BankID order not taken back", failure=error.failure.value)

    async def returned(
        self, transaction: str, nonce: str, flow: str, language: str, *, wait_seconds: float = 10.0
    ) -> tuple[Status, str]:
        """The app on the same device led the person back: wait a little for the outcome.

        Gives the status and the path of the page the person started from. Raises IdentificationUnknown where the
        nonce is not this transaction's or the browser is another.
        """
        ours = [one[:NONCE_LENGTH] for one in self._vault.derivations("return", transaction)]
        if not any(hmac.compare_digest(one.encode(), nonce.encode()) for one in ours):
            raise IdentificationUnknown
        row = await self._own(transaction, flow)
        order = StoredOrder.model_validate_json(row.order) if row.order is not None else None
        page = start_page(order.link, order.next) if order is not None else "/login"
        await self._rows.come_back(transaction)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait_seconds):
                await self._settled(transaction)
        return await self.status(transaction, flow, language), page

    async def _settled(self, transaction: str) -> None:
        live = self._collector.live.get(transaction)
        if live is not None:
            await live.done.wait()
            return
        # Another node collects it: its row is all there is to look at.
        while (row := await self._rows.find(transaction)) is not None and row.status == "pending":  # noqa: ASYNC110
            await asyncio.sleep(ASK_ROW_SECONDS)

    def nonce(self, transaction: str) -> str:
        """What the way back from the app must carry; only this server can tell it."""
        return self._vault.derive("return", transaction)[:NONCE_LENGTH]

    async def _own(self, transaction: str, flow: str) -> Identification:
        row = await self._rows.find(transaction)
        if row is None or not hmac.compare_digest(row.flow_hash, fingerprint(flow)):
            raise IdentificationUnknown
        return row

    def _qr(self, order: StoredOrder) -> str:
        seconds = max(0, int((self._clock() - order.answered_at).total_seconds()))
        return qr.content(order.order.qr_start_token, order.order.qr_start_secret, seconds)

    async def _deliver(self, row: Identification, flow: str, language: str) -> Status:
        """The session is made when its browser asks for it. Its cookie follows from the transaction and the flow
        cookie, so it can be told again for a minute to the same browser: an answer lost on the way costs nothing."""
        now, session = self._clock(), None
        secret, *older = self._cookies(row.id, flow)
        if row.delivered_at is None:
            if row.finished_at is None or now - row.finished_at > PICK_UP:
                return _failed("expiredTransaction", None, language)
            with contextlib.suppress(AlreadyDelivered):
                session = await self._new_session(row, language, secret)
        elif now - row.delivered_at <= TOLD_AGAIN:
            for told in (secret, *older):  # a key may have been changed in between
                if (session := await self._sessions.get(told)) is not None:
                    secret = told
                    break
        message = bankid_texts.message("complete", "", language=language, same_device=False)
        cookie = secret if session is not None else None
        return Status("complete", "", message, next=row.next, cookie=cookie, session=session)

    async def _new_session(self, row: Identification, language: str, secret: str) -> Session:
        if row.person_id is None or row.finished_at is None:
            raise IdentificationUnknown
        posts = await self._people.staff_of(row.person_id)
        person = posts[0].person if posts else await self._people.person(row.person_id)
        if person is None:
            raise IdentificationUnknown
        session, _ = await self._sessions.create(
            person,
            method=Method.BANKID,
            assurance_level=AssuranceLevel.HIGH_3,
            authenticated_at=row.finished_at,
            staff=next((post for post in posts if post.id == row.staff_id), None),
            invitation=row.invitation,
            language=language,
            secret=secret,
            device=row.device,
            confirmed_on=row.confirmed_on,
            delivers=row.id,
        )
        return session

    def _cookies(self, transaction: str, flow: str) -> list[str]:
        """The cookie's value, and what it was under older keys."""
        values = (bytes.fromhex(value) for value in self._vault.derivations("session", transaction, flow))
        return [base64.urlsafe_b64encode(value).rstrip(b"=").decode("ascii") for value in values]


# Those after which BankID is left in peace for a while (`limits.HoldOff`).
_REFUSALS: dict[Failure, type[Refusal]] = {
    Failure.TOO_MANY_REQUESTS: TooManyIdentifications,
    Failure.MAINTENANCE: BankIdMaintenance,
}


def _row(wish: _Wish, order: StoredOrder, node: str) -> Identification:
    return Identification(
        id=wish.transaction,
        flow_hash=fingerprint(wish.browser.flow),
        started_at=order.answered_at,
        status="pending",
        order=order.model_dump_json(by_alias=True),
        answer=None,
        hint=OUTSTANDING,
        collector=node,
    )


def _failed(hint: str, problem: str | None, language: str, *, same_device: bool = False) -> Status:
    if problem is not None:
        return Status("failed", hint, refusal(problem).text(language), problem=problem)
    return Status("failed", hint, bankid_texts.message("failed", hint, language=language, same_device=same_device))

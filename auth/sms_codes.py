"""A code by SMS, for who has no e-legitimation: an addition to a personal link, where the organisation allows it.

It shows that somebody holds the invited person's telephone, no more (NIST SP 800-63B-4, 3.1.3.3). So it opens that one
meeting and nothing else, makes nobody staff, and the person who leads the meeting must recognise who comes
(`rooms.sight`). Six digits, five minutes, five tries, three sent an hour to a number and for a link.
"""

import hmac
import math
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from audit.canonical import Scalar
from audit.events import Event, EventType, Reason
from audit.log import AuditUnavailable
from auth.browsers import device_of
from auth.errors import InvitationRefused, Refusal
from auth.flow import Browser, Invited
from auth.identity import AssuranceLevel, Method
from auth.limits import Recent
from auth.people import Person
from auth.phone_number import PhoneNumber
from auth.randomness import fingerprint, new_id
from auth.records import IdentificationRecords
from auth.sessions import AuditLog, Session, Sessions, actor
from auth.sms import SmsClient, SmsError
from auth.store.sms import SmsCode, SmsCodeRows
from auth.vault import Vault

log = structlog.get_logger()

VALID = timedelta(minutes=5)
MOST_TRIES = 5
MOST_SENT = 3
SENT_WITHIN = timedelta(hours=1)
REFUSED_WITHIN = timedelta(minutes=10)
MOST_BY_ADDRESS = 20  # a municipality's whole network can be one address
MOST_REFUSED = 20  # links that are no good, of an address; they keep no good link from its code
KEPT = timedelta(days=1)


class SmsNotAllowed(Refusal):
    """This link asks for an e-legitimation."""

    code = "sms-not-allowed"
    status = 403
    swedish = "Det här mötet kräver e-legitimation. Har du ingen, ring den som bjöd in dig."
    english = "This meeting asks for an e-identification. If you have none, call the person who invited you."


class SmsUnavailable(Refusal):
    """The operator does not take messages, or our account is wrong; the log says which."""

    code = "sms-unavailable"
    status = 503
    swedish = "Det går inte att skicka en kod just nu. Vänta en stund och försök igen, eller ring den som bjöd in dig."
    english = "No code can be sent right now. Wait a while and try again, or call the person who invited you."


class TooManyCodes(Refusal):
    code = "sms-too-many"
    status = 429
    swedish = "Det har skickats flera koder redan. Vänta en stund, eller ring den som bjöd in dig."
    english = "Several codes have been sent already. Wait a while, or call the person who invited you."


class SmsIdentified(Refusal):
    """The invited person has shown an e-legitimation for this link: a code proves less, and takes nothing over."""

    code = "sms-identified"
    status = 409
    swedish = (
        "Länken har redan öppnats med e-legitimation, så den öppnas inte med kod. Använd BankID eller Freja igen, "
        "eller ring den som bjöd in dig."
    )
    english = (
        "This link has been opened with an e-identification already, so a code does not open it. Use BankID or Freja "
        "again, or call the person who invited you."
    )


class WrongCode(Refusal):
    """Another try is possible."""

    code = "sms-wrong-code"
    status = 422
    swedish = "Koden stämmer inte. Titta i meddelandet och skriv den igen."
    english = "That is not the code. Look at the message and type it again."


class SpentCode(Refusal):
    """Too old, used, or guessed at too often; never says which."""

    code = "sms-spent-code"
    status = 410
    swedish = "Koden går inte att använda längre. Be om en ny."
    english = "The code can no longer be used. Ask for a new one."


SMS_REFUSALS: tuple[type[Refusal], ...] = (
    SmsNotAllowed,
    SmsIdentified,
    SmsUnavailable,
    TooManyCodes,
    WrongCode,
    SpentCode,
)


@dataclass(frozen=True, slots=True)
class SmsInvited:
    """Whom a link invites by SMS. number: where the code goes."""

    invitation: str
    number: PhoneNumber = field(repr=False)


class SmsInvitations(Protocol):
    """`rooms.sms_invitations`. Both raise `auth.errors.InvitationRefused`, SmsNotAllowed and SmsIdentified."""

    async def by_sms(self, token: str) -> SmsInvited: ...

    async def open_by_sms(self, token: str) -> tuple[Person, Invited]:
        """The code was right: bind the link to a person made for it alone. In the log before it is told."""
        ...


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """secret: the session cookie's value. next: the path of the meeting's page."""

    session: Session
    secret: str = field(repr=False)
    next: str


class SmsCodes:
    """client: None where no operator is set up; then every link asks for an e-legitimation. origin: our address."""

    def __init__(
        self,
        *,
        client: SmsClient | None,
        rows: SmsCodeRows,
        sessions: Sessions,
        invitations: SmsInvitations,
        audit: AuditLog,
        vault: Vault,
        clock: Callable[[], datetime],
        origin: str,
        digits: Callable[[], str] = lambda: f"{secrets.randbelow(1_000_000):06}",
    ) -> None:
        self._client = client
        self._rows = rows
        self._sessions = sessions
        self._invitations = invitations
        self._audit = audit
        self._records = IdentificationRecords(audit, Method.SMS)
        self._vault = vault
        self._clock = clock
        self._host = origin.partition("://")[2].partition(":")[0]
        self._digits = digits
        self._by_address = Recent(MOST_BY_ADDRESS, SENT_WITHIN, clock)
        self._refused = Recent(MOST_REFUSED, REFUSED_WITHIN, clock)

    async def start(self, browser: Browser, link: str) -> str:
        """Send a code to the invited person's telephone; gives the transaction's id.

        Raises InvitationRefused, SmsNotAllowed, SmsIdentified, TooManyCodes, SmsUnavailable, AuditUnavailable.
        """
        if self._client is None:
            raise SmsNotAllowed
        try:
            invited = await self._invitations.by_sms(link)
        except InvitationRefused as refused:
            if self._refused.full(browser.address):
                raise TooManyCodes(retry_after=self._refused.seconds_left(browser.address)) from None
            self._refused.hit(browser.address)
            await self._records.link_refused(refused.reason)
            raise
        if self._by_address.full(browser.address):
            raise TooManyCodes(retry_after=self._by_address.seconds_left(browser.address))
        self._by_address.hit(browser.address)
        now, transaction, code = self._clock(), new_id(), self._digits()
        row = SmsCode(
            transaction,
            fingerprint(browser.flow),
            self._vault.derive("sms code", transaction, code),
            self._vault.derive("sms number", invited.number.text),
            fingerprint(link),
            now,
        )
        free_at = await self._rows.add(row, most=MOST_SENT, within=SENT_WITHIN)
        if free_at is not None:
            raise TooManyCodes(retry_after=math.ceil((free_at - now).total_seconds()))
        try:
            await self._records.started(transaction, for_link=True)
        except AuditUnavailable:
            await self._rows.remove(transaction)  # nothing was sent, so it takes nobody's turn
            raise
        try:
            await self._client.send(invited.number, self._text(code, browser.language))
        except SmsError as error:
            await self._records.ended(transaction, f"sms {error.failure}")
            if error.ours:
                log.error("the SMS operator refuses us: look at account and balance", failure=error.failure)
            raise SmsUnavailable(retry_after=60) from None
        return transaction

    async def verify(self, transaction: str, browser: Browser, link: str, code: str) -> LoggedIn:
        """The person typed a code. Raises WrongCode, SpentCode, InvitationRefused, SmsNotAllowed,
        SmsIdentified, AuditUnavailable."""
        row, now = await self._rows.find(transaction), self._clock()
        ours = (
            row is not None
            and hmac.compare_digest(row.flow_hash, fingerprint(browser.flow))
            and hmac.compare_digest(row.link_hash, fingerprint(link))
        )
        if row is None or not ours or now - row.sent_at > VALID:
            raise SpentCode
        if not await self._rows.guess(transaction, most=MOST_TRIES):
            raise SpentCode
        if not hmac.compare_digest(row.code_hash, self._vault.derive("sms code", transaction, code)):
            await self._records.ended(transaction, Reason.WRONG_CODE)
            raise WrongCode
        if not await self._rows.use(transaction, now):
            raise SpentCode
        person, invited = await self._invitations.open_by_sms(link)
        details: dict[str, Scalar] = {"transaction": transaction, "level": int(AssuranceLevel.LOW)}
        who = actor(person, None, Method.SMS)
        await self._audit.append(Event(EventType.IDENTIFICATION_COMPLETED, who, details=details))
        session, secret = await self._sessions.create(
            person,
            method=Method.SMS,
            assurance_level=AssuranceLevel.LOW,
            authenticated_at=now,
            staff=None,
            invitation=invited.invitation,
            language=browser.language,
            device=device_of(browser.user_agent, touch=browser.touch).value,
        )
        return LoggedIn(session, secret, invited.next)

    async def sweep(self) -> None:
        """Forget yesterday's codes."""
        await self._rows.forget(self._clock() - KEPT)

    def _text(self, code: str, language: str) -> str:
        """Nothing about the person or the meeting. The last line lets the telephone fill the code in on our page alone
        (WICG, Origin-bound one-time codes)."""
        if language == "en":
            told = f"{code} is your code for the video meeting. It is valid for 5 minutes. Never give it to anyone."
        else:
            told = f"{code} är din kod till videomötet. Den gäller i 5 minuter. Ge den aldrig till någon annan."
        return f"{told}\n\n@{self._host} #{code}"

"""Login by OpenID Connect, from our page to the provider and back to a session (Core 1.0; RFC 9700; RFC 9207).

The rules of BankID hold here too (`auth.identification`): a login belongs to the browser that started it, every outcome
is in the log before it takes effect, a session is new at each identification. A `state` counts once, and its code with
it: whatever goes wrong after that, the person starts again.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog
from pydantic import BaseModel, ConfigDict

from audit.log import AuditUnavailable
from auth.browsers import device_of, is_robot
from auth.conclusion import Conclusions, Outcome
from auth.errors import (
    CookiesBlocked,
    ForPeople,
    IdentificationUnknown,
    InvitationRefused,
    NotLogged,
    Refusal,
    TooManyIdentifications,
)
from auth.flow import Browser, Invitations, start_page
from auth.id_token import Asked
from auth.identity import Identity, Method
from auth.limits import Recent
from auth.oidc_client import OidcClient
from auth.oidc_errors import PASSING, Failure, OidcError
from auth.randomness import fingerprint, new_id, new_secret
from auth.records import IdentificationRecords
from auth.sessions import AuditLog, Session, Sessions
from auth.store import Away, OidcRows, People

log = structlog.get_logger()

AWAY = timedelta(minutes=10)
"""How long somebody may be at the provider."""
LONGEST_CODE = 4_096
LONGEST_STATE = 128


@dataclass(frozen=True, slots=True)
class Limits:
    """away: logins under way in all. started, refused: logins begun, and links that are no good, an address in ten
    minutes; an address may be a whole municipality's."""

    away: int = 5_000
    started: int = 600
    refused: int = 20


class _Kept(BaseModel):
    """What we must know when the person is back. Ciphered where it is stored."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    transaction: str
    nonce: str
    verifier: str
    language: str
    link: str | None = None
    next: str | None = None
    device: str = ""


@dataclass(frozen=True, slots=True)
class Back:
    """How a login ended. page: where the person goes now: onwards, or to the page they came from with a `problem`.

    cookie: the value of the new session's cookie.
    """

    page: str
    problem: Refusal | None = None
    session: Session | None = None
    cookie: str | None = field(default=None, repr=False)


class OidcLogins:
    """All logins by OpenID Connect of one process."""

    def __init__(
        self,
        clients: Sequence[OidcClient],
        *,
        rows: OidcRows,
        people: People,
        sessions: Sessions,
        invitations: Invitations,
        audit: AuditLog,
        clock: Callable[[], datetime],
        limits: Limits | None = None,
    ) -> None:
        self._clients = {client.provider.method: client for client in clients}
        self._rows = rows
        self._people = people
        self._sessions = sessions
        self._invitations = invitations
        self._clock = clock
        self._limits = limits or Limits()
        self._started = Recent(self._limits.started, timedelta(minutes=10), clock)
        self._refused = Recent(self._limits.refused, timedelta(minutes=10), clock)
        self._records = {method: IdentificationRecords(audit, method) for method in self._clients}
        self._conclusions = {
            method: Conclusions(people, invitations, records, clock) for method, records in self._records.items()
        }

    @property
    def methods(self) -> frozenset[Method]:
        """Those that are set up here."""
        return frozenset(self._clients)

    async def start(self, method: Method, browser: Browser, *, link: str | None, next_path: str | None) -> str:
        """The address at the provider to lead the browser to. next_path: where staff go afterwards, checked already.

        Raises ForPeople, InvitationRefused, TooManyIdentifications, ProviderUnavailable, AuditUnavailable; KeyError for
        a method that is not set up.
        """
        client, records = self._clients[method], self._records[method]
        if is_robot(browser.user_agent):
            raise ForPeople
        # Looked at first: a link that is no good starts nothing, and so uses up nobody's starts.
        if link is not None:
            await self._greet(browser, link, records)
        if self._started.full(browser.address):
            raise TooManyIdentifications(retry_after=self._started.seconds_left(browser.address))
        self._started.hit(browser.address)
        if await self._rows.count() >= self._limits.away:
            raise TooManyIdentifications(retry_after=60)
        kept = _Kept(
            transaction=new_id(),
            nonce=new_secret(),
            verifier=new_secret(),
            language=browser.language,
            link=link,
            next=next_path,
            device=device_of(browser.user_agent, touch=browser.touch).value,
        )
        await records.started(kept.transaction, for_link=link is not None)
        state, now = new_secret(), self._clock()
        try:
            way = await client.way_there(
                state=state, nonce=kept.nonce, verifier=kept.verifier, language=browser.language
            )
        except OidcError as error:
            await self._failed(method, kept, error.failure)
            raise error.told from None
        await self._rows.add(
            Away(fingerprint(state), fingerprint(browser.flow), method.value, now, kept.model_dump_json())
        )
        return way

    async def finish(self, method: Method, answer: Mapping[str, str], flow: str | None) -> Back:
        """The provider has led the person back with `answer`, the query of its redirect. flow: the browser's cookie.

        Never raises a Refusal: the person is told on the page they came from. KeyError for a method not set up.
        """
        page = "/login"
        try:
            away, kept = await self._take(method, answer, flow)
            page = start_page(kept.link, kept.next)
            return await self._conclude(method, away, kept, answer)
        except Refusal as refused:
            return Back(page, refused)
        except AuditUnavailable:
            return Back(page, NotLogged())

    async def sweep(self) -> None:
        """Forget whoever did not come back; to be called every minute or so."""
        await self._rows.forget(self._clock() - 2 * AWAY)

    async def _greet(self, browser: Browser, link: str, records: IdentificationRecords) -> None:
        try:
            await self._invitations.greeting(link)
        except InvitationRefused as refused:
            if self._refused.full(browser.address):
                raise TooManyIdentifications(retry_after=self._refused.seconds_left(browser.address)) from None
            self._refused.hit(browser.address)
            await records.link_refused(refused.reason)
            raise

    async def _take(self, method: Method, answer: Mapping[str, str], flow: str | None) -> tuple[Away, _Kept]:
        if flow is None:
            raise CookiesBlocked
        state = answer.get("state", "")
        away = None
        if 1 <= len(state) <= LONGEST_STATE:
            away = await self._rows.take(fingerprint(state), flow_hash=fingerprint(flow), method=method.value)
        if away is None:
            # Used already, of another browser, or of another provider: nothing of this may be believed.
            log.warning("OpenID answer without a login", method=method.value)
            raise IdentificationUnknown
        return away, _Kept.model_validate_json(away.content)

    async def _conclude(self, method: Method, away: Away, kept: _Kept, answer: Mapping[str, str]) -> Back:
        try:
            identity = await self._identity(self._clients[method], kept, away, answer)
        except OidcError as error:
            await self._failed(method, kept, error.failure)
            raise error.told from None
        outcome = await self._conclusions[method].decide(
            kept.transaction, identity, link=kept.link, next_path=kept.next
        )
        session, cookie = await self._log_in(identity, outcome, kept)
        return Back(outcome.next, session=session, cookie=cookie)

    async def _identity(self, client: OidcClient, kept: _Kept, away: Away, answer: Mapping[str, str]) -> Identity:
        await client.check_issuer(answer.get("iss"))
        if self._clock() - away.started_at > AWAY:
            raise OidcError(Failure.TOO_LATE)
        if "error" in answer:
            # Core 3.1.2.6 and RFC 6749, 4.1.2.1: whoever taps Cancel comes back with this one.
            raise OidcError(Failure.GIVEN_UP if answer["error"] == "access_denied" else Failure.PROVIDER)
        code = answer.get("code", "")
        if not 1 <= len(code) <= LONGEST_CODE:
            raise OidcError(Failure.CODE)
        return await client.identity(code, kept.verifier, Asked(kept.nonce, away.started_at))

    async def _log_in(self, identity: Identity, outcome: Outcome, kept: _Kept) -> tuple[Session, str]:
        person = await self._people.person(outcome.person)
        if person is None:
            raise IdentificationUnknown
        posts = await self._people.staff_of(person.id)
        return await self._sessions.create(
            person,
            method=identity.method,
            assurance_level=identity.assurance_level,
            authenticated_at=identity.authenticated_at,
            staff=next((post for post in posts if post.id == outcome.staff), None),
            invitation=outcome.invitation,
            language=kept.language,
            device=kept.device,
        )

    async def _failed(self, method: Method, kept: _Kept, failure: Failure) -> None:
        if failure not in PASSING:
            log.error("OpenID login refused", method=method.value, failure=failure.value)
        await self._records[method].ended(kept.transaction, failure.value)

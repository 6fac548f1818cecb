"""Opaque sessions kept by the server: the browser holds a random cookie, the database only its hash."""

from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

import structlog

from audit.events import Actor, Event, EventType, Reason, Record
from auth.errors import IdentifyAgain, SessionUnknown
from auth.identity import STAFF_LEVEL, AssuranceLevel, Method
from auth.people import Person, Staff
from auth.randomness import fingerprint, looks_like_secret, new_id, new_secret

if TYPE_CHECKING:  # the store builds sessions, so it imports this file
    from auth.store import SessionRows

log = structlog.get_logger()

IDLE = timedelta(minutes=30)
IDLE_IN_MEETING = timedelta(minutes=60)
ABSOLUTE = timedelta(hours=12)
FRESH = timedelta(minutes=15)
"""After an identification one may end one's other logins: whoever sits down at an unlocked desk may not."""
# The idle time is written down at most this often; a session lives up to this much shorter than it could.
KEEP_STEP = timedelta(minutes=1)


Ended = Callable[[str], Awaitable[None]]
Succeeded = Callable[[str, str], Awaitable[None]]


class AlreadyDelivered(Exception):
    """An identification's outcome is handed over once."""


class AuditLog(Protocol):
    """What identification needs of `audit.log.Log`: the record is stored when this returns."""

    async def append(self, event: Event) -> Record: ...


@dataclass(frozen=True, slots=True)
class Session:
    """One identification in one browser.

    id: public and opaque, not the cookie. secret_hash: SHA-256 of the cookie's value, hex.
    staff: the post this login works in, None for invited people and below STAFF_LEVEL.
    invitation: the id of the one this login was for.
    language: "sv" or "en". device: what the browser was on (`browsers.Device`). confirmed_on: where the app was that
    approved: "this" device, an "other" one, "other-network"; "" where the method does not tell. several: the
    person holds more commissions to choose among.
    """

    id: str
    secret_hash: str
    person: Person
    method: Method
    assurance_level: AssuranceLevel
    authenticated_at: datetime
    staff: Staff | None
    invitation: str | None
    language: str
    device: str = ""
    confirmed_on: str = ""
    several: bool = False

    @property
    def works(self) -> bool:
        """Whether it is a login of staff, in a post or with several to choose among. Others have their link alone."""
        return self.staff is not None or self.several

    @property
    def actor(self) -> Actor:
        """This person as the log writes one."""
        return actor(self.person, self.staff, self.method)


@dataclass(frozen=True, slots=True)
class Remaining:
    """Whose login it is, in which post, and how long it still stands: `idle`, unless something is done; `absolute`,
    whatever is done."""

    person: str
    staff: str | None
    assurance_level: AssuranceLevel
    idle: timedelta
    absolute: timedelta


def actor(person: Person, staff: Staff | None, method: Method) -> Actor:
    """A person as the log writes one: with post and organisation for staff."""
    if staff is None:
        return Actor(person.id, person.name, method=method.value)
    return Actor(person.id, person.name, staff.title, staff.organisation.name, method.value)


def cookie_name(secure: bool) -> str:
    """Name of the session cookie; the ``__Host-`` prefix binds it to this host, https and path / (RFC 6265bis, 4.1.3).

    secure: whether the public address is https; plain http exists in the demo alone.
    """
    return "__Host-hemmaplan" if secure else "hemmaplan"


class Sessions:
    """Creates, finds and ends sessions. Idle limit 30 minutes (60 in an open meeting), absolute limit 12 hours."""

    def __init__(self, rows: "SessionRows", log: AuditLog, clock: Callable[[], datetime]) -> None:
        self._rows = rows
        self._log = log
        self._clock = clock
        self._ended: list[Ended] = []
        self._succeeded: list[Succeeded] = []

    def listen(self, ended: Ended, succeeded: Succeeded | None = None) -> None:
        """`ended` hears of each session that ends, by its public id: whoever was let in by it is to be put out.

        succeeded: hears, before that, of a session and the same person's that follows it in the browser, by their ids.
        """
        self._ended.append(ended)
        if succeeded is not None:
            self._succeeded.append(succeeded)

    async def create(
        self,
        person: Person,
        *,
        method: Method,
        assurance_level: AssuranceLevel,
        authenticated_at: datetime,
        staff: Staff | None,
        invitation: str | None,
        language: str,
        secret: str | None = None,
        device: str = "",
        confirmed_on: str = "",
        delivers: str | None = None,
    ) -> tuple[Session, str]:
        """A new session and its cookie's value. Always new at identification: nothing a browser held before lives on.

        secret: the cookie's value where it has been made already (see `Identifications._deliver`). delivers: the
        stored identification whose outcome this is; raises AlreadyDelivered where another answer was first.
        """
        secret = secret if secret is not None else new_secret()
        session = Session(
            new_id(),
            fingerprint(secret),
            person,
            method,
            assurance_level,
            authenticated_at,
            staff if assurance_level >= STAFF_LEVEL else None,
            invitation,
            language,
            device,
            confirmed_on,
        )
        now = self._clock()
        if not await self._rows.add(session, now + IDLE, delivers=(delivers, now) if delivers is not None else None):
            raise AlreadyDelivered
        return session, secret

    async def get(self, secret: str) -> Session | None:
        """The living session of a cookie's value, whose idle time starts anew; None for anything else."""
        if not looks_like_secret(secret):
            return None
        found = await self._rows.find(secret_hash=fingerprint(secret))
        now = self._clock()
        if found is None or not _alive(*found, now):
            return None
        session, idle_until = found
        if idle_until < now + IDLE - KEEP_STEP:
            await self._rows.keep(session.id, now + IDLE)
        return session

    async def find(self, session: str) -> Session | None:
        """The living session of that public id; asking does not lengthen it. For sockets that stay open."""
        found = await self._rows.find(session=session)
        return found[0] if found is not None and _alive(*found, self._clock()) else None

    async def remaining(self, secret: str) -> Remaining | None:
        """How long a cookie's value's session still stands, None for anything else; asking does not lengthen it."""
        found = await self._rows.find(secret_hash=fingerprint(secret)) if looks_like_secret(secret) else None
        now = self._clock()
        if found is None or not _alive(*found, now):
            return None
        session, idle_until = found
        staff = session.staff.id if session.staff is not None else None
        absolute = session.authenticated_at + ABSOLUTE - now
        return Remaining(session.person.id, staff, session.assurance_level, idle_until - now, absolute)

    async def touch(self, session: str) -> None:
        """The person is in an open meeting: an hour from now before idleness ends the session."""
        await self._rows.keep(session, self._clock() + IDLE_IN_MEETING)

    async def all_of(self, viewer: Session) -> list[Session]:
        """The viewer's own living sessions, newest first. One of lower assurance does not see those above it."""
        everything = await self._rows.of_person(viewer.person.id)
        living = await self.living([session.id for session in everything])
        seen = [
            session
            for session in everything
            if session.id in living and session.assurance_level <= viewer.assurance_level
        ]
        return sorted(seen, key=lambda session: session.authenticated_at, reverse=True)

    def fresh(self, viewer: Session) -> bool:
        """Whether the viewer has identified so lately that it is they who sit there (OWASP ASVS 5.0, 7.5.2)."""
        return self._clock() < viewer.authenticated_at + FRESH

    async def end_one(self, viewer: Session, session: str) -> None:
        """End one of the viewer's own, by its public id. Raises SessionUnknown for any other, IdentifyAgain."""
        for own in await self.all_of(viewer):
            if own.id == session:
                if session != viewer.id and not self.fresh(viewer):
                    raise IdentifyAgain
                reason = Reason.LOGGED_OUT if session == viewer.id else Reason.LOGGED_OUT_FROM_LIST
                return await self.end(own, reason=reason)
        raise SessionUnknown

    async def end_everywhere(self, viewer: Session) -> int:
        """End all of the viewer's own, this one last; tells how many. Raises IdentifyAgain where there are others."""
        found = await self.all_of(viewer)
        if any(session.id != viewer.id for session in found) and not self.fresh(viewer):
            raise IdentifyAgain
        for session in sorted(found, key=lambda session: session.id == viewer.id):
            await self.end(session, reason=Reason.LOGGED_OUT_EVERYWHERE)
        return len(found)

    async def end_for_post(self, post: Staff, by: Session) -> int:
        """An administrator ends what a member of staff is logged in to for one organisation; tells how many."""
        found = [
            session
            for session in await self._rows.of_person(post.person.id)
            if session.staff is not None and session.staff.organisation.id == post.organisation.id
        ]
        for session in found:
            await self.end(session, reason=Reason.BY_ADMINISTRATOR, by=by)
        return len(found)

    async def living(self, sessions: Collection[str]) -> frozenset[str]:
        """Which of these public ids are living sessions; asking does not lengthen them."""
        now = self._clock()
        return frozenset(await self._rows.living(sessions, now, now - ABSOLUTE))

    async def end(self, session: Session, *, reason: str = Reason.LOGGED_OUT, by: Session | None = None) -> None:
        """End one. by: who did, where it was somebody else. A log that cannot be written keeps nobody logged in."""
        if not await self._rows.remove(session.id):
            return
        await self._record(session, reason, by)
        for ended in self._ended:
            try:
                await ended(session.id)
            except Exception as failure:  # noqa: BLE001  (one that fails must not keep the others from hearing)
                log.error("session end not heard", failure=type(failure).__name__)

    async def replace(self, before: Session, by: Session) -> None:
        """A browser has identified anew: end what it held before.

        The same person keeps what the old session had, so it is handed to the new one first. Where that fails, the
        old one ends as at a logout, which is the safe direction.
        """
        if before.person.id == by.person.id:
            for succeeded in self._succeeded:
                try:
                    await succeeded(before.id, by.id)
                except Exception as failure:  # noqa: BLE001  (the old session ends in any case)
                    log.error("session not handed over", failure=type(failure).__name__)
        await self.end(before, reason=Reason.IDENTIFIED_ANEW)

    async def end_all(self, person: str, *, reason: str = Reason.LOGGED_OUT_EVERYWHERE) -> int:
        """End every session of a person (`people.id`); tells how many."""
        found = await self._rows.of_person(person)
        for session in found:
            await self.end(session, reason=reason)
        return len(found)

    async def sweep(self) -> int:
        """Remove sessions over their limits, with a record each; to be called every minute or so."""
        now = self._clock()
        found = await self._rows.over(now, now - ABSOLUTE)
        for session in found:
            await self.end(
                session, reason=Reason.TOO_OLD if session.authenticated_at <= now - ABSOLUTE else Reason.IDLE
            )
        return len(found)

    async def _record(self, session: Session, reason: str, by: Session | None) -> None:
        organisation = session.staff.organisation.id if session.staff else None
        event = Event(
            EventType.SESSION_ENDED,
            session.actor if by is None else by.actor,
            organisation=organisation,
            subject=None if by is None else session.actor,
            details={"reason": reason},
        )
        try:
            await self._log.append(event)
        except Exception as failure:  # noqa: BLE001  (ending is the safe direction, whatever the log says)
            log.error("session end not recorded", session=session.id, failure=type(failure).__name__)


def _alive(session: Session, idle_until: datetime, now: datetime) -> bool:
    return now < idle_until and now < session.authenticated_at + ABSOLUTE

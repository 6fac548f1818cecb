"""Which commission (uppdrag) a login works in: chosen after it, switched later, ended with its logins."""

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from audit.canonical import Scalar
from audit.events import Event, EventType, Reason
from auth.errors import AssuranceTooLow, UnknownHere
from auth.identity import STAFF_LEVEL
from auth.people import Permission, Staff
from auth.sessions import AuditLog, Session, Sessions, actor
from auth.store import People

if TYPE_CHECKING:
    from auth.store import SessionRows

PAGE = "/commissions"
_LEADS_TO_TODAY = frozenset({Permission.HOST, Permission.PLANNER})


def home_of(staff: Staff) -> str:
    """The first page of a commission: the day, the log for those who only read it, or what is administered."""
    if staff.permissions & _LEADS_TO_TODAY:
        return "/today"
    if staff.may(Permission.AUDITOR):
        return "/audit"
    return "/organisations" if staff.permissions & {Permission.ADMIN, Permission.OPERATOR} else "/today"


def only(held: list[Staff]) -> Staff | None:
    """The commission a login starts with: the one there is; None where the person is to choose."""
    return held[0] if len(held) == 1 else None


def choice(wanted: str) -> str:
    """Where a login with several commissions leads: to the choice, and then on."""
    return f"{PAGE}?{urlencode({'next': wanted})}"


class Commissions:
    def __init__(self, people: People, rows: "SessionRows", sessions: Sessions, audit: AuditLog) -> None:
        self._people = people
        self._rows = rows
        self._sessions = sessions
        self._audit = audit

    async def of(self, session: Session) -> list[Staff]:
        """Those of the person who is logged in that count now, by organisation."""
        held = await self._people.staff_of(session.person.id)
        return sorted(held, key=lambda staff: (staff.organisation.name, staff.unit, staff.title))

    async def choose(self, session: Session, staff: str) -> Staff:
        """Work in that one from now on, in this login. Raises UnknownHere for one that is not the person's, or over;
        AssuranceTooLow for a login below STAFF_LEVEL, AuditUnavailable."""
        if session.assurance_level < STAFF_LEVEL:
            raise AssuranceTooLow
        chosen = next((one for one in await self.of(session) if one.id == staff), None)
        if chosen is None:
            raise UnknownHere
        if session.staff is not None and session.staff.id == chosen.id:
            return chosen
        details: dict[str, Scalar] = {"staff": chosen.id, "unit": chosen.unit}
        if session.staff is not None:
            details["before"] = f"{session.staff.title}, {session.staff.organisation.name}"
        who = actor(session.person, chosen, session.method)
        await self._audit.append(
            Event(EventType.COMMISSION_CHOSEN, who, organisation=chosen.organisation.id, details=details)
        )
        await self._rows.choose(session.id, chosen.id)
        return chosen

    async def end_sessions(self, staff: Staff) -> int:
        """End every login that works in it; tells how many."""
        found = await self._rows.of_staff(staff.id)
        for session in found:
            await self._sessions.end(session, reason=Reason.COMMISSION_ENDED)
        return len(found)

    async def sweep(self) -> int:
        """End logins whose commission is over since its last day; to be called every minute or so."""
        found = await self._rows.of_ended_staff(self._people.now())
        for session in found:
            await self._sessions.end(session, reason=Reason.COMMISSION_ENDED)
        return len(found)

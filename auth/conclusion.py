"""From BankID's final answer to who may go on: the number, the risk, the post or the invitation, and its record."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from audit.events import Reason
from auth.bankid import Completion
from auth.errors import HighRisk, NotStaff, NumberNotRead
from auth.flow import Invitations, StoredOrder
from auth.identity import AssuranceLevel, Identity, Method
from auth.identity_number import IdentityNumber, InvalidIdentityNumber
from auth.people import Permission, Staff
from auth.records import IdentificationRecords
from auth.store import People

_LEADS_TO_TODAY = frozenset({Permission.HOST, Permission.PLANNER})


@dataclass(frozen=True, slots=True)
class Outcome:
    """Who may go on, and where. Ids of person, post (staff alone) and invitation (links alone)."""

    person: str
    staff: str | None
    invitation: str | None
    next: str


class Conclusions:
    """Decides about a completed order."""

    def __init__(
        self,
        people: People,
        invitations: Invitations,
        records: IdentificationRecords,
        clock: Callable[[], datetime],
    ) -> None:
        self._people = people
        self._invitations = invitations
        self._records = records
        self._clock = clock

    async def reach(self, transaction: str, order: StoredOrder, completion: Completion) -> Outcome:
        """Record the outcome, then tell it. Raises NumberNotRead, HighRisk, NotStaff, InvitationRefused,
        AuditUnavailable; each refusal is recorded too."""
        identity = await self._identity(transaction, completion)
        person = await self._people.save_person(identity)
        posts = await self._people.staff_of(person.id)
        post = posts[0] if posts else None
        if order.link is None:
            if post is None:
                await self._records.ended(transaction, Reason.NOT_STAFF, person)
                raise NotStaff
            await self._records.completed(transaction, order, completion, person, post)
            return Outcome(person.id, post.id, None, order.next or _home_of(post))
        await self._records.completed(transaction, order, completion, person, post)
        invited = await self._invitations.identify(order.link, identity, person)
        return Outcome(person.id, post.id if post is not None else None, invited.invitation, invited.next)

    async def _identity(self, transaction: str, completion: Completion) -> Identity:
        now, user = self._clock(), completion.user
        try:
            number = IdentityNumber.parse(user.personal_number, today=now.date())
        except InvalidIdentityNumber:
            await self._records.ended(transaction, Reason.NUMBER_UNREADABLE)
            raise NumberNotRead from None
        if completion.risk == "high":
            await self._records.ended(transaction, Reason.HIGH_RISK, await self._people.person_by_number(number))
            raise HighRisk
        return Identity(
            number, user.given_name, user.surname, user.name, Method.BANKID, AssuranceLevel.HIGH_3, authenticated_at=now
        )


def _home_of(post: Staff) -> str:
    if post.may(Permission.AUDITOR) and not post.permissions & _LEADS_TO_TODAY:
        return "/audit"
    return "/today"

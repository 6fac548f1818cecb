"""From a provider's final answer to who may go on: the number, the risk, the post or the invitation, and its record."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from audit.canonical import Scalar
from audit.events import Reason
from auth.bankid import Completion
from auth.commissions import home_of, only, way
from auth.errors import HighRisk, NotStaff, NumberNotRead
from auth.flow import Invitations, StoredOrder
from auth.identity import AssuranceLevel, Identity, Method
from auth.identity_number import IdentityNumber, InvalidIdentityNumber
from auth.records import IdentificationRecords
from auth.store import People


@dataclass(frozen=True, slots=True)
class Outcome:
    """Who may go on, and where. Ids of person, post (staff alone) and invitation (links alone)."""

    person: str
    staff: str | None
    invitation: str | None
    next: str


class Conclusions:
    """Decides about completed identifications by one method."""

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
        """Decide about BankID's answer. Raises NumberNotRead, HighRisk, and what `decide` raises; each refusal is
        recorded before it is told."""
        identity = await self._identity(transaction, completion)
        return await self.decide(
            transaction,
            identity,
            link=order.link,
            next_path=order.next,
            risk=completion.risk or "unknown",
            same_device=order.same_device,
            # A phone beside a computer has an address of its own; on one device a difference deserves a look.
            same_address=completion.device.ip_address == order.address,
        )

    async def decide(
        self, transaction: str, identity: Identity, *, link: str | None, next_path: str | None, **details: Scalar
    ) -> Outcome:
        """Whoever it is, by whatever method: the post or the invitation. link: token of a personal link; None: staff.

        details: for the record. Raises NotStaff, InvitationRefused, AuditUnavailable.
        """
        person = await self._people.save_person(identity)
        posts = await self._people.staff_of(person.id)
        post = only(posts)
        if link is None:
            if not posts:
                await self._records.ended(transaction, Reason.NOT_STAFF, person)
                raise NotStaff
            await self._records.completed(transaction, identity, person, post, **details)
            wanted = next_path or (home_of(post) if post is not None else "/")
            return Outcome(person.id, post.id if post is not None else None, None, way(posts, wanted))
        await self._records.completed(transaction, identity, person, post, **details)
        invited = await self._invitations.identify(link, identity, person)
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

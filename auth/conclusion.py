"""From a provider's final answer to who may go on: the number, the risk, the post or the invitation, and its record."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from audit.canonical import Scalar
from audit.events import Reason
from auth.bankid import Completion
from auth.commissions import choice, home_of, only
from auth.errors import AssuranceTooLow, HighRisk, NotStaff, NumberNotRead, OnAnotherDevice
from auth.flow import Invitations, StoredOrder
from auth.identity import STAFF_LEVEL, AssuranceLevel, Identity, Method
from auth.identity_number import IdentityNumber, InvalidIdentityNumber
from auth.people import Person
from auth.records import IdentificationRecords
from auth.relay import Place, Verdict, place_of, verdict
from auth.store import People


@dataclass(frozen=True, slots=True)
class Outcome:
    """Who may go on, and where. Ids of person, post (staff alone, never below STAFF_LEVEL) and invitation (links
    alone)."""

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

    async def reach(
        self, transaction: str, order: StoredOrder, completion: Completion, *, came_back: bool = False
    ) -> Outcome:
        """Decide about BankID's answer. came_back: by our nonce, in the browser that started.

        Raises NumberNotRead, HighRisk, OnAnotherDevice, and what `decide` raises; each refusal is recorded before it
        is told.
        """
        identity = await self._identity(transaction, completion)
        if judge(order, completion, came_back=came_back) is not Verdict.LET_IN:
            known = await self._people.person_by_number(identity.number) if identity.number is not None else None
            await self._records.ended(transaction, Reason.ON_ANOTHER_DEVICE, known)
            raise OnAnotherDevice
        return await self.decide(
            transaction,
            identity,
            link=order.link,
            next_path=order.next,
            risk=completion.risk or "unknown",
            same_device=order.same_device,
            address=place_of(order.address, completion.device.ip_address).value,
            came_back=came_back,
        )

    async def decide(
        self, transaction: str, identity: Identity, *, link: str | None, next_path: str | None, **details: Scalar
    ) -> Outcome:
        """Whoever it is, by whatever method: the post or the invitation. link: token of a personal link; None: staff.

        details: for the record. Raises NotStaff, AssuranceTooLow, InvitationRefused, AuditUnavailable.
        """
        person = await self._person(transaction, identity)
        if identity.number is None:  # a link is made out to a number; the house may know it
            identity = replace(identity, number=await self._people.number_of(person.id))
        posts = await self._people.staff_of(person.id)
        # An HSA-id says which organisation the person works for now; a number does not.
        post = only([one for one in posts if one.hsa_id == str(identity.hsa_id)] or posts)
        if link is None:
            if not posts:
                await self._records.ended(transaction, Reason.NOT_STAFF, person)
                raise NotStaff
            if identity.assurance_level < STAFF_LEVEL:
                await self._records.ended(transaction, Reason.ASSURANCE, person)
                raise AssuranceTooLow
            await self._records.completed(transaction, identity, person, post, **details)
            if post is None:
                return Outcome(person.id, None, None, choice(next_path or "/"))
            return Outcome(person.id, post.id, None, next_path or home_of(post))
        if identity.assurance_level < STAFF_LEVEL:
            post = None  # the meeting is content with less; their work is not
        await self._records.completed(transaction, identity, person, post, **details)
        invited = await self._invitations.identify(link, identity, person)
        return Outcome(person.id, post.id if post is not None else None, invited.invitation, invited.next)

    async def _person(self, transaction: str, identity: Identity) -> Person:
        """Whom the number or the HSA-id stands for; both must stand for the same one."""
        known = await self._people.person_by_hsa_id(identity.hsa_id) if identity.hsa_id is not None else None
        if known is None:
            if identity.number is None:
                await self._records.ended(transaction, Reason.NOT_STAFF)
                raise NotStaff
            return await self._people.save_person(identity)
        if identity.number is not None and not await self._people.know_number(known.id, identity.number):
            await self._records.ended(transaction, Reason.NUMBERS_DIFFER, known)
            raise NotStaff
        named = Person(known.id, identity.given_name, identity.surname, identity.name)
        return known if named == known else await self._people.rename(named)

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


def judge(order: StoredOrder, completion: Completion, *, came_back: bool) -> Verdict:
    """Whether the one who approved sits where the one who asked does; the table stands in `auth.relay`."""
    return verdict(
        same_device=order.same_device,
        place=place_of(order.address, completion.device.ip_address),
        risk=completion.risk,
        came_back=came_back,
        can_come_back=order.can_return,
    )


def confirmed_on(order: StoredOrder, completion: Completion) -> str:
    """For the person's list of logins: approved on "this" device, on an "other" one, or on an "other-network"."""
    if order.same_device:
        return "this"
    place = place_of(order.address, completion.device.ip_address)
    return "other-network" if place is Place.OTHER else "other"

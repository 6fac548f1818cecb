"""What identification writes in the audit log.

Every method returns when the record is stored, or raises AuditUnavailable.
"""

from audit.canonical import Scalar
from audit.events import Actor, Event, EventType, Reason
from auth.bankid import Completion
from auth.flow import StoredOrder
from auth.identity import AssuranceLevel, Method
from auth.people import Person, Staff
from auth.sessions import AuditLog, actor

# The person gave up, in the app or on our page; everything else is a failure.
_GIVEN_UP = frozenset({"userCancel", Reason.CANCELLED})


class IdentificationRecords:
    """Records of one identification; the transaction's id ties them together."""

    def __init__(self, audit: AuditLog) -> None:
        self._audit = audit

    async def link_refused(self, reason: str) -> None:
        """A link was no good before anybody identified."""
        await self._audit.append(Event(EventType.INVITATION_REFUSED, details={"reason": reason}))

    async def started(self, transaction: str, *, for_link: bool, same_device: bool) -> None:
        details: dict[str, Scalar] = {
            "transaction": transaction,
            "method": Method.BANKID.value,
            "purpose": "invitation" if for_link else "staff",
            "same_device": same_device,
        }
        await self._audit.append(Event(EventType.IDENTIFICATION_STARTED, details=details))

    async def ended(self, transaction: str, reason: str, person: Person | None = None) -> None:
        """No identity came of it. person: who it was, where that is known all the same."""
        kind = EventType.IDENTIFICATION_CANCELLED if reason in _GIVEN_UP else EventType.IDENTIFICATION_FAILED
        who: Actor | None = actor(person, None, Method.BANKID) if person is not None else None
        await self._audit.append(Event(kind, who, details={"transaction": transaction, "reason": reason}))

    async def completed(
        self, transaction: str, order: StoredOrder, completion: Completion, person: Person, post: Staff | None
    ) -> None:
        details: dict[str, Scalar] = {
            "transaction": transaction,
            "level": int(AssuranceLevel.HIGH_3),
            "risk": completion.risk or "unknown",
            "same_device": order.same_device,
            # A phone beside a computer has an address of its own; on one device a difference deserves a look.
            "same_address": completion.device.ip_address == order.address,
        }
        who = actor(person, post, Method.BANKID)
        organisation = post.organisation.id if post is not None else None
        await self._audit.append(
            Event(EventType.IDENTIFICATION_COMPLETED, who, organisation=organisation, details=details)
        )

"""What identification writes in the audit log.

Every method returns when the record is stored, or raises AuditUnavailable.
"""

from audit.canonical import Scalar
from audit.events import Actor, Event, EventType, Reason
from auth.identity import Identity, Method
from auth.people import Person, Staff
from auth.sessions import AuditLog, actor

# The person gave up, in the app or on our page; everything else is a failure.
_GIVEN_UP = frozenset({"userCancel", Reason.CANCELLED})


class IdentificationRecords:
    """Records of identifications by one method; the transaction's id ties those of one together."""

    def __init__(self, audit: AuditLog, method: Method) -> None:
        self._audit = audit
        self._method = method

    async def link_refused(self, reason: str) -> None:
        """A link was no good before anybody identified."""
        await self._audit.append(Event(EventType.INVITATION_REFUSED, details={"reason": reason}))

    async def started(self, transaction: str, *, for_link: bool, **details: Scalar) -> None:
        about: dict[str, Scalar] = {
            "transaction": transaction,
            "method": self._method.value,
            "purpose": "invitation" if for_link else "staff",
        }
        await self._audit.append(Event(EventType.IDENTIFICATION_STARTED, details={**about, **details}))

    async def ended(self, transaction: str, reason: str, person: Person | None = None) -> None:
        """No identity came of it. person: who it was, where that is known all the same."""
        kind = EventType.IDENTIFICATION_CANCELLED if reason in _GIVEN_UP else EventType.IDENTIFICATION_FAILED
        who: Actor | None = actor(person, None, self._method) if person is not None else None
        await self._audit.append(Event(kind, who, details={"transaction": transaction, "reason": reason}))

    async def completed(
        self, transaction: str, identity: Identity, person: Person, post: Staff | None, **details: Scalar
    ) -> None:
        """details: what the method tells beside who it is."""
        about: dict[str, Scalar] = {"transaction": transaction, "level": int(identity.assurance_level)}
        who = actor(person, post, self._method)
        organisation = post.organisation.id if post is not None else None
        await self._audit.append(
            Event(EventType.IDENTIFICATION_COMPLETED, who, organisation=organisation, details={**about, **details})
        )

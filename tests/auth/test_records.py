"""What identification writes in the log."""

from auth.bankid import Completion, Order
from auth.flow import StoredOrder
from auth.people import Person
from auth.records import IdentificationRecords
from tests.auth.conftest import MemoryLog
from tests.conftest import FrozenClock

PERSON = Person("person-1", "Karin", "Edlund", "Karin Edlund")


def completion(ip: str) -> Completion:
    user = {"personalNumber": "199508162394", "name": "Karin Edlund", "givenName": "Karin", "surname": "Edlund"}
    return Completion.model_validate({"user": user, "device": {"ipAddress": ip}, "risk": "low"})


async def test_each_kind(audit_log: MemoryLog, clock: FrozenClock) -> None:
    records = IdentificationRecords(audit_log)
    order = Order.model_validate({"orderRef": "r", "autoStartToken": "a", "qrStartToken": "q", "qrStartSecret": "s"})
    stored = StoredOrder(order=order, answered_at=clock(), address="192.0.2.7", language="sv", same_device=True)
    await records.link_refused("unknown")
    await records.started("t", for_link=True, same_device=True)
    await records.ended("t", "startFailed")
    await records.ended("t", "userCancel")
    await records.ended("t", "not_staff", PERSON)
    await records.completed("t", stored, completion("192.0.2.7"), PERSON, None)
    await records.completed("t", stored, completion("192.0.2.99"), PERSON, None)
    assert audit_log.types() == [
        "invitation.refused",
        "identification.started",
        "identification.failed",
        "identification.cancelled",
        "identification.failed",
        "identification.completed",
        "identification.completed",
    ]
    assert [event.details.get("same_address") for event in audit_log.events[-2:]] == [True, False]
    assert audit_log.events[-1].actor is not None
    assert audit_log.events[-1].actor.method == "bankid"
    assert "192.0.2" not in repr(audit_log.events)
    assert "199508" not in repr(audit_log.events)

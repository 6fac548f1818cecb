"""What identification writes in the log."""

from auth.identity import AssuranceLevel, Identity, Method
from auth.identity_number import IdentityNumber
from auth.people import Person
from auth.records import IdentificationRecords
from tests.auth.conftest import KARIN, MemoryLog
from tests.conftest import FrozenClock

PERSON = Person("person-1", "Karin", "Edlund", "Karin Edlund")


async def test_each_kind(audit_log: MemoryLog, clock: FrozenClock) -> None:
    records = IdentificationRecords(audit_log, Method.FREJA)
    number = IdentityNumber.parse(KARIN.number)
    identity = Identity(number, "Karin", "Edlund", "Karin Edlund", Method.FREJA, AssuranceLevel.HIGH_3, clock())
    await records.link_refused("unknown")
    await records.started("t", for_link=True, same_device=True)
    await records.ended("t", "startFailed")
    await records.ended("t", "userCancel")
    await records.ended("t", "not_staff", PERSON)
    await records.completed("t", identity, PERSON, None, risk="low")
    assert audit_log.types() == [
        "invitation.refused",
        "identification.started",
        "identification.failed",
        "identification.cancelled",
        "identification.failed",
        "identification.completed",
    ]
    started, completed = audit_log.events[1], audit_log.events[-1]
    assert started.details == {"transaction": "t", "method": "freja", "purpose": "invitation", "same_device": True}
    assert completed.details == {"transaction": "t", "level": 3, "risk": "low"}
    assert completed.actor is not None
    assert completed.actor.method == "freja"
    assert "199508" not in repr(audit_log.events)

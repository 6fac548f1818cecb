"""Adding organisations and staff: recorded first, nothing half made, nothing twice."""

import pytest

from audit.log import AuditUnavailable
from auth.demo import REGION
from auth.directory import Directory, DirectoryError, NewStaff
from auth.identity_number import IdentityNumber
from auth.people import Permission
from tests.auth.conftest import House

NEW = NewStaff(
    IdentityNumber.parse("199510112395"),
    "Per",
    "Wiklund",
    "nordvik",
    "Biståndshandläggare",
    "Äldreomsorgen",
    frozenset({Permission.PLANNER}),
)


@pytest.fixture
def directory(house: House) -> Directory:
    return Directory(house.people, house.log, operator="root")


async def test_a_post_is_recorded_and_made(directory: Directory, house: House) -> None:
    staff = await directory.add_staff(NEW)
    person = await house.people.person_by_number(NEW.number)
    assert person is not None
    assert await house.people.staff_of(person.id) == [staff]
    event = house.log.events[-1]
    assert (event.type, event.organisation) == ("staff.added", "nordvik")
    assert event.actor is not None
    assert event.actor.name == "root"
    assert event.subject is not None
    assert event.subject.name == "Per Wiklund"
    assert event.details["permissions"] == "planner"


async def test_the_same_post_twice_is_refused(directory: Directory) -> None:
    await directory.add_staff(NEW)
    with pytest.raises(DirectoryError):
        await directory.add_staff(NEW)


async def test_an_unknown_organisation_is_refused(house: House) -> None:
    other = Directory(house.people, house.log, operator="root")
    with pytest.raises(DirectoryError):
        await other.add_staff(NewStaff(NEW.number, "Per", "Wiklund", REGION.id, NEW.title, NEW.unit, NEW.permissions))


async def test_no_post_without_its_record(directory: Directory, house: House) -> None:
    house.log.down = True
    with pytest.raises(AuditUnavailable):
        await directory.add_staff(NEW)
    person = await house.people.person_by_number(NEW.number)
    assert person is None or await house.people.staff_of(person.id) == []


async def test_organisations(directory: Directory) -> None:
    await directory.add_organisation(REGION)
    with pytest.raises(DirectoryError):
        await directory.add_organisation(REGION)
    assert len(await directory.organisations()) == 2

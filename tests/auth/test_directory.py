"""Organisations, units and commissions: who may, recorded first, nothing half made, nothing twice."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from audit.log import AuditUnavailable
from auth.commissions import Commissions
from auth.demo import NORDVIK, REGION
from auth.directory import Administrator, Directory
from auth.errors import LastAdministrator, NotOperator, NotYourOrganisation, Refusal, TakenAlready, UnknownHere
from auth.fields import InvalidFields
from auth.identity import AssuranceLevel, Method
from auth.identity_number import IdentityNumber
from auth.people import Permission, Staff
from auth.sessions import Session
from auth.staff_draft import CheckedStaff, StaffDraft, check_staff
from auth.store import SessionRows
from tests.auth.conftest import House
from tests.conftest import FrozenClock

ROOT = Administrator.command_line("root")
PER = StaffDraft("Per", "Wiklund", "Biståndshandläggare", "Äldreomsorgen", ("planner",), "199510112395")
BRITTA = StaffDraft("Britta", "Holm", "Systemförvaltare", "Kansliet", ("admin",), "189001069815")


@pytest.fixture
def directory(house: House) -> Directory:
    rows = SessionRows(house.engine)
    commissions = Commissions(house.people, rows, house.sessions, house.log)
    return Directory(house.people, house.log, commissions, house.clock)


@pytest.fixture
def checked(clock: FrozenClock) -> Callable[..., CheckedStaff]:
    return lambda draft, **values: check_staff(replace(draft, **values), clock())


Checked = Callable[..., CheckedStaff]


async def login(house: House, staff: Staff) -> Session:
    session, _ = await house.sessions.create(
        staff.person,
        method=Method.BANKID,
        assurance_level=AssuranceLevel.HIGH_3,
        authenticated_at=house.clock(),
        staff=staff,
        invitation=None,
        language="sv",
    )
    return session


@pytest.fixture
async def britta(house: House, directory: Directory, checked: Checked) -> Session:
    """The administrator of Nordvik; the region is there too, with somebody in it."""
    await directory.add_organisation(ROOT, REGION)
    await directory.add_staff(ROOT, REGION.id, checked(PER, unit="Kliniken"))
    return await login(house, await directory.add_staff(ROOT, "nordvik", checked(BRITTA)))


async def test_a_commission_is_recorded_and_made(directory: Directory, house: House, checked: Checked) -> None:
    staff = await directory.add_staff(ROOT, "nordvik", checked(PER, valid_to="2027-06-30"))
    person = await house.people.person_by_number(IdentityNumber.parse(PER.identity_number))
    assert person is not None
    assert await house.people.staff_of(person.id) == [staff]
    event = house.log.events[-1]
    assert (event.type, event.organisation) == ("staff.added", "nordvik")
    assert event.actor is not None
    assert event.actor.name == "root"
    assert event.subject is not None
    assert event.subject.name == "Per Wiklund"
    assert event.details["permissions"] == "planner"
    assert event.details["valid_to"] == "2027-07-01T00:00:00+02:00"


async def test_the_same_twice_is_refused(directory: Directory, checked: Checked) -> None:
    await directory.add_staff(ROOT, "nordvik", checked(PER))
    with pytest.raises(InvalidFields):
        await directory.add_staff(ROOT, "nordvik", checked(PER))
    with pytest.raises(TakenAlready):
        await directory.add_organisation(ROOT, replace(NORDVIK, id="other"))


async def test_no_commission_without_its_record(directory: Directory, house: House, checked: Checked) -> None:
    house.log.down = True
    with pytest.raises(AuditUnavailable):
        await directory.add_staff(ROOT, "nordvik", checked(PER))
    assert await house.people.person_by_number(IdentityNumber.parse(PER.identity_number)) is None


async def test_an_administrator_has_her_own_organisation_alone(
    directory: Directory, britta: Session, checked: Checked
) -> None:
    who = Administrator.of(britta)
    assert [one.id for one in await directory.organisations(who)] == ["nordvik"]
    added = await directory.add_staff(who, "nordvik", checked(PER))
    there = (await directory.staff_in(ROOT, REGION.id))[0]
    acts: list[Awaitable[object]] = [
        directory.organisation(who, REGION.id),
        directory.change_organisation(who, replace(REGION, phone="0")),
        directory.units(who, REGION.id),
        directory.add_unit(who, REGION.id, "Ny"),
        directory.staff_in(who, REGION.id),
        directory.staff(who, REGION.id, there.id),
        directory.staff(who, "nordvik", there.id),
        directory.add_staff(who, REGION.id, checked(PER, title="Chef")),
        directory.change_staff(who, "nordvik", there.id, checked(PER)),
        directory.end_staff(who, REGION.id, there.id),
        directory.staff(who, "nowhere", added.id),
    ]
    for act in acts:
        with pytest.raises(UnknownHere):
            await act
    with pytest.raises(NotYourOrganisation):
        await directory.add_organisation(who, replace(REGION, id="new", name="New"))
    with pytest.raises(NotOperator):
        await directory.add_staff(who, "nordvik", checked(PER, title="Drift", permissions=("operator",)))


async def test_nobody_gives_her_organisation_a_name_or_number(
    directory: Directory, britta: Session, checked: Checked
) -> None:
    """By the name one organisation's people are told from another's, by the number its HSA-ids."""
    who, operator = Administrator.of(britta), Administrator(ROOT.actor, operator=True)
    for wanted in (replace(NORDVIK, name="region höga kusten"), replace(NORDVIK, number="232100-9991")):
        with pytest.raises(NotYourOrganisation):
            await directory.change_organisation(who, wanted)
    await directory.change_organisation(who, replace(NORDVIK, phone="0980-31 92 11"))
    await directory.change_organisation(operator, replace(NORDVIK, name="Nordviks stad"))
    assert (await directory.organisation(who, "nordvik")).name == "Nordviks stad"


async def test_an_hsa_id_is_first_written_by_whom_it_is_issued_by(
    directory: Directory, britta: Session, checked: Checked
) -> None:
    who, region = Administrator.of(britta), Administrator(ROOT.actor, REGION.id)
    theirs, elsewhere = "SE2321009991-1", "SE2321000016-1"
    leila = StaffDraft("Leila", "Haddad", "Läkare", "Kliniken", (), "199503282387")
    for draft in (replace(leila, hsa_id=theirs), replace(leila, identity_number="", hsa_id=theirs)):
        with pytest.raises(InvalidFields) as refused:
            await directory.add_staff(who, "nordvik", checked(draft))
        assert [fault.field for fault in refused.value.problems] == ["hsa_id"]
    mine = await directory.add_staff(who, "nordvik", checked(leila, hsa_id="SE2120009911-7"))
    with pytest.raises(InvalidFields):
        await directory.change_staff(who, "nordvik", mine.id, checked(leila, hsa_id=theirs))
    there = await directory.add_staff(region, REGION.id, checked(leila, hsa_id=theirs))
    assert there.person.id == mine.person.id
    # Issued by one that is not here: her identity number is asked for.
    new = StaffDraft("Siv", "Ek", "Kurator", "Skolan", (), "", elsewhere)
    with pytest.raises(InvalidFields):
        await directory.add_staff(who, "nordvik", checked(new))
    await directory.add_staff(who, "nordvik", checked(new, identity_number="199510112395"))


async def test_a_number_tells_nobody_a_name(directory: Directory, britta: Session, checked: Checked) -> None:
    """Per works in the region; Nordvik's administrator learns his name by no number she writes."""
    who = Administrator.of(britta)
    written = checked(PER, given_name="Någon", surname="Annan")
    added = await directory.add_staff(who, "nordvik", written)
    assert added.person.name == "Någon Annan"
    present = await directory.staff_in(ROOT, REGION.id)
    assert [(one.person.id, one.person.name) for one in present] == [(added.person.id, "Per Wiklund")]


async def test_who_administers_nothing(directory: Directory, house: House, checked: Checked) -> None:
    for permissions in ((), ("host", "planner", "auditor")):
        staff = await directory.add_staff(
            ROOT, "nordvik", checked(PER, title=str(permissions), permissions=permissions)
        )
        with pytest.raises(NotYourOrganisation):
            Administrator.of(await login(house, staff))


async def test_the_operator_gives_an_organisation_its_first_administrator(
    directory: Directory, britta: Session, house: House, checked: Checked
) -> None:
    eva = await directory.add_staff(ROOT, "nordvik", checked(PER, title="Drift", permissions=("operator",)))
    who = Administrator.of(await login(house, eva))
    assert len(await directory.organisations(who)) == 2
    with pytest.raises(UnknownHere):
        await directory.staff_in(who, REGION.id)
    with pytest.raises(NotYourOrganisation):
        await directory.add_staff(who, REGION.id, checked(BRITTA, permissions=("host",)))
    await directory.add_staff(who, REGION.id, checked(BRITTA))
    with pytest.raises(NotYourOrganisation):  # there is one now: hers to add the next
        await directory.add_staff(who, REGION.id, checked(BRITTA, title="Chef"))
    assert Administrator.of(britta).organisation == "nordvik"


async def test_the_last_administrator_stays(directory: Directory, britta: Session, checked: Checked) -> None:
    who, own = Administrator.of(britta), britta.staff
    assert own is not None
    tries: list[Awaitable[object]] = [
        directory.end_staff(who, "nordvik", own.id),
        directory.change_staff(who, "nordvik", own.id, checked(BRITTA, permissions=("host",))),
        directory.change_staff(who, "nordvik", own.id, checked(BRITTA, valid_to="2027-01-01")),
    ]
    for act in tries:
        with pytest.raises(LastAdministrator):
            await act
    await directory.add_staff(who, "nordvik", checked(PER, permissions=("admin",)))
    await directory.end_staff(who, "nordvik", own.id)
    assert await directory.staff_in(who, "nordvik") != []
    assert await directory.has_administrator("nordvik")


async def test_an_ended_commission_ends_its_logins(
    directory: Directory, house: House, checked: Checked, clock: FrozenClock
) -> None:
    staff = await directory.add_staff(ROOT, "nordvik", checked(PER))
    kept = await directory.add_staff(ROOT, "nordvik", checked(PER, title="Samordnare"))
    first, other = await login(house, staff), await login(house, kept)
    await directory.end_staff(ROOT, "nordvik", staff.id)
    assert await house.sessions.find(first.id) is None
    assert await house.sessions.find(other.id) is not None
    assert [event.type for event in house.log.events[-2:]] == ["staff.ended", "session.ended"]
    assert house.log.reasons()[-1] == "commission_ended"
    count = len(house.log.events)
    await directory.end_staff(ROOT, "nordvik", staff.id)
    assert len(house.log.events) == count
    with pytest.raises(UnknownHere):
        await directory.change_staff(ROOT, "nordvik", staff.id, checked(PER))
    clock.advance(seconds=1)
    again = await directory.add_staff(ROOT, "nordvik", checked(PER))
    assert again.id != staff.id


async def test_a_login_does_not_keep_a_permission_that_is_taken(
    directory: Directory, house: House, checked: Checked
) -> None:
    staff = await directory.add_staff(ROOT, "nordvik", checked(PER))
    session = await login(house, staff)
    more = await directory.change_staff(ROOT, "nordvik", staff.id, checked(PER, permissions=("planner", "host")))
    assert await house.sessions.find(session.id) is not None
    assert more.permissions == {Permission.PLANNER, Permission.HOST}
    await directory.change_staff(ROOT, "nordvik", staff.id, checked(PER, permissions=("host",)))
    assert await house.sessions.find(session.id) is None
    event = house.log.events[-2]
    assert event.type == "staff.changed"
    assert event.details["before"] == "Biståndshandläggare, Äldreomsorgen: host, planner"


async def test_number_and_hsa_id_of_two_people(directory: Directory, checked: Checked) -> None:
    await directory.add_staff(ROOT, "nordvik", checked(PER, hsa_id="SE2120009911-1"))
    await directory.add_staff(ROOT, "nordvik", checked(BRITTA, identity_number="", hsa_id="SE2120009911-2"))
    with pytest.raises(InvalidFields):
        await directory.add_staff(ROOT, "nordvik", checked(PER, title="Chef", hsa_id="SE2120009911-2"))
    # Known by the HSA-id alone until now: the number is learnt.
    both = await directory.add_staff(ROOT, "nordvik", checked(BRITTA, title="Chef", hsa_id="SE2120009911-2"))
    assert both.person in [one.person for one in await directory.staff_in(ROOT, "nordvik")]
    with pytest.raises(InvalidFields):
        await directory.add_staff(
            ROOT, "nordvik", checked(BRITTA, title="Ny", identity_number="199503282387", hsa_id="SE2120009911-2")
        )


async def test_units(directory: Directory, house: House, checked: Checked) -> None:
    unit = await directory.add_unit(ROOT, "nordvik", "Kansliet")
    with pytest.raises(TakenAlready):
        await directory.add_unit(ROOT, "nordvik", "Kansliet")
    with pytest.raises(TakenAlready):
        await directory.rename_unit(ROOT, "nordvik", unit.id, "Hemsjukvården")
    renamed = await directory.rename_unit(ROOT, "nordvik", unit.id, "Kommunkansliet")
    assert await directory.rename_unit(ROOT, "nordvik", unit.id, "Kommunkansliet") == renamed
    staff = await directory.add_staff(ROOT, "nordvik", checked(PER, unit="Kommunkansliet"))
    await directory.end_staff(ROOT, "nordvik", staff.id)
    with pytest.raises(TakenAlready):
        await directory.remove_unit(ROOT, "nordvik", unit.id)
    empty = await directory.add_unit(ROOT, "nordvik", "Tom")
    await directory.remove_unit(ROOT, "nordvik", empty.id)
    with pytest.raises(UnknownHere):
        await directory.remove_unit(ROOT, "nordvik", empty.id)
    assert [event.details["change"] for event in house.log.events if event.type == "unit.changed"] == [
        "added",
        "renamed",
        "added",
        "removed",
    ]


async def test_organisations(directory: Directory, house: House) -> None:
    await directory.add_organisation(ROOT, REGION)
    changed = replace(REGION, phone="0980-31 92 99")
    await directory.change_organisation(ROOT, changed)
    await directory.change_organisation(ROOT, changed)
    assert [event.type for event in house.log.events] == ["organisation.added", "organisation.changed"]
    assert await directory.organisation(ROOT, REGION.id) == changed
    for wrong in (
        replace(REGION, name=NORDVIK.name),
        replace(REGION, number=NORDVIK.number),
        replace(REGION, name="NORDVIKS\u00a0 kommun "),
        replace(REGION, name="Ｎordviks kommun"),
    ):
        with pytest.raises(TakenAlready):
            await directory.change_organisation(ROOT, wrong)
        with pytest.raises(TakenAlready):
            await directory.add_organisation(ROOT, replace(wrong, id="another"))
    with pytest.raises(Refusal):
        await directory.organisation(ROOT, "nowhere")


def test_an_end_in_the_past_is_no_end(checked: Checked, clock: FrozenClock) -> None:
    today = clock().date()
    assert checked(PER, valid_to=today.isoformat()).valid_to is not None
    with pytest.raises(InvalidFields):
        checked(PER, valid_to=(today - timedelta(days=1)).isoformat())

"""Which commission a login works in: one is taken, of several one is chosen, and one that is over ends the login."""

from datetime import timedelta

import pytest

from audit.log import AuditUnavailable
from auth.commissions import Commissions, choice, home_of, only
from auth.demo import NORDVIK, REGION
from auth.errors import AssuranceTooLow, UnknownHere
from auth.identity import AssuranceLevel, Method
from auth.identity_number import IdentityNumber
from auth.people import Organisation, Permission, Person, Staff
from auth.sessions import Session
from auth.store import SessionRows
from tests.auth.conftest import House


def held(name: str, person: Person, organisation: Organisation = NORDVIK, *permissions: Permission) -> Staff:
    return Staff(name, person, organisation, "Kurator", "Mottagningen", frozenset(permissions))


@pytest.fixture
def commissions(house: House) -> Commissions:
    return Commissions(house.people, SessionRows(house.engine), house.sessions, house.log)


@pytest.fixture
async def kerstin(house: House) -> Person:
    await house.people.add_organisation(REGION)
    number = IdentityNumber.parse("199510112395")
    person = await house.people.save_named(number, given_name="Kerstin", surname="Öberg", name="Kerstin Öberg")
    await house.people.add_staff(held("here", person, NORDVIK, Permission.HOST))
    await house.people.add_staff(held("there", person, REGION))
    return person


async def login(house: House, person: Person, staff: Staff | None = None) -> Session:
    session, _ = await house.sessions.create(
        person,
        method=Method.BANKID,
        assurance_level=AssuranceLevel.HIGH_3,
        authenticated_at=house.clock(),
        staff=staff,
        invitation=None,
        language="sv",
    )
    return session


async def test_chosen_and_switched(commissions: Commissions, house: House, kerstin: Person) -> None:
    session = await login(house, kerstin)
    assert [staff.id for staff in await commissions.of(session)] == ["here", "there"]
    await commissions.choose(session, "there")
    session = await found(house, session)
    assert session.staff is not None
    assert session.staff.organisation == REGION
    await commissions.choose(session, "here")
    await commissions.choose(await found(house, session), "here")
    chosen = [event for event in house.log.events if event.type == "commission.chosen"]
    assert [(event.organisation, event.details.get("before")) for event in chosen] == [
        (REGION.id, None),
        ("nordvik", "Kurator, Region Höga Kusten"),
    ]
    assert chosen[0].actor is not None
    assert chosen[0].actor.organisation == REGION.name


async def found(house: House, session: Session) -> Session:
    again = await house.sessions.find(session.id)
    assert again is not None
    return again


async def test_only_ones_own_and_never_unrecorded(commissions: Commissions, house: House, kerstin: Person) -> None:
    session = await login(house, kerstin)
    for other in ("staff-1", "nothing"):
        with pytest.raises(UnknownHere):
            await commissions.choose(session, other)
    house.log.down = True
    with pytest.raises(AuditUnavailable):
        await commissions.choose(session, "here")
    assert (await found(house, session)).staff is None


async def test_a_weak_login_works_in_none(commissions: Commissions, house: House, kerstin: Person) -> None:
    staff = held("here", kerstin, NORDVIK, Permission.HOST)
    session, secret = await house.sessions.create(
        kerstin,
        method=Method.FREJA,
        assurance_level=AssuranceLevel.SUBSTANTIAL,
        authenticated_at=house.clock(),
        staff=staff,
        invitation="invitation-1",
        language="sv",
    )
    assert session.staff is None
    with pytest.raises(AssuranceTooLow):
        await commissions.choose(session, "here")
    await SessionRows(house.engine).choose(session.id, "here")  # as a row from before could say
    kept = await house.sessions.get(secret)
    assert kept is not None
    assert (kept.staff, kept.several) == (None, False)


async def test_over_since_its_last_day(commissions: Commissions, house: House, kerstin: Person) -> None:
    staff = Staff("short", kerstin, NORDVIK, "Vikarie", "Skolan", frozenset(), house.clock() + timedelta(minutes=10))
    await house.people.add_staff(staff)
    session, other = await login(house, kerstin, staff), await login(house, kerstin)
    assert await commissions.sweep() == 0
    house.clock.advance(seconds=600)
    with pytest.raises(UnknownHere):
        await commissions.choose(other, "short")
    assert await commissions.sweep() == 1
    assert await house.sessions.find(session.id) is None
    assert await house.sessions.find(other.id) is not None
    assert house.log.reasons()[-1] == "commission_ended"


async def test_where_a_login_leads(kerstin: Person) -> None:
    here, there = held("a", kerstin), held("b", kerstin)
    assert only([here]) == here
    assert only([here, there]) is None
    assert choice("/kiosk") == "/commissions?next=%2Fkiosk"
    homes = {
        (Permission.HOST, Permission.AUDITOR): "/today",
        (Permission.AUDITOR, Permission.ADMIN): "/audit",
        (Permission.ADMIN,): "/organisations",
        (Permission.OPERATOR,): "/organisations",
        (): "/today",
    }
    for permissions, home in homes.items():
        assert home_of(held("a", kerstin, NORDVIK, *permissions)) == home

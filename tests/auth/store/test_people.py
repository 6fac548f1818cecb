"""Who there is: people by number or HSA-id, units, commissions that end, and all or nothing at once."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from auth.demo import NORDVIK, REGION
from auth.hsa_id import HsaId
from auth.identity import AssuranceLevel, Identity, Method
from auth.identity_number import IdentityNumber
from auth.people import Permission, Person, Staff, Unit
from auth.store import People
from auth.vault import Vault, VaultError
from tests.conftest import FrozenClock

NUMBER = IdentityNumber.parse("199508172385")
OTHER = IdentityNumber.parse("199510112395")
HSA = HsaId.parse("SE2321000214-A1B2")


@pytest.fixture
def people(database: AsyncEngine, vault: Vault, clock: FrozenClock) -> People:
    return People(database, vault, clock)


def identity(clock: FrozenClock, surname: str = "Edlund") -> Identity:
    return Identity(
        NUMBER, "Karin", surname, f"Karin {surname}", Method.BANKID, AssuranceLevel.HIGH_3, authenticated_at=clock()
    )


async def test_a_person_is_one_whatever_the_name(people: People, clock: FrozenClock) -> None:
    assert await people.person_by_number(NUMBER) is None
    first = await people.save_person(identity(clock))
    married = await people.save_person(identity(clock, "Edlund Sjö"))
    assert married.id == first.id
    assert await people.person(first.id) == married
    assert await people.person_by_number(NUMBER) == married
    assert await people.person("nobody") is None


async def test_saved_at_the_same_moment_in_two_windows(people: People, clock: FrozenClock) -> None:
    saved = await asyncio.gather(*(people.save_person(identity(clock)) for _ in range(5)))
    assert len({person.id for person in saved}) == 1


async def test_numbers_are_deciphered_for_their_own_person(people: People, clock: FrozenClock) -> None:
    person = await people.save_person(identity(clock))
    assert await people.number_of(person.id) == NUMBER
    assert await people.number_of("nobody") is None


async def test_found_again_after_the_key_was_changed(people: People, database: AsyncEngine, clock: FrozenClock) -> None:
    person = await people.save_person(identity(clock))
    old, new = "a secret of at least 32 characters", "b secret of at least 32 characters"
    rotated = People(database, Vault({"1": old, "2": new}, current="2"))
    assert await rotated.person_by_number(NUMBER) == person
    assert await rotated.number_of(person.id) == NUMBER
    with pytest.raises(VaultError):
        await People(database, Vault({"2": new}, current="2")).number_of(person.id)


async def test_posts_and_organisations(people: People, clock: FrozenClock) -> None:
    assert await people.add_organisation(NORDVIK)
    assert not await people.add_organisation(NORDVIK)
    assert not await people.add_organisation(replace(NORDVIK, id="other"))
    assert await people.add_organisation(REGION)
    assert [organisation.name for organisation in await people.organisations()] == [NORDVIK.name, REGION.name]
    assert await people.organisation("nordvik") == NORDVIK
    assert await people.organisation("none") is None
    person = await people.save_person(identity(clock))
    small = Staff("a", person, NORDVIK, "Logggranskare", "Kansliet", frozenset({Permission.AUDITOR}))
    large = Staff("b", person, REGION, "Läkare", "Kliniken", frozenset({Permission.HOST, Permission.PLANNER}))
    assert await people.add_staff(small)
    assert await people.add_staff(large)
    assert not await people.add_staff(large)
    assert await people.staff_of(person.id) == [large, small]
    assert await people.staff_in("nordvik") == [small]


async def test_a_commission_is_over_from_its_moment(people: People, clock: FrozenClock) -> None:
    await people.add_organisation(NORDVIK)
    person = await people.save_person(identity(clock))
    until = clock() + timedelta(hours=1)
    staff = Staff("a", person, NORDVIK, "Handläggare", "Kansliet", frozenset(), valid_to=until)
    assert await people.add_staff(staff)
    assert await people.staff_of(person.id) == [staff]
    clock.advance(seconds=3600)
    assert await people.staff_of(person.id) == []
    assert await people.staff_in("nordvik") == []
    assert await people.staff_in("nordvik", ended=True) == [staff]
    assert await people.staff("a") == staff


async def test_found_by_hsa_id(people: People, clock: FrozenClock) -> None:
    await people.add_organisation(NORDVIK)
    await people.add_organisation(REGION)
    person = await people.save_person(identity(clock))
    here = Staff("a", person, NORDVIK, "Läkare", "Hemsjukvården", frozenset({Permission.HOST, Permission.ADMIN}))
    there = Staff("b", person, REGION, "Läkare", "Kliniken", frozenset(), hsa_id=HSA.text)
    assert await people.save_staff([(here, None), (there, None)])
    assert await people.person_by_hsa_id(HSA) == person
    assert await people.person_by_hsa_id(HsaId.parse("SE2321000214-A1B3")) is None
    assert await people.save_staff([(replace(there, hsa_id="SE2321000214-A1B3"), None)])
    assert await people.person_by_hsa_id(HSA) is None


async def test_known_by_hsa_id_alone_until_a_number_is_shown(people: People) -> None:
    await people.add_organisation(REGION)
    person = Person("p1", "Siv", "Ek", "Siv Ek")
    assert await people.save_staff(
        [(Staff("a", person, REGION, "Läkare", "Kliniken", frozenset(), None, HSA.text), None)]
    )
    assert await people.number_of("p1") is None
    assert await people.know_number("p1", NUMBER)
    assert await people.number_of("p1") == NUMBER
    assert await people.know_number("p1", NUMBER)
    assert not await people.know_number("p1", OTHER)
    twin = Person("p2", "Siv", "Ek", "Siv Ek")
    assert await people.save_staff([(Staff("b", twin, REGION, "Läkare", "Kliniken", frozenset()), None)])
    assert not await people.know_number("p2", NUMBER)


async def test_commissions_are_stored_all_or_none(people: People) -> None:
    await people.add_organisation(REGION)
    one, two = Person("p1", "Siv", "Ek", "Siv Ek"), Person("p2", "Ove", "Ek", "Ove Ek")
    first = Staff("a", one, REGION, "Läkare", "Nya kliniken", frozenset(), None, HSA.text)
    assert not await people.save_staff([(first, NUMBER), (replace(first, id="b", person=two), OTHER)])
    assert await people.person_by_number(NUMBER) is None
    assert await people.staff_in(REGION.id) == []
    assert await people.units(REGION.id) == []


async def test_units(people: People) -> None:
    await people.add_organisation(NORDVIK)
    await people.add_organisation(REGION)
    kansli, home = Unit("u1", "nordvik", "Kansliet"), Unit("u2", "nordvik", "Hemsjukvården")
    assert await people.add_unit(kansli)
    assert await people.add_unit(home)
    assert not await people.add_unit(Unit("u3", "nordvik", "Kansliet"))
    assert await people.add_unit(Unit("u3", REGION.id, "Kansliet"))
    assert await people.units("nordvik") == [home, kansli]
    assert not await people.rename_unit(replace(home, name="Kansliet"))
    assert await people.rename_unit(replace(home, name="Hemtjänsten"))
    person = Person("p1", "Siv", "Ek", "Siv Ek")
    assert await people.save_staff([(Staff("a", person, NORDVIK, "Läkare", "Hemtjänsten", frozenset()), None)])
    assert not await people.remove_unit("u2")
    assert await people.remove_unit("u1")


async def test_an_organisation_is_changed(people: People) -> None:
    await people.add_organisation(NORDVIK)
    await people.add_organisation(REGION)
    changed = replace(NORDVIK, phone="0980-31 92 11", number="212000-2411")
    assert await people.change_organisation(changed)
    assert await people.organisation("nordvik") == changed
    assert not await people.change_organisation(replace(REGION, number="212000-2411"))
    assert not await people.change_organisation(replace(REGION, id="none"))

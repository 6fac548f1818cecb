"""Sessions' rows: with the commission of the login, found by cookie or id, ended, kept."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from auth.demo import NORDVIK
from auth.identity import AssuranceLevel, Method
from auth.identity_number import IdentityNumber
from auth.people import Permission, Person, Staff
from auth.sessions import Session
from auth.store import Identification, IdentificationRows, People, SessionRows
from auth.vault import Vault
from tests.conftest import FrozenClock


@pytest.fixture
async def staff(database: AsyncEngine, vault: Vault) -> Staff:
    people = People(database, vault)
    await people.add_organisation(NORDVIK)
    number = IdentityNumber.parse("199508172385")
    person = await people.save_named(number, given_name="Karin", surname="Edlund", name="Karin Edlund")
    staff = Staff("a", person, NORDVIK, "Läkare", "Kliniken", frozenset({Permission.HOST}), None, "SE2321000214-A1B2")
    await people.add_staff(staff)
    return staff


def session(person: Person, staff: Staff | None, clock: FrozenClock) -> Session:
    level = AssuranceLevel.HIGH_3
    return Session("s", "h" * 64, person, Method.BANKID, level, clock(), staff, None, "sv")


@pytest.mark.parametrize("with_staff", [True, False])
async def test_read_as_written(database: AsyncEngine, staff: Staff, clock: FrozenClock, *, with_staff: bool) -> None:
    rows = SessionRows(database)
    written = session(staff.person, staff if with_staff else None, clock)
    await rows.add(written, clock() + timedelta(minutes=30))
    assert await rows.find(session="s") == (written, clock() + timedelta(minutes=30))
    assert await rows.find(secret_hash="h" * 64) is not None
    assert await rows.of_person(staff.person.id) == [written]
    await rows.keep("s", clock() + timedelta(minutes=20))
    assert await rows.over(clock() + timedelta(minutes=29), clock() - timedelta(hours=1)) == []
    assert await rows.over(clock() + timedelta(minutes=30), clock() - timedelta(hours=1)) == [written]
    assert await rows.remove("s")
    assert not await rows.remove("s")
    assert await rows.find(session="s") is None


async def test_an_outcome_is_handed_over_once_with_its_session_or_not_at_all(
    database: AsyncEngine, staff: Staff, clock: FrozenClock, vault: Vault
) -> None:
    rows, identifications = SessionRows(database), IdentificationRows(database, vault)
    made = session(staff.person, staff, clock)
    await identifications.add(Identification("t", "f" * 64, clock(), "pending", "order", None, ""))
    assert not await rows.add(made, clock(), delivers=("t", clock()))  # there is no outcome yet
    await identifications.finish("t", status="complete", hint="", now=clock())
    stranger = replace(made, person=replace(staff.person, id="nobody"))
    with pytest.raises(IntegrityError):
        await rows.add(stranger, clock(), delivers=("t", clock()))
    found = await identifications.find("t")
    assert found is not None
    assert found.delivered_at is None
    several = [replace(made, id=f"s{number}", secret_hash=f"{number}" * 64) for number in range(5)]
    handed = await asyncio.gather(*(rows.add(one, clock(), delivers=("t", clock())) for one in several))
    assert sorted(handed) == [False] * 4 + [True]
    assert len(await rows.of_person(staff.person.id)) == 1

"""Sessions' rows: with the commission of the login, found by cookie or id, ended, kept."""

from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from auth.demo import NORDVIK
from auth.identity import AssuranceLevel, Method
from auth.identity_number import IdentityNumber
from auth.people import Permission, Person, Staff
from auth.sessions import Session
from auth.store import People, SessionRows
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

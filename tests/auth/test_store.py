"""The store: people by number, posts, identifications that change once, and nothing readable in the file."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from auth.demo import NORDVIK, REGION
from auth.identity import AssuranceLevel, Identity, Method
from auth.identity_number import IdentityNumber
from auth.people import Permission, Staff
from auth.store import Identification, IdentificationRows, OneTimeRows, People
from auth.vault import Vault, VaultError
from tests.conftest import FrozenClock
from tests.postgres import postgres_engine, postgres_server, postgres_url

__all__ = ["postgres_engine", "postgres_server", "postgres_url"]
NUMBER = IdentityNumber.parse("199508172385")


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database(request: pytest.FixtureRequest) -> AsyncEngine:
    found: AsyncEngine = request.getfixturevalue("engine" if request.param == "sqlite" else "postgres_engine")
    return found


@pytest.fixture
def people(database: AsyncEngine, vault: Vault) -> People:
    return People(database, vault)


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


async def test_nothing_personal_can_be_read_in_the_file(
    clock: FrozenClock, tmp_path: Path, engine: AsyncEngine, vault: Vault
) -> None:
    await People(engine, vault).save_person(identity(clock))
    rows = IdentificationRows(engine, vault)
    await rows.add(_identification(clock, order="qr secret"))
    await rows.keep_answer("t", f"answer {NUMBER.reveal()}")
    await engine.dispose()
    content = b"".join(path.read_bytes() for path in tmp_path.iterdir())  # noqa: ASYNC240 - a test may wait
    assert b"Edlund" in content
    for secret in (NUMBER.reveal(), NUMBER.reveal()[2:], "qr secret"):
        assert secret.encode() not in content


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


def _identification(clock: FrozenClock, order: str = "order") -> Identification:
    return Identification("t", "f" * 64, clock(), "pending", order, None, "outstandingTransaction")


@pytest.fixture
def rows(database: AsyncEngine, vault: Vault) -> IdentificationRows:
    return IdentificationRows(database, vault)


async def test_an_outcome_is_set_once(rows: IdentificationRows, clock: FrozenClock) -> None:
    await rows.add(_identification(clock))
    await rows.keep_answer("t", "answer")
    kept = await rows.find("t")
    assert kept is not None
    assert (kept.order, kept.answer) == ("order", "answer")
    assert await rows.finish("t", status="complete", hint="", now=clock(), next="/today")
    assert not await rows.finish("t", status="failed", hint="cancelled", now=clock())
    done = await rows.find("t")
    assert done is not None
    assert (done.status, done.order, done.answer, done.next) == ("complete", None, None, "/today")


async def test_an_outcome_is_handed_over_once(rows: IdentificationRows, clock: FrozenClock) -> None:
    await rows.add(_identification(clock))
    assert not await rows.deliver("t", clock())
    await rows.finish("t", status="complete", hint="", now=clock())
    handed = await asyncio.gather(*(rows.deliver("t", clock()) for _ in range(5)))
    assert sorted(handed) == [False] * 4 + [True]


async def test_pending_and_forgotten(rows: IdentificationRows, clock: FrozenClock) -> None:
    await rows.add(_identification(clock))
    assert [row.id for row in await rows.pending(clock())] == ["t"]
    assert await rows.pending(clock() + timedelta(seconds=1)) == []
    await rows.forget(clock() + timedelta(seconds=1))
    assert await rows.find("t") is None
    with pytest.raises(ValueError, match="order"):
        await rows.add(replace(_identification(clock), order=None))


async def test_one_time_rows_are_cleared_when_over(database: AsyncEngine, clock: FrozenClock) -> None:
    rows = OneTimeRows(database)
    assert await rows.spend("a" * 64, clock(), timedelta(seconds=60))
    assert not await rows.spend("a" * 64, clock(), timedelta(seconds=60))
    clock.advance(seconds=60)
    assert await rows.spend("a" * 64, clock(), timedelta(seconds=60))

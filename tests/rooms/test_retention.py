"""Erasing meetings whose time is over: what goes, what stays, and that the log tells of it and is whole."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from audit.events import Event, EventType
from audit.log import RETENTION, AuditUnavailable
from audit.verify import verify_database
from auth.people import Permission, Staff
from db.schema import metadata
from rooms import retention
from rooms.meeting import MeetingStatus
from rooms.retention import Retention, TooEarly
from rooms.retention_store import RetentionRows
from rooms.store import Store
from tests.rooms.world import GUNNAR, LEILA, REGION, World, number

MONTH = timedelta(days=30)
PERSONAL = ("Gunnar", "Edlund", "Karin", "Norrfällsviken", "sjukhuset", "Dotter", GUNNAR)


def erasing(world: World, **ages: timedelta) -> Retention:
    return Retention(Store(world.engine), RetentionRows(world.engine), world.log, world.clock, **ages)


async def rows(world: World, *, log: bool = False) -> str:
    """Everything in the database, or everything but the log, as text."""
    async with world.engine.connect() as connection:
        tables = [table for table in metadata.sorted_tables if log or not table.name.startswith("audit_")]
        return str([(await connection.execute(sa.select(table))).all() for table in tables])


async def held(world: World) -> str:
    """A meeting of Nordvik's with Leila, who is the region's, and Karin, over for two months."""
    anna, meeting, planned = await world.started()
    leila = await world.by_link(planned, "Leila Haddad", LEILA)
    await world.people.add_staff(Staff("c-leila", leila.person, REGION, "Sjuksköterska", "Enhet", frozenset()))
    await world.sit(leila, meeting)
    await world.wait(await world.by_link(planned, "Karin Edlund", number("19690821")), meeting)
    await world.meetings.hosting.end(anna, meeting)
    world.clock.advance(seconds=2 * MONTH.total_seconds())
    return meeting


async def test_what_is_personal_goes_and_the_log_stays(world: World) -> None:
    meeting = await held(world)
    erase = erasing(world)
    assert await erase.due(MONTH) == 1
    assert (await erase.due(3 * MONTH), await erase.erase(3 * MONTH, "kim")) == (0, 0)
    for personal in PERSONAL:
        assert personal in await rows(world) or personal in (GUNNAR, "Dotter"), personal
    assert await erase.erase(MONTH, "kim") == 1
    left = await rows(world)
    for personal in PERSONAL:
        assert personal not in left, personal
    assert "Leila Haddad" in left, "she holds a commission"
    assert await Store(world.engine).gathering(meeting) is None
    assert await erase.due(MONTH) == 0
    [told] = await world.records(None, EventType.MEETINGS_ERASED)
    assert told.event is not None
    assert (told.event.details["meetings"], told.event.details["operator"]) == (1, "kim")
    assert "Karin Edlund" in str(await world.records(meeting))
    report = await verify_database(world.engine, world.log.signer.trusted)
    assert report.whole
    assert report.erased == 0


async def test_a_partners_auditor_still_reviews_her_own_people(world: World) -> None:
    meeting = await held(world)
    auditor = await world.staff("Rut Holm", number("19770101"), REGION, Permission.AUDITOR)
    before = await world.meetings.review.search(auditor, meeting=meeting)
    await erasing(world).erase(MONTH, "kim")
    after = await world.meetings.review.search(auditor, meeting=meeting)
    assert after.records == before.records
    assert after.records
    assert after.meeting is not None
    assert after.meeting.organisation_name == "Nordviks kommun"


async def test_whoever_was_forgotten_comes_again_and_who_is_invited_elsewhere_is_not(world: World) -> None:
    await held(world)
    anna = await world.anna()
    later = await world.plan(anna)  # Karin is invited to this one too, as the person the house knows
    await erasing(world).erase(MONTH, "kim")
    assert "Karin" in await rows(world)
    karin = await world.by_link(later, "Karin Edlund", number("19690821"))
    async with world.engine.begin() as connection:  # forgotten at the very moment she was invited
        await connection.exec_driver_sql(f"delete from people where id = '{karin.person.id}'")
    again = await world.by_link(later, "Karin Edlund", number("19690821"))
    assert again.person.id != karin.person.id
    assert (await world.gathering(later.gathering.meeting.id)).invited(again.person.id) is not None


async def test_what_is_open_stays_and_what_never_began_goes(world: World) -> None:
    _, running, _ = await world.started()
    anna = await world.anna()
    starts_at = world.clock() + timedelta(days=1)
    forgotten = await world.plan(anna, starts_at=starts_at, ends_at=starts_at + timedelta(hours=1))
    world.clock.advance(seconds=2 * MONTH.total_seconds())
    assert await erasing(world).erase(MONTH, "kim") == 1
    assert (await world.gathering(running)).meeting.status is MeetingStatus.OPEN
    assert await Store(world.engine).gathering(forgotten.gathering.meeting.id) is None


async def test_nothing_goes_without_its_record_or_too_early(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    meeting = await held(world)
    erase = erasing(world)
    with pytest.raises(TooEarly):
        await erase.erase(MONTH - timedelta(days=1), "kim")

    async def refuse(event: Event) -> Any:
        raise AuditUnavailable

    monkeypatch.setattr(world.log, "append", refuse)
    with pytest.raises(AuditUnavailable):
        await erase.erase(MONTH, "kim")
    assert await Store(world.engine).gathering(meeting) is not None


async def test_the_service_erases_by_its_settings_and_in_the_end_all_of_it(world: World) -> None:
    meeting = await held(world)
    await erasing(world).look()
    assert await Store(world.engine).gathering(meeting) is not None, "nothing is set"
    await erasing(world, entries=RETENTION).look()
    assert await Store(world.engine).gathering(meeting) is not None, "the log's time alone takes no meeting"
    both = erasing(world, meetings=MONTH, entries=RETENTION)
    await both.look()
    assert await Store(world.engine).gathering(meeting, erased=True) is not None
    world.clock.advance(seconds=RETENTION.total_seconds())
    await both.look()
    assert await Store(world.engine).gathering(meeting, erased=True) is None
    assert "Karin" not in await rows(world, log=True)
    number_told = len(await world.records(None, EventType.MEETINGS_ERASED, EventType.AUDIT_ERASED))
    await both.look()
    assert len(await world.records(None, EventType.MEETINGS_ERASED, EventType.AUDIT_ERASED)) == number_told
    report = await verify_database(world.engine, world.log.signer.trusted)
    assert report.whole
    assert report.erased


async def test_a_look_that_fails_is_followed_by_another(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retention, "FIRST_SECONDS", 0.0)
    monkeypatch.setattr(retention, "LOOK_SECONDS", 0.0)
    looked = asyncio.Event()
    looks = 0

    async def look(_: Retention) -> None:
        nonlocal looks
        looks += 1
        if looks == 1:
            raise AuditUnavailable
        looked.set()

    monkeypatch.setattr(Retention, "look", look)
    await erasing(world).run()
    assert looks == 0, "nothing is set"
    running = asyncio.get_running_loop().create_task(erasing(world, meetings=MONTH).run())
    await asyncio.wait_for(looked.wait(), 30)
    running.cancel()

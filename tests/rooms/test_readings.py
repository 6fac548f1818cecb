"""Looking at somebody else's meeting is in the log before it is shown, once for each login."""

from dataclasses import replace
from datetime import timedelta

import pytest

from audit.events import EventType
from audit.log import AuditUnavailable
from auth.people import Permission
from rooms.readings import Readings
from tests.rooms.world import KARIN, NORDVIK, USUAL, BrokenLog, World, number


async def reads(world: World, meeting: str) -> list[str]:
    found = await world.records(meeting, EventType.MEETING_READ)
    return [record.event.actor.name for record in found if record.event and record.event.actor]


async def test_a_colleague_and_an_auditor_are_written_once_for_each_login(world: World) -> None:
    meeting = (await world.plan(await world.anna())).gathering.meeting.id
    siv = await world.staff("Siv Berg", number("19800101"))
    rut = await world.staff("Rut Holm", number("19770101"), NORDVIK, Permission.AUDITOR)
    for viewer in (siv, siv, rut, siv):
        await world.meetings.read(viewer, meeting)
    assert await reads(world, meeting) == ["Siv Berg", "Rut Holm"]
    await world.meetings.read(replace(siv, id="another login"), meeting)
    assert await reads(world, meeting) == ["Siv Berg", "Rut Holm", "Siv Berg"]


async def test_a_list_tells_a_colleague_whose_meeting_it_is_when_she_has_opened_it(world: World) -> None:
    anna = await world.anna()
    planned = await world.plan(anna)
    meeting = planned.gathering.meeting.id
    siv = await world.staff("Siv Berg", number("19800101"))
    day = world.clock(), world.clock() + timedelta(days=1)
    [found] = await world.meetings.listed(siv, *day)
    assert (found["meeting"]["person"]["initials"], found["meeting"]["type"]) == ("GE", "planning")
    assert found["meeting"]["led_by"] is not None
    assert found["meeting"]["led_by"]["name"] == "Anna Sjödin"
    hidden = ("Gunnar", "Edlund", "Norrfällsviken", "sjukhuset", "Karin", "Leila")
    line = await world.meetings.summaries_for(siv, *day)
    assert all(word not in str(found) and word not in str(line) for word in hidden)
    assert await reads(world, meeting) == []
    await world.meetings.read(siv, meeting)
    assert await reads(world, meeting) == ["Siv Berg"]
    for viewer in (siv, anna, await world.by_link(planned, "Karin Edlund", KARIN)):
        [found] = await world.meetings.listed(viewer, *day)
        assert found["meeting"]["person"]["name"] == "Gunnar Edlund"


async def test_who_planned_it_for_others_finds_it_by_name(world: World) -> None:
    planner = await world.staff("Ulla Ek", number("19700101"), NORDVIK, Permission.PLANNER)
    leila = replace(USUAL[0], host=True, co_host=False)
    await world.plan(planner, invitations=(leila, *USUAL[1:]))
    [found] = await world.meetings.listed(planner, world.clock(), world.clock() + timedelta(days=1))
    assert found["meeting"]["person"]["name"] == "Gunnar Edlund"


async def test_those_who_are_invited_are_not(world: World) -> None:
    anna = await world.anna()
    planned = await world.plan(anna)
    meeting = planned.gathering.meeting.id
    await world.meetings.read(anna, meeting)
    await world.meetings.read(await world.by_link(planned, "Karin Edlund", KARIN), meeting)
    assert await reads(world, meeting) == []


async def test_without_a_log_nothing_is_shown(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    meeting = (await world.plan(await world.anna())).gathering.meeting.id
    siv = await world.staff("Siv Berg", number("19800101"))
    with monkeypatch.context() as patch:
        patch.setattr(world.log, "append", BrokenLog())
        with pytest.raises(AuditUnavailable):
            await world.meetings.read(siv, meeting)
    await world.meetings.read(siv, meeting)
    assert await reads(world, meeting) == ["Siv Berg"], "what failed is not taken for written"


async def test_what_is_forgotten_is_written_again(world: World) -> None:
    gathering = (await world.plan(await world.anna())).gathering
    meeting = gathering.meeting.id
    readings = Readings(world.meetings._desk, most=1)
    siv = await world.staff("Siv Berg", number("19800101"))
    eva = await world.staff("Eva Lind", number("19810101"))
    for viewer in (siv, eva, eva, siv):
        await readings.record(gathering, viewer)
    assert await reads(world, meeting) == ["Siv Berg", "Eva Lind", "Siv Berg"]

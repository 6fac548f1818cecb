"""Weak and restored networks in the log: only from those in the room, only changes, never a flood."""

import pytest

from audit.events import EventType
from audit.log import AuditUnavailable
from rooms import network
from rooms.errors import MeetingUnknown, NotHere
from tests.rooms.world import KARIN, BrokenLog, World, number

WEAK, RESTORED = EventType.PARTICIPANT_NETWORK_WEAK, EventType.PARTICIPANT_NETWORK_RESTORED


async def kinds(world: World, meeting: str) -> list[EventType]:
    return [record.type for record in await world.records(meeting, WEAK, RESTORED)]


async def test_a_change_is_written_down_once(world: World) -> None:
    anna, meeting, _ = await world.started()
    report = world.meetings.network.report
    assert not await report(anna, meeting, weak=False), "as it was when she came"
    assert await report(anna, meeting, weak=True)
    assert await report(anna, meeting, weak=True)
    world.clock.advance(seconds=10)
    assert not await report(anna, meeting, weak=False)
    assert await kinds(world, meeting) == [WEAK, RESTORED]
    event = (await world.records(meeting, WEAK))[0].event
    assert event is not None
    assert event.actor is not None
    assert event.actor.name == "Anna Sjödin"
    assert event.details["participant"] == (await world.participant(anna, meeting)).id


async def test_a_network_that_comes_and_goes_does_not_fill_the_log(world: World) -> None:
    anna, meeting, _ = await world.started()
    for second in range(20):
        await world.meetings.network.report(anna, meeting, weak=second % 2 == 0)
        world.clock.advance(seconds=1)
    assert await kinds(world, meeting) == [WEAK, RESTORED]
    assert await world.meetings.network.report(anna, meeting, weak=False) is False


async def test_too_soon_is_answered_with_what_the_log_holds_and_taken_later(world: World) -> None:
    anna, meeting, _ = await world.started()
    report = world.meetings.network.report
    await report(anna, meeting, weak=True)
    world.clock.advance(seconds=9.9)
    assert await report(anna, meeting, weak=False) is True
    world.clock.advance(seconds=0.1)
    assert await report(anna, meeting, weak=False) is False


async def test_a_new_stay_begins_as_good(world: World) -> None:
    anna, meeting, _ = await world.started()
    await world.meetings.network.report(anna, meeting, weak=True)
    world.clock.advance(seconds=30)
    await world.sit(anna, meeting, home=True)
    assert await world.meetings.network.report(anna, meeting, weak=True)
    assert await kinds(world, meeting) == [WEAK, WEAK]


async def test_only_one_who_is_in_the_room_on_this_device_is_heard(world: World) -> None:
    anna, meeting, planned = await world.started()
    report = world.meetings.network.report
    karin = await world.by_link(planned, "Karin Edlund", KARIN)
    with pytest.raises(NotHere):
        await report(karin, meeting, weak=True)
    await world.wait(karin, meeting)
    with pytest.raises(NotHere):
        await report(karin, meeting, weak=True)
    other = world.login(anna.person, staff=anna.staff, device="2")
    with pytest.raises(NotHere):
        await report(other, meeting, weak=True)
    stranger = world.login(await world.person("Rolf Berg", number("19570518")))
    with pytest.raises(MeetingUnknown):
        await report(stranger, meeting, weak=True)
    assert await kinds(world, meeting) == []


async def test_a_log_that_cannot_be_written_is_asked_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    anna, meeting, _ = await world.started()
    with monkeypatch.context() as broken:
        broken.setattr(world.log, "append", BrokenLog())
        with pytest.raises(AuditUnavailable):
            await world.meetings.network.report(anna, meeting, weak=True)
    assert await world.meetings.network.report(anna, meeting, weak=True)
    assert await kinds(world, meeting) == [WEAK]


async def test_what_is_remembered_is_bounded(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(network, "MOST_KEPT", 1)
    anna, meeting, planned = await world.started()
    karin = await world.by_link(planned, "Karin Edlund", KARIN)
    await world.meetings.admission.admit(anna, meeting, await world.wait(karin, meeting))
    await world.sit(karin, meeting)
    for one in (anna, karin):
        assert await world.meetings.network.report(one, meeting, weak=True)
    assert await world.meetings.network.report(anna, meeting, weak=True)
    assert await kinds(world, meeting) == [WEAK, WEAK, WEAK], "the forgotten one is written down anew"

"""Starting, ending, handing over, and naming the home."""

from dataclasses import replace

import pytest

from audit.events import EventType
from auth.fields import InvalidFields
from auth.identity import AssuranceLevel, Method
from rooms.assurance_rule import Audience, Rule
from rooms.assurance_store import AssuranceRows
from rooms.errors import (
    LeadsTheMeeting,
    MeetingCancelled,
    MeetingEnded,
    MeetingNotStarted,
    NotAllowed,
    NotHere,
    NotSureEnoughToLead,
    ParticipantUnknown,
    TooEarlyToStart,
    TooLateToStart,
)
from rooms.meeting import HomePerson, MeetingStatus, ParticipantStatus
from tests.rooms import test_sms_invitations as by_sms
from tests.rooms.world import KARIN, KEY, LEILA, World


async def test_leaders_who_wait_are_let_in_at_the_start_and_guests_are_not(world: World) -> None:
    anna = await world.anna()
    planned = await world.plan(anna)
    meeting = planned.gathering.meeting.id
    leila = await world.by_link(planned, "Leila Haddad", LEILA)
    karin = await world.by_link(planned, "Karin Edlund", KARIN)
    for viewer in (anna, leila, karin):
        await world.wait(viewer, meeting)
    await world.meetings.hosting.start(leila, meeting)
    assert (await world.participant(anna, meeting)).status is ParticipantStatus.ADMITTED
    assert (await world.participant(leila, meeting)).status is ParticipantStatus.ADMITTED
    assert (await world.participant(karin, meeting)).status is ParticipantStatus.WAITING
    assert (await world.gathering(meeting)).meeting.room in world.media.rooms
    await world.sit(anna, meeting, home=True)
    started = await world.records(meeting, EventType.MEETING_STARTED)
    await world.meetings.hosting.start(anna, meeting)
    assert await world.records(meeting, EventType.MEETING_STARTED) == started


async def test_a_meeting_of_another_time_is_not_started_by_mistake(world: World) -> None:
    anna = await world.anna()
    starts_at = world.clock().replace(hour=14)
    planned = await world.plan(anna, starts_at=starts_at, ends_at=starts_at.replace(minute=45))
    meeting = planned.gathering.meeting.id
    with pytest.raises(TooEarlyToStart) as refused:
        await world.meetings.hosting.start(anna, meeting)
    assert "2026-11-24 kl. 15.00" in refused.value.text("sv")
    world.clock.advance(seconds=11 * 3600)
    with pytest.raises(TooLateToStart):
        await world.meetings.hosting.start(anna, meeting)


async def test_the_end_is_for_all(world: World) -> None:
    anna, meeting, planned = await world.started()
    karin = await world.by_link(planned, "Karin Edlund", KARIN)
    leila = await world.by_link(planned, "Leila Haddad", LEILA)
    await world.wait(karin, meeting)
    seat = await world.sit(leila, meeting)
    room = (await world.gathering(meeting)).meeting.room
    await world.meetings.hosting.end(anna, meeting)
    await world.meetings.presence.drain()
    assert room not in world.media.rooms
    assert not await world.meetings.admission.may_enter(room, seat.identity)
    after = await world.gathering(meeting)
    assert after.meeting.status is MeetingStatus.ENDED
    assert {one.status for one in after.participants} == {ParticipantStatus.LEFT}
    assert all(stay.left_at == world.clock() for stay in await world.stays(meeting))
    left = await world.records(meeting, EventType.PARTICIPANT_LEFT)
    assert sorted(str(record.event and record.event.actor and record.event.actor.name) for record in left) == [
        "Anna Sjödin",
        "Leila Haddad",
    ]
    assert len(await world.records(meeting, EventType.LOBBY_LEFT)) == 1
    await world.meetings.hosting.end(anna, meeting)
    assert len(await world.records(meeting, EventType.MEETING_ENDED)) == 1
    with pytest.raises(MeetingEnded):
        await world.meetings.hosting.start(anna, meeting)


async def test_a_room_the_media_server_kept_is_deleted_later(world: World) -> None:
    anna, meeting, _ = await world.started()
    room = (await world.gathering(meeting)).meeting.room
    world.media.down = True
    await world.meetings.hosting.end(anna, meeting)
    world.media.down = False
    await world.meetings.presence.look()
    assert room not in world.media.rooms


async def test_a_planned_meeting_is_called_off(world: World) -> None:
    anna = await world.anna()
    planned = await world.plan(anna)
    karin = await world.by_link(planned, "Karin Edlund", KARIN)
    await world.meetings.hosting.end(anna, planned.gathering.meeting.id)
    with pytest.raises(MeetingCancelled):
        await world.meetings.admission.join(karin, planned.gathering.meeting.id, home=False, binding=None, key=KEY)


async def test_only_leaders_start_and_end(world: World) -> None:
    _, meeting, planned = await world.started()
    karin = await world.by_link(planned, "Karin Edlund", KARIN)
    for act in (world.meetings.hosting.start, world.meetings.hosting.end):
        with pytest.raises(NotAllowed):
            await act(karin, meeting)


async def test_the_chair_is_handed_over(world: World) -> None:
    anna, meeting, planned = await world.started()
    leila = await world.by_link(planned, "Leila Haddad", LEILA)
    seat = await world.sit(leila, meeting)
    await world.meetings.hosting.hand_over(anna, meeting, seat.participant)
    state = await world.meetings.state_for(leila, meeting)
    leader = state["meeting"]["led_by"]
    assert leader is not None
    assert (state["me"]["host"], leader["name"]) == (True, "Leila Haddad")
    assert (await world.meetings.state_for(anna, meeting))["me"]["co_host"]
    assert world.media.updated[seat.identity]["host"] == "1"
    with pytest.raises(NotAllowed):
        await world.meetings.hosting.hand_over(anna, meeting, seat.participant)
    await world.meetings.hosting.hand_over(leila, meeting, seat.participant)
    assert len(await world.records(meeting, EventType.ROLE_CHANGED)) == 1


async def test_a_guest_becomes_co_host_and_guest_again(world: World) -> None:
    anna, meeting, planned = await world.started()
    karin = await world.by_link(planned, "Karin Edlund", KARIN)
    waiting = await world.wait(karin, meeting)
    with pytest.raises(NotHere):
        await world.meetings.hosting.make_co_host(anna, meeting, waiting, co_host=True)
    await world.meetings.admission.admit(anna, meeting, waiting)
    await world.sit(karin, meeting)
    world.media.down = True
    await world.meetings.hosting.make_co_host(anna, meeting, waiting, co_host=True)
    await world.meetings.hosting.make_co_host(anna, meeting, waiting, co_host=True)
    assert (await world.meetings.state_for(karin, meeting))["me"]["co_host"], "the right holds though the badge is late"
    world.media.down = False
    await world.meetings.hosting.make_co_host(anna, meeting, waiting, co_host=False)
    assert not (await world.meetings.state_for(karin, meeting))["me"]["co_host"]
    own = (await world.participant(anna, meeting)).id
    with pytest.raises(LeadsTheMeeting):
        await world.meetings.hosting.make_co_host(anna, meeting, own, co_host=False)
    with pytest.raises(ParticipantUnknown):
        await world.meetings.hosting.make_co_host(anna, meeting, "nobody", co_host=True)


async def test_who_came_by_a_code_leads_nothing(world: World) -> None:
    anna, meeting, token = await by_sms.started(world)
    session = await by_sms.tomas(world, token)
    participant = await world.wait(session, meeting)
    await world.meetings.admission.admit(anna, meeting, participant)
    await world.sit(session, meeting)
    for recognised in (False, True):
        if recognised:
            await world.meetings.sight.recognise(anna, meeting, participant)
        with pytest.raises(NotSureEnoughToLead) as refused:
            await world.meetings.hosting.make_co_host(anna, meeting, participant, co_host=True)
        with pytest.raises(NotSureEnoughToLead):
            await world.meetings.hosting.hand_over(anna, meeting, participant)
    assert "Tomas Edlund har inte visat vem det är" in refused.value.text("sv")
    assert "BankID" in refused.value.text("sv")
    assert await world.records(meeting, EventType.ROLE_CHANGED) == []
    assert not (await world.meetings.state_for(session, meeting))["me"]["co_host"]


async def test_who_came_at_a_lower_level_than_leaders_must_leads_nothing(world: World) -> None:
    visitor = Rule(frozenset({Method.FREJA, Method.BANKID}), AssuranceLevel.SUBSTANTIAL)
    await AssuranceRows(world.engine).set_rules("nordvik", {("planning", Audience.VISITOR): visitor})
    anna, meeting, planned = await world.started()
    strong = await world.by_link(planned, "Karin Edlund", KARIN)
    karin = replace(strong, assurance_level=AssuranceLevel.SUBSTANTIAL)
    participant = await world.wait(karin, meeting)
    await world.meetings.admission.admit(anna, meeting, participant)
    await world.sit(karin, meeting)
    with pytest.raises(NotSureEnoughToLead):
        await world.meetings.hosting.make_co_host(anna, meeting, participant, co_host=True)
    await world.sit(strong, meeting)
    await world.meetings.hosting.make_co_host(anna, meeting, participant, co_host=True)


async def test_nobody_is_appointed_before_the_start(world: World) -> None:
    anna = await world.anna()
    planned = await world.plan(anna)
    meeting = planned.gathering.meeting.id
    leila = await world.by_link(planned, "Leila Haddad", LEILA)
    waiting = await world.wait(leila, meeting)
    with pytest.raises(MeetingNotStarted):
        await world.meetings.hosting.hand_over(anna, meeting, waiting)


async def test_the_nurse_names_who_is_at_home(world: World) -> None:
    anna, meeting, planned = await world.started()
    people = [HomePerson("Gunnar Edlund"), HomePerson("Tomas Edlund", "Son")]
    await world.meetings.hosting.name_home(anna, meeting, people)
    assert (await world.meetings.state_for(anna, meeting))["meeting"]["home_people"] == [
        {"name": "Gunnar Edlund", "relation": ""},
        {"name": "Tomas Edlund", "relation": "Son"},
    ]
    assert len(await world.records(meeting, EventType.HOME_CHANGED)) == 1
    with pytest.raises(InvalidFields):
        await world.meetings.hosting.name_home(anna, meeting, [HomePerson("")])
    karin = await world.by_link(planned, "Karin Edlund", KARIN)
    with pytest.raises(NotAllowed):
        await world.meetings.hosting.name_home(karin, meeting, people)

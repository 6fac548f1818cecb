"""A leader says who it is, once, in the log first; then they hear and see the meeting, and the others see that."""

from dataclasses import replace

import pytest

from audit.events import EventType
from audit.log import AuditUnavailable
from rooms.errors import NotHere, ParticipantUnknown
from rooms.media import MediaUnavailable
from rooms.meeting import ParticipantStatus
from tests.rooms.test_sms_invitations import started, tomas
from tests.rooms.world import World


async def test_recognised_is_logged_and_lets_them_hear(world: World) -> None:
    anna, meeting, token = await started(world)
    session = await tomas(world, token)
    participant = await world.wait(session, meeting)
    with pytest.raises(NotHere):
        await world.meetings.sight.recognise(anna, meeting, participant)
    await world.meetings.admission.admit(anna, meeting, participant)
    seat = await world.sit(session, meeting)
    await world.meetings.sight.recognise(anna, meeting, participant)
    assert world.media.hearing == [seat.identity]
    [record] = await world.records(meeting, EventType.PARTICIPANT_RECOGNISED)
    assert record.event is not None
    assert record.event.actor is not None
    assert record.event.subject is not None
    assert (record.event.actor.name, record.event.subject.method) == ("Anna Sjödin", "sms")
    state = await world.meetings.state_for(session, meeting)
    assert not state["me"]["unrecognised"]
    assert len(state["participants"]) == 2
    assert "participant.recognised" in world.heard()
    # A reload comes in hearing; a new knock after leaving must be recognised anew.
    again = await world.sit(session, meeting)
    assert world.media.grants[again.token].can_subscribe
    await world.meetings.admission.leave(session, meeting)
    await world.wait(session, meeting)
    assert (await world.participant(session, meeting)).unrecognised


async def test_another_login_on_the_same_link_is_a_stranger_until_seen(world: World) -> None:
    anna, meeting, token = await started(world)
    session = await tomas(world, token)
    participant = await world.wait(session, meeting)
    await world.meetings.admission.admit(anna, meeting, participant)
    seat = await world.sit(session, meeting)
    await world.meetings.sight.recognise(anna, meeting, participant)
    other = replace(await tomas(world, token), id="another-telephone")
    assert await world.wait(other, meeting) == participant
    waiting = await world.participant(session, meeting)
    assert (waiting.status, waiting.recognised_at) == (ParticipantStatus.WAITING, None)
    assert seat.identity not in world.media.rooms[(await world.gathering(meeting)).meeting.room]
    await world.meetings.admission.admit(anna, meeting, participant)
    again = await world.sit(other, meeting)
    assert not world.media.grants[again.token].can_subscribe
    assert await world.wait(session, meeting) == participant, "and the first telephone knocks too, if it comes back"


async def test_without_a_log_nobody_hears(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    anna, meeting, token = await started(world)
    session = await tomas(world, token)
    participant = await world.wait(session, meeting)
    await world.meetings.admission.admit(anna, meeting, participant)
    await world.sit(session, meeting)

    async def down(*_: object) -> None:
        raise AuditUnavailable

    monkeypatch.setattr(world.log, "append", down)
    with pytest.raises(AuditUnavailable):
        await world.meetings.sight.recognise(anna, meeting, participant)
    assert world.media.hearing == []
    assert (await world.participant(session, meeting)).unrecognised


async def test_a_media_server_that_does_not_answer_is_asked_again(world: World) -> None:
    anna, meeting, token = await started(world)
    session = await tomas(world, token)
    participant = await world.wait(session, meeting)
    await world.meetings.admission.admit(anna, meeting, participant)
    await world.sit(session, meeting)
    world.media.down = True
    with pytest.raises(MediaUnavailable):
        await world.meetings.sight.recognise(anna, meeting, participant)
    world.media.down = False
    await world.meetings.sight.recognise(anna, meeting, participant)
    assert len(world.media.hearing) == 1
    assert len(await world.records(meeting, EventType.PARTICIPANT_RECOGNISED)) == 1


async def test_one_who_is_not_there(world: World) -> None:
    anna, meeting, _ = await started(world)
    with pytest.raises(ParticipantUnknown):
        await world.meetings.sight.recognise(anna, meeting, "nobody")

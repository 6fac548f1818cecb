"""What the media server tells, what it does not, and what the clock does to a meeting."""

import asyncio
from contextlib import suppress

import pytest

from audit.events import EventType
from auth.sessions import Session
from rooms.lifecycle import EMPTY_LIMIT, HOST_GRACE
from rooms.media import MediaEvent, MediaEventKind
from rooms.meeting import MeetingStatus, ParticipantStatus
from rooms.presence import KEEP_LOGGED_IN_EVERY
from rooms.room_names import RoomNames
from tests.rooms.world import KARIN, KEY, LEILA, ORIGIN, BrokenLog, World


async def room_of(world: World, meeting: str) -> str:
    return (await world.gathering(meeting)).meeting.room


async def test_an_intruder_in_the_media_room_is_put_out_and_written_down_once(world: World) -> None:
    _, meeting, _ = await world.started()
    room = await room_of(world, meeting)
    for _ in range(2):
        await world.media.sneak_in(room, "intruder")
        await world.meetings.presence.drain()
    assert "intruder" not in world.media.rooms[room]
    records = await world.records(meeting, EventType.PARTICIPANT_REMOVED)
    assert [record.event.details["reason"] for record in records if record.event] == ["unknown"]


async def test_an_intruder_nobody_told_of_is_found(world: World) -> None:
    _, meeting, _ = await world.started()
    room = await room_of(world, meeting)
    world.media.rooms[room]["intruder"] = ""
    await world.meetings.presence.look()
    assert "intruder" not in world.media.rooms[room]


async def test_rooms_of_others_on_the_same_media_server_are_left_alone(world: World) -> None:
    await world.media.sneak_in("somebody else's", "x")
    await world.meetings.presence.drain()
    assert world.media.rooms["somebody else's"] == {"x": ""}


async def test_a_room_of_ours_that_no_meeting_knows_is_emptied_and_ended(world: World) -> None:
    await world.started()
    stray = RoomNames(ORIGIN).new()
    for room in (stray, RoomNames("https://another.example").new()):
        await world.media.sneak_in(room, "x")
    await world.meetings.presence.look()
    assert stray not in world.media.rooms
    assert len(world.media.rooms) == 2, "the meeting's own and another installation's"


async def test_the_room_of_a_meeting_that_has_ended_is_ended_also_after_a_restart(world: World) -> None:
    anna, meeting, _ = await world.started()
    room = await room_of(world, meeting)
    world.media.down = True
    await world.meetings.hosting.end(anna, meeting)
    world.media.down = False
    assert room in world.media.rooms
    await world.open_house().presence.look()
    assert room not in world.media.rooms


async def test_a_login_does_not_die_of_idleness_in_the_room(world: World) -> None:
    anna, _, _ = await world.started()
    kept: list[str] = []

    async def keep(session: str) -> None:
        kept.append(session)

    world.meetings.presence.in_meeting = keep
    for _ in range(3):
        await world.meetings.presence.look()
    assert kept == [anna.id]
    world.clock.advance(seconds=KEEP_LOGGED_IN_EVERY.total_seconds())
    await world.meetings.presence.look()
    assert kept == [anna.id, anna.id]


async def test_someone_who_went_unheard_is_written_down(world: World) -> None:
    anna, meeting, _ = await world.started()
    one = await world.participant(anna, meeting)
    assert one.identity is not None
    await world.media.drop(one.identity, silently=True)
    world.clock.advance(seconds=2)
    await world.meetings.presence.look()
    assert (await world.participant(anna, meeting)).status is ParticipantStatus.LEFT
    left = await world.records(meeting, EventType.PARTICIPANT_LEFT)
    assert [record.event.details["reason"] for record in left if record.event] == ["not_found"]


async def test_a_full_reconnect_is_a_new_stay_of_the_same_seat(world: World) -> None:
    anna, meeting, _ = await world.started()
    one = await world.participant(anna, meeting)
    assert one.identity is not None
    await world.media.drop(one.identity)
    await world.media.sneak_in(await room_of(world, meeting), one.identity)
    await world.meetings.presence.drain()
    assert (await world.participant(anna, meeting)).status is ParticipantStatus.IN_ROOM
    assert len(await world.stays(meeting)) == 2


async def test_the_hosts_grace_runs_out_and_she_resumes_all_the_same(world: World) -> None:
    anna, meeting, _ = await world.started()
    one = await world.participant(anna, meeting)
    assert one.identity is not None
    await world.media.drop(one.identity)
    await world.meetings.presence.drain()
    assert (await world.meetings.state_for(anna, meeting))["meeting"]["host_presence"] == "away"
    world.clock.advance(seconds=HOST_GRACE.total_seconds())
    await world.meetings.presence.look()
    await world.meetings.presence.look()
    assert world.heard().count("host.away") == 2, "once at the drop, once when the grace ran out"
    assert (await world.meetings.state_for(anna, meeting))["meeting"]["host_presence"] == "gone"
    await world.sit(anna, meeting, home=True)
    assert world.heard()[-1] == "host.back"
    assert (await world.meetings.state_for(anna, meeting))["meeting"]["host_present"]


async def test_an_empty_meeting_ends_by_itself(world: World) -> None:
    anna, meeting, _ = await world.started()
    one = await world.participant(anna, meeting)
    assert one.identity is not None
    world.clock.advance(seconds=1200)
    await world.media.drop(one.identity)
    await world.meetings.presence.drain()
    world.clock.advance(seconds=EMPTY_LIMIT.total_seconds() - 1)
    await world.meetings.presence.look()
    assert (await world.gathering(meeting)).meeting.status is MeetingStatus.OPEN
    world.clock.advance(seconds=1)
    await world.meetings.presence.look()
    assert (await world.gathering(meeting)).meeting.status is MeetingStatus.ENDED
    ended = (await world.records(meeting, EventType.MEETING_ENDED))[0].event
    assert ended is not None
    assert (ended.actor, ended.details["reason"]) == (None, "empty")


async def test_a_seat_nobody_takes_is_given_up_and_kept_open(world: World) -> None:
    anna, meeting, planned = await world.started()
    karin = await world.by_link(planned, "Karin Edlund", KARIN)
    await world.meetings.admission.admit(anna, meeting, await world.wait(karin, meeting))
    world.clock.advance(seconds=121)
    await world.meetings.presence.look()
    assert (await world.participant(karin, meeting)).status is ParticipantStatus.LEFT
    await world.sit(karin, meeting)


async def test_a_silent_page_leaves_the_lobby_and_a_patient_one_never(world: World) -> None:
    _, meeting, planned = await world.started()
    karin = await world.by_link(planned, "Karin Edlund", KARIN)
    await world.wait(karin, meeting)
    for _ in range(100):
        world.clock.advance(seconds=25)
        assert await world.meetings.seen(karin, meeting)
    await world.meetings.presence.look()
    assert (await world.participant(karin, meeting)).status is ParticipantStatus.WAITING
    world.clock.advance(seconds=30)
    await world.meetings.presence.look()
    assert (await world.participant(karin, meeting)).status is ParticipantStatus.LEFT
    assert "lobby.left" in world.heard()


async def test_those_who_came_early_hear_that_the_waiting_room_opens(world: World) -> None:
    anna = await world.anna()
    starts_at = world.clock().replace(hour=10)
    await world.plan(anna, starts_at=starts_at, ends_at=starts_at.replace(minute=45))
    await world.meetings.presence.look()
    assert "lobby.opened" not in world.heard()
    world.clock.advance(seconds=45 * 60)
    for _ in range(2):
        await world.meetings.presence.look()
    assert world.heard().count("lobby.opened") == 1


async def test_a_log_that_fails_leaves_running_media_alone_and_catches_up(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, meeting, planned = await world.started()
    leila = await world.by_link(planned, "Leila Haddad", LEILA)
    seat = await world.meetings.admission.join(leila, meeting, home=False, binding=None, key=KEY)
    with monkeypatch.context() as broken:
        broken.setattr(world.log, "append", BrokenLog())
        await world.media.join(seat.token)  # type: ignore[union-attr]  # a leader gets a seat
        await world.meetings.presence.drain()
        await world.meetings.presence.look()
        assert len(world.media.rooms[await room_of(world, meeting)]) == 2
        assert (await world.participant(leila, meeting)).status is ParticipantStatus.ADMITTED
    await world.meetings.presence.look()
    assert (await world.participant(leila, meeting)).status is ParticipantStatus.IN_ROOM
    assert (await world.participant(anna, meeting)).status is ParticipantStatus.IN_ROOM


async def test_a_media_server_that_is_away_changes_nothing(world: World) -> None:
    anna, meeting, _ = await world.started()
    world.media.down = True
    world.clock.advance(seconds=60)
    await world.meetings.presence.look()
    assert (await world.participant(anna, meeting)).status is ParticipantStatus.IN_ROOM


async def becomes(world: World, person: Session, meeting: str, status: ParticipantStatus) -> None:
    """Wait until the watch that is running has found out."""
    async with asyncio.timeout(30):
        while (await world.participant(person, meeting)).status is not status:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.01)


async def test_after_a_restart_the_room_is_asked_who_is_there(world: World) -> None:
    anna, meeting, planned = await world.started()
    karin = await world.by_link(planned, "Karin Edlund", KARIN)
    waiting = await world.wait(karin, meeting)
    world.media.rooms.clear()  # the embedded media server died with us
    world.media.listeners.clear()
    world.clock.advance(seconds=60)
    world.meetings = world.open_house()
    await world.meetings.presence.restore()
    running = asyncio.gather(world.meetings.presence.run(every=0.01))
    await becomes(world, anna, meeting, ParticipantStatus.LEFT)
    assert await room_of(world, meeting) in world.media.rooms
    assert (await world.participant(karin, meeting)).status is ParticipantStatus.WAITING, "its page has 30 s to return"
    seat = await world.meetings.admission.join(anna, meeting, home=True, binding=None, key=KEY)
    await world.media.join(seat.token)  # type: ignore[union-attr]  # the host gets a seat
    await becomes(world, anna, meeting, ParticipantStatus.IN_ROOM)
    await world.meetings.admission.admit(anna, meeting, waiting)
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def test_the_rooms_stand_before_anybody_is_let_in_again(world: World) -> None:
    _, meeting, _ = await world.started()
    world.media.rooms.clear()
    await world.open_house().presence.restore()
    assert await room_of(world, meeting) in world.media.rooms


async def test_a_room_that_finished_closes_every_stay(world: World) -> None:
    _, meeting, _ = await world.started()
    room = await room_of(world, meeting)
    world.media.rooms.pop(room)
    for listener in world.media.listeners:
        await listener(MediaEvent(MediaEventKind.ROOM_FINISHED, room))
    await world.meetings.presence.drain()
    assert all(stay.left_at is not None for stay in await world.stays(meeting))

"""Into the lobby, the room and out again: the order of things, and what each refusal is."""

import base64
import json

import pytest

from audit.events import EventType
from audit.log import AuditUnavailable
from auth.fields import InvalidFields
from rooms.admission import COMINGS_A_MINUTE, Early, Seat, Waiting
from rooms.errors import (
    CannotEncrypt,
    ComesTooOften,
    Denied,
    EncryptionNeeded,
    HomeTaken,
    LeadsTheMeeting,
    LobbyShut,
    MeetingEnded,
    MeetingUnknown,
    NotAllowed,
    NotHere,
    NotWaiting,
    Removed,
    RoomFull,
)
from rooms.media import MediaUnavailable
from rooms.meeting import ParticipantStatus
from rooms.vouching import fingerprint
from tests.rooms.world import ANNA, ELIN, KARIN, KEY, LEILA, PER, BrokenLog, World, invitation, number


async def test_a_guest_waits_is_let_in_and_sits_down(world: World) -> None:
    anna, meeting, planned = await world.started()
    karin = await world.by_link(planned, "Karin Edlund", KARIN)
    waiting = await world.wait(karin, meeting)
    assert "lobby.entered" in world.heard()
    await world.meetings.admission.ready(karin, meeting, is_ready=True)
    assert (await world.participant(karin, meeting)).ready
    await world.meetings.admission.admit(anna, meeting, waiting)
    await world.sit(karin, meeting)
    assert (await world.participant(karin, meeting)).status is ParticipantStatus.IN_ROOM
    kinds = [record.type for record in await world.records(meeting)]
    for kind in (EventType.LOBBY_ENTERED, EventType.PARTICIPANT_ADMITTED, EventType.PARTICIPANT_JOINED):
        assert kind in kinds
    admitted = (await world.records(meeting, EventType.PARTICIPANT_ADMITTED))[-1].event
    assert admitted is not None
    assert admitted.actor is not None
    assert admitted.subject is not None
    assert (admitted.actor.name, admitted.subject.name) == ("Anna Sjödin", "Karin Edlund")
    assert admitted.details["relation"] == "Dotter"


async def test_the_grant_carries_the_e_ids_name_and_the_place_in_the_meeting(world: World) -> None:
    _, meeting, planned = await world.started()
    leila = await world.by_link(planned, "Leila Haddad", LEILA)
    seat = await world.meetings.admission.join(leila, meeting, home=False, binding="session:x", key=KEY)
    assert isinstance(seat, Seat)
    grant = world.media.grants[seat.token]
    assert (grant.name, grant.binding, grant.identity) == ("Leila Haddad", "session:x", seat.identity)
    assert grant.attributes == {
        "role": "Fast vårdkontakt",
        "organisation": "Region Höga Kusten",
        "party": "region",
        "relation": "",
        "representation": "none",
        "method": "bankid",
        "home": "",
        "host": "",
        "participant": seat.participant,
    }
    assert "token" not in repr(seat)


async def test_the_homes_seat_is_titled_by_the_home_and_names_the_nurse(world: World) -> None:
    anna, meeting, _ = await world.started()
    one = await world.participant(anna, meeting)
    grant = next(grant for grant in world.media.grants.values() if grant.identity == one.identity)
    assert grant.name == "Hemma hos Gunnar"
    assert (grant.attributes["home"], grant.attributes["host"], grant.attributes["party"]) == ("1", "1", "home")
    people = (await world.gathering(meeting)).meeting.home_people
    assert [person.name for person in people] == ["Gunnar Edlund", "Anna Sjödin"]


async def test_only_leaders_take_the_homes_seat_and_only_one_does(world: World) -> None:
    anna, meeting, planned = await world.started()
    leila = await world.by_link(planned, "Leila Haddad", LEILA)
    with pytest.raises(HomeTaken):
        await world.meetings.admission.join(leila, meeting, home=True, binding=None, key=KEY)
    karin = await world.by_link(planned, "Karin Edlund", KARIN)
    with pytest.raises(NotAllowed):
        await world.meetings.admission.join(karin, meeting, home=True, binding=None, key=KEY)
    await world.sit(anna, meeting, home=True)


async def test_an_early_person_is_told_when_the_waiting_room_opens(world: World) -> None:
    anna = await world.anna()
    starts_at = world.clock().replace(hour=11)
    planned = await world.plan(anna, starts_at=starts_at, ends_at=starts_at.replace(minute=45))
    karin = await world.by_link(planned, "Karin Edlund", KARIN)
    early = await world.meetings.admission.join(karin, planned.gathering.meeting.id, home=False, binding=None, key=KEY)
    assert early == Early(starts_at.replace(hour=10, minute=45))


async def test_one_is_let_in_and_the_rest_keep_waiting_then_all(world: World) -> None:
    anna, meeting, planned = await world.started()
    karin = await world.by_link(planned, "Karin Edlund", KARIN)
    per = await world.by_link(planned, "Per Wiklund", PER)
    first = await world.wait(karin, meeting)
    await world.wait(per, meeting)
    await world.meetings.admission.admit(anna, meeting, first)
    assert (await world.participant(per, meeting)).status is ParticipantStatus.WAITING
    assert await world.meetings.admission.admit_all(anna, meeting) == 1
    assert (await world.participant(per, meeting)).status is ParticipantStatus.ADMITTED
    with pytest.raises(NotWaiting):
        await world.meetings.admission.admit(anna, meeting, first)


async def test_not_yet_keeps_waiting_and_final_stays_out(world: World) -> None:
    anna, meeting, planned = await world.started()
    karin = await world.by_link(planned, "Karin Edlund", KARIN)
    waiting = await world.wait(karin, meeting)
    await world.meetings.admission.deny(anna, meeting, waiting, final=False)
    assert await world.meetings.admission.join(karin, meeting, home=False, binding=None, key=KEY) == Waiting(
        waiting, True, True
    )
    await world.meetings.admission.deny(anna, meeting, waiting, final=True)
    with pytest.raises(Denied):
        await world.meetings.admission.join(karin, meeting, home=False, binding=None, key=KEY)
    reasons = [record.event.details["reason"] for record in await world.records(meeting, EventType.PARTICIPANT_DENIED)
               if record.event]  # fmt: skip
    assert reasons == ["not_yet", "denied"]


async def test_the_removed_stay_out_until_invited_again(world: World) -> None:
    anna, meeting, planned = await world.started()
    karin = await world.by_link(planned, "Karin Edlund", KARIN)
    waiting = await world.wait(karin, meeting)
    await world.meetings.admission.admit(anna, meeting, waiting)
    seat = await world.sit(karin, meeting)
    await world.meetings.admission.remove(anna, meeting, waiting)
    await world.meetings.presence.drain()
    room = (await world.gathering(meeting)).meeting.room
    assert seat.identity not in world.media.rooms[room]
    assert not await world.meetings.admission.may_enter(room, seat.identity)
    with pytest.raises(Removed):
        await world.meetings.admission.join(karin, meeting, home=False, binding=None, key=KEY)
    again = await world.by_link(planned, "Karin Edlund", KARIN, device="2")
    with pytest.raises(Removed):  # the same link, on a new login
        await world.meetings.admission.join(again, meeting, home=False, binding=None, key=KEY)
    own = next(item for item in planned.gathering.invitations if item.name == "Karin Edlund")
    await world.meetings.invitations.renew(anna, meeting, own.id)
    assert await world.wait(karin, meeting) == waiting
    left = await world.records(meeting, EventType.PARTICIPANT_LEFT)
    assert left == [], "the removal is the record of the departure"


async def test_the_removal_holds_while_the_media_server_is_away(world: World) -> None:
    anna, meeting, planned = await world.started()
    karin = await world.by_link(planned, "Karin Edlund", KARIN)
    waiting = await world.wait(karin, meeting)
    await world.meetings.admission.admit(anna, meeting, waiting)
    seat = await world.sit(karin, meeting)
    world.media.down = True
    await world.meetings.admission.remove(anna, meeting, waiting)
    world.media.down = False
    await world.meetings.presence.look()
    assert seat.identity not in world.media.rooms[(await world.gathering(meeting)).meeting.room]


async def test_the_host_is_not_removed(world: World) -> None:
    anna, meeting, planned = await world.started()
    leila = await world.by_link(planned, "Leila Haddad", LEILA)
    with pytest.raises(LeadsTheMeeting):
        await world.meetings.admission.remove(leila, meeting, (await world.participant(anna, meeting)).id)


async def test_a_dropped_person_comes_straight_back_and_one_who_left_knocks(world: World) -> None:
    anna, meeting, planned = await world.started()
    karin = await world.by_link(planned, "Karin Edlund", KARIN)
    await world.meetings.admission.admit(anna, meeting, await world.wait(karin, meeting))
    first = await world.sit(karin, meeting)
    await world.media.drop(first.identity)
    await world.meetings.presence.drain()
    assert (await world.participant(karin, meeting)).status is ParticipantStatus.LEFT
    second = await world.sit(karin, meeting)
    assert second.identity != first.identity
    await world.meetings.admission.leave(karin, meeting)
    await world.meetings.presence.drain()
    assert isinstance(await world.meetings.admission.join(karin, meeting, home=False, binding=None, key=KEY), Waiting)
    await world.meetings.admission.leave(karin, meeting)
    with pytest.raises(NotHere):
        await world.meetings.admission.leave(karin, meeting)


async def test_a_rejoin_never_overwrites_the_first_attendance(world: World) -> None:
    anna, meeting, planned = await world.started()
    karin = await world.by_link(planned, "Karin Edlund", KARIN)
    waiting = await world.wait(karin, meeting)
    await world.meetings.admission.admit(anna, meeting, waiting)
    first = await world.sit(karin, meeting)
    world.clock.advance(seconds=60)
    await world.media.drop(first.identity)
    await world.meetings.presence.drain()
    world.clock.advance(seconds=5)
    await world.sit(karin, meeting)
    stays = [stay for stay in await world.stays(meeting) if stay.participant == waiting]
    assert len(stays) == 2
    assert stays[0].left_at is not None
    assert (stays[0].left_at - stays[0].joined_at).total_seconds() == 60
    assert stays[1].left_at is None


async def test_the_newest_device_wins_and_the_old_one_is_told(world: World) -> None:
    anna, meeting, planned = await world.started()
    karin = await world.by_link(planned, "Karin Edlund", KARIN)
    await world.meetings.admission.admit(anna, meeting, await world.wait(karin, meeting))
    old = await world.sit(karin, meeting)
    phone = await world.by_link(planned, "Karin Edlund", KARIN, device="2")
    new = await world.sit(phone, meeting)
    room = (await world.gathering(meeting)).meeting.room
    assert set(world.media.rooms[room]) >= {new.identity}
    assert old.identity not in world.media.rooms[room]
    assert "participant.replaced" in world.heard()
    assert (await world.meetings.state_for(karin, meeting))["me"]["this_device"] is False
    assert (await world.meetings.state_for(phone, meeting))["me"]["this_device"] is True
    assert not await world.meetings.admission.may_enter(room, old.identity)


async def test_nobody_is_let_in_without_its_record(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    anna, meeting, planned = await world.started()
    karin = await world.by_link(planned, "Karin Edlund", KARIN)
    waiting = await world.wait(karin, meeting)
    seated = set(world.media.rooms[(await world.gathering(meeting)).meeting.room])
    monkeypatch.setattr(world.log, "append", BrokenLog())
    with pytest.raises(AuditUnavailable):
        await world.meetings.admission.admit(anna, meeting, waiting)
    assert (await world.participant(karin, meeting)).status is ParticipantStatus.WAITING
    with pytest.raises(AuditUnavailable):
        await world.meetings.admission.join(anna, meeting, home=True, binding=None, key=KEY)
    await world.meetings.presence.look()
    assert set(world.media.rooms[(await world.gathering(meeting)).meeting.room]) == seated


async def test_the_lobby_is_shut_while_nobody_leads(world: World) -> None:
    anna, meeting, planned = await world.started()
    karin = await world.by_link(planned, "Karin Edlund", KARIN)
    waiting = await world.wait(karin, meeting)
    identity = (await world.participant(anna, meeting)).identity
    assert identity is not None
    await world.media.drop(identity)
    await world.meetings.presence.drain()
    assert "host.away" in world.heard()
    with pytest.raises(LobbyShut):
        await world.meetings.admission.admit(anna, meeting, waiting)
    leila = await world.by_link(planned, "Leila Haddad", LEILA)
    await world.sit(leila, meeting)
    await world.meetings.admission.admit(leila, meeting, waiting)
    await world.sit(anna, meeting, home=True)
    assert "host.back" in world.heard()


async def test_a_full_room_says_so(world: World) -> None:
    many = tuple(invitation(f"Gäst Nummer{at}", number(f"1970{1 + at // 20:02}{1 + at % 20:02}")) for at in range(21))
    anna, meeting, planned = await world.started(invitations=many)
    for at in range(20):
        name = f"Gäst Nummer{at}"
        guest = await world.by_link(planned, name, number(f"1970{1 + at // 20:02}{1 + at % 20:02}"))
        await world.wait(guest, meeting)
    with pytest.raises(RoomFull):
        await world.meetings.admission.admit_all(anna, meeting)
    first = (await world.gathering(meeting)).waiting()[0]
    await world.meetings.admission.deny(anna, meeting, first.id, final=True)
    assert await world.meetings.admission.admit_all(anna, meeting) == 19


async def test_strangers_are_not_told_that_the_meeting_exists(world: World) -> None:
    _, meeting, _ = await world.started()
    elin = world.login(await world.person("Elin Näslund", ELIN))
    with pytest.raises(MeetingUnknown):
        await world.meetings.admission.join(elin, meeting, home=False, binding=None, key=KEY)
    with pytest.raises(MeetingUnknown):
        await world.meetings.state_for(elin, meeting)


async def test_a_logout_leaves_the_meeting(world: World) -> None:
    anna, meeting, planned = await world.started()
    karin = await world.by_link(planned, "Karin Edlund", KARIN)
    await world.meetings.admission.admit(anna, meeting, await world.wait(karin, meeting))
    seat = await world.sit(karin, meeting)
    await world.meetings.admission.logged_out(karin.id)
    assert (await world.participant(karin, meeting)).status is ParticipantStatus.LEFT
    assert seat.identity not in world.media.rooms[(await world.gathering(meeting)).meeting.room]


async def test_a_logout_that_could_not_be_recorded_is_carried_out_later(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    anna, meeting, planned = await world.started()
    karin = await world.by_link(planned, "Karin Edlund", KARIN)
    await world.meetings.admission.admit(anna, meeting, await world.wait(karin, meeting))
    seat = await world.sit(karin, meeting)
    room = (await world.gathering(meeting)).meeting.room
    with monkeypatch.context() as broken:
        broken.setattr(world.log, "append", BrokenLog())
        with pytest.raises(AuditUnavailable):
            await world.meetings.admission.logged_out(karin.id)
        await world.meetings.presence.look()
    assert seat.identity in world.media.rooms[room]
    await world.meetings.presence.look()
    assert seat.identity not in world.media.rooms[room]
    assert (await world.participant(karin, meeting)).status is ParticipantStatus.LEFT


async def test_who_identifies_again_in_the_same_browser_keeps_the_seat(world: World) -> None:
    anna, meeting, planned = await world.started()
    karin = await world.by_link(planned, "Karin Edlund", KARIN)
    await world.meetings.admission.admit(anna, meeting, await world.wait(karin, meeting))
    old = await world.sit(karin, meeting)
    again = await world.by_link(planned, "Karin Edlund", KARIN, device="2")
    await world.meetings.admission.handed_over(karin.id, again.id)
    await world.meetings.admission.logged_out(karin.id)
    assert (await world.participant(karin, meeting)).status is ParticipantStatus.IN_ROOM
    assert await world.meetings.admission.superseded(karin, meeting)
    assert not await world.meetings.admission.superseded(again, meeting)
    new = await world.sit(again, meeting)
    room = (await world.gathering(meeting)).meeting.room
    assert new.identity in world.media.rooms[room]
    assert old.identity not in world.media.rooms[room]


async def test_a_handed_over_seat_ends_with_the_login_that_got_it(world: World) -> None:
    anna, meeting, planned = await world.started()
    karin = await world.by_link(planned, "Karin Edlund", KARIN)
    await world.meetings.admission.admit(anna, meeting, await world.wait(karin, meeting))
    old = await world.sit(karin, meeting)
    again = await world.by_link(planned, "Karin Edlund", KARIN, device="2")
    await world.meetings.admission.handed_over(karin.id, again.id)
    await world.meetings.admission.logged_out(again.id)
    assert old.identity not in world.media.rooms[(await world.gathering(meeting)).meeting.room]
    assert not await world.meetings.admission.superseded(karin, meeting)


async def test_an_older_device_that_is_closed_takes_nobody_out(world: World) -> None:
    _, meeting, planned = await world.started()
    karin = await world.by_link(planned, "Karin Edlund", KARIN)
    await world.wait(karin, meeting)
    telephone = await world.by_link(planned, "Karin Edlund", KARIN, device="2")
    await world.wait(telephone, meeting)
    with pytest.raises(NotHere):
        await world.meetings.admission.leave(karin, meeting)
    assert (await world.participant(karin, meeting)).status is ParticipantStatus.WAITING
    await world.meetings.admission.leave(telephone, meeting)
    assert (await world.participant(karin, meeting)).status is ParticipantStatus.LEFT


async def test_muting_is_the_leaders(world: World) -> None:
    anna, meeting, planned = await world.started()
    karin = await world.by_link(planned, "Karin Edlund", KARIN)
    waiting = await world.wait(karin, meeting)
    with pytest.raises(NotHere):
        await world.meetings.admission.mute(anna, meeting, waiting)
    await world.meetings.admission.admit(anna, meeting, waiting)
    seat = await world.sit(karin, meeting)
    await world.meetings.admission.mute(anna, meeting, waiting)
    assert world.media.muted == [seat.identity]
    with pytest.raises(NotAllowed):
        await world.meetings.admission.mute(karin, meeting, waiting)


async def test_a_media_server_that_is_down_is_said_and_the_next_try_works(world: World) -> None:
    anna = await world.anna()
    planned = await world.plan(anna)
    meeting = planned.gathering.meeting.id
    world.media.down = True
    with pytest.raises(MediaUnavailable):
        await world.meetings.hosting.start(anna, meeting)
    world.media.down = False
    await world.meetings.hosting.start(anna, meeting)
    await world.sit(anna, meeting, home=True)


async def test_a_meeting_that_has_ended_lets_nobody_in(world: World) -> None:
    anna, meeting, planned = await world.started()
    karin = await world.by_link(planned, "Karin Edlund", KARIN)
    await world.meetings.hosting.end(anna, meeting)
    with pytest.raises(MeetingEnded) as refused:
        await world.meetings.admission.join(karin, meeting, home=False, binding=None, key=KEY)
    assert "0980-31 92 10" in refused.value.text("sv")
    assert ANNA not in refused.value.text("sv")


async def test_a_refused_token_is_written_down(world: World) -> None:
    _, meeting, _ = await world.started()
    room = (await world.gathering(meeting)).meeting.room
    await world.meetings.admission.entry_refused(room, None, reason="other_browser")
    await world.meetings.admission.entry_refused("no such room", None, reason="other_browser")
    records = await world.records(meeting, EventType.PARTICIPANT_REFUSED)
    assert [record.event.details["reason"] for record in records if record.event] == ["other_browser"]


async def test_a_seat_comes_with_the_meetings_word_about_its_key(world: World) -> None:
    anna, meeting, planned = await world.started()
    karin = await world.by_link(planned, "Karin Edlund", KARIN)
    await world.meetings.admission.admit(anna, meeting, await world.wait(karin, meeting))
    assert (await world.participant(karin, meeting)).vouching is None, "let in, but has no seat to vouch for yet"
    seat = await world.sit(karin, meeting)
    statement = json.loads(base64.urlsafe_b64decode(seat.vouching.partition(".")[0] + "=="))
    assert (statement["identity"], statement["key"], statement["name"]) == (seat.identity, KEY, "Karin Edlund")
    state = await world.meetings.state_for(anna, meeting)
    assert seat.vouching in [one["vouching"] for one in state["participants"]]
    assert "participant.seated" in world.heard()
    joined = (await world.records(meeting, EventType.PARTICIPANT_JOINED))[-1].event
    assert joined is not None
    assert joined.details["key"] == fingerprint(KEY)
    await world.meetings.admission.leave(karin, meeting)
    state = await world.meetings.state_for(anna, meeting)
    assert seat.vouching not in [one["vouching"] for one in state["participants"]]
    assert await world.meetings.admission.speaker(karin, meeting) is None
    with pytest.raises(InvalidFields):
        await world.meetings.admission.join(anna, meeting, home=False, binding=None, key="AAAA")


async def test_whoever_cannot_encrypt_waits_until_a_leader_has_decided(world: World) -> None:
    anna, meeting, planned = await world.started()
    karin = await world.by_link(planned, "Karin Edlund", KARIN)
    per = await world.by_link(planned, "Per Wiklund", PER)
    waiting = await world.meetings.admission.join(karin, meeting, home=False, binding=None, unencrypted=True)
    assert isinstance(waiting, Waiting)
    assert not waiting.encrypts, "a guest does not decide it"
    with pytest.raises(CannotEncrypt):
        await world.meetings.admission.admit(anna, meeting, waiting.participant)
    with pytest.raises(CannotEncrypt):
        await world.meetings.admission.admit_all(anna, meeting)
    await world.wait(per, meeting)
    assert await world.meetings.admission.admit_all(anna, meeting) == 1
    assert (await world.participant(karin, meeting)).status is ParticipantStatus.WAITING

    await world.meetings.admission.admit(anna, meeting, waiting.participant, unencrypted=True)
    [decided] = await world.records(meeting, EventType.PARTICIPANT_UNENCRYPTED)
    assert decided.event is not None
    assert decided.event.actor is not None
    assert decided.event.subject is not None
    assert (decided.event.actor.name, decided.event.subject.name) == ("Anna Sjödin", "Karin Edlund")
    seat = await world.meetings.admission.join(karin, meeting, home=False, binding=None)
    assert isinstance(seat, Seat)
    statement = json.loads(base64.urlsafe_b64decode(seat.vouching.partition(".")[0] + "=="))
    assert (statement["key"], statement["allowed_by"]) == (None, "Anna Sjödin")
    assert await world.meetings.admission.speaker(karin, meeting) is None, "no key, no word in the exchange of keys"
    # A reload of the same browser needs no new decision.
    assert isinstance(await world.meetings.admission.join(karin, meeting, home=False, binding=None), Seat)
    assert len(await world.records(meeting, EventType.PARTICIPANT_UNENCRYPTED)) == 1
    # With a browser that can, the permission is spent.
    await world.sit(karin, meeting)
    again = await world.meetings.admission.join(karin, meeting, home=False, binding=None)
    assert isinstance(again, Waiting)
    assert not again.encrypts


async def test_a_seat_is_lost_for_a_browser_that_cannot_encrypt(world: World) -> None:
    anna, meeting, planned = await world.started()
    karin = await world.by_link(planned, "Karin Edlund", KARIN)
    await world.meetings.admission.admit(anna, meeting, await world.wait(karin, meeting))
    seat = await world.sit(karin, meeting)
    waiting = await world.meetings.admission.join(karin, meeting, home=False, binding=None)
    assert isinstance(waiting, Waiting)
    assert seat.identity not in world.media.rooms[(await world.gathering(meeting)).meeting.room]
    # She comes to the door again with one that can: the leader sees it without being asked anything.
    world.events.clear()
    await world.wait(karin, meeting)
    assert "lobby.ready" in world.heard()
    await world.meetings.admission.admit(anna, meeting, waiting.participant)


async def test_one_who_leads_decides_for_themselves(world: World) -> None:
    anna = await world.anna()
    planned = await world.plan(anna)
    meeting = planned.gathering.meeting.id
    await world.meetings.hosting.start(anna, meeting)
    with pytest.raises(EncryptionNeeded):
        await world.meetings.admission.join(anna, meeting, home=True, binding=None)
    seat = await world.meetings.admission.join(anna, meeting, home=True, binding=None, unencrypted=True)
    assert isinstance(seat, Seat)
    [decided] = await world.records(meeting, EventType.PARTICIPANT_UNENCRYPTED)
    assert decided.event is not None
    assert decided.event.subject is None
    await world.media.join(seat.token)
    await world.meetings.presence.drain()
    joined = (await world.records(meeting, EventType.PARTICIPANT_JOINED))[-1].event
    assert joined is not None
    assert joined.details["unencrypted"] is True


async def test_one_who_comes_again_and_again_fills_neither_log_nor_room(world: World) -> None:
    anna, meeting, planned = await world.started()
    karin = await world.by_link(planned, "Karin Edlund", KARIN)
    await world.meetings.admission.admit(anna, meeting, await world.wait(karin, meeting))
    seats = [await world.sit(karin, meeting) for _ in range(COMINGS_A_MINUTE - 1)]
    before = len(await world.records(meeting))
    for _ in range(50):
        with pytest.raises(ComesTooOften) as refused:
            await world.sit(karin, meeting)
    assert refused.value.retry_after == 60
    assert len(await world.records(meeting)) == before
    assert (await world.participant(karin, meeting)).identity == seats[-1].identity, "the seat is kept"
    await world.sit(anna, meeting, home=True)
    for _ in range(2):
        await world.meetings.admission.leave(karin, meeting)
        with pytest.raises(ComesTooOften):
            await world.wait(karin, meeting)
        world.clock.advance(seconds=60)
        await world.wait(karin, meeting)
        for _ in range(COMINGS_A_MINUTE - 1):
            await world.meetings.admission.leave(karin, meeting)
            await world.wait(karin, meeting)

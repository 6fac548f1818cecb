"""A room by its rules, with media that only remembers: who receives what, and who is told what."""

from datetime import timedelta

import pytest
from livekit.protocol.models import CLIENT_INITIATED, DataPacket, ParticipantInfo, UserPacket

from sfu.access_token import Permission
from sfu.audience import Audience
from sfu.data import LOSSY, RELIABLE
from sfu.participant import Participant, TooLarge
from sfu.publication import Backup, Publication, RequestRefused, TrackSettings
from sfu.room import Room, RoomFull, RoomLimits, reason_name
from tests.sfu.fakes import NOW, FakeMedia, Inbox, camera, live, microphone, person


@pytest.fixture
def room() -> Room:
    return Room("meeting", "RM_1", now=NOW, limits=RoomLimits(max_participants=3))


def come(room: Room, identity: str, **options: object) -> tuple[Participant, FakeMedia, Inbox]:
    made = person(identity, **options)  # type: ignore[arg-type]  # passed on as they are
    room.join(made[0])
    room.reconcile(made[0])
    return made


def publish(room: Room, participant: Participant, publication: Publication) -> Publication:
    room.add(participant, publication)
    room.published(participant, [publication])
    return publication


def test_everyone_is_told_and_receives(room: Room) -> None:
    anna, anna_media, _ = come(room, "anna")
    bo, bo_media, bo_inbox = come(room, "bo")
    track = publish(room, anna, live(microphone(), "TR_1"))
    assert bo_media.forwarded == {track.sid}
    assert bo_media.negotiations == 1
    assert not anna_media.forwarded
    (told,) = bo_inbox.last("update").participants
    assert [info.sid for info in told.tracks] == ["TR_1"]
    _, late_media, _ = come(room, "late")
    assert late_media.forwarded == {"TR_1"}
    assert [info.identity for info in room.others(bo)] == ["anna", "late"]
    assert room.info().num_participants == 3
    assert room.info().num_publishers == 1


def test_versions_grow(room: Room) -> None:
    anna, _, inbox = come(room, "anna")
    room.activate(anna)
    room.activate(anna)
    room.redescribed(anna)
    versions = [update.participants[0].version for update in inbox.of("update")]
    assert versions == [1, 2, 3]
    assert anna.state == ParticipantInfo.ACTIVE


def test_leaving_takes_its_tracks_along(room: Room) -> None:
    anna, _, _ = come(room, "anna")
    bo, bo_media, bo_inbox = come(room, "bo")
    publish(room, anna, live(microphone(), "TR_1"))
    bo.wishes.settings["TR_1"] = TrackSettings()
    room.leave(anna, CLIENT_INITIATED, NOW)
    room.leave(anna, CLIENT_INITIATED, NOW)
    assert not bo_media.forwarded
    assert not bo.wishes.settings
    (told,) = bo_inbox.last("update").participants
    assert (told.state, told.disconnect_reason) == (ParticipantInfo.DISCONNECTED, CLIENT_INITIATED)
    assert len(bo_inbox.of("update")) == 3


def test_a_full_room(room: Room) -> None:
    for name in ("a", "b", "c"):
        come(room, name)
    assert room.has_place_for("a")
    with pytest.raises(RoomFull):
        come(room, "d")


def test_empty_rooms_expire_by_two_timeouts() -> None:
    limits = RoomLimits(empty_timeout=timedelta(seconds=300), departure_timeout=timedelta(seconds=20))
    room = Room("r", "RM", now=NOW, limits=limits)
    assert not room.expired(NOW + timedelta(seconds=299))
    assert room.expired(NOW + timedelta(seconds=300))
    anna, _, _ = come(room, "anna")
    assert not room.expired(NOW + timedelta(days=1))
    room.leave(anna, CLIENT_INITIATED, NOW + timedelta(days=1))
    assert not room.expired(NOW + timedelta(days=1, seconds=19))
    assert room.expired(NOW + timedelta(days=1, seconds=20))


def test_unpublishing(room: Room) -> None:
    anna, anna_media, anna_inbox = come(room, "anna")
    _, bo_media, _ = come(room, "bo")
    publish(room, anna, live(microphone(), "TR_1"))
    room.unpublish(anna, "TR_1")
    room.unpublish(anna, "TR_1")
    assert anna_media.dropped == ["TR_1"]
    assert anna_inbox.last("track_unpublished").track_sid == "TR_1"
    assert not bo_media.forwarded


def test_mute_and_mute_from_outside(room: Room) -> None:
    anna, media, inbox = come(room, "anna")
    track = publish(room, anna, live(microphone(), "TR_1"))
    room.mute(anna, "TR_1", True)
    assert track.info.muted
    assert not media.silenced
    room.mute(anna, "TR_1", False)
    room.mute_by_server(anna, track)
    assert (media.silenced, track.info.muted) == (["TR_1"], True)
    assert inbox.last("mute").muted
    room.mute(anna, "TR_1", False)
    assert media.unsilenced == ["TR_1"]
    room.mute(anna, "TR_unknown", True)
    anna.permission = Permission(can_publish=False)
    room.mute(anna, "TR_1", True)
    with pytest.raises(RequestRefused):
        room.mute(anna, "TR_1", False)


def test_explicit_wishes(room: Room) -> None:
    anna, _, _ = come(room, "anna")
    bo, media, _ = come(room, "bo", auto_subscribe=False)
    publish(room, anna, live(microphone(), "TR_1"))
    assert not media.forwarded
    assert room.subscribe(bo, ["TR_1", "TR_none"], True) == ["TR_none"]
    assert media.forwarded == {"TR_1"}
    room.adjust(bo, ["TR_1", "TR_none"], TrackSettings(disabled=True))
    assert media.sending["TR_1"].disabled
    assert set(bo.wishes.settings) == {"TR_1"}
    room.subscribe(bo, ["TR_1"], False)
    assert not media.forwarded


def test_nobody_receives_without_permission(room: Room) -> None:
    anna, _, _ = come(room, "anna")
    publish(room, anna, live(microphone(), "TR_1"))
    bo, media, _ = come(room, "bo", permission=Permission(can_subscribe=False))
    room.subscribe(bo, ["TR_1"], True)
    assert not media.forwarded
    room.permit(bo, Permission())
    assert media.forwarded == {"TR_1"}


def test_who_may_not_subscribe_is_told_of_nobody_until_they_may(room: Room) -> None:
    """One who came by a code alone: no name, no role, no data, not even that somebody speaks."""
    anna, anna_media, anna_inbox = come(room, "anna")
    track = publish(room, anna, live(microphone(), "TR_1"))
    tomas, media, inbox = come(room, "tomas", permission=Permission(can_subscribe=False))
    said = DataPacket(sequence=1, user=UserPacket(payload=b"chat in the clear")).SerializeToString()
    bo, _, _ = come(room, "bo")
    for here in (tomas, anna):
        room.activate(here)
    assert track.up_track is not None
    track.up_track.audio.observe(5)
    room.tick(100.0)
    room.redescribed(anna)
    room.data(anna, RELIABLE, said)
    room.limit_subscribers(anna, Audience(everyone=False))
    room.limit_subscribers(anna, Audience())
    room.tick(100.1)
    room.leave(bo, CLIENT_INITIATED, NOW)
    assert room.others(tomas) == []
    assert {one.identity for update in inbox.of("update") for one in update.participants} == {"tomas"}
    (quality,) = inbox.of("connection_quality")
    assert [one.participant_sid for one in quality.updates] == ["PA_tomas"]
    assert {message.WhichOneof("message") for message in inbox} == {"update", "connection_quality"}
    room.catch_up(tomas, {})
    assert media.sent == []
    assert anna_inbox.last("update").participants[0].identity == "bo", "the others are told of them and of each other"
    room.data(tomas, RELIABLE, said)
    assert len(anna_media.sent) == 1

    room.permit(tomas, Permission())
    assert [one.identity for one in inbox.last("update").participants] == ["anna"]
    assert media.forwarded == {"TR_1"}
    room.catch_up(tomas, {})
    assert media.sent == [], "what was said before is not for them"
    room.data(anna, RELIABLE, DataPacket(sequence=2, user=UserPacket(payload=b"x")).SerializeToString())
    assert len(media.sent) == 1
    room.permit(tomas, Permission(can_subscribe=False))
    assert inbox.last("update").participants[0].state == ParticipantInfo.DISCONNECTED
    assert room.others(anna)[0].state == ParticipantInfo.ACTIVE


def test_the_publisher_limits_its_subscribers(room: Room) -> None:
    anna, _, _ = come(room, "anna")
    _, bo_media, bo_inbox = come(room, "bo")
    _, cleo_media, _ = come(room, "cleo")
    publish(room, anna, live(microphone(), "TR_1"))
    room.limit_subscribers(anna, Audience(everyone=False, every_track=frozenset({"cleo"})))
    assert not bo_media.forwarded
    assert cleo_media.forwarded == {"TR_1"}
    assert not bo_inbox.last("subscription_permission_update").allowed
    publish(room, anna, live(camera(), "TR_2"))
    assert not bo_media.forwarded, "what is published later is under the same rule"
    negotiated = bo_media.negotiations
    for _ in range(100):
        room.limit_subscribers(anna, Audience())
        room.limit_subscribers(anna, Audience(everyone=False))
    room.limit_subscribers(anna, Audience())
    assert bo_media.negotiations == negotiated
    room.tick(100.0)
    assert bo_media.forwarded == {"TR_1", "TR_2"}
    assert bo_media.negotiations == negotiated + 1, "of many the newest counts, once"


def test_who_is_hidden_in_mid_call_is_gone_for_the_others(room: Room) -> None:
    anna, _, anna_inbox = come(room, "anna")
    _, _, bo_inbox = come(room, "bo")
    room.permit(anna, Permission(hidden=True, recorder=True))
    room.redescribed(anna)
    assert bo_inbox.last("update").participants[0].state == ParticipantInfo.DISCONNECTED
    told = anna_inbox.last("update").participants[0]
    assert (told.state, told.permission.recorder) == (ParticipantInfo.JOINED, True)
    room.permit(anna, Permission())
    room.redescribed(anna)
    assert bo_inbox.last("update").participants[0].state == ParticipantInfo.JOINED


def test_new_permissions_bite_at_once(room: Room) -> None:
    anna, _, _ = come(room, "anna")
    _, bo_media, _ = come(room, "bo")
    publish(room, anna, live(microphone(), "TR_1"))
    publish(room, anna, live(camera(), "TR_2"))
    room.permit(anna, Permission(sources=frozenset({"microphone"})))
    assert set(anna.publications) == {"TR_1"}
    assert bo_media.forwarded == {"TR_1"}


def test_hidden_participants_are_not_told_of(room: Room) -> None:
    bo, _, bo_inbox = come(room, "bo")
    _, _, hidden_inbox = come(room, "auditor", permission=Permission(hidden=True))
    assert len(bo_inbox.of("update")) == 1
    assert len(hidden_inbox.of("update")) == 1
    assert not room.others(bo)
    assert room.info().num_participants == 1


def test_data_goes_to_the_others_or_those_named(room: Room) -> None:
    anna, anna_media, _ = come(room, "anna")
    _, bo_media, _ = come(room, "bo")
    _, cleo_media, _ = come(room, "cleo")
    room.data(anna, RELIABLE, DataPacket(sequence=1, user=UserPacket(payload=b"x")).SerializeToString())
    named = DataPacket(sequence=2, user=UserPacket(payload=b"y"), destination_identities=["bo"])
    room.data(anna, RELIABLE, named.SerializeToString())
    room.data(anna, RELIABLE, named.SerializeToString())
    room.data(anna, RELIABLE, b"\xff")
    assert (len(anna_media.sent), len(bo_media.sent), len(cleo_media.sent)) == (0, 2, 1)
    assert (anna.last_sequence, room.dropped["refused"]) == (2, 2)
    bo_media.takes_data = False
    room.data(anna, RELIABLE, DataPacket(user=UserPacket()).SerializeToString())
    assert room.dropped["not taken"] == 1


def test_who_sends_more_data_than_its_share_is_slowed_down(room: Room) -> None:
    room.tick(10.0)
    anna, anna_media, _ = come(room, "anna")
    _, bo_media, _ = come(room, "bo")
    come(room, "cleo")
    small = DataPacket(user=UserPacket(payload=b"x")).SerializeToString()
    for _ in range(2000):
        room.data(anna, LOSSY, small)
    assert len(bo_media.sent) == 667, "three for each: reading, and two receivers"
    assert room.dropped["over budget"] == 1333
    assert anna_media.held == [1 / 2000]
    room.data(anna, RELIABLE, small)
    large = DataPacket(user=UserPacket(payload=bytes(12_000))).SerializeToString()
    room.data(anna, RELIABLE, large)
    assert len(bo_media.sent) == 669, "what is reliable passes"
    assert anna_media.held == [1 / 2000, 4 / 2000, 37 / 2000]
    room.tick(10.5)
    room.data(anna, LOSSY, small)
    assert len(bo_media.sent) == 670


def test_the_clock_tells_everybody_and_a_newcomer(room: Room) -> None:
    anna, _, inbox = come(room, "anna")
    track = publish(room, anna, live(microphone(), "TR_1"))
    room.activate(anna)
    assert track.up_track is not None
    track.up_track.audio.observe(5)
    room.tick(100.0)
    assert inbox.of("speakers_changed")
    assert inbox.of("connection_quality")
    bo, _, bo_inbox = come(room, "bo")
    room.activate(bo)
    assert bo_inbox.last("speakers_changed").speakers[0].sid == "PA_anna"


def test_room_metadata(room: Room) -> None:
    _, _, inbox = come(room, "anna")
    room.set_metadata("m")
    assert inbox.last("room_update").room.metadata == "m"
    with pytest.raises(TooLarge):
        room.set_metadata("x" * 100_000)


def test_names_of_reasons() -> None:
    assert reason_name(CLIENT_INITIATED) == "client_initiated"


def test_who_speaks_and_which_layers_are_wanted_are_told_by_the_clock(room: Room) -> None:
    anna, _, inbox = come(room, "anna")
    track = publish(room, anna, live(camera(), "TR_v", ("q", "h", "f")))
    room.tick(1.0)
    assert not inbox.of("subscribed_quality_update")
    room.tick(10.0)
    assert not any(one.enabled for one in inbox.last("subscribed_quality_update").subscribed_qualities)
    _, bo_media, _ = come(room, "bo")
    assert all(one.enabled for one in inbox.last("subscribed_quality_update").subscribed_qualities)
    sound = publish(room, anna, live(microphone(), "TR_a"))
    assert sound.up_track is not None
    for _ in range(20):
        sound.up_track.audio.observe(10)
    room.tick(10.4)
    assert bo_media.heard == {"PA_anna"}
    assert track.live


def test_a_publisher_whose_line_is_full_is_asked_for_smaller_pictures_or_none(room: Room) -> None:
    anna, media, inbox = come(room, "anna")
    track = publish(room, anna, live(camera(), "TR_v", ("q", "h", "f")))
    assert track.up_track is not None
    media.pictures = -1
    room.ask_for_layers(anna)
    [update] = inbox.of("subscribed_quality_update")
    assert [one.enabled for one in update.subscribed_qualities] == [False, False, False]
    media.pictures = 0
    come(room, "bo")
    update = inbox.last("subscribed_quality_update")
    assert [one.enabled for one in update.subscribed_qualities] == [True, False, False]
    assert track.up_track.asked_quality == 0


def test_a_second_codec_that_stands_is_told_to_media(room: Room) -> None:
    anna, anna_media, _ = come(room, "anna")
    _, bo_media, _ = come(room, "bo")
    track = live(camera(), "TR_v")
    publish(room, anna, track)
    assert not bo_media.taken_up
    track.backup = Backup("video/h264")
    room.published(anna, [track])
    assert (bo_media.taken_up, anna_media.taken_up) == (["TR_v"], [])

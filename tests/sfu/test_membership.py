"""One stay in a room: grace for lost sockets and late media, and an end that is told once."""

import pytest
from livekit.protocol.models import (
    CLIENT_INITIATED,
    CONNECTION_TIMEOUT,
    MEDIA_FAILURE,
    PARTICIPANT_REMOVED,
    SE_CODEC_UNSUPPORTED,
    SIGNAL_CLOSE,
    DataPacket,
    ParticipantInfo,
    UserPacket,
)
from livekit.protocol.rtc import LeaveRequest

from sfu.access_token import Claims, Permission
from sfu.data import RELIABLE
from sfu.membership import Membership, new_sid
from sfu.room import Room, RoomLimits
from tests.sfu.fakes import NOW, FakePeer, camera, live, microphone, person


class Stay:
    def __init__(self) -> None:
        self.now = 1000.0
        self.over: list[Membership] = []
        self.closed = 0
        self.room = Room("r", "RM", now=NOW, limits=RoomLimits())
        participant, _, self.inbox = person("anna")
        claims = Claims("anna", "", "", {}, Permission(), "r", NOW, NOW, room_join=True)
        self.membership = Membership(
            self.room,
            participant,
            claims,
            FakePeer,  # type: ignore[arg-type]  # a stand-in
            dual=False,
            clock=lambda: NOW,
            monotonic=lambda: self.now,
            ended=self.over.append,
        )
        self.membership.on_end = self._closed
        self.room.join(participant)
        self.participant = participant

    def _closed(self) -> None:
        self.closed += 1


@pytest.fixture
def stay() -> Stay:
    return Stay()


def test_media_must_stand_in_time(stay: Stay) -> None:
    assert stay.membership.overdue(1029) is None
    assert stay.membership.overdue(1031) == CONNECTION_TIMEOUT
    stay.membership.connected()
    assert stay.membership.overdue(9999) is None
    assert stay.participant.state == ParticipantInfo.ACTIVE


def test_a_lost_socket_is_waited_for(stay: Stay) -> None:
    stay.membership.connected()
    stay.membership.away(1000)
    stay.membership.away(1010)
    assert stay.membership.overdue(1014) is None
    assert stay.membership.overdue(1016) == SIGNAL_CLOSE
    stay.membership.back()
    assert stay.membership.overdue(9999) is None


def test_media_closed_by_the_client_waits_for_its_farewell(stay: Stay) -> None:
    stay.membership.connected()
    stay.membership.closed("closed by client")
    assert not stay.over
    assert stay.membership.overdue(1001) is None
    assert stay.membership.overdue(1003) == MEDIA_FAILURE


def test_lost_media_sends_the_client_to_join_anew(stay: Stay) -> None:
    stay.membership.closed("silent")
    leave = stay.inbox.last("leave")
    assert (leave.reason, leave.action) == (MEDIA_FAILURE, LeaveRequest.RECONNECT)
    assert stay.over == [stay.membership]


def test_the_end_comes_once(stay: Stay) -> None:
    stay.membership.end(PARTICIPANT_REMOVED)
    stay.membership.end(CLIENT_INITIATED)
    assert [leave.reason for leave in stay.inbox.of("leave")] == [PARTICIPANT_REMOVED]
    assert (len(stay.over), stay.closed) == (1, 1)
    assert not stay.room.participants


def test_a_client_that_left_by_itself_is_not_told(stay: Stay) -> None:
    stay.membership.end(CLIENT_INITIATED, tell=False)
    assert not stay.inbox.of("leave")


def test_what_media_tells_goes_to_the_room(stay: Stay) -> None:
    track = live(microphone(), "TR_1")
    stay.room.add(stay.participant, track)
    stay.membership.published([track])
    assert stay.inbox.last("update").participants[0].tracks
    stay.membership.unsupported("TR_x")
    assert stay.inbox.last("subscription_response").err == SE_CODEC_UNSUPPORTED
    other, media, _ = person("bo")
    stay.room.join(other)
    packet = DataPacket(user=UserPacket(payload=b"x")).SerializeToString()
    stay.membership.data(RELIABLE, packet)
    assert len(media.sent) == 1
    stay.membership.ended("TR_1")
    assert stay.inbox.last("track_unpublished").track_sid == "TR_1"
    stay.membership.start_receiving()
    stay.membership.end(CLIENT_INITIATED)
    stay.membership.data(RELIABLE, packet)
    assert len(media.sent) == 1


def test_identifiers() -> None:
    made = {new_sid("PA") for _ in range(100)}
    assert len(made) == 100
    assert all(sid.startswith("PA_") and len(sid) == 15 for sid in made)


def test_a_squeezed_line_is_told_to_its_own_client_at_once(stay: Stay) -> None:
    stay.room.add(stay.participant, live(camera(), "TR_v"))
    peer = stay.membership.connection._publisher.peer
    peer.pictures = -1  # type: ignore[misc]  # the stand-in's
    stay.participant.media = stay.membership.connection
    peer.listener.ticked(1.0)  # type: ignore[attr-defined]
    assert not any(one.enabled for one in stay.inbox.last("subscribed_quality_update").subscribed_qualities)


def test_one_that_lost_reliable_data_is_to_join_anew(stay: Stay) -> None:
    stay.membership.slow(RELIABLE)
    assert stay.participant.left
    assert stay.inbox.last("leave").action == LeaveRequest.RECONNECT

"""The signalling session as pure code: every request of the protocol, and requests that are wrong or unknown."""

import contextlib
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from google.protobuf.descriptor import FieldDescriptor
from google.protobuf.message import DecodeError, Message
from hypothesis import given, settings
from hypothesis import strategies as st
from livekit.protocol.models import (
    CLIENT_INITIATED,
    DUPLICATE_IDENTITY,
    LOW,
    SE_TRACK_NOTFOUND,
    STATE_MISMATCH,
    TF_NO_DTX,
    DataPacket,
    DataTrackInfo,
    ParticipantInfo,
    TrackInfo,
    UserPacket,
    VideoLayer,
)
from livekit.protocol.rtc import (
    DataChannelReceiveState,
    JoinRequest,
    LeaveRequest,
    MuteTrackRequest,
    Ping,
    PublishDataTrackRequest,
    PublishDataTrackResponse,
    RequestResponse,
    SessionDescription,
    SignalRequest,
    SimulateScenario,
    SimulcastCodec,
    SubscriptionPermission,
    SyncState,
    TrackPermission,
    TrackPublishedResponse,
    TrickleRequest,
    UnpublishDataTrackRequest,
    UpdateDataSubscription,
    UpdateLocalAudioTrack,
    UpdateLocalVideoTrack,
    UpdateParticipantMetadata,
    UpdateSubscription,
    UpdateTrackSettings,
    UpdateVideoLayers,
)

from sfu.access_token import Claims, Permission
from sfu.membership import Membership
from sfu.publication import MAX_TRACKS
from sfu.room import Room, RoomLimits
from signaling.livekit_scenarios import Next
from signaling.livekit_session import LivekitSession
from signaling.outbox import MAX_BYTES
from tests.sfu.fakes import FakeMedia, FakePeer, camera, microphone, person
from tests.sfu.offers import Offer

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


class Client:
    """One participant with its session. inbox: what it was told."""

    def __init__(self, room: Room, identity: str, *, dual: bool = False, permission: Permission | None = None) -> None:
        self.room = room
        self.participant, _, self.inbox = person(identity, permission=permission)
        claims = Claims(identity, "", "", {}, self.participant.permission, room.name, NOW, NOW)
        self.membership = Membership(
            room,
            self.participant,
            claims,
            FakePeer,  # type: ignore[arg-type]  # a stand-in
            dual=dual,
            clock=lambda: NOW,
            monotonic=lambda: 0.0,
            ended=lambda _: None,
        )
        self.session = LivekitSession(self.membership, lambda: NOW, b"trailer")
        room.join(self.participant)

    def ask(self, **request: Any) -> Next:
        return self.session.receive(SignalRequest(**request))

    def publish(self, **kind: Any) -> str:
        """Announce a track and offer its section. Its sid."""
        request = kind.get("request", microphone())
        self.ask(add_track=request)
        offer = Offer()
        (offer.video if request.cid == "cam" else offer.audio)(cid=request.cid)
        self.ask(offer=SessionDescription(type="offer", sdp=offer.text, id=1))
        return str(self.inbox.last("track_published").track.sid)


@pytest.fixture
def room() -> Room:
    return Room("r", "RM", now=NOW, limits=RoomLimits())


@pytest.fixture
def anna(room: Room) -> Client:
    return Client(room, "anna")


def test_the_join_response(room: Room, anna: Client) -> None:
    bo = Client(room, "bo", dual=True)
    bo.session.joined()
    bo.session.begin(JoinRequest())
    join = bo.inbox.last("join")
    assert (join.room.name, join.participant.identity, join.other_participants[0].identity) == ("r", "bo", "anna")
    assert join.subscriber_primary
    assert (join.server_info.version, join.ping_interval, join.ping_timeout) == ("1.9.99", 5, 15)
    assert bo.inbox.last("offer").sdp.startswith("v=0")
    assert anna.inbox.last("update").participants[0].identity == "bo"


def test_a_join_request_may_carry_tracks_and_an_offer(anna: Client) -> None:
    offer = Offer()
    offer.audio(cid="mic")
    request = JoinRequest(
        add_track_requests=[microphone()], publisher_offer=SessionDescription(type="offer", sdp=offer.text, id=3)
    )
    anna.session.joined()
    anna.session.begin(request)
    kinds = [message.WhichOneof("message") for message in anna.inbox if message.WhichOneof("message") != "update"]
    assert kinds == ["join", "track_published", "answer"]
    assert not anna.inbox.last("join").subscriber_primary
    assert anna.inbox.last("answer").id == 3


def test_publishing_is_told_when_its_section_stands(room: Room, anna: Client) -> None:
    bo = Client(room, "bo")
    anna.ask(add_track=microphone())
    assert not bo.inbox.last("update").participants[0].tracks
    sid = anna.inbox.last("track_published").track.sid
    assert anna.publish() == sid, "said again, it is the same track"
    assert [sid] == [track.sid for track in bo.inbox.last("update").participants[0].tracks]


@pytest.mark.parametrize(
    ("permission", "reason"),
    [
        (Permission(can_publish=False), RequestResponse.NOT_ALLOWED),
        (Permission(sources=frozenset({"camera"})), RequestResponse.NOT_ALLOWED),
    ],
)
def test_a_track_that_may_not_be_published(room: Room, permission: Permission, reason: int) -> None:
    mute = Client(room, "mute", permission=permission)
    assert mute.ask(add_track=microphone()) is Next.GO_ON
    response = mute.inbox.last("request_response")
    assert (response.reason, response.add_track.cid) == (reason, "mic")
    assert not mute.participant.publications


def test_tracks_are_limited(anna: Client) -> None:
    for number in range(MAX_TRACKS + 1):
        anna.ask(add_track=microphone(cid=f"mic{number}"))
    assert anna.inbox.last("request_response").reason == RequestResponse.LIMIT_EXCEEDED
    assert len(anna.participant.publications) == MAX_TRACKS


def test_a_second_codec_is_added_to_a_track_that_promised_it(room: Room, anna: Client) -> None:
    codecs = [SimulcastCodec(codec="vp9", cid="cam"), SimulcastCodec(codec="vp8")]
    anna.ask(add_track=camera(simulcast_codecs=codecs))
    sid = anna.inbox.last("track_published").track.sid
    second = camera(cid="cam2", sid=sid, simulcast_codecs=[SimulcastCodec(codec="vp8", cid="cam2")])
    anna.ask(add_track=second)
    told = anna.inbox.last("track_published")
    assert (told.cid, told.track.sid) == ("cam2", sid)
    assert len(room.participants["anna"].publications) == 1
    h264 = [SimulcastCodec(codec="h264", cid="cam3")]
    for wrong in (camera(cid="cam3", sid="TR_of_nobody"), camera(cid="cam3", sid=sid, simulcast_codecs=h264)):
        anna.inbox.clear()
        anna.ask(add_track=wrong)
        assert anna.inbox.last("request_response").reason == RequestResponse.UNSUPPORTED_TYPE
    assert len(room.participants["anna"].publications) == 1


def test_mute(room: Room, anna: Client) -> None:
    bo = Client(room, "bo")
    sid = anna.publish()
    anna.ask(mute=MuteTrackRequest(sid=sid, muted=True))
    assert bo.inbox.last("update").participants[0].tracks[0].muted


def test_subscriptions(room: Room, anna: Client) -> None:
    sid = anna.publish()
    bo = Client(room, "bo")
    bo.ask(subscription=UpdateSubscription(track_sids=[sid, "TR_none"], subscribe=True))
    assert bo.membership.connection.forwarded == {sid}
    response = bo.inbox.last("subscription_response")
    assert (response.track_sid, response.err) == ("TR_none", SE_TRACK_NOTFOUND)
    bo.ask(track_setting=UpdateTrackSettings(track_sids=[sid], disabled=True, quality=LOW))
    assert bo.participant.wishes.settings[sid].disabled
    bo.ask(subscription=UpdateSubscription(track_sids=[sid], subscribe=False))
    assert not bo.membership.connection.forwarded


def test_subscription_permissions(room: Room, anna: Client) -> None:
    sid = anna.publish()
    bo, cleo = Client(room, "bo"), Client(room, "cleo")
    for client in (bo, cleo):
        client.membership.start_receiving()
    only_bo = SubscriptionPermission(track_permissions=[TrackPermission(participant_sid="PA_bo", all_tracks=True)])
    anna.ask(subscription_permission=only_bo)
    assert bo.membership.connection.forwarded == {sid}
    assert not cleo.membership.connection.forwarded
    by_name = TrackPermission(participant_identity="cleo", track_sids=[sid])
    anna.ask(subscription_permission=SubscriptionPermission(track_permissions=[by_name]))
    room.tick(1.0)
    assert cleo.membership.connection.forwarded == {sid}
    assert not bo.membership.connection.forwarded
    room.tick(1.4)
    anna.ask(subscription_permission=SubscriptionPermission(all_participants=True))
    assert bo.membership.connection.forwarded == {sid}
    anna.ask(subscription_permission=only_bo)
    later = anna.publish(request=camera())
    assert anna.participant.publications[later].allowed == frozenset({"bo"}), (
        "a track published later is under the same rule"
    )


def test_pings(anna: Client) -> None:
    anna.ask(ping=1)
    anna.ask(ping_req=Ping(timestamp=5))
    now = int(NOW.timestamp() * 1000)
    assert anna.inbox.last("pong") == now
    assert anna.inbox.last("pong_resp").last_ping_timestamp == 5


def test_own_description_needs_permission(room: Room, anna: Client) -> None:
    change = UpdateParticipantMetadata(name="Someone Else", request_id=4)
    anna.ask(update_metadata=change)
    response = anna.inbox.last("request_response")
    assert (response.reason, response.request_id) == (RequestResponse.NOT_ALLOWED, 4)
    assert anna.participant.name == "Anna"
    bo = Client(room, "bo", permission=Permission(can_update_metadata=True))
    bo.ask(update_metadata=UpdateParticipantMetadata(attributes={"hand": "up"}, request_id=5))
    assert bo.inbox.last("request_response").reason == RequestResponse.OK
    assert anna.inbox.last("update").participants[0].attributes == {"hand": "up"}
    bo.ask(update_metadata=UpdateParticipantMetadata(metadata="x" * 100_000))
    assert bo.inbox.last("request_response").reason == RequestResponse.LIMIT_EXCEEDED


def test_track_descriptions(anna: Client) -> None:
    sid = anna.publish(request=camera())
    anna.ask(update_layers=UpdateVideoLayers(track_sid=sid, layers=[VideoLayer(width=9)]))
    anna.ask(update_video_track=UpdateLocalVideoTrack(track_sid=sid, width=4, height=3))
    anna.ask(update_audio_track=UpdateLocalAudioTrack(track_sid=sid, features=[TF_NO_DTX]))
    info = anna.participant.publications[sid].info
    assert ([layer.width for layer in info.layers], info.width, list(info.audio_features)) == ([9], 4, [TF_NO_DTX])
    for request in ({"update_layers": UpdateVideoLayers()}, {"update_video_track": UpdateLocalVideoTrack()}):
        assert anna.ask(**request) is Next.GO_ON


def test_leaving(room: Room, anna: Client) -> None:
    bo = Client(room, "bo")
    assert anna.ask(leave=LeaveRequest()) is Next.CLOSE
    told = bo.inbox.last("update").participants[0]
    assert (told.state, told.disconnect_reason) == (ParticipantInfo.DISCONNECTED, CLIENT_INITIATED)
    assert anna.ask(ping=1) is Next.CLOSE


def test_bad_descriptions_end_nothing(anna: Client) -> None:
    assert anna.ask(offer=SessionDescription(type="offer", sdp="v=0\r\nrubbish")) is Next.GO_ON
    response = anna.inbox.last("request_response")
    assert response.reason == RequestResponse.INVALID_REQUEST
    assert "no live media section" in response.message
    assert anna.publish()


def test_what_is_passed_over(anna: Client) -> None:
    before = len(anna.inbox)
    for request in ({}, {"trickle": TrickleRequest(candidateInit="{")}, {"answer": SessionDescription(sdp="x")}):
        assert anna.ask(**request) is Next.GO_ON
    assert anna.session.receive(SignalRequest.FromString(b"\xfa\x7f\x01x")) is Next.GO_ON
    assert len(anna.inbox) == before


def test_data_tracks(room: Room, anna: Client) -> None:
    bo = Client(room, "bo")
    anna.ask(publish_data_track_request=PublishDataTrackRequest(pub_handle=3, name="t"))
    info = anna.inbox.last("publish_data_track_response").info
    assert [track.sid for track in bo.inbox.last("update").participants[0].data_tracks] == [info.sid]
    update = UpdateDataSubscription.Update(track_sid=info.sid, subscribe=True)
    bo.ask(update_data_subscription=UpdateDataSubscription(updates=[update]))
    assert bo.inbox.last("data_track_subscriber_handles").sub_handles[1].track_sid == info.sid
    anna.ask(publish_data_track_request=PublishDataTrackRequest(pub_handle=3, name="u"))
    response = anna.inbox.last("request_response")
    assert (response.reason, response.publish_data_track.name) == (RequestResponse.DUPLICATE_HANDLE, "u")
    room.permit(anna.participant, Permission(can_publish_data=False))
    assert anna.inbox.last("unpublish_data_track_response").info == info
    anna.ask(unpublish_data_track_request=UnpublishDataTrackRequest(pub_handle=3))
    assert anna.inbox.last("request_response").reason == RequestResponse.NOT_FOUND


@pytest.mark.parametrize("kind", ["store_data_blob_request", "get_data_blob_request"])
def test_data_blobs_are_refused_clearly(anna: Client, kind: str) -> None:
    request = SignalRequest()
    getattr(request, kind).request_id = 9
    anna.session.receive(request)
    response = anna.inbox.last("request_response")
    assert (response.reason, response.request_id) == (RequestResponse.UNSUPPORTED_TYPE, 9)


def test_resuming(room: Room, anna: Client) -> None:
    bo = Client(room, "bo")
    anna.membership.away(0.0)
    anna.participant.last_sequence = 12
    room.set_metadata("plan")
    anna.inbox.clear()
    first, following = anna.session.resumed()
    assert following is Next.GO_ON
    assert first is not None
    assert first.reconnect.last_message_seq == 12
    assert [info.identity for info in anna.inbox.last("update").participants] == ["anna", "bo"]
    assert anna.inbox.last("room_update").room.metadata == "plan"
    assert anna.membership.overdue(29.0) is None
    sid = bo.publish()
    state = SyncState(subscription=UpdateSubscription(track_sids=[sid], subscribe=False), track_sids_disabled=[sid])
    anna.ask(sync_state=state)
    assert anna.participant.wishes.subscribed == {sid: False}
    assert anna.participant.wishes.settings[sid].disabled
    assert not anna.membership.connection.forwarded
    anna.ask(sync_state=SyncState(subscription=UpdateSubscription(subscribe=False)))
    assert anna.membership.connection.forwarded == {sid}, "what it no longer lists is as auto-subscription has it"
    assert not anna.participant.wishes.settings[sid].disabled


def test_a_microphone_silenced_while_its_client_was_away_stays_silent(room: Room, anna: Client) -> None:
    sid = anna.publish()
    room.mute_by_server(anna.participant, anna.participant.publications[sid])
    anna.inbox.clear()
    anna.session.resumed()
    kinds = [message.WhichOneof("message") for message in anna.inbox]
    assert kinds.index("mute") < kinds.index("update"), "or the client would switch it on again"


def test_what_a_client_says_it_publishes_must_be_here(room: Room, anna: Client) -> None:
    sid = anna.publish()
    anna.ask(publish_data_track_request=PublishDataTrackRequest(pub_handle=1, name="t"))
    info = anna.inbox.last("publish_data_track_response").info
    anna.inbox.clear()
    known = SyncState(publish_tracks=[TrackPublishedResponse(track=TrackInfo(sid=sid))])
    assert anna.ask(sync_state=known) is Next.GO_ON
    assert anna.inbox.last("publish_data_track_response").info == info, "it waits for the answer it missed"
    for unknown in (
        SyncState(publish_tracks=[TrackPublishedResponse(track=TrackInfo(sid="TR_gone"))]),
        SyncState(publish_data_tracks=[PublishDataTrackResponse(info=DataTrackInfo(sid="DTR_gone"))]),
    ):
        client = Client(room, "bo")
        assert client.ask(sync_state=unknown) is Next.CLOSE
        leave = client.inbox.last("leave")
        assert (leave.reason, leave.action) == (STATE_MISMATCH, LeaveRequest.RECONNECT)


def test_data_that_a_resumed_client_has_not_is_sent_again(room: Room, anna: Client) -> None:
    bo, media = Client(room, "bo"), FakeMedia()
    bo.participant.media = media
    for number in (1, 2, 3):
        packet = DataPacket(user=UserPacket(payload=b"%d" % number), sequence=number)
        room.data(anna.participant, "_reliable", packet.SerializeToString())
    sent = [payload for _, payload in media.sent]
    assert len(sent) == 3
    media.sent.clear()
    bo.ask(
        sync_state=SyncState(datachannel_receive_states=[DataChannelReceiveState(publisher_sid="PA_anna", last_seq=2)])
    )
    assert media.sent == [("_reliable", sent[2])]


@pytest.mark.parametrize(
    ("scenario", "following", "gone"),
    [
        (SimulateScenario(server_leave=True), Next.CLOSE, True),
        (SimulateScenario(leave_request_full_reconnect=True), Next.CLOSE, True),
        (SimulateScenario(node_failure=True), Next.DROP, True),
        (SimulateScenario(migration=True), Next.DROP, True),
        (SimulateScenario(speaker_update=3), Next.GO_ON, False),
        (SimulateScenario(), Next.GO_ON, False),
    ],
)
def test_scenarios(anna: Client, scenario: SimulateScenario, following: Next, gone: bool) -> None:
    assert anna.ask(simulate=scenario) is following
    assert anna.participant.left is gone
    if scenario.WhichOneof("scenario") is None:
        assert anna.inbox.last("request_response").reason == RequestResponse.UNSUPPORTED_TYPE


def test_an_ended_stay_says_why(anna: Client) -> None:
    anna.membership.end(DUPLICATE_IDENTITY)
    leave = anna.inbox.last("leave")
    assert (leave.reason, leave.action, leave.can_reconnect) == (DUPLICATE_IDENTITY, LeaveRequest.DISCONNECT, False)


VALID = [
    SignalRequest(add_track=camera(source=77, encryption=9)),
    SignalRequest(mute=MuteTrackRequest(sid="TR_x", muted=True)),
    SignalRequest(track_setting=UpdateTrackSettings(track_sids=["TR_x"], quality="OFF", width=2**31, height=7)),
    SignalRequest(subscription_permission=SubscriptionPermission(track_permissions=[TrackPermission()])),
    SignalRequest(update_metadata=UpdateParticipantMetadata(name="n", attributes={"a": "b"})),
    SignalRequest(offer=SessionDescription(sdp=Offer().text)),
    SignalRequest(sync_state=SyncState(track_sids_disabled=["TR_x"])),
    SignalRequest(simulate=SimulateScenario(speaker_update=3)),
]


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(VALID), st.data())
def test_mutated_requests_raise_nothing(request: SignalRequest, data: st.DataObject) -> None:
    raw = bytearray(request.SerializeToString())
    for _ in range(data.draw(st.integers(0, 3))):
        raw[data.draw(st.integers(0, len(raw) - 1))] = data.draw(st.integers(0, 255))
    client = Client(Room("r", "RM", now=NOW, limits=RoomLimits()), "anna")
    client.publish(request=camera())
    with contextlib.suppress(DecodeError):
        client.session.receive(SignalRequest.FromString(bytes(raw)))
        client.participant.info().SerializeToString()


HUGE = 2 * 1024 * 1024
Way = tuple[Any, ...]  # of field descriptors


def ways(descriptor: Any, way: Way = ()) -> Iterator[Way]:
    """Every field of text or bytes that a message holds, however deep."""
    for field in descriptor.fields:
        if field.type in (FieldDescriptor.TYPE_STRING, FieldDescriptor.TYPE_BYTES):
            yield (*way, field)
        elif field.message_type is not None and field.message_type not in [one.message_type for one in way]:
            yield from ways(field.message_type, (*way, field))


def fill(message: Message, way: Way) -> None:
    """A huge text there."""
    field, *rest = way
    if rest:
        held = getattr(message, field.name)
        if field.message_type.GetOptions().map_entry:
            key = "k" if rest[0].name == "value" else "k" * HUGE
            held[key if field.message_type.fields_by_name["key"].type == FieldDescriptor.TYPE_STRING else 1] = (
                "v" * HUGE if rest[0].name == "value" else "v"
            )
        else:
            fill(held if not field.is_repeated else held[0] if len(held) else held.add(), tuple(rest))
        return
    text = "x" * HUGE if field.type == FieldDescriptor.TYPE_STRING else b"x" * HUGE
    if field.is_repeated:
        getattr(message, field.name).append(text)
    else:
        setattr(message, field.name, text)


def valid(kind: str, sid: str) -> SignalRequest:
    """A request of this kind that would do something."""
    known = {
        "add_track": SignalRequest(add_track=camera(cid="other")),
        "update_layers": SignalRequest(update_layers=UpdateVideoLayers(track_sid=sid, layers=[VideoLayer()])),
        "publish_data_track_request": SignalRequest(
            publish_data_track_request=PublishDataTrackRequest(pub_handle=1, name="d")
        ),
    }
    return known.get(kind, SignalRequest())


def unknown_field(number: int = 3000) -> bytes:
    """Protobuf keeps what it does not know: a length-delimited field."""
    return _varint(number << 3 | 2) + _varint(HUGE) + b"x" * HUGE


def _varint(value: int) -> bytes:
    out = b""
    while value > 127:
        out, value = out + bytes((value & 127 | 128,)), value >> 7
    return out + bytes((value,))


WAYS = [way for way in ways(SignalRequest.DESCRIPTOR) if way[0].name != "simulate"]


@pytest.mark.parametrize("way", WAYS, ids=lambda way: ".".join(field.name for field in way))
def test_no_text_however_long_reaches_the_others(room: Room, way: Way) -> None:
    mallory = Client(room, "mallory", permission=Permission(can_update_metadata=True))
    anna = Client(room, "anna")
    sid = mallory.publish(request=camera())
    request = valid(way[0].name, sid)
    fill(request, way)
    mallory.session.receive(request)
    offer = Offer()
    offer.video(cid="cam")
    offer.video(cid="other")
    mallory.ask(offer=SessionDescription(type="offer", sdp=offer.text, id=2))
    mallory.room.redescribed(mallory.participant)
    size = sum(message.ByteSize() for message in anna.inbox)
    assert size < MAX_BYTES / 8


def test_unknown_fields_reach_nobody(room: Room) -> None:
    mallory, anna = Client(room, "mallory"), Client(room, "anna")
    sid = mallory.publish(request=camera())
    layer = VideoLayer.FromString(VideoLayer(width=320).SerializeToString() + unknown_field())
    mallory.ask(update_layers=UpdateVideoLayers(track_sid=sid, layers=[layer]))
    assert anna.inbox.last("update").participants[0].tracks[0].layers[0].width == 320
    assert sum(message.ByteSize() for message in anna.inbox) < MAX_BYTES / 8


def test_the_most_that_can_be_said_of_a_participant(room: Room) -> None:
    mallory, anna = Client(room, "mallory", permission=Permission(can_update_metadata=True)), Client(room, "anna")
    mallory.ask(add_track=camera(name="\N{DRAGON}" * 65))
    assert mallory.inbox.last("request_response").reason == RequestResponse.INVALID_REQUEST
    offer = Offer()
    for number in range(MAX_TRACKS):
        cid = f"{number}".ljust(256, "c")
        mallory.ask(add_track=camera(cid=cid, name="\N{DRAGON}" * 64, stream="\N{DRAGON}" * 64))
        offer.video(cid=cid)
    mallory.ask(offer=SessionDescription(type="offer", sdp=offer.text, id=1))
    for handle in range(1, 17):
        name = f"{handle}".ljust(256, "d")
        mallory.ask(publish_data_track_request=PublishDataTrackRequest(pub_handle=handle, name=name))
    mallory.ask(update_metadata=UpdateParticipantMetadata(metadata="m" * 65536, attributes={"a": "v" * 65535}))
    told = anna.inbox.last("update").participants[0]
    assert len(told.tracks) == MAX_TRACKS
    assert len(told.metadata) == 65536
    assert told.ByteSize() < MAX_BYTES / 5


def test_a_refused_track_in_the_join_request_ends_nothing_but_itself(room: Room) -> None:
    anna = Client(room, "anna", permission=Permission(can_publish=False))
    anna.session.joined()
    anna.session.begin(JoinRequest(add_track_requests=[microphone()]))
    assert anna.inbox.last("request_response").reason == RequestResponse.NOT_ALLOWED

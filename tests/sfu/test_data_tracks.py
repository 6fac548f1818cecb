"""Data tracks: who gets which packet under which handle, and what is refused or dropped."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from livekit.protocol.models import DataTrackInfo
from livekit.protocol.rtc import PublishDataTrackRequest, RequestResponse

from sfu.access_token import Permission
from sfu.audience import Audience
from sfu.data_tracks import BURST, MAX_DATA_TRACKS, MAX_PACKET, MAX_SUBSCRIPTIONS, PACKETS_PER_SECOND, DataTracks
from sfu.participant import Participant
from sfu.publication import RequestRefused
from tests.sfu.fakes import person


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tracks(clock: Clock) -> DataTracks:
    clock.now = 100.0
    return DataTracks(clock)


def somebody(name: str, permission: Permission | None = None) -> Participant:
    return person(name, permission=permission)[0]


def published(tracks: DataTracks, who: Participant, handle: int = 1, name: str = "") -> DataTrackInfo:
    request = PublishDataTrackRequest(pub_handle=handle, name=name or f"t{handle}")
    return tracks.publish(who, request, f"DTR_{who.identity}-{handle}")


def packet(handle: int, rest: bytes = b"frame") -> bytes:
    return b"\x18\x00" + handle.to_bytes(2, "big") + b"\x00\x07\x00\x08\x00\x00\x00\x09" + rest


def test_a_packet_goes_to_those_who_asked_under_their_own_handle(tracks: DataTracks) -> None:
    anna, bo, cleo = somebody("anna"), somebody("bo"), somebody("cleo")
    first, second = published(tracks, anna, 1), published(tracks, anna, 500)
    assert [info.sid for info in anna.info().data_tracks] == [first.sid, second.sid]
    tracks.subscribe(bo, second.sid, wanted=True)
    tracks.subscribe(bo, first.sid, wanted=True)
    tracks.subscribe(cleo, first.sid, wanted=True)
    assert {h: one.track_sid for h, one in tracks.handles("bo").sub_handles.items()} == {1: second.sid, 2: first.sid}
    assert tracks.route("anna", packet(1)) == [("bo", packet(2)), ("cleo", packet(1))]
    tracks.subscribe(bo, first.sid, wanted=False)
    assert tracks.route("anna", packet(1)) == [("cleo", packet(1))]
    tracks.subscribe(bo, first.sid, wanted=True)
    assert tracks.route("anna", packet(1))[-1] == ("bo", packet(3)), "a handle just given up is not used at once"
    tracks.unpublish(anna, 1)
    assert tracks.route("anna", packet(1)) == []
    assert [info.sid for info in anna.info().data_tracks] == [second.sid]
    assert set(tracks.handles("bo").sub_handles) == {1}


@pytest.mark.parametrize(
    ("request_", "reason"),
    [
        (PublishDataTrackRequest(pub_handle=0, name="n"), RequestResponse.INVALID_HANDLE),
        (PublishDataTrackRequest(pub_handle=65536, name="n"), RequestResponse.INVALID_HANDLE),
        (PublishDataTrackRequest(pub_handle=2), RequestResponse.INVALID_NAME),
        (PublishDataTrackRequest(pub_handle=2, name="x" * 257), RequestResponse.INVALID_NAME),
        (PublishDataTrackRequest(pub_handle=1, name="n"), RequestResponse.DUPLICATE_HANDLE),
        (PublishDataTrackRequest(pub_handle=2, name="t1"), RequestResponse.DUPLICATE_NAME),
    ],
)
def test_what_is_refused(tracks: DataTracks, request_: PublishDataTrackRequest, reason: int) -> None:
    anna = somebody("anna")
    published(tracks, anna)
    with pytest.raises(RequestRefused) as refused:
        tracks.publish(anna, request_, "DTR_x")
    assert refused.value.reason == reason


def test_limits_and_permissions(tracks: DataTracks) -> None:
    with pytest.raises(RequestRefused) as refused:
        published(tracks, somebody("mute", Permission(can_publish_data=False)))
    assert refused.value.reason == RequestResponse.NOT_ALLOWED
    bo = somebody("bo")
    with pytest.raises(RequestRefused):
        tracks.unpublish(bo, 1)
    sids = []
    for number in range(MAX_SUBSCRIPTIONS // MAX_DATA_TRACKS + 1):
        anna = somebody(f"anna{number}")
        sids += [published(tracks, anna, handle).sid for handle in range(1, MAX_DATA_TRACKS + 1)]
        with pytest.raises(RequestRefused) as refused:
            published(tracks, anna, 99)
        assert refused.value.reason == RequestResponse.LIMIT_EXCEEDED
    for sid in sids[:MAX_SUBSCRIPTIONS]:
        tracks.subscribe(bo, sid, wanted=True)
    with pytest.raises(RequestRefused) as refused:
        tracks.subscribe(bo, sids[MAX_SUBSCRIPTIONS], wanted=True)
    assert refused.value.reason == RequestResponse.LIMIT_EXCEEDED
    assert len(tracks.handles("bo").sub_handles) == MAX_SUBSCRIPTIONS
    deaf = somebody("deaf", Permission(can_subscribe=False))
    tracks.subscribe(deaf, sids[0], wanted=True)
    assert not tracks.handles("deaf").sub_handles


def test_the_publisher_says_who_may_receive(tracks: DataTracks) -> None:
    anna, bo, cleo = somebody("anna"), somebody("bo"), somebody("cleo")
    info = published(tracks, anna)
    for one in (anna, bo, cleo):
        tracks.subscribe(one, info.sid, wanted=True)
    anna.audience = Audience(everyone=False, every_track=frozenset({"bo"}))
    tracks.limit(anna)
    assert [who for who, _ in tracks.route("anna", packet(1))] == ["bo"]
    later = published(tracks, anna, 2)
    tracks.subscribe(cleo, later.sid, wanted=True)
    assert tracks.route("anna", packet(2)) == []


def test_who_has_left_neither_sends_nor_gets(tracks: DataTracks) -> None:
    anna, bo = somebody("anna"), somebody("bo")
    of_anna, of_bo = published(tracks, anna), published(tracks, bo)
    tracks.subscribe(anna, of_bo.sid, wanted=True)
    tracks.subscribe(bo, of_anna.sid, wanted=True)
    tracks.forget(anna)
    assert tracks.route("bo", packet(1)) == []
    assert tracks.route("anna", packet(1)) == []
    assert not tracks.handles("bo").sub_handles


def test_a_flood_is_cut_to_the_budget(tracks: DataTracks, clock: Clock) -> None:
    anna, bo = somebody("anna"), somebody("bo")
    tracks.subscribe(bo, published(tracks, anna).sid, wanted=True)
    assert sum(len(tracks.route("anna", packet(1))) for _ in range(5000)) == BURST
    clock.now += 0.1
    passed = sum(len(tracks.route("anna", packet(1))) for _ in range(5000))
    assert passed == pytest.approx(PACKETS_PER_SECOND * 0.1, abs=1)
    clock.now += 10
    assert tracks.route("anna", packet(1, b"x" * MAX_PACKET)) == []


@given(st.binary(max_size=40))
def test_any_bytes_are_survived(payload: bytes) -> None:
    tracks = DataTracks()
    anna, bo = somebody("anna"), somebody("bo")
    tracks.subscribe(bo, published(tracks, anna).sid, wanted=True)
    for _, forwarded in tracks.route("anna", payload):
        assert len(forwarded) == len(payload)

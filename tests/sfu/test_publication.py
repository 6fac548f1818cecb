"""From add_track to what others are told, and what a subscriber's settings mean."""

from typing import Any

import pytest
from livekit.protocol.models import (
    CAMERA,
    DATA,
    MICROPHONE,
    VIDEO,
    BackupCodecPolicy,
    Encryption,
    ParticipantTracks,
    VideoLayer,
)
from livekit.protocol.rtc import AddTrackRequest, RequestResponse, SimulcastCodec

from sfu.access_token import Permission
from sfu.dynacast import OFF_AFTER
from sfu.negotiated import ReceiveSection
from sfu.publication import (
    MAX_LAYERS,
    Publication,
    RequestRefused,
    TrackSettings,
    Wishes,
    announce,
    named_tracks,
    source_name,
)
from sfu.up_track import UpTrack
from tests.sfu.fakes import OPUS, VP8, camera, live, microphone


def test_a_microphone_and_a_camera() -> None:
    sound = announce(microphone(stereo=True), "TR_1", Permission())
    assert (sound.sid, sound.kind, sound.live) == ("TR_1", "audio", False)
    assert sound.announced.stereo
    assert sound.announced.red
    assert not sound.info.disable_red
    assert not announce(microphone(disable_red=True), "TR_1", Permission()).announced.red
    assert not announce(microphone(encryption=Encryption.GCM), "TR_1", Permission()).announced.red
    picture = announce(camera(), "TR_2", Permission())
    assert picture.announced.cids == ("cam",)
    assert picture.announced.codecs == ("video/vp8",)
    assert picture.info.simulcast


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"type": DATA}, RequestResponse.UNSUPPORTED_TYPE),
        ({"sid": "TR_old"}, RequestResponse.UNSUPPORTED_TYPE),
        ({"cid": ""}, RequestResponse.INVALID_REQUEST),
        ({"name": "x" * 10_000}, RequestResponse.INVALID_REQUEST),
        ({"source": CAMERA}, RequestResponse.NOT_ALLOWED),
    ],
)
def test_refusals(changes: dict[str, object], reason: RequestResponse.Reason) -> None:
    with pytest.raises(RequestRefused) as refused:
        announce(microphone(**changes), "TR_1", Permission(sources=frozenset({"microphone"})))
    assert refused.value.reason == reason


def test_nobody_publishes_without_permission() -> None:
    with pytest.raises(RequestRefused, match="may not publish"):
        announce(microphone(), "TR_1", Permission(can_publish=False))


def test_settling_tells_codec_section_and_layers() -> None:
    publication = announce(camera(), "TR_1", Permission())
    section = ReceiveSection("3", "video", VP8, {}, ("q", "h", "f"))
    assert publication.settle(section)
    assert (publication.info.mime_type, publication.info.mid, publication.info.simulcast) == ("video/vp8", "3", True)
    assert [layer.rid for layer in publication.info.layers] == ["q", "h", "f"]
    assert not publication.settle(section), "nothing new"
    single = announce(camera(), "TR_2", Permission())
    single.settle(ReceiveSection("4", "video", VP8, {}))
    assert not single.info.simulcast


def test_layers_are_bounded() -> None:
    publication = live(microphone(), "TR_1")
    assert publication.section is not None
    assert publication.section.codec == OPUS
    publication.set_layers([VideoLayer(width=1)] * 10)
    assert len(publication.info.layers) == MAX_LAYERS
    assert len(announce(camera(layers=[VideoLayer()] * 50), "TR_2", Permission()).info.layers) == MAX_LAYERS


@pytest.mark.parametrize(
    ("settings", "quality"),
    [
        (TrackSettings(quality=0), 0),
        (TrackSettings(quality=3), 2),
        (TrackSettings(width=300, height=170), 0),
        (TrackSettings(width=640, height=360), 1),
        (TrackSettings(width=700, height=380), 1),
        (TrackSettings(width=1000, height=560), 2),
        (TrackSettings(width=4000, height=3000), 2),
    ],
)
def test_the_layer_that_fills_its_place(settings: TrackSettings, quality: int) -> None:
    assert settings.quality_for({0: (320, 180), 1: (640, 360), 2: (1280, 720)}) == quality


def test_small_helpers() -> None:
    assert source_name(MICROPHONE) == "microphone"
    assert named_tracks(["a"], [ParticipantTracks(track_sids=["b", "c"])]) == {"a", "b", "c"}
    wishes = Wishes({"a": True}, {"a": TrackSettings()})
    wishes.forget("a")
    assert wishes == Wishes()


def test_a_publisher_is_told_which_layers_anybody_gets() -> None:
    publication = live(camera(), "TR_v", ("q", "h", "f"))
    track = publication.up_track
    assert track is not None
    assert publication.quality_wanted(0.0) is None
    update = publication.quality_wanted(10.0)
    assert update is not None
    assert [one.enabled for one in update.subscribed_qualities] == [False, False, False]
    assert [one.codec for one in update.subscribed_codecs] == ["vp8"]
    assert track.asked_quality == -1
    again = publication.quality_wanted(11.0, expected=True)
    assert again is not None
    assert [one.enabled for one in again.subscribed_qualities] == [True, True, True]
    assert (track.asked_quality, track.asked_at) == (2, 11.0)
    publication.info.muted = True
    assert publication.quality_wanted(30.0) is None


def test_few_frames_a_second_are_a_thumbnail() -> None:
    layers = {0: (320, 180), 2: (1280, 720)}
    assert TrackSettings(width=1280, height=720, fps=5).quality_for(layers) == 0
    assert TrackSettings(width=1280, height=720, fps=30).quality_for(layers) == 2


def in_two(*codecs: str, **changes: Any) -> Publication:
    wanted = [SimulcastCodec(codec=codec, cid="cam" if index == 0 else "") for index, codec in enumerate(codecs)]
    return announce(camera(simulcast_codecs=wanted, **changes), "TR_1", Permission())


def test_a_second_codec_is_taken_as_it_was_promised_and_not_otherwise() -> None:
    for codecs in (("vp8",), ("vp8", "vp8"), ("vp8", "h999")):
        assert in_two(*codecs).backup is None
    track = in_two("vp9", "vp8", backup_codec_policy=BackupCodecPolicy.SIMULCAST)
    assert track.info.backup_codec_policy == BackupCodecPolicy.SIMULCAST
    add = AddTrackRequest(
        cid="cam2", type=VIDEO, sid="TR_1", simulcast_codecs=[SimulcastCodec(codec="VP8", cid="cam2")]
    )
    track.add_backup(add)
    assert track.backup is not None
    assert track.backup.announced is not None
    assert (track.backup.announced.cids, track.backup.announced.codecs) == (("cam2",), ("video/vp8",))
    for wrong in (
        AddTrackRequest(cid="cam2", sid="TR_1", simulcast_codecs=[SimulcastCodec(codec="h264")]),
        AddTrackRequest(cid="", sid="TR_1", simulcast_codecs=[SimulcastCodec(codec="vp8")]),
        AddTrackRequest(cid="x" * 10_000, sid="TR_1", simulcast_codecs=[SimulcastCodec(codec="vp8")]),
    ):
        with pytest.raises(RequestRefused):
            track.add_backup(wrong)
    with pytest.raises(RequestRefused):
        in_two("vp8").add_backup(add)


def test_the_second_codec_is_asked_for_while_somebody_waits_or_gets_it() -> None:
    track = in_two("vp9", "vp8")
    track.settle(ReceiveSection("3", "video", VP8, {}))
    track.up_track = UpTrack("video")
    assert track.backup is not None
    assert track.quality_wanted(0.0, expected=True) is None

    def enabled(now: float, **how: Any) -> dict[str, bool] | None:
        update = track.quality_wanted(now, expected=True, **how)
        return None if update is None else {one.codec: one.qualities[0].enabled for one in update.subscribed_codecs}

    track.backup.waiting = 1
    assert enabled(1.0) == {"vp8": True} or enabled(1.0) is None
    track.backup.waiting = 0
    assert enabled(2.0) is None
    told = track.quality_wanted(2.1 + OFF_AFTER, expected=True)
    assert told is not None
    assert [one.qualities[0].enabled for one in told.subscribed_codecs] == [True, False]

"""A published track: layers, feedback to the publisher, what subscribers share."""

from sfu import rtcp
from sfu.negotiated import ReceiveSection
from sfu.rtp import RtpPacket
from sfu.up_track import MOST_LAYERS, UpTrack
from tests.sfu.streams import NOTHING, OPUS, VP8, Publisher


def test_a_gap_is_asked_for_at_once_and_again() -> None:
    publisher = Publisher(rids=())
    publisher.send("", 10.0)
    publisher.sources[""].sequence += 3
    publisher.send("", 10.1)
    [nack] = publisher.feedback
    assert isinstance(nack, rtcp.Nack)
    assert len(nack.lost) == 3
    publisher.track.tick(10.3)
    assert publisher.feedback[1] == nack


def test_nothing_is_asked_for_that_was_not_negotiated() -> None:
    publisher = Publisher(rids=(), codec=OPUS)
    for number in (1, 5):
        publisher.track.take(publisher.layers[""], RtpPacket(111, False, number, 0, 1000, b"x"), NOTHING, 10.0, 1)
    assert publisher.feedback == []


def test_audio_level() -> None:
    publisher = Publisher(rids=(), codec=OPUS)
    assert publisher.track.level == 127
    packet = RtpPacket(111, False, 1, 0, 1000, b"x")
    publisher.track.take(publisher.layers[""], packet, (b"\x9e", None, None), 10.0, 1)
    assert publisher.track.level == 30
    assert publisher.track.audio.take() > 0
    assert publisher.track.is_receiving


def test_layers_by_rid_are_replaced_and_others_bounded() -> None:
    publisher = Publisher()
    publisher.track.add_layer(5, "h")
    assert sorted((layer.rid, layer.ssrc) for layer in publisher.track.layers) == [("f", 1002), ("h", 5), ("q", 1000)]
    single = Publisher(rids=()).track
    for ssrc in range(20):
        single.add_layer(ssrc, "")
    assert len(single.layers) == MOST_LAYERS


def test_fir_where_there_is_no_pli() -> None:
    track = UpTrack("video")
    sent: list[rtcp.Packet] = []
    codec = VP8.__class__("video/vp8", 96, 90000, feedback=frozenset({"ccm fir"}))
    track.bind(ReceiveSection("0", "video", codec, {}), sent.append)
    layer = track.add_layer(7, "")
    track.request_key_frame(layer, 1.0)
    track.request_key_frame(layer, 1.1)
    track.tick(1.6)
    assert sent == [rtcp.FullIntraRequest(0, ((7, 1),)), rtcp.FullIntraRequest(0, ((7, 2),))]
    track.unbind()
    track.request_key_frame(layer, 9.0)
    assert len(sent) == 2


def test_rates_of_layers_that_come_or_would_come() -> None:
    publisher = Publisher()
    track = publisher.track
    assert track.layer_rates(10.0) == {}
    for rid in ("q", "h", "f"):
        publisher.send(rid, 10.0)
    publisher.send("q", 13.0)
    assert set(track.layer_rates(13.0)) == {0}, "two have gone by the publisher's own choice"
    track.asked_quality = 0
    assert set(track.layer_rates(13.0)) == {0, 1, 2}, "two were switched off by us"
    track.asked_quality = 2
    assert track.layer_rates(30.0) == {}, "muted"
    track.asked_at = 29.0
    assert set(track.layer_rates(30.0)) == {0, 1, 2}, "just asked for"

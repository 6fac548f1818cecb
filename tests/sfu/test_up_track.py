"""A published track: layers, feedback to the publisher, what subscribers share."""

from dataclasses import replace

import pytest

from sfu import rtcp
from sfu.arrived import Run
from sfu.negotiated import ReceiveSection
from sfu.red import Block, build
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


@pytest.mark.stand_in
def test_lost_sound_is_taken_from_the_redundancy_and_only_the_rest_asked_for() -> None:
    publisher = Publisher(rids=(), codec=OPUS)
    codec = replace(OPUS, red_payload_type=63, feedback=frozenset({"nack"}))
    publisher.track.bind(ReceiveSection("0", "audio", codec, {}), publisher.feedback.append)
    passed: list[tuple[int, int, bytes]] = []

    class Listener:
        def forward(self, run: Run) -> None:
            passed.extend((one.sequence_number, one.timestamp, one.payload) for one in run.packets)

    publisher.track.down_tracks.append(Listener())  # type: ignore[arg-type]  # only this is called
    layer = publisher.layers[""]
    at = 10.0
    for number in (65534, 65535, 2, 1, 3):  # 0 is lost for good, 1 comes late after it was read from 2
        at += 0.02
        payload = build(b"%d" % number, [Block(960, b"%d" % ((number - 1) & 0xFFFF))], 111)
        stamp = (number + 10 & 0xFFFF) * 960
        publisher.track.gather_redundant(layer, RtpPacket(63, False, number, stamp, 1000, payload), NOTHING, at, 1)
        publisher.track.pass_on(at)
    assert passed == [(n, (n + 10 & 0xFFFF) * 960, b"%d" % n) for n in (65534, 65535, 1, 2, 0, 3)]
    assert [one.lost for one in publisher.feedback if isinstance(one, rtcp.Nack)] == [(0,)]


def test_sound_is_asked_for_again_by_the_next_packets() -> None:
    publisher = Publisher(rids=(), codec=replace(OPUS, feedback=frozenset({"nack"})))
    for number, at in ((1, 10.0), (3, 10.04), (4, 10.06), (5, 10.08)):
        packet = RtpPacket(111, False, number, 0, 1000, b"x")
        publisher.track.take(publisher.layers[""], packet, NOTHING, at, 1)
    assert [one.lost for one in publisher.feedback if isinstance(one, rtcp.Nack)] == [(2,), (2,)]


def test_audio_level() -> None:
    publisher = Publisher(rids=(), codec=OPUS)
    assert publisher.track.level == 127
    packet = RtpPacket(111, False, 1, 0, 1000, b"x")
    publisher.track.take(publisher.layers[""], packet, (b"\x9e", None, None), 10.0, 1)
    assert publisher.track.level == 30
    assert publisher.track.audio.take() > 0


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


def test_a_full_line_is_asked_for_nothing_again_and_for_a_key_frame_when_there_is_room() -> None:
    publisher = Publisher(rids=())
    publisher.send("", 10.0)
    publisher.track.is_squeezed = True
    publisher.sources[""].sequence += 3
    publisher.send("", 10.1)
    publisher.track.request_key_frame(publisher.layers[""], 10.2)
    publisher.track.tick(10.3)
    assert publisher.feedback == []
    publisher.track.is_squeezed = False
    publisher.track.tick(10.6)
    assert {type(one) for one in publisher.feedback} == {rtcp.PictureLossIndication, rtcp.Nack}

"""Which track a packet belongs to: by MID, RID, SSRC, payload type; repair and strangers."""

from dataclasses import replace

import pytest

from sfu import red, rtcp, rtp
from sfu.negotiated import Codec, ReceiveSection
from sfu.reception import MOST_SOURCES, Reception
from sfu.rtp import MalformedPacket, RtpPacket
from sfu.up_track import UpTrack
from sfu.uplink import UNIT

VIDEO = Codec("video/h264", 102, 90000, rtx_payload_type=103, feedback=frozenset({"nack", "nack pli"}))
AUDIO = Codec("audio/opus", 111, 48000, 2)
EXTENSIONS = {1: rtp.AUDIO_LEVEL, 3: rtp.TRANSPORT_CC, 4: rtp.MID, 10: rtp.RID, 11: rtp.REPAIRED_RID}


class Table:
    def __init__(self) -> None:
        self.feedback: list[rtcp.Packet] = []
        self.reception = Reception(self.feedback.append)
        self.audio, self.video = UpTrack("audio"), UpTrack("video")
        self.reception.add(ReceiveSection("0", "audio", AUDIO, EXTENSIONS, ssrcs=(5,)), self.audio)
        section = ReceiveSection("1", "video", VIDEO, EXTENSIONS, rids=("q", "h", "f"))
        self.reception.add(section, self.video)

    def take(
        self, ssrc: int, number: int, payload_type: int = 102, payload: bytes = b"A", **extensions: str | bytes
    ) -> None:
        ids = {"level": 1, "twcc": 3, "mid": 4, "rid": 10, "rrid": 11}
        elements = [
            (ids[name], value.encode() if isinstance(value, str) else value) for name, value in extensions.items()
        ]
        packet = RtpPacket(payload_type, False, number, number, ssrc, payload, elements)
        self.reception.take(rtp.write(packet), 10.0)


def test_layers_are_learnt_from_rid_and_then_known_by_ssrc() -> None:
    table = Table()
    for ssrc, rid in ((21, "q"), (22, "h"), (23, "f")):
        table.take(ssrc, 1, mid="1", rid=rid)
        table.take(ssrc, 2)
    assert [(layer.ssrc, layer.rid, layer.packets) for layer in table.video.layers] == [
        (21, "q", 2),
        (22, "h", 2),
        (23, "f", 2),
    ]
    table.take(30, 1, mid="1", rid="h")  # the client has started that layer anew
    table.take(22, 3)
    assert table.reception.ignored == 1
    assert {layer.ssrc for layer in table.video.layers} == {21, 30, 23}


@pytest.mark.parametrize(
    "extensions",
    [
        {},  # nothing tells
        {"mid": "1"},  # no layer
        {"mid": "1", "rid": "x"},  # a layer that was not negotiated
        {"mid": "9", "rid": "q"},  # a section that was not negotiated
    ],
)
def test_strangers_are_ignored(extensions: dict[str, str | bytes]) -> None:
    table = Table()
    table.take(21, 1, **extensions)  # type: ignore[arg-type]  # names of extensions
    assert table.reception.ignored == 1
    assert table.video.layers == []


def test_a_payload_type_that_was_not_negotiated_is_ignored() -> None:
    table = Table()
    table.take(21, 1, 99, mid="1", rid="q")
    table.take(21, 1, mid="1", rid="q")
    table.take(21, 2, 99)
    assert table.reception.ignored == 2


def test_audio_by_ssrc_or_payload_type() -> None:
    table = Table()
    table.take(5, 1, 111, level=b"\x85")
    table.take(6, 1, 111)
    assert {layer.ssrc for layer in table.audio.layers} == {5, 6}
    assert table.audio.level == 5


def test_redundant_sound_is_taken_where_it_was_negotiated() -> None:
    table = Table()
    redundant = red.build(b"new", [red.Block(1, b"old")], 111)
    table.take(5, 1, 63, redundant)
    assert (table.audio.layers, table.reception.ignored) == ([], 1)
    section = ReceiveSection("0", "audio", replace(AUDIO, red_payload_type=63), EXTENSIONS, ssrcs=(5,))
    table.reception.add(section, table.audio)
    for number in (1, 3):
        table.take(5, number, 63, redundant)
    assert table.audio.layers[0].packets == 3, "the second came with the third"
    with pytest.raises(MalformedPacket):
        table.take(5, 4, 63, b"\xef\x00")


def test_repair_fills_a_gap_once() -> None:
    table = Table()
    for number in (1, 3):
        table.take(21, number, mid="1", rid="q")
    assert table.feedback == [rtcp.Nack(0, 21, (2,))]
    for payload in (b"\x00\x02lost", b"\x00\x02lost", b"\x00\x03A", b"", b"\x00"):
        table.take(31, 1, 103, payload, mid="1", rrid="q")
    [layer] = table.video.layers
    assert (layer.packets, layer.expected) == (3, 3)


def test_repair_by_the_ssrc_group_of_the_sdp() -> None:
    table = Table()
    section = ReceiveSection("2", "video", VIDEO, {}, ssrcs=(41,), rtx_ssrcs={42: 41})
    track = UpTrack("video")
    table.reception.add(section, track)
    table.take(42, 1, 103, b"\x00\x02lost")  # before its primary: of no use yet
    table.take(41, 1)
    table.take(41, 3)
    table.take(42, 2, 103, b"\x00\x02lost")
    assert track.layers[0].packets == 3


def test_every_packet_counts_for_the_bandwidth_estimate() -> None:
    table = Table()
    table.take(21, 1, mid="1", rid="q", twcc=b"\x00\x01")
    table.take(31, 1, 103, b"", mid="1", rrid="q", twcc=b"\x00\x02")  # a probe
    table.take(77, 1, twcc=b"\x00\x03")  # nobody's
    [feedback] = table.reception.transport_feedback(9)
    assert len(feedback.deltas) == 3


def test_sections_end_and_change() -> None:
    table = Table()
    table.take(21, 1, mid="1", rid="q")
    other = UpTrack("video")
    table.reception.add(ReceiveSection("1", "video", VIDEO, EXTENSIONS), other)
    assert table.video.layers == []
    table.take(21, 2, mid="1")
    assert len(other.layers) == 1
    table.reception.remove("1")
    table.reception.remove("unheard of")
    table.take(21, 3, mid="1")
    assert other.layers == []
    table.reception.clear()
    assert table.reception.report_blocks(11.0) == []


def test_sources_are_bounded() -> None:
    table = Table()
    for ssrc in range(1000, 1000 + 3 * MOST_SOURCES):
        table.take(ssrc, 1, 111, mid="0")
    assert len(table.reception._sources) <= MOST_SOURCES


def test_the_window_tells_losses_and_layers_that_stay_away() -> None:
    table = Table()
    table.take(21, 1, mid="1", rid="q")
    table.take(23, 1, mid="1", rid="f")
    table.take(23, 3)
    assert table.reception.take_window(10.1) == (4, 1, 0)
    table.reception.take_sender_report(rtcp.SenderReport(23, 1 << 40, 2, 3, 4), 10.0)
    assert {block.ssrc for block in table.reception.report_blocks(10.2)} == {21, 23}


def test_malformed_packets_are_the_callers() -> None:
    with pytest.raises(MalformedPacket):
        Table().reception.take(b"\x80", 1.0)


def test_who_publishes_pictures_over_a_full_line_is_limited_and_asked_for_less() -> None:
    table = Table()
    extensions = {**EXTENSIONS, 5: rtp.ABS_SEND_TIME}
    codec = replace(VIDEO, feedback=VIDEO.feedback | {"goog-remb"})
    limits: list[int] = []
    for step in range(100):
        now = 10 + step / 20
        if step == 60:
            table.reception.add(ReceiveSection("1", "video", codec, extensions, ssrcs=(21,)), table.video)
        queue = max(0.0, (step - 60) / 50)
        sent = int(now / UNIT) & 0xFFFFFF
        elements = [(3, step.to_bytes(2, "big")), (4, b"1"), (5, sent.to_bytes(3, "big"))]
        packet = RtpPacket(102, False, step, step, 21, b"A" * 1000, elements)
        table.reception.add(ReceiveSection("0", "audio", AUDIO, extensions, ssrcs=(5,)), table.audio)
        table.reception.take(rtp.write(packet), now + queue)
        limit = table.reception.limit(now)
        limits += [limit] if limit is not None else []
    assert limits
    assert limits[0] < 160_000
    assert table.reception.pictures == -1
    assert table.video.is_squeezed
    assert table.reception.widened() is None
    table.reception.path_changed()
    assert table.reception.limit(15.1) is None or not table.video.is_squeezed
    assert 21 in table.reception.ssrcs

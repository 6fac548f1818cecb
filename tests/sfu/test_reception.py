"""Packets to their tracks: repair, redundancy, strangers; what the sender is told of them."""

from dataclasses import replace

import pytest

from sfu import red, rtcp, rtp
from sfu.negotiated import ReceiveSection
from sfu.rtp import MalformedPacket, RtpPacket
from sfu.uplink import UNIT
from tests.sfu.table import AUDIO, EXTENSIONS, VIDEO, Table


def test_a_payload_type_that_was_not_negotiated_is_ignored() -> None:
    table = Table()
    table.take(21, 1, 99, mid="1", rid="q")
    table.take(21, 1, mid="1", rid="q")
    table.take(21, 2, 99)
    assert table.reception.ignored == 2


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


def test_every_packet_counts_for_the_bandwidth_estimate() -> None:
    table = Table()
    table.take(21, 1, mid="1", rid="q", twcc=b"\x00\x01")
    table.take(31, 1, 103, b"", mid="1", rrid="q", twcc=b"\x00\x02")  # a probe
    table.take(77, 1, twcc=b"\x00\x03")  # nobody's
    [feedback] = table.reception.transport_feedback(9)
    assert len(feedback.deltas) == 3


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

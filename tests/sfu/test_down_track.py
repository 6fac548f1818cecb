"""Forwarding to one subscriber: headers, extensions, reports."""

from dataclasses import replace

import pytest

from sfu import dependency_descriptor, red, rtcp, rtp
from sfu.down_track import DownTrack
from sfu.negotiated import SendSection
from sfu.rtp import RtpPacket
from tests.sfu.layered import AV1_FULL, Sent
from tests.sfu.streams import (
    AV1,
    EXTENSIONS,
    NOTHING,
    NUMBERED,
    OPUS,
    VP8,
    Numbered,
    Publisher,
    Subscriber,
)


def test_sender_reports_are_translated_and_measure_the_round_trip() -> None:
    publisher = Publisher(rids=())
    subscriber = Subscriber(publisher)
    publisher.send("", 10.0, key=True)
    layer = publisher.layers[""]
    offset = subscriber.packets[0].timestamp - publisher.sources[""].timestamp
    publisher.track.take_sender_report(layer, rtcp.SenderReport(1000, 0xAABBCCDD << 16, 5000, 9, 9), 10.0)
    [report] = subscriber.feedback
    assert isinstance(report, rtcp.SenderReport)
    assert (report.ssrc, report.timestamp) == (subscriber.track.ssrc, (5000 + offset) & 0xFFFFFFFF)
    assert (report.packets, report.ntp) == (2, 0xAABBCCDD << 16)
    block = rtcp.ReportBlock(subscriber.track.ssrc, 64, 1, 1, 0, 0xAABBCCDD, 65536)
    subscriber.track.take_report(block, 11.25)
    assert subscriber.track.statistics.fraction_lost == 0.25
    assert subscriber.track.statistics.round_trip == pytest.approx(0.25)


def spoken(publisher: Publisher, subscriber: Subscriber, numbers: range) -> None:
    for number in numbers:
        subscriber.now += 0.02
        packet = RtpPacket(111, False, number, number * 960, 1000, b"sound %d" % number)
        publisher.track.take(publisher.layers[""], packet, NOTHING, subscriber.now, 1)


def lossy(subscriber: Subscriber, percent: int) -> None:
    block = rtcp.ReportBlock(subscriber.track.ssrc, percent * 256 // 100, 0, 0, 0, 0, 0)
    subscriber.track.take_report(block, subscriber.now)


def test_who_takes_redundancy_gets_it_and_more_of_it_on_a_lossy_path() -> None:
    publisher = Publisher(rids=(), codec=OPUS)
    section = SendSection("0", "audio", replace(OPUS, payload_type=96, red_payload_type=97), {})
    subscriber = Subscriber(publisher, section)
    spoken(publisher, subscriber, range(1, 4))
    lossy(subscriber, 10)
    spoken(publisher, subscriber, range(4, 5))
    assert {packet.payload_type for packet in subscriber.packets} == {97}
    read = [red.parse(packet.payload, 96) for packet in subscriber.packets]
    assert [own for own, _ in read] == [b"sound %d" % number for number in range(1, 5)]
    assert [[block.payload for block in blocks] for _, blocks in read] == [
        [],
        [b"sound 1"],
        [b"sound 2"],
        [b"sound 2", b"sound 3"],
    ]
    assert len(subscriber.packets) == 4


def test_who_takes_no_redundancy_gets_each_packet_twice_on_a_lossy_path() -> None:
    publisher = Publisher(rids=(), codec=OPUS)
    subscriber = Subscriber(publisher, SendSection("0", "audio", OPUS, EXTENSIONS))
    spoken(publisher, subscriber, range(1, 4))
    assert len(subscriber.packets) == 3
    lossy(subscriber, 10)
    spoken(publisher, subscriber, range(4, 6))
    payloads = [packet.payload for packet in subscriber.packets[3:]]
    assert payloads == [b"sound 4", b"sound 3", b"sound 5", b"sound 4"]
    third, again = subscriber.packets[2], subscriber.packets[4]
    assert again is third, "under one number there is one packet (RFC 7714, 8.4)"


def test_on_a_narrow_path_sound_is_not_sent_again_however_much_is_lost() -> None:
    publisher = Publisher(rids=(), codec=OPUS)
    plain = Subscriber(publisher, SendSection("0", "audio", OPUS, EXTENSIONS))
    with_red = SendSection("0", "audio", replace(OPUS, payload_type=96, red_payload_type=97), {})
    redundant = Subscriber(publisher, with_red)
    for subscriber in (plain, redundant):
        lossy(subscriber, 30)
        subscriber.track.set_most_repeated(0)
    spoken(publisher, plain, range(1, 4))
    assert len(plain.packets) == 3
    assert [red.parse(packet.payload, 96)[1] for packet in redundant.packets] == [[], [], []]
    redundant.track.set_most_repeated(2)
    spoken(publisher, plain, range(4, 5))
    assert len(red.parse(redundant.packets[-1].payload, 96)[1]) == 2


def layered(publisher: Publisher, sent: list[Sent], at: float, first: int) -> None:
    for number, packet in enumerate(sent, first):
        marker = packet is sent[-1] or sent[number - first + 1].picture != packet.picture
        arrived = RtpPacket(98, marker, number, 3000 * packet.picture, 1000, packet.payload)
        publisher.track.take(publisher.layers[""], arrived, (None, None, packet.dependencies), at, 1)


@pytest.mark.parametrize("wanted", [0, 1, 2])
def test_of_spatial_layers_one_unbroken_stream_with_its_own_ends_of_pictures(wanted: int) -> None:
    publisher = Publisher(rids=(), codec=AV1)
    section = SendSection("7", "video", AV1, {**EXTENSIONS, rtp.DEPENDENCY_DESCRIPTOR: 9})
    subscriber = Subscriber(publisher, section)
    subscriber.track.set_maximum_quality(wanted)
    layered(publisher, AV1_FULL, 10.0, 1)
    packets = subscriber.packets
    numbers = [packet.sequence_number for packet in packets]
    assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
    structure = dependency_descriptor.parse(AV1_FULL[0].dependencies, None).attached
    read = [dependency_descriptor.parse(dict(packet.extensions)[9], structure) for packet in packets]
    assert {one.template.spatial for one in read} == set(range(wanted + 1))
    assert read[0].active == (1 << 3 * (wanted + 1)) - 1, "the decode targets that are sent"
    ends = [one.last and one.template.spatial == min(wanted, 2) for one in read]
    assert [packet.marker for packet in packets[:-1]] == ends[:-1]
    assert subscriber.track.current_quality == wanted
    assert {asked.__class__ for asked in publisher.feedback} <= {rtcp.PictureLossIndication}


def test_nothing_flows_once_shut() -> None:
    publisher = Publisher(rids=())
    subscriber = Subscriber(publisher)
    publisher.send("", 10.0, key=True)
    subscriber.track.shut()
    publisher.send("", 10.1, key=True)
    subscriber.track.resend([subscriber.packets[0].sequence_number], 10.2)
    assert len(subscriber.packets) == 2
    assert subscriber.track.mid is None


def test_a_long_mid_and_large_elements_take_the_two_byte_form() -> None:
    publisher = Publisher(rids=())
    extensions = EXTENSIONS | {rtp.DEPENDENCY_DESCRIPTOR: 12}
    subscriber = Subscriber(publisher, SendSection("12", "video", VP8, extensions))
    descriptor = b"\x80\x00\x01\x80" + bytes(30)
    [packet, _] = publisher.sources[""].picture_packets(key=True)
    publisher.track.take(publisher.layers[""], packet, (None, None, descriptor), 10.0, 1)
    [out] = subscriber.packets
    assert dict(out.extensions)[12] == descriptor
    assert dict(out.extensions)[4] == b"12"
    subscriber.track.resend([out.sequence_number], 11.0)
    again = subscriber.packets[1]
    assert dict(again.extensions)[12] == descriptor
    assert dict(again.extensions)[3] != dict(out.extensions)[3]


@pytest.mark.parametrize("descriptor", [None, bytes(3), bytes(40)], ids=["plain", "one-byte", "two-byte"])
def test_every_packet_and_repair_carries_its_own_number(descriptor: bytes | None) -> None:
    publisher = Publisher(rids=())
    track = DownTrack(publisher.track, lambda: 10.0)
    publisher.track.down_tracks.append(track)
    out = Numbered()
    extensions = {rtp.MID: 4, rtp.ABS_SEND_TIME: 3, rtp.TRANSPORT_CC: 5, rtp.DEPENDENCY_DESCRIPTOR: 6}
    track.open(SendSection("7", "video", NUMBERED, extensions), out.send, lambda _told: None, out.repair)
    assert track.is_numbered
    assert track.can_probe
    if descriptor is not None:
        descriptor = b"\x80\x00\x00\x80" + descriptor
    for _ in range(2):
        for packet in publisher.sources[""].picture_packets(key=True):
            publisher.track.take(publisher.layers[""], packet, (None, None, descriptor), 10.0, 50)
    track.resend([out.packets[1].sequence_number], 11.0)
    probe = track.probe(200)
    assert probe is not None
    out.send(*probe)
    for number, packet in enumerate(out.packets, start=1):
        values = dict(packet.extensions)
        assert values[5] == number.to_bytes(2, "big")
        assert values[4] == b"7"
        if packet is not out.packets[-1]:
            assert len(values[3]) == 3
            assert values.get(6) == descriptor
    repair, padding = out.packets[-2:]
    assert repair.payload[2:] == out.packets[1].payload
    assert dict(repair.extensions)[3] != dict(out.packets[1].extensions)[3], "a fresh send time"
    assert (padding.ssrc, padding.payload_type, padding.padding) == (track.rtx_ssrc, 97, 176)
    out.allowed = 0
    track.resend([out.packets[1].sequence_number], 12.0)
    assert track.statistics.resent == 1

"""Forwarding to one subscriber: one unbroken stream over switches, pauses and losses."""

import itertools
import random
from dataclasses import replace

import pytest

from sfu import rtcp, rtp
from sfu.codecs import parse_vp8
from sfu.down_track import RESEND_BURST, DownTrack
from sfu.negotiated import SendSection
from sfu.rtp import RtpPacket
from tests.sfu.streams import H264, NOTHING, OPUS, VP8, Publisher

EXTENSIONS = {rtp.MID: 4, rtp.ABS_SEND_TIME: 3}


class Subscriber:
    """A down track and what comes out of it."""

    def __init__(self, publisher: Publisher, section: SendSection | None = None) -> None:
        self.now = 10.0
        self.packets: list[RtpPacket] = []
        self.feedback: list[rtcp.Packet] = []
        self.track = DownTrack(publisher.track, lambda: self.now)
        publisher.track.down_tracks.append(self.track)
        section = section or SendSection("7", "video", VP8, EXTENSIONS)
        self.track.open(section, lambda data, _at: self.packets.append(rtp.parse(data)), self.feedback.append)

    def run(self, publisher: Publisher, seconds: float, rids: tuple[str, ...] = ("q", "h", "f")) -> None:
        """Thirty pictures a second on these layers; key frames where they were asked for."""
        for _ in range(round(seconds * 30)):
            self.now += 1 / 30
            asked = publisher.asked()
            for rid in rids:
                publisher.send(rid, self.now, key=publisher.layers[rid].ssrc in asked)
            publisher.track.tick(self.now)


def assert_unbroken(packets: list[RtpPacket]) -> None:
    pictures = []
    for before, after in itertools.pairwise(packets):
        assert (after.sequence_number - before.sequence_number) & 0xFFFF == 1
        assert 0 <= (after.timestamp - before.timestamp) & 0xFFFFFFFF < 90000 * 6
    for packet in packets:
        descriptor = parse_vp8(packet.payload)
        assert descriptor is not None
        assert descriptor.picture_id is not None
        pictures.append(descriptor.picture_id)
    assert all((after - before) & 0x7FFF in (0, 1) for before, after in itertools.pairwise(pictures))


def test_it_starts_at_a_key_frame_of_the_best_layer() -> None:
    publisher = Publisher()
    subscriber = Subscriber(publisher)
    publisher.send("q", 10.0)
    assert subscriber.packets == []
    assert publisher.asked() == [1000]
    subscriber.run(publisher, 3)
    assert subscriber.track.current_quality == 2
    assert_unbroken(subscriber.packets)
    first = subscriber.packets[0]
    assert (first.ssrc, first.payload_type) == (subscriber.track.ssrc, 96)
    assert dict(first.extensions)[4] == b"7"
    assert len(dict(first.extensions)[3]) == 3


def test_switching_pausing_and_vanishing_layers_stay_unbroken() -> None:
    publisher = Publisher()
    subscriber = Subscriber(publisher)
    subscriber.run(publisher, 2)
    subscriber.track.set_maximum_quality(0)
    subscriber.run(publisher, 1)
    assert subscriber.track.current_quality == 0
    subscriber.track.set_maximum_quality(1)
    subscriber.run(publisher, 2)
    assert subscriber.track.current_quality == 1
    count = len(subscriber.packets)
    subscriber.track.set_paused(True)
    subscriber.run(publisher, 1)
    assert len(subscriber.packets) == count
    subscriber.track.set_paused(False)
    subscriber.track.set_maximum_quality(2)
    subscriber.run(publisher, 2)
    assert subscriber.track.current_quality == 2
    subscriber.run(publisher, 3, rids=("q", "h"))  # bandwidth fails at the publisher
    assert subscriber.track.current_quality == 1
    assert_unbroken(subscriber.packets)
    assert subscriber.track.statistics.switches >= 4


def test_a_publisher_that_pauses_makes_nobody_switch() -> None:
    publisher = Publisher()
    subscriber = Subscriber(publisher)
    subscriber.run(publisher, 3)
    publisher.asked()
    for _ in range(20):  # a still screen: a picture of each layer every 1.2 seconds
        for rid in ("q", "h", "f"):
            publisher.send(rid, subscriber.now)
            subscriber.now += 0.01
            publisher.track.tick(subscriber.now)
        for _tick in range(23):
            subscriber.now += 0.05
            publisher.track.tick(subscriber.now)
    assert publisher.asked() == []
    assert subscriber.track.current_quality == 2


def test_old_packets_of_the_new_layer_are_kept_back_at_a_splice() -> None:
    publisher = Publisher(rids=())
    subscriber = Subscriber(publisher)
    source = publisher.sources[""]
    late = list(source.picture_packets())
    source.picture += 1
    publisher.send("", 10.0, key=True)
    for packet in late:
        publisher.track.take(publisher.layers[""], packet, NOTHING, 10.0, 1)
    assert len(subscriber.packets) == 2


def test_time_stamps_follow_the_publishers_clock_over_a_switch() -> None:
    publisher = Publisher(rids=("q", "h"))
    subscriber = Subscriber(publisher)
    subscriber.run(publisher, 2, rids=("q", "h"))
    ntp = 1 << 40
    for rid in ("q", "h"):  # both captured the same picture at the same time
        report = rtcp.SenderReport(publisher.layers[rid].ssrc, ntp, publisher.sources[rid].timestamp, 1, 1)
        publisher.track.take_sender_report(publisher.layers[rid], report, subscriber.now)
    subscriber.track.set_maximum_quality(0)
    before = subscriber.packets[-1].timestamp
    publisher.send("h", subscriber.now + 0.033)
    publisher.send("q", subscriber.now + 0.066)
    subscriber.run(publisher, 0.5, rids=("q", "h"))
    assert subscriber.track.current_quality == 0
    stamps = sorted({(packet.timestamp - before) & 0xFFFFFFFF for packet in subscriber.packets[-10:]})
    assert all(stamp % 3000 == 0 for stamp in stamps)


@pytest.mark.parametrize("repair", [True, False])
def test_a_lossy_link_is_repaired_from_the_cache(repair: bool) -> None:
    dice = random.Random(5)
    codec = VP8 if repair else VP8.__class__("video/vp8", 96, 90000)
    publisher = Publisher(rids=())
    subscriber = Subscriber(publisher, SendSection("7", "video", codec, EXTENSIONS))
    sent: dict[int, RtpPacket] = {}
    arrived: dict[int, bytes] = {}
    for round_number in range(60):
        subscriber.packets.clear()
        subscriber.now += 0.2
        for picture in range(6):
            publisher.send("", subscriber.now, key=round_number == 0 and picture == 0)
        for _attempt in range(12):
            for packet in subscriber.packets:
                number, payload = packet.sequence_number, packet.payload
                if packet.ssrc == subscriber.track.rtx_ssrc:
                    assert packet.payload_type == 97
                    number, payload = int.from_bytes(payload[:2], "big"), payload[2:]
                else:
                    sent.setdefault(number, packet)
                if dice.random() > 0.2:
                    arrived[number] = payload
            subscriber.packets.clear()
            lost = [number for number in sent if number not in arrived]
            subscriber.track.resend(lost, subscriber.now)
    assert len(sent) == 60 * 12
    assert {number: packet.payload for number, packet in sent.items()} == arrived
    assert subscriber.track.statistics.resent > 100


def test_a_flood_of_nacks_is_bounded() -> None:
    publisher = Publisher(rids=())
    subscriber = Subscriber(publisher)
    publisher.send("", 10.0, key=True)
    number = subscriber.packets[0].sequence_number
    for _ in range(100):
        subscriber.track.resend([number] * 100, 10.0)
    assert subscriber.track.statistics.resent <= RESEND_BURST


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


def test_key_frame_requests_of_many_are_one() -> None:
    publisher = Publisher(rids=())
    subscribers = [Subscriber(publisher) for _ in range(10)]
    publisher.send("", 10.0)
    for subscriber in subscribers:
        for _ in range(40):
            subscriber.track.request_key_frame()
    assert publisher.asked() == [1000]


def test_audio_needs_no_key_frame_and_survives_a_new_source() -> None:
    publisher = Publisher(rids=(), codec=OPUS)
    subscriber = Subscriber(publisher, SendSection("0", "audio", OPUS, {}))
    track = publisher.track
    for number in range(10):
        packet = RtpPacket(111, False, number, number * 960, 1000, b"x")
        track.take(publisher.layers[""], packet, NOTHING, 10 + number * 0.02, 1)
    other = track.add_layer(2000, "")
    for number in range(10):
        packet = RtpPacket(111, False, 500 + number, number * 960, 2000, b"y")
        track.take(other, packet, NOTHING, 13 + number * 0.02, 1)
    numbers = [packet.sequence_number for packet in subscriber.packets]
    assert [(number - numbers[0]) & 0xFFFF for number in numbers] == list(range(20))
    assert subscriber.packets[-1].payload == b"y"
    assert subscriber.packets[0].extensions == []


def test_padding_is_not_passed_on_and_leaves_no_hole() -> None:
    dice = random.Random(9)
    publisher = Publisher(rids=(), codec=H264)
    subscriber = Subscriber(publisher, SendSection("7", "video", H264, EXTENSIONS))
    stream = [RtpPacket(102, True, n & 0xFFFF, n, 1000, b"\x65%d" % n if n % 3 else b"") for n in range(65001, 66800)]
    late = []
    for packet in stream:
        if packet.payload and packet is not stream[0] and dice.random() < 0.1:
            late.append(packet)  # lost, and repaired a little later
            continue
        publisher.track.take(publisher.layers[""], packet, NOTHING, 10.0, 1)
        if len(late) > 5:
            publisher.track.take(publisher.layers[""], late.pop(0), NOTHING, 10.0, 1)
    for packet in late:
        publisher.track.take(publisher.layers[""], packet, NOTHING, 10.0, 1)
    start = subscriber.packets[0].sequence_number
    received = {(packet.sequence_number - start) & 0xFFFF: packet.payload for packet in subscriber.packets}
    assert len(received) == len(subscriber.packets)
    assert [received[number] for number in sorted(received)] == [one.payload for one in stream if one.payload]
    assert sorted(received) == list(range(len(received)))


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


NUMBERED = replace(VP8, feedback=VP8.feedback | {"transport-cc"})


class Numbering:
    """Writes numbers into packets as the transport does."""

    def __init__(self) -> None:
        self.packets: list[RtpPacket] = []
        self.allowed = 1000

    def send(self, data: bytes, number_at: int) -> None:
        assert number_at
        number = len(self.packets) + 1
        self.packets.append(rtp.parse(data[:number_at] + number.to_bytes(2, "big") + data[number_at + 2 :]))

    def repair(self, data: bytes, number_at: int) -> bool:
        self.allowed -= 1
        if self.allowed >= 0:
            self.send(data, number_at)
        return self.allowed >= 0


@pytest.mark.parametrize("descriptor", [None, bytes(3), bytes(40)], ids=["plain", "one-byte", "two-byte"])
def test_every_packet_and_repair_carries_its_own_number(descriptor: bytes | None) -> None:
    publisher = Publisher(rids=())
    track = DownTrack(publisher.track, lambda: 10.0)
    publisher.track.down_tracks.append(track)
    out = Numbering()
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


def test_a_large_probe_sends_something_old_again() -> None:
    publisher = Publisher(rids=())
    track = DownTrack(publisher.track, lambda: 10.0)
    publisher.track.down_tracks.append(track)
    assert track.probe(1000) is None
    out = Numbering()
    track.open(SendSection("7", "video", NUMBERED, {rtp.TRANSPORT_CC: 5}), out.send, lambda _told: None)
    (first, *_rest) = publisher.sources[""].picture_packets(key=True)
    first.payload += bytes(1000)
    publisher.track.take(publisher.layers[""], first, NOTHING, 10.0, 1050)
    probe = track.probe(1000)
    assert probe is not None
    assert len(probe[0]) > 1000
    assert rtp.parse(probe[0]).ssrc == track.rtx_ssrc


def test_what_is_granted_bounds_what_the_page_asks_for() -> None:
    publisher = Publisher()
    subscriber = Subscriber(publisher)
    subscriber.run(publisher, 3)
    track = subscriber.track
    assert not track.grant(2)
    assert not track.grant(1), "the smaller layer comes first"
    assert (track.maximum_quality, track.page_quality, track.current_quality) == (1, 2, 2)
    subscriber.run(publisher, 1)
    assert track.current_quality == 1
    assert track.grant(0, at_once=True)
    assert track.current_quality is None
    subscriber.run(publisher, 1)
    assert track.current_quality == 0
    assert track.grant(None)
    assert (track.is_paused, track.is_withheld) == (True, True)
    track.set_paused(True)
    track.grant(2)
    assert (track.is_paused, track.is_withheld) == (True, False)
    track.set_paused(False)
    subscriber.run(publisher, 3)
    assert track.current_quality == 2
    assert_unbroken(subscriber.packets)

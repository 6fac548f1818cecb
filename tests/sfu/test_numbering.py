"""Numbers and time stamps that go on over every change of source."""

import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from sfu import rtcp
from sfu.arrived import Arrived
from sfu.negotiated import SendSection
from sfu.numbering import MOST_SKIPPED, Numbering
from sfu.rtp import RtpPacket
from tests.sfu.streams import (
    EXTENSIONS,
    H264,
    NOTHING,
    OPUS,
    Publisher,
    Subscriber,
)


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


def test_an_outgoing_number_is_traced_over_padding_and_splices() -> None:
    publisher = Publisher(rids=(), codec=H264)
    track = publisher.track
    first, second = publisher.layers[""], track.add_layer(2000, "")
    numbering = Numbering()
    assert numbering.origin(5) is None
    sent: dict[int, tuple[int, int]] = {}
    for layer, start in ((first, 65500), (second, 100)):
        for number in range(start, start + 60):
            payload = b"" if number % 7 == 0 and number != start else b"x"
            packet = Arrived(layer, RtpPacket(102, False, number & 0xFFFF, number, layer.ssrc, payload), NOTHING, 10.0)
            if number == start:
                numbering.splice(packet)
            if (taken := numbering.take(packet, passed_on=not packet.is_padding)) is not None:
                sent[taken[0]] = layer.ssrc, number & 0xFFFF
    for number, (ssrc, source) in sent.items():
        origin = numbering.origin(number)
        assert origin is not None
        assert (origin.layer.ssrc, origin.sequence_number, origin.number) == (ssrc, source, number)
    newest = numbering.last_sequence
    assert numbering.origin((newest + 1) & 0xFFFF) is None
    assert numbering.origin((min(sent) - 1) & 0xFFFF) is None
    numbering.cut()
    assert numbering.origin(newest) is None


def test_a_number_among_many_that_were_skipped_is_found_without_a_scan() -> None:
    publisher = Publisher(rids=(), codec=H264)
    layer = publisher.layers[""]
    numbering = Numbering()
    sent: dict[int, int] = {}
    for number in range(65000, 65000 + 4000):
        payload = b"" if number % 3 == 1 else b"x"
        packet = Arrived(layer, RtpPacket(102, False, number & 0xFFFF, number, layer.ssrc, payload), NOTHING, 10.0)
        if number == 65000:
            numbering.splice(packet)
        if (taken := numbering.take(packet, passed_on=not packet.is_padding)) is not None:
            sent[taken[0]] = number & 0xFFFF
    for outgoing in list(sent)[-1000:]:
        origin = numbering.origin(outgoing)
        assert origin is not None
        assert origin.sequence_number == sent[outgoing]
    numbering.origin(next(reversed(sent)))
    part = numbering._part
    assert part is not None
    assert len(part.skipped) == MOST_SKIPPED
    skipped = Counted(part.skipped)
    replace(part, skipped=skipped).origin(list(sent)[-600])
    assert skipped.looked_at < 20


class Counted(list[tuple[int, int]]):
    """How often it is looked into."""

    looked_at = 0

    def __getitem__(self, place: Any) -> Any:
        self.looked_at += 1
        return super().__getitem__(place)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        self.looked_at += len(self)
        return super().__iter__()

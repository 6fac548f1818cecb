"""Made-up streams and a lossy link for the forwarding tests."""

import itertools
import random
from collections.abc import Iterator
from dataclasses import replace

from sfu import rtcp, rtp
from sfu.codecs import parse_vp8
from sfu.down_track import DownTrack
from sfu.negotiated import Codec, ReceiveSection, SendSection
from sfu.rtp import RtpPacket
from sfu.up_layer import UpLayer
from sfu.up_track import UpTrack

VP8 = Codec("video/vp8", 96, 90000, rtx_payload_type=97, feedback=frozenset({"nack", "nack pli", "ccm fir"}))
H264 = Codec("video/h264", 102, 90000, feedback=frozenset({"nack", "nack pli"}))
AV1 = Codec("video/av1", 98, 90000, feedback=frozenset({"nack", "nack pli"}))
OPUS = Codec("audio/opus", 111, 48000, 2)
NUMBERED = replace(VP8, feedback=VP8.feedback | {"transport-cc"})
EXTENSIONS = {rtp.MID: 4, rtp.ABS_SEND_TIME: 3}
NOTHING: tuple[bytes | None, ...] = (None, None, None)


class Source:
    """One SSRC's VP8 stream: pictures of two packets, numbers starting anywhere."""

    def __init__(self, ssrc: int, seed: int) -> None:
        dice = random.Random(seed)
        self.ssrc = ssrc
        self.sequence = dice.randrange(0x10000)
        self.timestamp = dice.randrange(1 << 32)
        self.picture = dice.randrange(0x8000)

    def picture_packets(self, *, key: bool = False) -> Iterator[RtpPacket]:
        self.timestamp = (self.timestamp + 3000) & 0xFFFFFFFF
        self.picture = (self.picture + 1) & 0x7FFF
        for part in range(2):
            self.sequence = (self.sequence + 1) & 0xFFFF
            head = bytes((0x90 if part == 0 else 0x80, 0x80)) + (0x8000 | self.picture).to_bytes(2, "big")
            body = bytes((0x10 if key else 0x11,)) + b"%d/%d" % (self.picture, part)
            yield RtpPacket(96, part == 1, self.sequence, self.timestamp, self.ssrc, head + body)


class Publisher:
    """An up track with its layers, fed by hand. feedback: what the publisher would be sent."""

    def __init__(self, rids: tuple[str, ...] = ("q", "h", "f"), codec: Codec = VP8) -> None:
        self.feedback: list[rtcp.Packet] = []
        self.track = UpTrack("audio" if codec.mime_type == OPUS.mime_type else "video")
        kind = self.track.kind
        self.track.bind(ReceiveSection("0", kind, codec, {}, rids), self.feedback.append)
        self.layers: dict[str, UpLayer] = {}
        self.sources: dict[str, Source] = {}
        for index, rid in enumerate(rids or ("",)):
            self.layers[rid] = self.track.add_layer(1000 + index, rid)
            self.sources[rid] = Source(1000 + index, index)

    def send(self, rid: str, at: float, *, key: bool = False) -> None:
        for packet in self.sources[rid].picture_packets(key=key):
            self.track.take(self.layers[rid], packet, NOTHING, at, len(packet.payload))

    def asked(self) -> list[int]:
        """SSRCs a key frame was asked of, and forget them."""
        ssrcs = [one.media_ssrc for one in self.feedback if isinstance(one, rtcp.PictureLossIndication)]
        self.feedback.clear()
        return ssrcs


class Subscriber:
    """A down track and what comes out of it."""

    def __init__(self, publisher: Publisher, section: SendSection | None = None) -> None:
        self.now = 10.0
        self.packets: list[RtpPacket] = []
        self.feedback: list[rtcp.Packet] = []
        self.track = DownTrack(publisher.track, lambda: self.now)
        publisher.track.down_tracks.append(self.track)
        section = section or SendSection("7", "video", VP8, EXTENSIONS)
        self._sent: dict[int, RtpPacket] = {}
        self.track.open(section, self._take, self.feedback.append, again=self._again)

    def _take(self, data: bytes, _number_at: int) -> None:
        packet = rtp.parse(data)
        self.packets.append(packet)
        self._sent[packet.sequence_number] = packet

    def _again(self, number: int) -> bool:
        """As the transport does: the same packet."""
        if number in self._sent:
            self.packets.append(self._sent[number])
        return number in self._sent

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


class Numbered:
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

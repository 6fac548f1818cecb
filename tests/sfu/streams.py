"""Made-up streams and a lossy link for the forwarding tests."""

import random
from collections.abc import Iterator

from sfu import rtcp
from sfu.negotiated import Codec, ReceiveSection
from sfu.rtp import RtpPacket
from sfu.up_layer import UpLayer
from sfu.up_track import UpTrack

VP8 = Codec("video/vp8", 96, 90000, rtx_payload_type=97, feedback=frozenset({"nack", "nack pli", "ccm fir"}))
H264 = Codec("video/h264", 102, 90000, feedback=frozenset({"nack", "nack pli"}))
OPUS = Codec("audio/opus", 111, 48000, 2)
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
        self.track = UpTrack("audio" if codec is OPUS else "video")
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

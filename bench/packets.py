"""RTP and RTCP packets as a browser sends them, with a payload of a fixed size and a stamp at its end.

RTP: RFC 3550; VP8 payload: RFC 7741; header extensions: RFC 8285. The stamp tells who sent the packet and when, so
that a receiver can check that what it decrypted is what the session description promised.
"""

import struct
from dataclasses import dataclass
from typing import Literal

Kind = Literal["audio", "video"]

VIDEO_PAYLOAD = 1000
AUDIO_PAYLOAD = 80
FRAME_RATE = 25
PACKETS_A_FRAME = 4
KEY_FRAME_EVERY = 50
AUDIO_RATE = 50

_HEADER = struct.Struct("!BBHIIHH")
_STAMP = struct.Struct("!4sHBQ")
_STAMP_MARK = b"hpbn"
_PADDING = 0x20
_ONE_BYTE_EXTENSIONS = 0xBEDE
# Browsers repeat the mid until the receiver has answered once; the first second stands for that.
_PACKETS_WITH_MID = 50


@dataclass(frozen=True, slots=True)
class Header:
    """The clear part of a protected packet that receivers count by."""

    payload_type: int
    sequence: int
    timestamp: int
    ssrc: int
    padding: bool


def is_media(datagram: bytes | memoryview) -> bool:
    """RTP or RTCP, as against STUN and DTLS (RFC 7983)."""
    return len(datagram) >= 12 and 127 < datagram[0] < 192


def is_rtcp(datagram: bytes | memoryview) -> bool:
    """Of a datagram that is media (RFC 5761, 4)."""
    return 192 <= datagram[1] <= 223


def header(datagram: bytes | memoryview) -> Header:
    first, second, sequence, timestamp, ssrc = struct.unpack_from("!BBHII", datagram)
    return Header(second & 0x7F, sequence, timestamp, ssrc, bool(first & _PADDING))


@dataclass(frozen=True, slots=True)
class Stamp:
    """sender: number of the participant. at: nanoseconds of the monotonic clock."""

    sender: int
    kind: Kind
    at: int


def read_stamp(packet: bytes) -> Stamp | None:
    """The stamp of a decrypted packet, None where it is none of ours."""
    if len(packet) < 12 + _STAMP.size:
        return None
    mark, sender, kind, at = _STAMP.unpack_from(packet, len(packet) - _STAMP.size)
    return Stamp(sender, "video" if kind else "audio", at) if mark == _STAMP_MARK else None


def vp8_descriptor(*, first: bool, picture_id: int, base_layer_index: int) -> bytes:
    """RFC 7741, 4.2: extended, 15-bit picture id, TL0PICIDX, TID 0 with layer sync; S on a frame's first packet."""
    return struct.pack(
        "!BBHBB", 0x90 if first else 0x80, 0xE0, 0x8000 | picture_id & 0x7FFF, base_layer_index & 0xFF, 0x20
    )


def vp8_frame_header(*, key: bool, size: int, width: int = 640, height: int = 360) -> bytes:
    """RFC 6386, 9.1: the frame tag, for a key frame with start code and size. size: bytes of the first partition."""
    tag = (size & 0x7FFFF) << 5 | 0x10 | (0 if key else 1)
    start = b"\x9d\x01\x2a" + struct.pack("<HH", width, height) if key else b""
    return tag.to_bytes(3, "little") + start


def is_key_frame(payload: bytes) -> bool:
    """Whether a payload of ours begins a VP8 key frame."""
    return bool(payload[0] & 0x10) and not payload[6] & 1


@dataclass(frozen=True, slots=True)
class ExtensionIds:
    """Negotiated one-byte ids; None where the server did not take one."""

    mid: int | None = None
    absolute_send_time: int | None = None
    transport_wide: int | None = None
    audio_level: int | None = None


class TransportSequence:
    """The transport-wide sequence number of one connection (draft-holmer-rmcat-transport-wide-cc-extensions-01)."""

    def __init__(self) -> None:
        self._next = 0

    def take(self) -> int:
        number = self._next
        self._next = (number + 1) & 0xFFFF
        return number


class Stream:
    """One outgoing RTP stream: makes its packets in order. Times are nanoseconds of the monotonic clock.

    timestamp, at: of the newest packets, and when they were made.
    """

    def __init__(
        self,
        kind: Kind,
        *,
        sender: int,
        ssrc: int,
        payload_type: int,
        mid: str,
        extensions: ExtensionIds,
        transport: TransportSequence,
    ) -> None:
        self.kind: Kind = kind
        self.ssrc = ssrc
        self.packets = 0
        self.octets = 0
        self.timestamp = ssrc & 0xFFFF
        self.at = 0
        self.key_frame_wanted = False
        self._sender = sender
        self._payload_type = payload_type
        self._mid = mid.encode()
        self._extensions = extensions
        self._transport = transport
        self._sequence = ssrc >> 16 & 0x7FFF
        self._frames = 0

    @property
    def interval(self) -> float:
        """Seconds from burst to burst."""
        return 1 / (FRAME_RATE if self.kind == "video" else AUDIO_RATE)

    def burst(self, now: int) -> list[bytes]:
        """What is due at one moment: the packets of a video frame, or one audio packet."""
        self.at = now
        return self._video_frame(now) if self.kind == "video" else [self._audio_packet(now)]

    def _audio_packet(self, now: int) -> bytes:
        self.timestamp = (self.timestamp + 48_000 // AUDIO_RATE) & 0xFFFFFFFF
        # 0xf8: a 20 ms frame of fullband CELT (RFC 6716, 3.1).
        return self._stamped(b"\xf8" + bytes(AUDIO_PAYLOAD - 1 - _STAMP.size), now, marker=self.packets == 0)

    def _video_frame(self, now: int) -> list[bytes]:
        self.timestamp = (self.timestamp + 90_000 // FRAME_RATE) & 0xFFFFFFFF
        key = self.key_frame_wanted or self._frames % KEY_FRAME_EVERY == 0
        self.key_frame_wanted = False
        picture = self._frames
        self._frames += 1
        packets = []
        for index in range(PACKETS_A_FRAME):
            payload = vp8_descriptor(first=index == 0, picture_id=picture, base_layer_index=picture)
            if index == 0:
                payload += vp8_frame_header(key=key, size=VIDEO_PAYLOAD)
            payload += bytes(VIDEO_PAYLOAD - len(payload) - _STAMP.size)
            packets.append(self._stamped(payload, now, marker=index == PACKETS_A_FRAME - 1))
        return packets

    def _stamped(self, payload: bytes, now: int, *, marker: bool) -> bytes:
        stamp = _STAMP.pack(_STAMP_MARK, self._sender, self.kind == "video", now)
        return self.packet(payload + stamp, now, marker=marker)

    def packet(self, payload: bytes, now: int, *, marker: bool) -> bytes:
        """The next one, of the present time stamp."""
        extensions = self._extension_block(now)
        head = _HEADER.pack(
            0x90,
            marker << 7 | self._payload_type,
            self._sequence,
            self.timestamp,
            self.ssrc,
            _ONE_BYTE_EXTENSIONS,
            len(extensions) >> 2,
        )
        self._sequence = (self._sequence + 1) & 0xFFFF
        self.packets += 1
        self.octets += len(payload)
        return head + extensions + payload

    def _extension_block(self, now: int) -> bytes:
        ids = self._extensions
        block = b""
        if ids.mid is not None and self.packets < _PACKETS_WITH_MID:
            block += bytes((ids.mid << 4 | len(self._mid) - 1,)) + self._mid
        if ids.absolute_send_time is not None:
            # 6.18 fixed point seconds, 24 bits.
            block += bytes((ids.absolute_send_time << 4 | 2,)) + ((now << 18) // 10**9 & 0xFFFFFF).to_bytes(3, "big")
        if ids.transport_wide is not None:
            block += bytes((ids.transport_wide << 4 | 1,)) + self._transport.take().to_bytes(2, "big")
        if ids.audio_level is not None and self.kind == "audio":
            # Voice, and louder the lower the number of the participant: somebody speaks, and it is clear who.
            block += bytes((ids.audio_level << 4, 0x80 | min(126, 30 + 5 * (self._sender % 6))))
        return block + bytes(-len(block) % 4)

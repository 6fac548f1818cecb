"""RTP packets: header and header extensions, read and written (RFC 3550 section 5.1, RFC 8285)."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from struct import Struct

MID = "urn:ietf:params:rtp-hdrext:sdes:mid"
RID = "urn:ietf:params:rtp-hdrext:sdes:rtp-stream-id"
REPAIRED_RID = "urn:ietf:params:rtp-hdrext:sdes:repaired-rtp-stream-id"
AUDIO_LEVEL = "urn:ietf:params:rtp-hdrext:ssrc-audio-level"
ABS_SEND_TIME = "http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time"
TRANSPORT_CC = "http://www.ietf.org/id/draft-holmer-rmcat-transport-wide-cc-extensions-01"
ORIENTATION = "urn:3gpp:video-orientation"
DEPENDENCY_DESCRIPTOR = "https://aomediacodec.github.io/av1-rtp-spec/#dependency-descriptor-rtp-header-extension"

ONE_BYTE = 0xBEDE
TWO_BYTE = 0x1000

HEADER = Struct("!BBHII")
EXTENSION_HEADER = Struct("!HH")
WITH_EXTENSIONS = Struct("!BBHIIHH")


class MalformedPacket(ValueError):
    """The other program sent bytes that are not a packet of this kind. The text never quotes them."""


@dataclass(slots=True)
class RtpPacket:
    """One packet. extensions: (id, value) as they stand; payload: without padding; padding: its length in bytes."""

    payload_type: int
    marker: bool
    sequence_number: int
    timestamp: int
    ssrc: int
    payload: bytes
    extensions: list[tuple[int, bytes]] = field(default_factory=list)
    padding: int = 0


def is_rtcp(data: bytes) -> bool:
    """Tell RTCP from RTP on one port (RFC 5761 section 4). The caller has at least two bytes."""
    return 192 <= data[1] <= 223


def parse(data: bytes) -> RtpPacket:
    """Read a packet. Raises MalformedPacket for anything that is not one, whatever its bytes."""
    length = len(data)
    if length < 12:
        raise MalformedPacket("shorter than a header")
    first, second, sequence_number, timestamp, ssrc = HEADER.unpack_from(data)
    if first >> 6 != 2:
        raise MalformedPacket("not version 2")
    offset = 12 + 4 * (first & 15)
    extensions: list[tuple[int, bytes]] = []
    if first & 0x10:
        if length < offset + 4:
            raise MalformedPacket("cut in the extension header")
        profile, words = EXTENSION_HEADER.unpack_from(data, offset)
        start = offset + 4
        offset = start + 4 * words
        if offset > length:
            raise MalformedPacket("cut in the extensions")
        extensions = parse_extensions(data, profile, start, offset)
    padding = 0
    if first & 0x20:
        padding = data[-1]
        if padding == 0 or offset + padding > length:
            raise MalformedPacket("wrong padding")
    elif offset > length:
        raise MalformedPacket("cut in the sources")
    return RtpPacket(
        second & 127,
        second > 127,
        sequence_number,
        timestamp,
        ssrc,
        data[offset : length - padding],
        extensions,
        padding,
    )


def parse_extensions(data: bytes, profile: int, start: int, end: int) -> list[tuple[int, bytes]]:
    """Elements of the extension block data[start:end]; an unknown profile has none (RFC 8285 sections 4.2 and 4.3)."""
    found: list[tuple[int, bytes]] = []
    position = start
    if profile == ONE_BYTE:
        while position < end:
            head = data[position]
            position += 1
            if head == 0:
                continue
            if head >> 4 == 15:  # reserved: stop here, what came before counts
                break
            stop = position + (head & 15) + 1
            if stop > end:
                raise MalformedPacket("extension runs over its block")
            # Id 0 with a length is padding with a wrong length: skipped, not kept (RFC 8285 section 4.2).
            if head > 15:
                found.append((head >> 4, data[position:stop]))
            position = stop
    elif profile & 0xFFF0 == TWO_BYTE:
        while position < end:
            identifier = data[position]
            position += 1
            if identifier == 0:
                continue
            if position >= end:
                raise MalformedPacket("extension without length")
            stop = position + 1 + data[position]
            if stop > end:
                raise MalformedPacket("extension runs over its block")
            found.append((identifier, data[position + 1 : stop]))
            position = stop
    return found


def needs_two_bytes(identifier: int, value: bytes) -> bool:
    """Whether an element has no one-byte form (RFC 8285 section 4.2)."""
    return identifier > 14 or not 0 < len(value) <= 16


def write_elements(elements: Iterable[tuple[int, bytes]], *, two_byte: bool) -> bytes:
    """The elements without header and padding. The caller has checked `needs_two_bytes`."""
    if two_byte:
        return b"".join([bytes((identifier, len(value))) + value for identifier, value in elements])
    return b"".join([bytes((identifier << 4 | len(value) - 1,)) + value for identifier, value in elements])


def write(packet: RtpPacket) -> bytes:
    """The packet's bytes. Contributing sources are not written: a forwarded stream has none."""
    first = 0x80 | (0x20 if packet.padding else 0)
    second = packet.payload_type | (0x80 if packet.marker else 0)
    padding = bytes(packet.padding - 1) + bytes((packet.padding,)) if packet.padding else b""
    head = (second, packet.sequence_number, packet.timestamp, packet.ssrc)
    if not packet.extensions:
        return HEADER.pack(first, *head) + packet.payload + padding
    two_byte = any(needs_two_bytes(identifier, value) for identifier, value in packet.extensions)
    block = write_elements(packet.extensions, two_byte=two_byte)
    block += bytes(-len(block) % 4)
    profile = TWO_BYTE if two_byte else ONE_BYTE
    return WITH_EXTENSIONS.pack(first | 0x10, *head, profile, len(block) // 4) + block + packet.payload + padding


def forward_distance(older: int, newer: int) -> int:
    """How far `newer` lies ahead of `older` on the 16-bit circle: negative when it lies behind."""
    return ((newer - older + 0x8000) & 0xFFFF) - 0x8000

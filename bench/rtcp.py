"""The RTCP a receiving and sending client owes (RFC 3550, 6.4), and reading what the server asks of it."""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

SENDER_REPORT, RECEIVER_REPORT, DESCRIPTION = 200, 201, 202
TRANSPORT_FEEDBACK, PAYLOAD_FEEDBACK = 205, 206
PICTURE_LOSS, FULL_INTRA_REQUEST, NACK, TRANSPORT_WIDE = 1, 4, 1, 15
# A report holds 31 blocks at most: five bits count them.
_MOST_BLOCKS = 31
_NTP_OFFSET = 2_208_988_800


class Reception:
    """What arrived of one stream, counted from clear headers."""

    __slots__ = ("_base", "_cycles", "_expected_before", "_highest", "_packets_before", "packets", "ssrc")

    def __init__(self, ssrc: int) -> None:
        self.ssrc = ssrc
        self.packets = 0
        self._base = -1
        self._highest = 0
        self._cycles = 0
        self._expected_before = 0
        self._packets_before = 0

    def count(self, sequence: int) -> None:
        self.packets += 1
        if self._base < 0:
            self._base = self._highest = sequence
        elif 0 < (sequence - self._highest & 0xFFFF) < 0x8000:
            if sequence < self._highest:
                self._cycles += 0x10000
            self._highest = sequence

    @property
    def expected(self) -> int:
        """Packets between the first and the highest sequence number seen."""
        return self._cycles + self._highest - self._base + 1 if self._base >= 0 else 0

    @property
    def lost(self) -> int:
        return max(0, self.expected - self.packets)

    def block(self) -> bytes:
        """A report block; the fraction lost is of the time since the last one. The jitter is given as 0."""
        expected = self.expected - self._expected_before
        received = self.packets - self._packets_before
        self._expected_before, self._packets_before = self.expected, self.packets
        fraction = min(255, max(0, expected - received) * 256 // expected) if expected > 0 else 0
        highest = self._cycles + self._highest & 0xFFFFFFFF
        return struct.pack("!IIIIII", self.ssrc, fraction << 24 | min(self.lost, 0xFFFFFF), highest, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Sent:
    """What a sender report tells. at: seconds since 1970 (NTP is made of it)."""

    ssrc: int
    timestamp: int
    packets: int
    octets: int
    at: float


def sender_report(sent: Sent) -> bytes:
    seconds = int(sent.at)
    fraction = int((sent.at - seconds) * 2**32)
    return _packet(
        SENDER_REPORT,
        0,
        struct.pack(
            "!IIIIII",
            sent.ssrc,
            seconds + _NTP_OFFSET & 0xFFFFFFFF,
            fraction,
            sent.timestamp,
            sent.packets & 0xFFFFFFFF,
            sent.octets & 0xFFFFFFFF,
        ),
    )


def receiver_report(ssrc: int, receptions: Sequence[Reception]) -> bytes:
    blocks = [reception.block() for reception in receptions[:_MOST_BLOCKS]]
    return _packet(RECEIVER_REPORT, len(blocks), struct.pack("!I", ssrc) + b"".join(blocks))


def source_description(ssrc: int, cname: str) -> bytes:
    items = bytes((1, len(cname))) + cname.encode()
    body = struct.pack("!I", ssrc) + items
    return _packet(DESCRIPTION, 1, body + bytes(4 - len(body) % 4))


def parts(compound: bytes) -> Iterator[tuple[int, int, bytes]]:
    """(packet type, count or format, body) of each packet of a compound; stops at the first torn one."""
    at = 0
    while at + 4 <= len(compound):
        first, packet_type, words = struct.unpack_from("!BBH", compound, at)
        end = at + 4 + 4 * words
        if first >> 6 != 2 or end > len(compound):
            return
        yield packet_type, first & 0x1F, compound[at + 4 : end]
        at = end


def key_frames_wanted(compound: bytes) -> set[int]:
    """SSRCs of which a picture loss indication or full intra request asks a key frame (RFC 4585, RFC 5104)."""
    wanted = set()
    for packet_type, form, body in parts(compound):
        if packet_type == PAYLOAD_FEEDBACK and len(body) >= 8:
            if form == PICTURE_LOSS:
                wanted.add(struct.unpack_from("!I", body, 4)[0])
            elif form == FULL_INTRA_REQUEST:
                wanted |= {struct.unpack_from("!I", body, at)[0] for at in range(8, len(body) - 7, 8)}
    return wanted


def _packet(packet_type: int, count: int, body: bytes) -> bytes:
    return struct.pack("!BBH", 0x80 | count, packet_type, len(body) // 4) + body

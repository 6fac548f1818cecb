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


class Arrivals:
    """When packets with transport-wide numbers came, until that is told back: as `libwebrtc` does every 100 ms or so.

    draft-holmer-rmcat-transport-wide-cc-extensions-01, 3.1. Gaps are told as losses; what comes late is not told.
    """

    def __init__(self) -> None:
        self._times: dict[int, float] = {}
        self._next: int | None = None
        self._count = 0

    def take(self, packet: bytes | memoryview, number_id: int, now: float) -> None:
        """A packet whose one-byte extensions may hold its number."""
        if packet[0] & 0x10 and packet[12] == 0xBE:
            at, end = 16, 16 + 4 * (packet[14] << 8 | packet[15])
            while at < end:
                head = packet[at]
                if head >> 4 == number_id:
                    self._times[packet[at + 1] << 8 | packet[at + 2]] = now
                    return
                at += (head & 15) + 2 if head else 1

    def feedback(self, ssrc: int) -> bytes | None:
        """The packet, and begin anew."""
        times, self._times = self._times, {}
        if not times:
            return None
        first = next(iter(times)) if self._next is None else self._next
        ahead = sorted(
            (number - first & 0xFFFF, at) for number, at in times.items() if number - first & 0xFFFF < 0x4000
        )
        if not ahead:
            return None
        ahead = ahead[:2000]
        count = ahead[-1][0] + 1
        self._next = first + count & 0xFFFF
        reference = int(ahead[0][1] / 0.064)
        last, deltas, symbols = reference * 256, [], [0] * count
        for index, at in ahead:
            ticks = int(at * 4000)
            symbols[index] = 1 if 0 <= ticks - last < 256 else 2
            deltas.append(struct.pack("!B" if symbols[index] == 1 else "!h", ticks - last))
            last = ticks
        chunks = []
        at_symbol = 0
        while at_symbol < count:
            run = 1
            while at_symbol + run < count and symbols[at_symbol + run] == symbols[at_symbol]:
                run += 1
            chunks.append(struct.pack("!H", symbols[at_symbol] << 13 | run))
            at_symbol += run
        head = struct.pack("!IIHH", ssrc, 0, first, count)
        body = head + (reference & 0xFFFFFF).to_bytes(3, "big") + bytes((self._count,)) + b"".join(chunks + deltas)
        self._count = (self._count + 1) & 0xFF
        return _packet(TRANSPORT_FEEDBACK, TRANSPORT_WIDE, body + bytes(-len(body) % 4))


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

"""What is sent a second time to one subscriber: answers to NACKs, as RFC 4588 repair where negotiated, and probes."""

import secrets
from collections.abc import Sequence

from sfu.packet_cache import PacketCache, SentPacket
from sfu.route import Route
from sfu.rtp import HEADER, ONE_BYTE, WITH_EXTENSIONS
from sfu.up_track import abs_send_time

AUDIO_CACHE = 256
RESENDS_PER_SECOND = 1500
RESEND_BURST = 400
MOST_PADDING = 255  # bytes in one packet (RFC 3550 section 5.1)


class Repairs:
    """One subscription's. ssrc: of its repair stream. cache: what was sent."""

    def __init__(self, kind: str, now: float) -> None:
        self.ssrc = 1 + secrets.randbelow(0xFFFFFFFE)
        self.cache = PacketCache(AUDIO_CACHE) if kind == "audio" else PacketCache()
        self._sequence = secrets.randbelow(0x8000)
        self._allowed = float(RESEND_BURST)
        self._allowed_at = now

    def resend(self, lost: Sequence[int], route: Route, now: float) -> int:
        """Answer a NACK, at most RESENDS_PER_SECOND whatever is asked for. How many packets were sent again."""
        self._allowed = min(RESEND_BURST, self._allowed + (now - self._allowed_at) * RESENDS_PER_SECOND)
        self._allowed_at = now
        count = 0
        for number in lost:
            if self._allowed < 1:
                break
            packet = self.cache.get(number)
            if packet is not None:
                if not route.repair(*self._again(packet, route, now)):
                    break
                self._allowed -= 1
                count += 1
        return count

    def probe(self, size: int, route: Route, newest: int, timestamp: int, now: float) -> tuple[bytes, int] | None:
        """A repair packet nobody needs, of about `size` bytes, and where its number goes: tells of the path alone.

        One sent before, where there is one of that size; else padding. newest, timestamp: of what was sent last. None
        without a repair stream.
        """
        if route.rtx_payload_type is None or not route.number_id:
            return None
        if size > MOST_PADDING:
            for back in range(16):
                packet = self.cache.get((newest - back) & 0xFFFF)
                if packet is not None and size / 2 < len(packet[2]) <= 1.5 * size:
                    return self._again(packet, route, now)
        self._sequence = (self._sequence + 1) & 0xFFFF
        length = max(1, min(MOST_PADDING, size - 24))
        elements = bytes((route.number_id << 4 | 1, 0, 0)) + route.mid_one_byte
        elements += bytes(-len(elements) & 3)
        kind, words = route.rtx_payload_type, len(elements) >> 2
        head = WITH_EXTENSIONS.pack(0xB0, kind, self._sequence, timestamp, self.ssrc, ONE_BYTE, words)
        return head + elements + bytes(length - 1) + bytes((length,)), 17

    def _again(self, packet: SentPacket, route: Route, now: float) -> tuple[bytes, int]:
        sequence, head, payload = packet
        # Elements begin behind twelve bytes of header and four of block header, each with a head of its own; the
        # number is the first, then comes the send time.
        at = 18 if head[12:14] == b"\x10\x00" else 17
        number_at = at if route.number_id and head[0] & 0x10 else 0
        if number_at:
            at += 4 if at == 18 else 3
        if route.has_send_time:
            head = head[:at] + abs_send_time(now) + head[at + 3 :]
        if route.rtx_payload_type is None:
            return head + payload, number_at
        first, second, _, timestamp, _ = HEADER.unpack_from(head)
        self._sequence = (self._sequence + 1) & 0xFFFF
        second = second & 0x80 | route.rtx_payload_type
        new = HEADER.pack(first, second, self._sequence, timestamp, self.ssrc)
        body = 16 + 4 * int.from_bytes(head[14:16], "big") if first & 0x10 else 12
        return b"".join((new, head[12:body], sequence.to_bytes(2, "big"), head[body:], payload)), number_at

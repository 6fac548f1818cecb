"""What is sent a second time to one subscriber: answers to NACKs, as RFC 4588 repair where negotiated, else bit for bit
as before; and probes."""

import secrets
from collections.abc import Callable, Sequence

from sfu.arrived import NUMBER_AT, Arrived, Shape
from sfu.numbering import Numbering, Origin
from sfu.packet_cache import SIZE
from sfu.route import Route
from sfu.rtp import ONE_BYTE, WITH_EXTENSIONS, forward_distance

RESENDS_PER_SECOND = 1500
RESEND_BURST = 400
MOST_PADDING = 255  # bytes in one packet (RFC 3550 section 5.1)


class Repairs:
    """One subscription's. rtx_ssrc: of its repairs. numbers: what was sent as what.

    as_sent: what was made of a packet for this subscriber.
    """

    def __init__(self, numbers: Numbering, now: float, as_sent: Callable[[Arrived], Arrived]) -> None:
        self.rtx_ssrc = 1 + secrets.randbelow(0xFFFFFFFE)
        self._numbers = numbers
        self._as_sent = as_sent
        self._sequence = secrets.randbelow(0x8000)
        self._allowed = float(RESEND_BURST)
        self._allowed_at = now

    def resend(self, lost: Sequence[int], route: Route, shape: Shape, now: float) -> int:
        """Answer a NACK, at most RESENDS_PER_SECOND numbers of it. How many packets were sent again."""
        self._allowed = min(RESEND_BURST, self._allowed + (now - self._allowed_at) * RESENDS_PER_SECOND)
        self._allowed_at = now
        count = 0
        for number in lost:
            if self._allowed < 1:
                break
            # Also what is not there has to be looked for.
            self._allowed -= 1
            if route.rtx_payload_type is None:
                if route.again is not None and route.again(number):
                    count += 1
                continue
            if not 0 <= forward_distance(number, self._numbers.last_sequence) < SIZE:
                continue
            origin = self._numbers.origin(number)
            packet = origin.layer.kept.get(origin.sequence_number) if origin is not None else None
            if origin is not None and packet is not None:
                if not route.repair(*self._again(packet, origin, route, shape, now)):
                    break
                count += 1
        return count

    def probe(self, size: int, route: Route, shape: Shape, now: float) -> tuple[bytes, int] | None:
        """A repair packet nobody needs, of about `size` bytes, and where its number goes: tells of the path alone.

        One sent before, where there is one of that size; else padding. None without a repair stream.
        """
        number_id = route.number_id
        if route.rtx_payload_type is None or not number_id:
            return None
        if size > MOST_PADDING:
            for back in range(16):
                number = (self._numbers.last_sequence - back) & 0xFFFF
                origin = self._numbers.origin(number)
                packet = origin.layer.kept.get(origin.sequence_number) if origin is not None else None
                if origin is not None and packet is not None and size / 2 < len(packet.payload) <= 1.5 * size:
                    return self._again(packet, origin, route, shape, now)
        self._sequence = (self._sequence + 1) & 0xFFFF
        length = max(1, min(MOST_PADDING, size - 24))
        elements = bytes((number_id << 4 | 1, 0, 0)) + shape.mid[0]
        elements += bytes(-len(elements) & 3)
        numbers = self._sequence, self._numbers.last_timestamp, self.rtx_ssrc
        head = WITH_EXTENSIONS.pack(0xB0, route.rtx_payload_type, *numbers, ONE_BYTE, len(elements) >> 2)
        return head + elements + bytes(length - 1) + bytes((length,)), NUMBER_AT

    def _again(self, packet: Arrived, origin: Origin, route: Route, shape: Shape, now: float) -> tuple[bytes, int]:
        packet = self._as_sent(packet)
        timestamp = (packet.timestamp + origin.timestamp_offset) & 0xFFFFFFFF
        assert route.rtx_payload_type is not None, "without a repair stream nothing is made anew"
        self._sequence = (self._sequence + 1) & 0xFFFF
        return packet.write(
            shape,
            route.rtx_payload_type,
            self._sequence,
            timestamp,
            self.rtx_ssrc,
            vp8=origin.vp8,
            now=now,
            original=origin.number,
        )

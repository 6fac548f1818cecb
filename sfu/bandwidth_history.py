"""What has been sent on one transport, by transport-wide number, and what its receiver tells of it.

Sender side of draft-holmer-rmcat-transport-wide-cc-extensions-01. Bounded: a number is forgotten after SIZE more.
"""

from dataclasses import dataclass

from sfu.rtcp import TransportFeedback
from sfu.rtp import forward_distance

SIZE = 4096  # a power of two: at 1,000 packets/s four seconds, longer than feedback may take
OVERHEAD = 38  # bytes of IPv4, UDP and the SRTP tag, which a bottleneck counts too
_MASK = SIZE - 1
_TICK = 0.00025  # seconds


@dataclass(slots=True)
class Told:
    """One packet's fate. sent_at: seconds on our clock; received_at: on the receiver's, None when it did not come."""

    number: int
    sent_at: float
    size: int
    received_at: float | None


class SentHistory:
    """One counter for all packets of a transport that carry a number."""

    def __init__(self) -> None:
        self.newest = 0  # extended; the next packet gets newest + 1
        # By number: (when sent, size). None: told as received, or never sent; a negative size: told as lost. Whoever
        # sends many packets writes here himself and moves `newest` on.
        self.kept: list[tuple[float, int] | None] = [None] * SIZE
        self._reference: int | None = None
        self._base_time = 0.0

    def sent(self, size: int, now: float) -> int:
        """Take note of a packet that goes out now; returns its number, of 16 bits."""
        number = self.newest = self.newest + 1
        self.kept[number & _MASK] = now, size + OVERHEAD
        return number & 0xFFFF

    def take(self, feedback: TransportFeedback) -> list[Told]:
        """What this feedback tells that was not known, in the order sent. Numbers never sent are passed over."""
        newest = self.newest
        number = newest + forward_distance(newest & 0xFFFF, feedback.base_sequence)
        at = self._reference_time(feedback.reference_time)
        oldest = max(1, newest - SIZE + 1)
        told: list[Told] = []
        kept = self.kept
        for delta in feedback.deltas:
            if delta is not None:
                at += delta * _TICK
            if oldest <= number <= newest:
                index = number & _MASK
                if (one := kept[index]) is not None:
                    sent_at, size = one
                    if delta is not None:
                        told.append(Told(number, sent_at, abs(size), at))
                        kept[index] = None
                    elif size > 0:
                        told.append(Told(number, sent_at, size, None))
                        kept[index] = sent_at, -size
            number += 1
        return told

    def _reference_time(self, reference: int) -> float:
        """Seconds on the receiver's clock; the 24 bits wrap after twelve days."""
        if self._reference is not None:
            step = ((reference - self._reference + 0x800000) & 0xFFFFFF) - 0x800000
            self._base_time += step * 0.064
        self._reference = reference
        return self._base_time

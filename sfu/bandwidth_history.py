"""What has been sent on one transport, by transport-wide number, and what its receiver tells of it.

Sender side of draft-holmer-rmcat-transport-wide-cc-extensions-01. Bounded: a number is forgotten after SIZE more.
"""

from dataclasses import dataclass

from sfu.rtcp import TransportFeedback
from sfu.rtp import forward_distance

SIZE = 4096  # a power of two: at 1,000 packets/s four seconds, longer than feedback may take
OVERHEAD = 38  # bytes of IPv4, UDP and the SRTP tag, which a bottleneck counts too
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
        self.octets = 0
        self._at: list[float] = [0.0] * SIZE
        self._sizes: list[int] = [0] * SIZE  # 0: told as received, or never sent; negative: told as lost
        self._reference: int | None = None
        self._base_time = 0.0

    def sent(self, size: int, now: float) -> int:
        """Take note of a packet that goes out now; returns its number, of 16 bits. On the hot path."""
        number = self.newest = self.newest + 1
        index = number & 4095
        self._at[index] = now
        size += OVERHEAD
        self._sizes[index] = size
        self.octets += size
        return number & 0xFFFF

    def take(self, feedback: TransportFeedback) -> list[Told]:
        """What this feedback tells that was not known, in the order sent. Numbers never sent are passed over."""
        newest = self.newest
        number = newest + forward_distance(newest & 0xFFFF, feedback.base_sequence)
        at = self._reference_time(feedback.reference_time)
        oldest = max(1, newest - SIZE + 1)
        told: list[Told] = []
        sizes = self._sizes
        for delta in feedback.deltas:
            if delta is not None:
                at += delta * _TICK
            if oldest <= number <= newest:
                index = number & 4095
                size = sizes[index]
                if delta is not None and size:
                    told.append(Told(number, self._at[index], abs(size), at))
                    sizes[index] = 0
                elif delta is None and size > 0:
                    told.append(Told(number, self._at[index], size, None))
                    sizes[index] = -size
            number += 1
        return told

    def _reference_time(self, reference: int) -> float:
        """Seconds on the receiver's clock; the 24 bits wrap after twelve days."""
        if self._reference is not None:
            step = ((reference - self._reference + 0x800000) & 0xFFFFFF) - 0x800000
            self._base_time += step * 0.064
        self._reference = reference
        return self._base_time

"""What a publisher's bandwidth estimate lives on: the arrival time of each of its packets, told back to it.

Receiver side of draft-holmer-rmcat-transport-wide-cc-extensions-01. Every packet of the transport counts, also
repair packets and those that carry only padding, or the sender takes its probes for lost.
"""

from sfu.rtcp import TransportFeedback
from sfu.rtp import forward_distance

TICKS = 4000  # per second: 250 us
MOST_KEPT = 2000  # sequence numbers told of at a time; what is older is given up
MOST_TOLD = 400  # of them in one packet, which so stays below 1,000 bytes
_WIDEST = 0x7FFF  # ticks: a larger step starts a new feedback with its own reference time


class ArrivalRecorder:
    """Arrival times of one transport since the last feedback.

    The base of each feedback is the number after the last one told, also when it was lost; a packet that comes after
    its number was told as missing is told again, from its own number on. came: packets so far.
    """

    def __init__(self) -> None:
        self.came = 0
        self._arrivals: dict[int, float] = {}
        self._first = 0
        self._newest: int | None = None  # extended sequence number
        self._next: int | None = None
        self._count = 0

    def record(self, sequence_number: int, arrival: float) -> None:
        """sequence_number: of 16 bits. arrival: seconds on any clock that is steady for this transport."""
        if self._newest is None:
            self._first = self._newest = self._next = sequence_number
        self.came += 1
        extended = self._newest + forward_distance(self._newest & 0xFFFF, sequence_number)
        if extended > self._newest:
            self._newest = extended
        elif extended <= self._newest - MOST_KEPT:
            return
        if len(self._arrivals) < 2 * MOST_KEPT:
            self._arrivals.setdefault(extended, arrival)

    @property
    def sent(self) -> int:
        """Packets so far, those lost on the way with them."""
        return 0 if self._newest is None else self._newest - self._first + 1

    def feedback(self, sender_ssrc: int, media_ssrc: int) -> list[TransportFeedback]:
        """What is new since last time, mostly one packet; none when nothing has come."""
        if not self._arrivals or self._newest is None or self._next is None:
            return []
        last = max(self._arrivals)
        position = max(min(self._next, *self._arrivals), last - MOST_KEPT + 1)
        made = []
        while position <= last:
            packet, position = self._one(position, last, sender_ssrc, media_ssrc)
            made.append(packet)
        self._next = max(self._next, last + 1)
        self._arrivals.clear()
        return made

    def _one(self, start: int, last: int, sender_ssrc: int, media_ssrc: int) -> tuple[TransportFeedback, int]:
        """One feedback from `start` on, and where the next begins."""
        deltas: list[int | None] = []
        # Also a packet that tells of losses only carries a true reference time: senders reckon on from it.
        first = next(number for number in range(start, last + 1) if number in self._arrivals)
        reference = int(self._arrivals[first] * TICKS) // 256
        time = reference * 256
        position = start
        while position <= last and len(deltas) < MOST_TOLD:
            arrival = self._arrivals.get(position)
            if arrival is None:
                deltas.append(None)
            else:
                ticks = int(arrival * TICKS)
                if not -_WIDEST <= ticks - time <= _WIDEST:
                    break
                deltas.append(ticks - time)
                time = ticks
            position += 1
        count = self._count
        self._count = (count + 1) & 0xFF
        packet = TransportFeedback(sender_ssrc, media_ssrc, start & 0xFFFF, reference & 0xFFFFFF, count, tuple(deltas))
        return packet, position

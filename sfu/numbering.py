"""Outgoing sequence numbers and time stamps of one forwarded stream: unbroken over every change of source."""

import secrets
from collections import deque

from sfu.rtp import forward_distance
from sfu.up_layer import UpLayer
from sfu.up_track import Arrived

MOST_SKIPPED = 1024


class Numbering:
    """What is added to a source's numbers to make the subscriber's.

    guard: the source's first number after a splice; what is older belongs before it. newest: the source's last number.
    skipped: numbers that were not passed on, with the offset that holds for what came before each.
    """

    __slots__ = (
        "guard",
        "last_at",
        "last_sequence",
        "last_timestamp",
        "newest",
        "sequence_offset",
        "skipped",
        "source",
        "timestamp_offset",
    )

    def __init__(self) -> None:
        self.sequence_offset = 0
        self.timestamp_offset = 0
        self.last_sequence = 0
        self.last_timestamp = 0
        self.last_at: float | None = None
        self.guard: int | None = None
        self.newest = 0
        self.skipped: deque[tuple[int, int]] = deque(maxlen=MOST_SKIPPED)
        self.source: UpLayer | None = None

    def take(self, packet: Arrived, *, passed_on: bool = True) -> tuple[int, int] | None:
        """The outgoing number and time stamp of a packet of the current source; None when it is not to be passed on.

        passed_on: False for what this subscriber shall never learn of: padding, a layer that is not its own.
        """
        sequence = packet.sequence_number
        if self.guard is not None:
            ahead = forward_distance(self.guard, sequence)
            if ahead < 0:
                return None
            if ahead > 4096:
                self.guard = None
        offset = self.sequence_offset
        if (sequence - self.newest - 1) & 0xFFFF < 0x8000:
            self.newest = sequence
            if not passed_on:
                self.skipped.append((sequence, offset))
                self.sequence_offset = (offset - 1) & 0xFFFF
                return None
        elif not passed_on:
            return None
        elif self.skipped:
            offset = self._offset_before(sequence)
        sequence = (sequence + offset) & 0xFFFF
        timestamp = (packet.timestamp + self.timestamp_offset) & 0xFFFFFFFF
        if self.last_at is None or (sequence - self.last_sequence) & 0xFFFF < 0x8000:
            self.last_sequence = sequence
            self.last_timestamp = timestamp
            self.last_at = packet.at
        return sequence, timestamp

    def _offset_before(self, sequence: int) -> int:
        """The offset for a packet that comes late: what was skipped after it does not count."""
        found = self.sequence_offset
        for skipped, offset in reversed(self.skipped):
            if forward_distance(sequence, skipped) <= 0:
                break
            found = offset
        return found

    def splice(self, packet: Arrived) -> bool:
        """This packet is the first of its layer, and follows on what was sent last. Whether the source is another."""
        other = False
        if self.last_at is None:
            # Small first numbers: a receiver's roll-over counter must not be guessed wrong (RFC 3711 section 3.3.1).
            self.sequence_offset = (1 + secrets.randbelow(0x4000) - packet.sequence_number) & 0xFFFF
        else:
            self.sequence_offset = (self.last_sequence + 1 - packet.sequence_number) & 0xFFFF
            if self.source is not packet.layer:
                wanted = self._continued_timestamp(packet, self.last_at)
                self.timestamp_offset = (wanted - packet.timestamp) & 0xFFFFFFFF
                other = True
        self.guard = packet.sequence_number
        self.newest = (packet.sequence_number - 1) & 0xFFFF
        self.skipped.clear()
        self.source = packet.layer
        return other

    def _continued_timestamp(self, packet: Arrived, last_at: float) -> int:
        """The outgoing time stamp of a new source's first packet: by both sources' reports, else by time passed."""
        rate = packet.layer.clock_rate
        passed = packet.at - last_at
        old = self.source.sender_report if self.source is not None else None
        new = packet.layer.sender_report
        if old is not None and new is not None:
            captured = (new.ntp - old.ntp) * rate / 2**32 + _signed(packet.timestamp - new.timestamp)
            ahead = _signed(round(old.timestamp + self.timestamp_offset + captured) - self.last_timestamp)
            if 0 < ahead < (passed + 1) * rate:
                return self.last_timestamp + ahead
        return self.last_timestamp + max(1, int(passed * rate))


def _signed(difference: int) -> int:
    """A difference of 32-bit time stamps as a signed number."""
    return ((difference + 0x80000000) & 0xFFFFFFFF) - 0x80000000

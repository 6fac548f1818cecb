"""Outgoing sequence numbers and time stamps of one forwarded stream: unbroken over every change of source."""

import secrets
from bisect import bisect_right
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from sfu.arrived import Arrived, Run
from sfu.codecs import Vp8Offsets, Vp8Rewriter
from sfu.rtp import forward_distance
from sfu.up_layer import UpLayer

MOST_SKIPPED = 1024
MOST_PARTS = 4
_FAR = 0x4000
_GUARDED = 4096  # packets after a splice in which one of before it may still come


@dataclass(frozen=True, slots=True)
class Origin:
    """What an outgoing number stands for: a packet of a layer, and what was added to its numbers."""

    number: int
    layer: UpLayer
    sequence_number: int
    timestamp_offset: int
    vp8: Vp8Offsets


@dataclass(frozen=True, slots=True)
class _Part:
    """Outgoing numbers from `first` on come of one source. skipped: as in Numbering, sequence_offset: at the end."""

    first: int
    source: UpLayer
    sequence_offset: int
    timestamp_offset: int
    vp8: Vp8Offsets
    skipped: Sequence[tuple[int, int]]

    def origin(self, number: int) -> Origin:
        # The first that was skipped after this number; its own would have been the next one's.
        after = bisect_right(self.skipped, 0, key=lambda one: forward_distance(number, (one[0] + one[1]) & 0xFFFF))
        offset = self.skipped[after][1] if after < len(self.skipped) else self.sequence_offset
        return Origin(number, self.source, (number - offset) & 0xFFFF, self.timestamp_offset, self.vp8)


class Numbering:
    """What is added to a source's numbers to make the subscriber's.

    guard: the source's first number after a splice; what is older belongs before it. newest: the source's last number.
    skipped: numbers that were not passed on, with the offset that holds for what came before each. last: the newest
    packet passed on, with its outgoing number and time stamp. vp8: what is done to VP8's own numbers.
    """

    __slots__ = (
        "_first",
        "_is_cut",
        "_part",
        "_parts",
        "guard",
        "last",
        "last_sequence",
        "last_timestamp",
        "newest",
        "sequence_offset",
        "skipped",
        "source",
        "timestamp_offset",
        "vp8",
    )

    def __init__(self) -> None:
        self.sequence_offset = 0
        self.timestamp_offset = 0
        self.last_sequence = 0
        self.last_timestamp = 0
        self.last: Arrived | None = None
        self.guard: int | None = None
        self.newest = 0
        self.skipped: deque[tuple[int, int]] = deque(maxlen=MOST_SKIPPED)
        self.source: UpLayer | None = None
        self.vp8 = Vp8Rewriter()
        self._first = 0
        self._part: _Part | None = None
        self._is_cut = True
        self._parts: deque[_Part] = deque(maxlen=MOST_PARTS)

    def take_run(self, run: Run) -> bool:
        """Whether every packet of the run, of the current source, gets the offsets as they are; then they are taken."""
        packets = run.packets
        if not run.is_plain or (packets[0].sequence_number - self.newest - 1) & 0xFFFF >= 0x8000:
            return False
        last = packets[-1]
        sequence = self.newest = last.sequence_number
        if self.guard is not None and forward_distance(self.guard, sequence) > _GUARDED:
            self.guard = None
        self.last = last
        self.last_sequence = (sequence + self.sequence_offset) & 0xFFFF
        self.last_timestamp = (last.timestamp + self.timestamp_offset) & 0xFFFFFFFF
        return True

    def take(self, packet: Arrived, *, passed_on: bool = True) -> tuple[int, int] | None:
        """The outgoing number and time stamp of a packet of the current source; None when it is not to be passed on.

        passed_on: False for what this subscriber shall never learn of: padding, a layer that is not its own.
        """
        sequence = packet.sequence_number
        if self.guard is not None:
            ahead = forward_distance(self.guard, sequence)
            if ahead < 0:
                return None
            if ahead > _GUARDED:
                self.guard = None
        offset = self.sequence_offset
        if (sequence - self.newest - 1) & 0xFFFF < 0x8000:
            self.newest = sequence
            if not passed_on:
                self._part = None
                self._forget_skipped()
                self.skipped.append((sequence, offset))
                self.sequence_offset = (offset - 1) & 0xFFFF
                return None
        elif not passed_on:
            return None
        elif self.skipped:
            offset = self._offset_before(sequence)
        sequence = (sequence + offset) & 0xFFFF
        timestamp = (packet.timestamp + self.timestamp_offset) & 0xFFFFFFFF
        if self.last is None or (sequence - self.last_sequence) & 0xFFFF < 0x8000:
            self.last_sequence = sequence
            self.last_timestamp = timestamp
            self.last = packet
        return sequence, timestamp

    def _offset_before(self, sequence: int) -> int:
        """The offset for a packet that comes late: what was skipped after it does not count."""
        self._forget_skipped()
        after = bisect_right(self.skipped, 0, key=lambda one: forward_distance(sequence, one[0]))
        return self.skipped[after][1] if after < len(self.skipped) else self.sequence_offset

    def _forget_skipped(self) -> None:
        """What lies so far back that the circle of numbers would close."""
        while self.skipped and not 0 <= forward_distance(self.skipped[0][0], self.newest) < _FAR:
            self.skipped.popleft()

    def origin(self, number: int) -> Origin | None:
        """What was sent under an outgoing number, if it was lately; what was cut off is not told of."""
        if self.source is None or self._is_cut or forward_distance(self.last_sequence, number) > 0:
            return None
        parts = (self._current(self.source), *reversed(self._parts))
        return next((part.origin(number) for part in parts if forward_distance(part.first, number) >= 0), None)

    def cut(self) -> None:
        """The stream stops: what was sent before is not sent again."""
        self._is_cut = True
        self._parts.clear()

    def _current(self, source: UpLayer) -> _Part:
        """Made once for all numbers of a NACK, which come before anything more is skipped."""
        if self._part is None:
            self._forget_skipped()
            offsets = self.sequence_offset, self.timestamp_offset, self.vp8.offsets
            self._part = _Part(self._first, source, *offsets, tuple(self.skipped))
        return self._part

    def splice(self, packet: Arrived) -> None:
        """This packet is the first of its layer, and follows on what was sent last."""
        last = self.last
        if self.source is not None and not self._is_cut:
            self._parts.append(self._current(self.source))
        self._part = None
        if last is None:
            # Small first numbers: a receiver's roll-over counter must not be guessed wrong (RFC 3711 section 3.3.1).
            self.sequence_offset = (1 + secrets.randbelow(0x4000) - packet.sequence_number) & 0xFFFF
        else:
            self.sequence_offset = (self.last_sequence + 1 - packet.sequence_number) & 0xFFFF
            if self.source is not packet.layer:
                wanted = self._continued_timestamp(packet, last.at)
                self.timestamp_offset = (wanted - packet.timestamp) & 0xFFFFFFFF
        if packet.vp8 is not None:
            self.vp8.splice(packet.vp8, last.vp8 if last is not None else None)
        self.guard = packet.sequence_number
        self.newest = (packet.sequence_number - 1) & 0xFFFF
        self._first = (packet.sequence_number + self.sequence_offset) & 0xFFFF
        self._is_cut = False
        self.skipped.clear()
        self.source = packet.layer

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

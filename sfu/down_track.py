"""One forwarded track towards one subscriber: rewriting, layer switches, repair.

The subscriber sees one unbroken stream: sequence numbers, time stamps and VP8's counters go on over every change of
source, which happens only at a key frame.
"""

import secrets
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from sfu import layers, rtcp
from sfu.codecs import Vp8Rewriter
from sfu.negotiated import SendSection
from sfu.packet_cache import PacketCache, SentPacket
from sfu.rtp import (
    ABS_SEND_TIME,
    HEADER,
    MID,
    NUMBERED_ONE_BYTE,
    NUMBERED_TWO_BYTE,
    ONE_BYTE,
    TRANSPORT_CC,
    TWO_BYTE,
    WITH_EXTENSIONS,
    forward_distance,
    write_elements,
)
from sfu.up_layer import UpLayer
from sfu.up_track import Arrived, SharedIds, UpTrack, abs_send_time, shared_ids

AUDIO_CACHE = 256
RESENDS_PER_SECOND = 1500
RESEND_BURST = 400
MOST_SKIPPED = 1024
MOST_PADDING = 255  # bytes in one packet (RFC 3550 section 5.1)
MORE_REDUNDANCY, LESS_REDUNDANCY = 0.04, 0.01  # packets lost, as the subscriber reports
ASK_AGAIN_AFTER = 1.0  # seconds: the wanted layer's key frame has not come


_PADDING = (b"", b"\0", b"\0\0", b"\0\0\0")


def number_id(section: SendSection) -> int:
    """The extension id of transport-wide numbers on a section; 0 where the client gives no feedback on them."""
    identifier = section.extensions.get(TRANSPORT_CC, 0)
    return identifier if identifier < 15 and "transport-cc" in section.codec.feedback else 0


@dataclass(slots=True)
class DownStatistics:
    """fraction_lost: 0 to 1 and round_trip: seconds, as the subscriber last reported; None before."""

    packets: int = 0
    octets: int = 0
    nacked: int = 0
    resent: int = 0
    switches: int = 0
    key_frame_requests: int = 0
    fraction_lost: float | None = None
    round_trip: float | None = None


@dataclass(slots=True)
class _Route:
    """What attaching settled: where packets go, and what they look like there."""

    send: Callable[[bytes, int], None]
    repair: Callable[[bytes, int], bool]
    send_feedback: Callable[[rtcp.Packet], None]
    payload_type: int
    rtx_payload_type: int | None
    red_payload_type: int | None
    ids: SharedIds
    has_send_time: bool
    number_id: int
    mid_one_byte: bytes
    mid_two_byte: bytes
    mid: str


@dataclass(slots=True)
class _Numbers:
    """Outgoing numbering.

    guard: the source's first number after a splice; what is older belongs before it. newest: the source's last number.
    skipped: numbers of padding that was not passed on, with the offset that holds for what came before each.
    """

    sequence_offset: int = 0
    timestamp_offset: int = 0
    last_sequence: int = 0
    last_timestamp: int = 0
    last_at: float | None = None
    guard: int | None = None
    newest: int = 0
    skipped: deque[tuple[int, int]] = field(default_factory=lambda: deque(maxlen=MOST_SKIPPED))
    source: UpLayer | None = field(default=None)

    def take(self, packet: Arrived) -> int | None:
        """The outgoing number of a packet of the current source; None when it is not to be passed on."""
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
            if packet.is_padding:
                # A publisher's bandwidth probe: this subscriber never learns that the number existed.
                self.skipped.append((sequence, offset))
                self.sequence_offset = (offset - 1) & 0xFFFF
                return None
        elif self.skipped:
            offset = self._offset_before(sequence)
        return (sequence + offset) & 0xFFFF

    def _offset_before(self, sequence: int) -> int:
        """The offset for a packet that comes late: padding skipped after it does not count."""
        found = self.sequence_offset
        for skipped, offset in reversed(self.skipped):
            if forward_distance(sequence, skipped) <= 0:
                break
            found = offset
        return found


class DownTrack:
    """One subscription. Give it to `Peer.attach` with the negotiated section; `Peer.detach` ends it.

    ssrc, rtx_ssrc: to be written into the SDP.
    """

    def __init__(self, up_track: UpTrack, clock: Callable[[], float] = time.monotonic) -> None:
        self.up_track = up_track
        self.ssrc = 1 + secrets.randbelow(0xFFFFFFFE)
        self.rtx_ssrc = 1 + secrets.randbelow(0xFFFFFFFE)
        self.statistics = DownStatistics()
        self._page_quality = layers.HIGH
        self._page_paused = False
        self._granted: int | None = layers.HIGH
        self._clock = clock
        self._route: _Route | None = None
        self._current: UpLayer | None = None
        self._target: UpLayer | None = None
        self._asked_at = -1e9
        self._numbers = _Numbers()
        self._vp8 = Vp8Rewriter()
        self._cache = PacketCache(AUDIO_CACHE) if up_track.kind == "audio" else PacketCache()
        self._red_distance = 1
        self._rtx_sequence = secrets.randbelow(0x8000)
        self._resends = float(RESEND_BURST)
        self._resends_at = clock()
        self._reports_sent: dict[int, float] = {}  # middle of NTP time -> when sent

    @property
    def current_quality(self) -> int | None:
        """The layer that flows now, None when none does."""
        return self._current.quality if self._current is not None else None

    @property
    def maximum_quality(self) -> int:
        """Caps the layer: the smaller of what the subscriber's page asks for and what its bandwidth allows."""
        return self._page_quality if self._granted is None else min(self._page_quality, self._granted)

    @property
    def page_quality(self) -> int:
        return self._page_quality

    @property
    def is_withheld(self) -> bool:
        """Paused for lack of bandwidth."""
        return self._granted is None

    @property
    def is_paused(self) -> bool:
        return self._page_paused or self._granted is None

    @property
    def is_numbered(self) -> bool:
        """Whether the subscriber tells of the arrival of each of its packets."""
        return self._route is not None and self._route.number_id > 0

    @property
    def can_probe(self) -> bool:
        """Whether `probe` makes packets."""
        return self.is_numbered and self._route is not None and self._route.rtx_payload_type is not None

    @property
    def mid(self) -> str | None:
        return self._route.mid if self._route is not None else None

    def open(
        self,
        section: SendSection,
        send: Callable[[bytes, int], None],
        send_feedback: Callable[[rtcp.Packet], None],
        repair: Callable[[bytes, int], bool] | None = None,
    ) -> None:
        """Packets flow from now on. Called by the peer; again after a renegotiation, which changes no numbering.

        send takes a packet and where its transport-wide number goes, 0 where none is negotiated; repair the same for
        what is sent again, and says False when there is no room for more.
        """

        def send_again(packet: bytes, number_at: int) -> bool:
            send(packet, number_at)
            return True

        extensions = dict(section.extensions)
        mid_id = extensions.get(MID, 0)
        mid = section.mid.encode()[:16]
        one_byte = bool(mid_id and mid_id <= 14 and mid)
        self._route = _Route(
            send=send,
            repair=repair or send_again,
            send_feedback=send_feedback,
            payload_type=section.codec.payload_type,
            rtx_payload_type=section.codec.rtx_payload_type,
            red_payload_type=section.codec.red_payload_type,
            ids=shared_ids(extensions),
            has_send_time=bool(extensions.get(ABS_SEND_TIME)),
            number_id=number_id(section),
            mid_one_byte=write_elements([(mid_id, mid)], two_byte=False) if one_byte else b"",
            mid_two_byte=write_elements([(mid_id, mid)], two_byte=True) if mid_id else b"",
            mid=section.mid,
        )

    def shut(self) -> None:
        """Nothing flows any more. Called by the peer."""
        self._route = None
        self._current = self._target = None
        self._cache.clear()

    def set_maximum_quality(self, quality: int) -> None:
        """What the page asks for: 0 low, 1 medium, 2 high; the switch follows at the next key frame of that layer."""
        self._page_quality = max(layers.LOW, min(layers.HIGH, quality))
        self._retarget(self._clock())

    def set_paused(self, paused: bool) -> None:
        """By the page. Paused, nothing is sent; afterwards the stream goes on at a key frame."""
        before = self.is_paused
        self._page_paused = paused
        self._paused_or_not(before)

    def grant(self, quality: int | None, *, at_once: bool = False) -> bool:
        """What the bandwidth allows: a quality, None for nothing. True when what flowed was cut off.

        at_once: a layer that is now too much stops before the smaller one's key frame has come.
        """
        if quality == self._granted:
            return False
        before = self.is_paused
        self._granted = quality
        if self._paused_or_not(before):
            return True
        if quality is None:
            return False
        flows = self._current
        if at_once and flows is not None and flows.quality > quality and self._has_below(flows):
            self._current = None
            self._cache.clear()
        self._retarget(self._clock())
        return flows is not None and self._current is None

    def _has_below(self, layer: UpLayer) -> bool:
        return any(other.packets and other.quality < layer.quality for other in self.up_track.layers)

    def _paused_or_not(self, before: bool) -> bool:
        """Obey a change of `is_paused`. Whether that stopped the stream."""
        if self.is_paused and not before:
            self._current = self._target = None
            self._cache.clear()
            return True
        if before and not self.is_paused:
            self._retarget(self._clock())
        return False

    def request_key_frame(self) -> None:
        """The subscriber cannot decode (PLI, FIR) or has just come."""
        self.statistics.key_frame_requests += 1
        self._retarget(self._clock())
        layer = self._current or self._target
        if layer is not None and not self.is_paused:
            self.up_track.request_key_frame(layer, self._clock())

    def forward(self, packet: Arrived) -> None:
        """The hot path: one packet of any layer of the track."""
        route = self._route
        if route is None or self.is_paused:
            return
        numbers = self._numbers
        if packet.layer is not self._current and not self._switch(packet):
            return
        sequence = numbers.take(packet)
        if sequence is None:
            return
        timestamp = (packet.timestamp + numbers.timestamp_offset) & 0xFFFFFFFF
        if numbers.last_at is None or (sequence - numbers.last_sequence) & 0xFFFF < 0x8000:
            numbers.last_sequence = sequence
            numbers.last_timestamp = timestamp
            numbers.last_at = packet.at
        block, two_byte = packet.extension_block(route.ids)
        block += route.mid_two_byte if two_byte else route.mid_one_byte
        length = len(block)
        payload = packet.payload
        second = packet.marker | route.payload_type
        if route.red_payload_type is not None:
            second = packet.marker | route.red_payload_type
            payload = self.up_track.history.wrap(
                packet.sequence_number,
                packet.timestamp,
                payload,
                payload_type=route.payload_type,
                distance=self._red_distance,
            )
        number_at = 0
        if identifier := route.number_id:
            pad = -(length + (4 if two_byte else 3)) & 3
            if two_byte:
                number_at = 18
                words = (length + pad + 4) >> 2
                fields = (TWO_BYTE, words, identifier, 2, 0)
                head = NUMBERED_TWO_BYTE.pack(0x90, second, sequence, timestamp, self.ssrc, *fields)
            else:
                number_at = 17
                words = (length + pad + 3) >> 2
                head = NUMBERED_ONE_BYTE.pack(
                    0x90, second, sequence, timestamp, self.ssrc, ONE_BYTE, words, identifier << 4 | 1, 0
                )
            head += block + _PADDING[pad]
        elif length:
            if length & 3:
                block += _PADDING[-length & 3]
                length = len(block)
            profile = TWO_BYTE if two_byte else ONE_BYTE
            head = WITH_EXTENSIONS.pack(0x90, second, sequence, timestamp, self.ssrc, profile, length >> 2) + block
        else:
            head = HEADER.pack(0x80, second, sequence, timestamp, self.ssrc)
        if packet.vp8 is not None:
            head += self._vp8.rewrite(packet.vp8_head, packet.vp8)
        statistics = self.statistics
        statistics.packets += 1
        statistics.octets += len(payload)
        self._cache.put((sequence, head, payload))
        route.send(head + payload, number_at)

    def _switch(self, packet: Arrived) -> bool:
        """Go over to this packet's layer if it is the one aimed at and can be entered here."""
        if packet.layer is not self._target and (self._target is None or not self._target.is_live(packet.at)):
            self._retarget(packet.at)
        if packet.layer is not self._target:
            return False
        if self.up_track.kind == "video" and not packet.key_frame:
            if packet.at - self._asked_at > ASK_AGAIN_AFTER:
                self._ask(packet.layer, packet.at)
            return False
        self._splice(packet)
        return True

    def _splice(self, packet: Arrived) -> None:
        numbers = self._numbers
        if numbers.last_at is None:
            # Small first numbers: a receiver's roll-over counter must not be guessed wrong (RFC 3711 section 3.3.1).
            numbers.sequence_offset = (1 + secrets.randbelow(0x4000) - packet.sequence_number) & 0xFFFF
        else:
            numbers.sequence_offset = (numbers.last_sequence + 1 - packet.sequence_number) & 0xFFFF
            if numbers.source is not packet.layer:
                wanted = self._continued_timestamp(packet)
                numbers.timestamp_offset = (wanted - packet.timestamp) & 0xFFFFFFFF
                self.statistics.switches += 1
        numbers.guard = packet.sequence_number
        numbers.newest = (packet.sequence_number - 1) & 0xFFFF
        numbers.skipped.clear()
        numbers.source = self._current = packet.layer
        if packet.vp8 is not None:
            self._vp8.splice(packet.vp8)

    def _continued_timestamp(self, packet: Arrived) -> int:
        """The outgoing time stamp of a new source's first packet: by both sources' reports, else by time passed."""
        numbers = self._numbers
        rate = packet.layer.clock_rate
        passed = packet.at - (numbers.last_at or packet.at)
        old = numbers.source.sender_report if numbers.source is not None else None
        new = packet.layer.sender_report
        if old is not None and new is not None:
            captured = (new.ntp - old.ntp) * rate / 2**32 + _signed(packet.timestamp - new.timestamp)
            ahead = _signed(round(old.timestamp + numbers.timestamp_offset + captured) - numbers.last_timestamp)
            if 0 < ahead < (passed + 1) * rate:
                return numbers.last_timestamp + ahead
        return numbers.last_timestamp + max(1, int(passed * rate))

    def _retarget(self, now: float) -> None:
        """Choose the layer to aim at, and ask for its key frame when that is another one."""
        if self._route is None or self.is_paused:
            return
        # Measured from the track's newest packet: a publisher that pauses altogether makes nobody switch.
        newest = max((layer.last_at for layer in self.up_track.layers if layer.packets), default=now)
        candidates = [layer for layer in self.up_track.layers if layer.packets and layer.is_live(newest)]
        current = self._current if self._current in candidates else None
        quality = layers.choose(
            [layer.quality for layer in candidates],
            self.maximum_quality,
            current.quality if current is not None else None,
            [layer.quality for layer in candidates if layer.is_steady(newest)],
        )
        if quality is None:
            return  # nothing has come yet
        if current is not None and current.quality == quality:
            self._target = current
            return
        target = next(layer for layer in reversed(candidates) if layer.quality == quality)
        if target is not self._target:
            self._target = target
            self._ask(target, now)

    def _ask(self, layer: UpLayer, now: float) -> None:
        self._asked_at = now
        self.up_track.request_key_frame(layer, now)

    def tick(self, now: float) -> None:
        """Called by the track about twenty times a second."""
        if self.up_track.kind == "video":
            self._retarget(now)
            waiting = self._target is not None and self._target is not self._current
            if waiting and self._target is not None and now - self._asked_at > ASK_AGAIN_AFTER:
                self._ask(self._target, now)

    def resend(self, lost: Sequence[int], now: float) -> None:
        """Answer a NACK from the cache: as RFC 4588 repair where negotiated, else the same packet again.

        At most RESENDS_PER_SECOND, whatever is asked for.
        """
        route = self._route
        if route is None:
            return
        self._resends = min(RESEND_BURST, self._resends + (now - self._resends_at) * RESENDS_PER_SECOND)
        self._resends_at = now
        self.statistics.nacked += len(lost)
        for number in lost:
            if self._resends < 1:
                return
            packet = self._cache.get(number)
            if packet is not None:
                if not route.repair(*self._repair(packet, route, now)):
                    return
                self._resends -= 1
                self.statistics.resent += 1

    def probe(self, size: int) -> tuple[bytes, int] | None:
        """A repair packet nobody needs, of about `size` bytes, and where its number goes: tells of the path alone.

        One sent before, where there is one of that size; else padding. None without a repair stream.
        """
        route = self._route
        if route is None or route.rtx_payload_type is None or not route.number_id:
            return None
        if size > MOST_PADDING:
            for back in range(16):
                packet = self._cache.get((self._numbers.last_sequence - back) & 0xFFFF)
                if packet is not None and size / 2 < len(packet[2]) <= 1.5 * size:
                    return self._repair(packet, route, self._clock())
        self._rtx_sequence = (self._rtx_sequence + 1) & 0xFFFF
        length = max(1, min(MOST_PADDING, size - 24))
        element = bytes((route.number_id << 4 | 1, 0, 0))
        elements = element + route.mid_one_byte
        elements += _PADDING[-len(elements) & 3]
        head = WITH_EXTENSIONS.pack(
            0xB0,
            route.rtx_payload_type,
            self._rtx_sequence,
            self._numbers.last_timestamp,
            self.rtx_ssrc,
            ONE_BYTE,
            len(elements) >> 2,
        )
        return head + elements + bytes(length - 1) + bytes((length,)), 17

    def _repair(self, packet: SentPacket, route: _Route, now: float) -> tuple[bytes, int]:
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
        self._rtx_sequence = (self._rtx_sequence + 1) & 0xFFFF
        second = second & 0x80 | route.rtx_payload_type
        new = HEADER.pack(first, second, self._rtx_sequence, timestamp, self.rtx_ssrc)
        body = 16 + 4 * int.from_bytes(head[14:16], "big") if first & 0x10 else 12
        return b"".join((new, head[12:body], sequence.to_bytes(2, "big"), head[body:], payload)), number_at

    def translate(self, layer: UpLayer, report: rtcp.SenderReport, now: float) -> None:
        """Pass on the publisher's clock: its NTP time with our time stamp, so that sound and picture stay together."""
        route = self._route
        if route is None or layer is not self._current or not self.statistics.packets:
            return
        middle = report.ntp >> 16 & 0xFFFFFFFF
        self._reports_sent[middle] = now
        while len(self._reports_sent) > 8:
            del self._reports_sent[next(iter(self._reports_sent))]
        timestamp = (report.timestamp + self._numbers.timestamp_offset) & 0xFFFFFFFF
        counts = self.statistics.packets & 0xFFFFFFFF, self.statistics.octets & 0xFFFFFFFF
        route.send_feedback(rtcp.SenderReport(self.ssrc, report.ntp, timestamp, *counts))

    def take_report(self, block: rtcp.ReportBlock, now: float) -> None:
        """The subscriber's report on this stream."""
        self.statistics.fraction_lost = lost = block.fraction_lost / 256
        # Twice the redundancy where single loses count; back only when the path has been good again.
        if lost >= MORE_REDUNDANCY:
            self._red_distance = 2
        elif lost < LESS_REDUNDANCY:
            self._red_distance = 1
        sent = self._reports_sent.get(block.last_report)
        if sent is not None:
            self.statistics.round_trip = max(0.0, now - sent - block.delay / 65536)


def _signed(difference: int) -> int:
    """A difference of 32-bit time stamps as a signed number."""
    return ((difference + 0x80000000) & 0xFFFFFFFF) - 0x80000000

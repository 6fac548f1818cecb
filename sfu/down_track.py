"""One forwarded track towards one subscriber: rewriting, layer switches, repair.

The subscriber sees one unbroken stream: sequence numbers, time stamps and VP8's counters go on over every change of
source, which happens only at a key frame.
"""

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sfu import rtcp
from sfu.codecs import Vp8Rewriter
from sfu.layer_choice import LayerChoice
from sfu.negotiated import SendSection
from sfu.numbering import Numbering
from sfu.red import LossyPath
from sfu.repair import Repairs
from sfu.route import Repair, Route, Send, SendFeedback, route
from sfu.rtp import HEADER, NUMBERED_ONE_BYTE, NUMBERED_TWO_BYTE, ONE_BYTE, TWO_BYTE, WITH_EXTENSIONS
from sfu.up_layer import UpLayer
from sfu.up_track import Arrived, UpTrack

_PADDING = (b"", b"\0", b"\0\0", b"\0\0\0")


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


class DownTrack:
    """One subscription. Give it to `Peer.attach` with the negotiated section; `Peer.detach` ends it.

    ssrc, rtx_ssrc: to be written into the SDP.
    """

    def __init__(self, up_track: UpTrack, clock: Callable[[], float] = time.monotonic) -> None:
        self.up_track = up_track
        self.ssrc = 1 + secrets.randbelow(0xFFFFFFFE)
        self.statistics = DownStatistics()
        self._clock = clock
        self._route: Route | None = None
        self._choice = LayerChoice(up_track)
        self._numbers = Numbering()
        self._vp8 = Vp8Rewriter()
        self._repairs = Repairs(up_track.kind, clock())
        self._path = LossyPath()
        self._repeats = False  # sound without redundancy is sent twice
        self._reports_sent: dict[int, float] = {}  # middle of NTP time -> when sent

    @property
    def rtx_ssrc(self) -> int:
        return self._repairs.ssrc

    @property
    def current_quality(self) -> int | None:
        """The layer that flows now, None when none does."""
        current = self._choice.current
        return current.quality if current is not None else None

    @property
    def maximum_quality(self) -> int:
        """Caps the layer: the smaller of what the subscriber's page asks for and what its bandwidth allows."""
        return self._choice.maximum_quality

    @property
    def page_quality(self) -> int:
        return self._choice.page_quality

    @property
    def is_withheld(self) -> bool:
        """Paused for lack of bandwidth."""
        return self._choice.is_withheld

    @property
    def is_paused(self) -> bool:
        return self._choice.is_paused

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

    def open(self, section: SendSection, send: Send, send_feedback: SendFeedback, repair: Repair | None = None) -> None:
        """Packets flow from now on. Called by the peer; again after a renegotiation, which changes no numbering.

        send takes a packet and where its transport-wide number goes, 0 where none is negotiated; repair the same for
        what is sent again, and says False when there is no room for more.
        """
        self._route = route(section, send, send_feedback, repair)
        self._choice.is_open = True

    def shut(self) -> None:
        """Nothing flows any more. Called by the peer."""
        self._route = None
        self._choice.is_open = False
        self._stopped()

    def set_maximum_quality(self, quality: int) -> None:
        """What the page asks for: 0 low, 1 medium, 2 high; the switch follows at the next key frame of that layer."""
        self._choice.set_page_quality(quality, self._clock())

    def set_paused(self, paused: bool) -> None:
        """By the page. Paused, nothing is sent; afterwards the stream goes on at a key frame."""
        if self._choice.set_page_paused(paused, self._clock()):
            self._stopped()

    def grant(self, quality: int | None, *, at_once: bool = False) -> bool:
        """What the bandwidth allows: a quality, None for nothing. True when what flowed was cut off.

        at_once: a layer that is now too much stops before the smaller one's key frame has come.
        """
        cut_off = self._choice.grant(quality, self._clock(), at_once=at_once)
        if cut_off:
            self._repairs.cache.clear()
        return cut_off

    def _stopped(self) -> None:
        self._choice.stop()
        self._repairs.cache.clear()

    def request_key_frame(self) -> None:
        """The subscriber cannot decode (PLI, FIR) or has just come."""
        self.statistics.key_frame_requests += 1
        now, choice = self._clock(), self._choice
        choice.retarget(now)
        layer = choice.current or choice.target
        if layer is not None and not choice.is_paused:
            self.up_track.request_key_frame(layer, now)

    def forward(self, packet: Arrived) -> None:
        """The hot path: one packet of any layer of the track."""
        route = self._route
        choice = self._choice
        if route is None or choice.is_paused:
            return
        if packet.layer is not choice.current:
            if not choice.enters(packet):
                return
            self._splice(packet)
        numbered = self._numbers.take(packet, passed_on=not packet.is_padding)
        if numbered is None:
            return
        sequence, timestamp = numbered
        block, two_byte = packet.extension_block(route.ids)
        block += route.mid_two_byte if two_byte else route.mid_one_byte
        length = len(block)
        payload = packet.payload if route.red_payload_type is None else self._redundant(packet, route)
        second = packet.marker | route.sent_payload_type
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
        self._repairs.cache.put((sequence, head, payload))
        route.send(head + payload, number_at)
        if self._repeats:
            self._repairs.resend(((sequence - 1) & 0xFFFF,), route, packet.at)

    def _redundant(self, packet: Arrived, route: Route) -> bytes:
        number, kind = packet.sequence_number, route.payload_type
        history = self.up_track.history
        return history.wrap(number, packet.timestamp, packet.payload, payload_type=kind, distance=self._path.distance)

    def _splice(self, packet: Arrived) -> None:
        if self._numbers.splice(packet):
            self.statistics.switches += 1
        if packet.vp8 is not None:
            self._vp8.splice(packet.vp8)

    def tick(self, now: float) -> None:
        """Called by the track about twenty times a second."""
        self._choice.tick(now)

    def resend(self, lost: Sequence[int], now: float) -> None:
        """Answer a NACK from the cache."""
        if self._route is None:
            return
        self.statistics.nacked += len(lost)
        self.statistics.resent += self._repairs.resend(lost, self._route, now)

    def probe(self, size: int) -> tuple[bytes, int] | None:
        """A repair packet nobody needs, about `size` bytes, and where its number goes; None without repair stream."""
        if self._route is None:
            return None
        numbers = self._numbers
        return self._repairs.probe(size, self._route, numbers.last_sequence, numbers.last_timestamp, self._clock())

    def translate(self, layer: UpLayer, report: rtcp.SenderReport, now: float) -> None:
        """Pass on the publisher's clock: its NTP time with our time stamp, so that sound and picture stay together."""
        if self._route is None or layer is not self._choice.current or not self.statistics.packets:
            return
        middle = report.ntp >> 16 & 0xFFFFFFFF
        self._reports_sent[middle] = now
        while len(self._reports_sent) > 8:
            del self._reports_sent[next(iter(self._reports_sent))]
        timestamp = (report.timestamp + self._numbers.timestamp_offset) & 0xFFFFFFFF
        counts = self.statistics.packets & 0xFFFFFFFF, self.statistics.octets & 0xFFFFFFFF
        self._route.send_feedback(rtcp.SenderReport(self.ssrc, report.ntp, timestamp, *counts))

    def take_report(self, block: rtcp.ReportBlock, now: float) -> None:
        """The subscriber's report on this stream."""
        self.statistics.fraction_lost = block.fraction_lost / 256
        if self.up_track.kind == "audio":
            self._path.report(self.statistics.fraction_lost, now)
            is_plain = self._route is not None and self._route.red_payload_type is None
            self._repeats = is_plain and self._path.is_lossy
        sent = self._reports_sent.get(block.last_report)
        if sent is not None:
            self.statistics.round_trip = max(0.0, now - sent - block.delay / 65536)

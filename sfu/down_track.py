"""One forwarded track towards one subscriber: rewriting, layer switches, repair.

The subscriber sees one unbroken stream: sequence numbers, time stamps and VP8's counters go on over every change of
source, which happens only at a key frame.
"""

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sfu import rtcp
from sfu.arrived import Arrived, Run, Shape
from sfu.codecs import UNCHANGED
from sfu.layer_choice import LayerChoice
from sfu.negotiated import SendSection
from sfu.numbering import Numbering
from sfu.red import MOST_REPEATED, LossyPath
from sfu.repair import Repairs
from sfu.route import Again, Numbers, Repair, Route, Send, SendFeedback, SendRun, route
from sfu.svc import Frame
from sfu.up_layer import UpLayer
from sfu.up_track import UpTrack


@dataclass(slots=True)
class DownStatistics:
    """fraction_lost: 0 to 1 and round_trip: seconds, as the subscriber last reported; None before."""

    packets: int = 0
    octets: int = 0
    nacked: int = 0
    resent: int = 0
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
        self._repairs = Repairs(self._numbers, clock(), self._choice.as_sent)
        self._run_numbers = Numbers(0, self.ssrc, 0, 0, None)
        self._shape: Shape | None = None
        self._is_known = False  # the subscriber has told of the stream
        self._path = LossyPath()
        self._most_repeated = MOST_REPEATED
        self._repeats = False  # sound without redundancy is sent twice
        self._reports_sent: dict[int, float] = {}  # middle of NTP time -> when sent

    @property
    def rtx_ssrc(self) -> int:
        return self._repairs.rtx_ssrc

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

    def open(
        self,
        section: SendSection,
        send: Send,
        send_feedback: SendFeedback,
        repair: Repair | None = None,
        send_run: SendRun | None = None,
        *,
        again: Again | None = None,
    ) -> None:
        """Packets flow from now on. Called by the peer; again after a renegotiation, which changes no numbering.

        send, repair, send_run, again: as in `sfu.route.Route`.
        """
        self._route = made = route(section, send, send_feedback, repair, send_run, again=again)
        self._shape = made.shape(is_known=self._is_known, distance=self._distance)
        self._run_numbers.payload_type = made.sent_payload_type
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
            self._numbers.cut()
        return cut_off

    def set_most_repeated(self, most: int) -> None:
        """How often the path has room for the same sound: on a narrow one, copies would only make more of it lost."""
        if most != self._most_repeated:
            self._most_repeated = most
            self._reshape()

    @property
    def _distance(self) -> int:
        return min(self._path.distance, self._most_repeated)

    def _reshape(self) -> None:
        route = self._route
        if route is None:
            return
        self._repeats = route.red_payload_type is None and self._path.is_lossy and self._most_repeated > 0
        self._shape = route.shape(is_known=self._is_known, distance=self._distance)

    def _stopped(self) -> None:
        self._choice.stop()
        self._numbers.cut()

    def request_key_frame(self) -> None:
        """The subscriber cannot decode (PLI, FIR) or has just come."""
        self.statistics.key_frame_requests += 1
        now, choice = self._clock(), self._choice
        choice.retarget(now)
        layer = choice.current or choice.target
        if layer is not None and not choice.is_paused:
            self.up_track.request_key_frame(layer, now)

    def forward(self, run: Run) -> None:
        """The hot path: packets of one layer of the track."""
        route, shape = self._route, self._shape
        choice = self._choice
        if route is None or shape is None or choice.is_paused:
            return
        numbers = self._numbers
        if route.send_run is not None and run.layer is choice.current and not self._repeats and numbers.take_run(run):
            added = self._run_numbers
            added.sequence = numbers.sequence_offset
            added.timestamp = numbers.timestamp_offset
            added.vp8 = numbers.vp8 if numbers.vp8.offsets is not UNCHANGED else None
            if route.send_run(run.form(shape), run.now, added):
                self.statistics.packets += len(run.packets)
                self.statistics.octets += run.octets
                return
            for packet in run.packets:
                sequence = (packet.sequence_number + added.sequence) & 0xFFFF
                timestamp = (packet.timestamp + added.timestamp) & 0xFFFFFFFF
                self._send(packet, sequence, timestamp, route, shape)
            return
        for packet in run.packets:
            if packet.layer is not choice.current:
                if packet.frame is not None:
                    self._select(packet, packet.frame, route, shape)
                    continue
                if not choice.enters(packet):
                    continue
                numbers.splice(packet)
            numbered = numbers.take(packet, passed_on=not packet.is_padding)
            if numbered is not None:
                self._send(packet, *numbered, route, shape)

    def _select(self, packet: Arrived, frame: Frame, route: Route, shape: Shape) -> None:
        """A packet of a stream with spatial layers, which is for this subscriber or is not."""
        choice, numbers = self._choice, self._numbers
        begins = choice.current is None
        sends = choice.selects(packet, frame)
        if sends is None or (begins and not sends):
            return
        if sends and (begins or numbers.source is not packet.layer):
            numbers.splice(packet)
        numbered = numbers.take(packet, passed_on=sends)
        if numbered is not None:
            self._send(choice.as_sent(packet), *numbered, route, shape)

    def begin_again(self) -> None:
        """The stream turns out to have spatial layers."""
        self._stopped()

    def _send(self, packet: Arrived, sequence: int, timestamp: int, route: Route, shape: Shape) -> None:
        vp8 = self._numbers.vp8.offsets
        route.send(*packet.write(shape, route.sent_payload_type, sequence, timestamp, self.ssrc, vp8=vp8))
        self.statistics.packets += 1
        self.statistics.octets += len(packet.payload)
        if self._repeats:
            self._repairs.resend(((sequence - 1) & 0xFFFF,), route, shape, packet.at)

    def tick(self, now: float) -> None:
        """Called by the track about twenty times a second."""
        self._choice.tick(now)

    def resend(self, lost: Sequence[int], now: float) -> None:
        """Answer a NACK from the cache."""
        if self._route is None or self._shape is None:
            return
        self.statistics.nacked += len(lost)
        self.statistics.resent += self._repairs.resend(lost, self._route, self._shape, now)

    def probe(self, size: int) -> tuple[bytes, int] | None:
        """A repair packet nobody needs, about `size` bytes, and where its number goes; None without repair stream."""
        if self._route is None or self._shape is None:
            return None
        return self._repairs.probe(size, self._route, self._shape, self._clock())

    def translate(self, layer: UpLayer, report: rtcp.SenderReport, now: float) -> None:
        """Pass on the publisher's clock: its NTP time with our time stamp, so that sound and picture stay together."""
        if self._route is None or layer is not self._numbers.source or not self.statistics.packets:
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
        self._is_known = True
        if self.up_track.kind == "audio":
            self._path.report(self.statistics.fraction_lost, now)
        self._reshape()
        sent = self._reports_sent.get(block.last_report)
        if sent is not None:
            self.statistics.round_trip = max(0.0, now - sent - block.delay / 65536)

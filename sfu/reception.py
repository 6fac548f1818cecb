"""What comes in on one peer connection: packets to their tracks, repair unwrapped (RFC 4588), and what is told back."""

from collections.abc import Callable

from sfu import rtcp, rtp
from sfu.arrived import PASSED_ON
from sfu.bandwidth_history import OVERHEAD
from sfu.negotiated import ReceiveSection
from sfu.rtp import RtpPacket
from sfu.sources import Sources
from sfu.twcc import ArrivalRecorder
from sfu.up_layer import UpLayer
from sfu.up_track import UpTrack
from sfu.uplink import Uplink

_READ = (*PASSED_ON, rtp.TRANSPORT_CC, rtp.ABS_SEND_TIME, rtp.MID, rtp.RID, rtp.REPAIRED_RID)
_SLOTS = {uri: slot for slot, uri in enumerate(_READ)}
_NOTHING: tuple[bytes | None, ...] = (None,) * len(_SLOTS)
_PASSED = len(PASSED_ON)


class Reception:
    """The tables of one client's incoming packets. ignored: packets that belonged to no negotiated section.

    gathered: told of a track that has something to pass on; says whether it sees to that.
    """

    def __init__(
        self, send_feedback: Callable[[rtcp.Packet], None], gathered: Callable[[UpTrack], bool] = lambda _: False
    ) -> None:
        self._gathered = gathered
        self._sources = Sources(send_feedback)
        self._by_ssrc = self._sources.by_ssrc
        self._sections = self._sources.sections
        self._slot_of: dict[int, int] = {}  # extension id -> place in the values of a packet
        self._arrivals = ArrivalRecorder()
        self._uplink = Uplink()
        self.ignored = 0

    def add(self, description: ReceiveSection, track: UpTrack) -> None:
        """A negotiated section; again for the same mid it replaces the old description."""
        # One bundle, one numbering of extensions (RFC 8843 section 9.2).
        for identifier, uri in description.extensions.items():
            if uri in _SLOTS:
                self._slot_of[identifier] = _SLOTS[uri]
        self._sources.add(description, track)

    def remove(self, mid: str) -> None:
        """A section whose SSRCs go nowhere from now on."""
        self._sources.remove(mid)

    def silence(self, mid: str) -> None:
        """Take nothing in on a section until it is added again."""
        self._sources.silence(mid)

    def clear(self) -> None:
        for mid in tuple(self._sections):
            self.remove(mid)

    def take(self, data: bytes, arrival: float) -> None:
        """One decrypted packet. Raises MalformedPacket."""
        packet = rtp.parse(data)
        values = self._values(packet) if packet.extensions else _NOTHING
        number = values[_PASSED]
        if number is not None and len(number) == 2:
            self._arrivals.record(number[0] << 8 | number[1], arrival)
            self._uplink.packet(values[_PASSED + 1], arrival, len(data) + OVERHEAD)
        source = self._by_ssrc.get(packet.ssrc) or self._sources.learn(packet, *values[_PASSED + 2 :])
        if source is None:
            self.ignored += 1
            return
        section = source.section
        codec = section.description.codec
        gather = section.track.gather
        if source.is_repair:
            if packet.payload_type != codec.rtx_payload_type or not _unwrap(packet, source.layer, codec.payload_type):
                return
        elif packet.payload_type != codec.payload_type:
            if packet.payload_type != codec.red_payload_type:
                self.ignored += 1
                return
            gather = section.track.gather_redundant
        if gather(source.layer, packet, values[:_PASSED], arrival, len(data)) and not self._gathered(section.track):
            section.track.pass_on(arrival)

    def _values(self, packet: RtpPacket) -> tuple[bytes | None, ...]:
        values: list[bytes | None] = [None] * len(_SLOTS)
        slot_of = self._slot_of
        for identifier, value in packet.extensions:
            slot = slot_of.get(identifier)
            if slot is not None:
                values[slot] = value
        return tuple(values)

    def take_sender_report(self, report: rtcp.SenderReport, now: float) -> None:
        source = self._by_ssrc.get(report.ssrc)
        if source is not None and not source.is_repair:
            source.section.track.take_sender_report(source.layer, report, now)

    def tick(self, now: float) -> None:
        self._sources.tick(now)
        for section in tuple(self._sections.values()):
            section.track.tick(now)

    def report_blocks(self, now: float) -> list[rtcp.ReportBlock]:
        blocks = [layer.report(now) for section in self._sections.values() for layer in section.track.layers]
        return [block for block in blocks if block is not None]

    def transport_feedback(self, sender_ssrc: int) -> list[rtcp.TransportFeedback]:
        return self._arrivals.feedback(sender_ssrc, next(iter(self._by_ssrc), 0))

    def limit(self, now: float) -> int | None:
        """What the client is to be told now that it may send at most, bit/s; None where there is nothing to tell.

        Only one that publishes pictures and understands it: they are what can yield.
        """
        limit = self._uplink.conclude(self._arrivals.sent, self._arrivals.came, now)
        for section in self._sections.values():
            section.track.is_squeezed = self._uplink.is_full
        codecs = [section.description.codec for section in self._sections.values()] if limit is not None else []
        return int(limit) if limit is not None and any("goog-remb" in codec.feedback for codec in codecs) else None

    def widened(self) -> float | None:
        """The client's line seems wide again: the bit/s that came before it was not. Told once."""
        rate = self._uplink.widened
        if rate is not None:
            self._uplink.widened = None
        return rate

    @property
    def pictures(self) -> int:
        """The highest layer of its pictures that the client's line has room for, -1 for none."""
        return self._uplink.pictures

    @property
    def ssrcs(self) -> tuple[int, ...]:
        """What the client sends on now."""
        return self._sources.current

    @property
    def needed(self) -> set[int]:
        """The same, with what is under way and what may come again after a silence."""
        return self._sources.needed

    def path_changed(self) -> None:
        self._uplink.path_changed()

    def take_window(self, now: float) -> tuple[int, int, int]:
        """Packets expected and lost since the last call, and layers that are wanted, have been there and stay away."""
        expected = lost = missing = 0
        for section in self._sections.values():
            track = section.track
            wanted = track.maximum_wanted()
            some_live = any(layer.is_live(now) for layer in track.layers)
            for layer in track.layers:
                window = layer.take_window()
                expected += window[0]
                lost += window[1]
                # A track that sends nothing at all is muted, which is no fault.
                if wanted is not None and some_live and layer.quality <= wanted and not layer.is_live(now):
                    missing += 1
        return expected, lost, missing


def _unwrap(packet: RtpPacket, layer: UpLayer, payload_type: int) -> bool:
    """Turn a repair packet into the original (RFC 4588 section 4); False for duplicates and bandwidth probes."""
    if len(packet.payload) < 2:
        return False
    original = packet.payload[0] << 8 | packet.payload[1]
    if not layer.is_missing(original):
        return False
    packet.sequence_number = original
    packet.payload_type = payload_type
    packet.ssrc = layer.ssrc
    packet.payload = packet.payload[2:]
    return True

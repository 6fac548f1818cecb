"""Which track an incoming packet belongs to: SSRCs learnt from MID and RID or the SDP; repair unwrapped (RFC 4588).

Sources: RFC 8843 section 9.2 (MID), RFC 8852 (RID, repaired RID). One Reception serves one peer connection.
"""

from collections.abc import Callable
from dataclasses import dataclass

from sfu import rtcp, rtp
from sfu.arrived import PASSED_ON
from sfu.bandwidth_history import OVERHEAD
from sfu.negotiated import ReceiveSection
from sfu.rtp import RtpPacket
from sfu.srtp_streams import UNDER_WAY
from sfu.twcc import ArrivalRecorder
from sfu.up_layer import UpLayer
from sfu.up_track import UpTrack
from sfu.uplink import Uplink

MOST_SOURCES = 96

_READ = (*PASSED_ON, rtp.TRANSPORT_CC, rtp.ABS_SEND_TIME, rtp.MID, rtp.RID, rtp.REPAIRED_RID)
_SLOTS = {uri: slot for slot, uri in enumerate(_READ)}
_NOTHING: tuple[bytes | None, ...] = (None,) * len(_SLOTS)
_PASSED = len(PASSED_ON)


@dataclass(slots=True)
class _Section:
    description: ReceiveSection
    track: UpTrack


@dataclass(frozen=True, slots=True)
class _Source:
    section: _Section
    layer: UpLayer
    is_repair: bool


class Reception:
    """The tables of one client's incoming packets. ignored: packets that belonged to no negotiated section.

    gathered: told of a track that has something to pass on; says whether it sees to that.
    """

    def __init__(
        self, send_feedback: Callable[[rtcp.Packet], None], gathered: Callable[[UpTrack], bool] = lambda _: False
    ) -> None:
        self._send_feedback = send_feedback
        self._gathered = gathered
        self._sections: dict[str, _Section] = {}
        self._sources: dict[int, _Source] = {}
        # SSRCs that were replaced or whose section has ended -> until when they are remembered, soonest first.
        self._leaving: dict[int, float] = {}
        self._silenced: dict[str, tuple[_Section, dict[int, _Source]]] = {}  # by mid
        self._now = 0.0  # of the last tick
        self._slot_of: dict[int, int] = {}  # extension id -> place in the values of a packet
        self._arrivals = ArrivalRecorder()
        self._uplink = Uplink()
        self.ignored = 0

    def add(self, description: ReceiveSection, track: UpTrack) -> None:
        """A negotiated section; again for the same mid it replaces the old description."""
        self._heard_again(description)
        known = self._sections.get(description.mid)
        if known is not None and known.track is not track:
            self.remove(description.mid)
            known = None
        if known is None:
            self._sections[description.mid] = _Section(description, track)
        else:
            before, known.description = known.description, description
            self._release(known, {*before.ssrcs, *before.rtx_ssrcs} - {*description.ssrcs, *description.rtx_ssrcs})
        # One bundle, one numbering of extensions (RFC 8843 section 9.2).
        for identifier, uri in description.extensions.items():
            if uri in _SLOTS:
                self._slot_of[identifier] = _SLOTS[uri]
        track.bind(description, self._send_feedback)

    def _release(self, section: _Section, unnamed: set[int]) -> None:
        """Let go what the new description no longer names: these SSRCs, and layers of other restriction ids."""
        description, track = section.description, section.track
        for layer in tuple(track.layers):
            if layer.ssrc in unnamed or layer.rid not in (description.rids or ("",)):
                track.drop_layer(layer)
                self._replaced(layer)
        for ssrc in unnamed:
            if ssrc in self._sources:
                self._leave(ssrc)

    def _replaced(self, layer: UpLayer, *, repair_alone: bool = False) -> None:
        """Its SSRC, and that of its repairs, leave."""
        for ssrc, source in self._sources.items():
            if source.layer is layer and (source.is_repair or not repair_alone):
                self._leave(ssrc)

    def _leave(self, ssrc: int) -> None:
        self._leaving.setdefault(ssrc, self._now + UNDER_WAY)

    def remove(self, mid: str) -> None:
        """A section whose SSRCs go nowhere from now on."""
        self._silenced.pop(mid, None)
        section = self._sections.pop(mid, None)
        if section is None:
            return
        for ssrc in [ssrc for ssrc, source in self._sources.items() if source.section is section]:
            del self._sources[ssrc]
            self._leave(ssrc)
        section.track.unbind()

    def silence(self, mid: str) -> None:
        """Take nothing in on a section until it is added again. Its SSRCs are remembered: a sender whose mid and
        restriction id have once been understood no longer says them with each packet.
        """
        section = self._sections.get(mid)
        if section is not None:
            current = {ssrc: source for ssrc, source in self._sources.items() if ssrc not in self._leaving}
            self.remove(mid)
            self._silenced[mid] = section, {ssrc: one for ssrc, one in current.items() if one.section is section}

    def _heard_again(self, description: ReceiveSection) -> None:
        """End a silence. What was counted before it would take the numbers after it for old ones."""
        section, sources = self._silenced.pop(description.mid, (None, {}))
        if section is None:
            return
        self._sections[description.mid] = section
        section.track.bind(description, self._send_feedback)
        anew: dict[int, UpLayer] = {}  # by the primary SSRC
        for ssrc, source in sorted(sources.items(), key=lambda item: item[1].is_repair):
            primary = source.layer.ssrc
            if not source.is_repair:
                anew[primary] = section.track.add_layer(ssrc, source.layer.rid)
            if primary in anew:
                self._enter(ssrc, _Source(section, anew[primary], source.is_repair))

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
        source = self._sources.get(packet.ssrc) or self._learn(packet, values)
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

    def _learn(self, packet: RtpPacket, values: tuple[bytes | None, ...]) -> _Source | None:
        """Find out whose an unknown SSRC is, and remember it; None when the packet does not tell."""
        section = self._section_of(packet, values)
        if section is None or not self._has_room():
            return None
        description, track = section.description, section.track
        if packet.payload_type == description.codec.rtx_payload_type:
            layer = _repaired(packet.ssrc, values, section)
            if layer is None:
                return None
            self._replaced(layer, repair_alone=True)
            source = _Source(section, layer, is_repair=True)
        else:
            rid = _text(values[_SLOTS[rtp.RID]])
            if packet.payload_type not in (description.codec.payload_type, description.codec.red_payload_type):
                return None
            if (description.rids or rid) and rid not in description.rids:
                return None
            before = tuple(track.layers)
            if not rid and (values[_SLOTS[rtp.MID]] is not None or packet.ssrc in description.ssrcs):
                for layer in before:
                    if layer.ssrc not in description.ssrcs:
                        track.drop_layer(layer)
            source = _Source(section, track.add_layer(packet.ssrc, rid), is_repair=False)
            for layer in before:
                if layer not in track.layers:
                    self._replaced(layer)
        self._enter(packet.ssrc, source)
        return source

    def _enter(self, ssrc: int, source: _Source) -> None:
        self._sources[ssrc] = source
        self._leaving.pop(ssrc, None)

    def _has_room(self) -> bool:
        """For one more SSRC; what was replaced yields to it."""
        while len(self._sources) >= MOST_SOURCES and self._leaving:
            self._forget(next(iter(self._leaving)))
        return len(self._sources) < MOST_SOURCES

    def _forget(self, ssrc: int) -> None:
        del self._leaving[ssrc]
        self._sources.pop(ssrc, None)

    def _section_of(self, packet: RtpPacket, values: tuple[bytes | None, ...]) -> _Section | None:
        mid = values[_SLOTS[rtp.MID]]
        if mid is not None:
            return self._sections.get(_text(mid))
        fitting = []
        for section in self._sections.values():
            description = section.description
            if packet.ssrc in description.ssrcs or packet.ssrc in description.rtx_ssrcs:
                return section
            codec = description.codec
            if packet.payload_type in (codec.payload_type, codec.red_payload_type) and not description.rids:
                fitting.append(section)
        # A payload type of one section only also tells (RFC 8843 section 9.2, last resort), of what was nobody else's.
        known = packet.ssrc in self._leaving or any(packet.ssrc in sources for _, sources in self._silenced.values())
        return fitting[0] if len(fitting) == 1 and not known else None

    def take_sender_report(self, report: rtcp.SenderReport, now: float) -> None:
        source = self._sources.get(report.ssrc)
        if source is not None and not source.is_repair:
            source.section.track.take_sender_report(source.layer, report, now)

    def tick(self, now: float) -> None:
        self._now = now
        while self._leaving and self._leaving[ssrc := next(iter(self._leaving))] <= now:
            self._forget(ssrc)
        for section in tuple(self._sections.values()):
            section.track.tick(now)

    def report_blocks(self, now: float) -> list[rtcp.ReportBlock]:
        blocks = [layer.report(now) for section in self._sections.values() for layer in section.track.layers]
        return [block for block in blocks if block is not None]

    def transport_feedback(self, sender_ssrc: int) -> list[rtcp.TransportFeedback]:
        return self._arrivals.feedback(sender_ssrc, next(iter(self._sources), 0))

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
        return tuple(ssrc for ssrc in self._sources if ssrc not in self._leaving)

    @property
    def needed(self) -> set[int]:
        """The same, with what is under way and what may come again after a silence."""
        return set(self._sources).union(*(sources for _, sources in self._silenced.values()))

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


def _text(value: bytes | None) -> str:
    return value.decode("ascii", "replace") if value is not None else ""


def _repaired(ssrc: int, values: tuple[bytes | None, ...], section: _Section) -> UpLayer | None:
    """The layer that this repair stream belongs to."""
    layers = section.track.layers
    primary = section.description.rtx_ssrcs.get(ssrc)
    if primary is not None:
        return next((layer for layer in layers if layer.ssrc == primary), None)
    rid = _text(values[_SLOTS[rtp.REPAIRED_RID]])
    if rid:
        return next((layer for layer in layers if layer.rid == rid), None)
    return layers[0] if len(layers) == 1 else None


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

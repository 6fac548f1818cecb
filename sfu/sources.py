"""Which section and layer each SSRC belongs to: learnt from MID and RID or the SDP, replaced, silenced, forgotten.

Sources: RFC 8843 section 9.2 (MID), RFC 8852 (RID, repaired RID).
"""

from collections.abc import Callable
from dataclasses import dataclass

from sfu import rtcp
from sfu.negotiated import ReceiveSection
from sfu.rtp import RtpPacket
from sfu.srtp_streams import UNDER_WAY
from sfu.up_layer import UpLayer
from sfu.up_track import UpTrack

MOST_SOURCES = 96


@dataclass(slots=True)
class HeardSection:
    description: ReceiveSection
    track: UpTrack


@dataclass(frozen=True, slots=True)
class Source:
    section: HeardSection
    layer: UpLayer
    is_repair: bool


class Sources:
    """One peer connection's. by_ssrc: those known; sections: by mid."""

    def __init__(self, send_feedback: Callable[[rtcp.Packet], None]) -> None:
        self.by_ssrc: dict[int, Source] = {}
        self.sections: dict[str, HeardSection] = {}
        self._send_feedback = send_feedback
        # SSRCs that were replaced or whose section has ended -> until when they are remembered, soonest first.
        self._leaving: dict[int, float] = {}
        self._silenced: dict[str, tuple[HeardSection, dict[int, Source]]] = {}  # by mid
        self._now = 0.0  # of the last tick

    def add(self, description: ReceiveSection, track: UpTrack) -> None:
        """A negotiated section; again for the same mid it replaces the old description."""
        self._heard_again(description)
        known = self.sections.get(description.mid)
        if known is not None and known.track is not track:
            self.remove(description.mid)
            known = None
        if known is None:
            self.sections[description.mid] = HeardSection(description, track)
        else:
            before, known.description = known.description, description
            named_before, named = ({*one.ssrcs, *one.rtx_ssrcs} for one in (before, description))
            for ssrc in self._leaving.keys() & (named - named_before):
                self._forget(ssrc)
            self._release(known, named_before - named)
        track.bind(description, self._send_feedback)

    def _release(self, section: HeardSection, unnamed: set[int]) -> None:
        """Let go what the new description no longer names: these SSRCs, and layers of other restriction ids."""
        description, track = section.description, section.track
        for layer in tuple(track.layers):
            if layer.ssrc in unnamed or layer.rid not in (description.rids or ("",)):
                track.drop_layer(layer)
                self._replaced(layer)
        for ssrc in unnamed:
            if (source := self.by_ssrc.get(ssrc)) is not None and source.section is section:
                self._leave(ssrc)

    def _replaced(self, layer: UpLayer, *, repair_alone: bool = False) -> None:
        """Its SSRC, and that of its repairs, leave."""
        for ssrc, source in self.by_ssrc.items():
            if source.layer is layer and (source.is_repair or not repair_alone):
                self._leave(ssrc)

    def _leave(self, ssrc: int) -> None:
        self._leaving.setdefault(ssrc, self._now + UNDER_WAY)

    def remove(self, mid: str) -> None:
        """A section whose SSRCs go nowhere from now on."""
        self._silenced.pop(mid, None)
        section = self.sections.pop(mid, None)
        if section is None:
            return
        for ssrc in [ssrc for ssrc, source in self.by_ssrc.items() if source.section is section]:
            del self.by_ssrc[ssrc]
            self._leave(ssrc)
        section.track.unbind()

    def silence(self, mid: str) -> None:
        """Take nothing in on a section until it is added again. Its SSRCs are remembered: a sender whose mid and
        restriction id have once been understood no longer says them with each packet.
        """
        section = self.sections.get(mid)
        if section is not None:
            current = {ssrc: source for ssrc, source in self.by_ssrc.items() if ssrc not in self._leaving}
            self.remove(mid)
            self._silenced[mid] = section, {ssrc: one for ssrc, one in current.items() if one.section is section}

    def _heard_again(self, description: ReceiveSection) -> None:
        """End a silence. What was counted before it would take the numbers after it for old ones."""
        section, sources = self._silenced.pop(description.mid, (None, {}))
        if section is None:
            return
        self.sections[description.mid] = section
        section.track.bind(description, self._send_feedback)
        anew: dict[int, UpLayer] = {}  # by the primary SSRC
        for ssrc, source in sorted(sources.items(), key=lambda item: item[1].is_repair):
            primary = source.layer.ssrc
            if not source.is_repair:
                anew[primary] = section.track.add_layer(ssrc, source.layer.rid)
            if primary in anew:
                self._enter(ssrc, Source(section, anew[primary], source.is_repair))

    def learn(self, packet: RtpPacket, mid: bytes | None, rid: bytes | None, repaired: bytes | None) -> Source | None:
        """Find out whose an unknown SSRC is, and remember it; None when the packet does not tell.

        mid, rid, repaired: its header extensions of those names.
        """
        section = self._section_of(packet, mid)
        if section is None or not self._has_room():
            return None
        description, track = section.description, section.track
        if packet.payload_type == description.codec.rtx_payload_type:
            layer = _repaired(packet.ssrc, repaired, section)
            if layer is None:
                return None
            self._replaced(layer, repair_alone=True)
            source = Source(section, layer, is_repair=True)
        else:
            name = _text(rid)
            if packet.payload_type not in (description.codec.payload_type, description.codec.red_payload_type):
                return None
            if (description.rids or name) and name not in description.rids:
                return None
            before = tuple(track.layers)
            if not name and (mid is not None or packet.ssrc in description.ssrcs):
                for layer in before:
                    if layer.ssrc not in description.ssrcs:
                        track.drop_layer(layer)
            source = Source(section, track.add_layer(packet.ssrc, name), is_repair=False)
            for layer in before:
                if layer not in track.layers:
                    self._replaced(layer)
        self._enter(packet.ssrc, source)
        return source

    def _enter(self, ssrc: int, source: Source) -> None:
        self.by_ssrc[ssrc] = source
        self._leaving.pop(ssrc, None)

    def _has_room(self) -> bool:
        """For one more SSRC; what was replaced yields to it."""
        while len(self.by_ssrc) >= MOST_SOURCES and self._leaving:
            self._forget(next(iter(self._leaving)))
        return len(self.by_ssrc) < MOST_SOURCES

    def _forget(self, ssrc: int) -> None:
        del self._leaving[ssrc]
        self.by_ssrc.pop(ssrc, None)

    def _section_of(self, packet: RtpPacket, mid: bytes | None) -> HeardSection | None:
        if mid is not None:
            return self.sections.get(_text(mid))
        fitting: list[HeardSection | None] = []
        silenced = [(section, None) for section, _ in self._silenced.values()]
        for section, taken in (*((one, one) for one in self.sections.values()), *silenced):
            description = section.description
            if packet.ssrc in description.ssrcs or packet.ssrc in description.rtx_ssrcs:
                return taken
            codec = description.codec
            if packet.payload_type in (codec.payload_type, codec.red_payload_type) and not description.rids:
                fitting.append(taken)
        # A payload type of one section only also tells (RFC 8843 section 9.2, last resort), of what was nobody else's.
        known = packet.ssrc in self._leaving or any(packet.ssrc in sources for _, sources in self._silenced.values())
        return fitting[0] if len(fitting) == 1 and not known else None

    def tick(self, now: float) -> None:
        """Forget what can no longer be under way."""
        self._now = now
        while self._leaving and self._leaving[ssrc := next(iter(self._leaving))] <= now:
            self._forget(ssrc)

    @property
    def current(self) -> tuple[int, ...]:
        """What the client sends on now."""
        return tuple(ssrc for ssrc in self.by_ssrc if ssrc not in self._leaving)

    @property
    def needed(self) -> set[int]:
        """The same, with what is under way and what may come again after a silence."""
        return set(self.by_ssrc).union(*(sources for _, sources in self._silenced.values()))


def _text(value: bytes | None) -> str:
    return value.decode("ascii", "replace") if value is not None else ""


def _repaired(ssrc: int, repaired: bytes | None, section: HeardSection) -> UpLayer | None:
    """The layer that this repair stream belongs to."""
    layers = section.track.layers
    primary = section.description.rtx_ssrcs.get(ssrc)
    if primary is not None:
        return next((layer for layer in layers if layer.ssrc == primary), None)
    rid = _text(repaired)
    if rid:
        return next((layer for layer in layers if layer.rid == rid), None)
    return layers[0] if len(layers) == 1 else None

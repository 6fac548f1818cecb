"""A published track as it arrives: its layers, and the down tracks fed from it.

A packet is read once, and kept once to answer NACKs from. Those that came by one wake-up of the event loop are passed
on together, layer by layer, so that what their way out costs is paid once (`sfu.arrived.Run`).
"""

import secrets
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from sfu import rtcp
from sfu.arrived import PASSED_ON, Arrived, Run
from sfu.codecs import is_key_frame
from sfu.layers import HIGH, quality_of
from sfu.negotiated import Codec, Kind, ReceiveSection
from sfu.packet_cache import SIZE as KEPT
from sfu.red import History
from sfu.red import parse as parse_red
from sfu.rtp import RtpPacket
from sfu.speakers import AudioLevel
from sfu.svc import LAYERED, Layering
from sfu.up_layer import RETRY_AFTER, RETRY_SOUND_AFTER, UpLayer

if TYPE_CHECKING:
    from sfu.down_track import DownTrack

_NOTHING_PASSED: tuple[bytes | None, ...] = (None,) * len(PASSED_ON)
SILENT_TRACK = 4.0  # seconds without packets after which a video takes no place on the path
AUDIO_KEPT = 256  # packets
MOST_LAYERS = 6  # SSRCs of one track at a time; the longest silent one makes room


class UpTrack:
    """One published track. Made by the control plane, bound to a media section by `Peer.receive`.

    codec: known once bound. down_tracks: in the care of `Peer.attach` and `detach`. level: of the last audio packet, 0
    loudest to 127 silent; audio: the same collected for `sfu.speakers`. history: of sound, for subscribers' redundancy.
    cname: names the source towards subscribers. is_squeezed: its publisher's line is full, so that what is
    asked of it again costs sound.
    """

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self.codec: Codec | None = None
        self.layers: list[UpLayer] = []
        self.down_tracks: list[DownTrack] = []
        self.level = 127
        self.audio = AudioLevel()
        self.history = History()
        self.cname = secrets.token_hex(8)
        self.asked_quality = HIGH  # the highest layer its publisher was told to send, -1 for none
        self.asked_at = -1e9
        self.is_squeezed = False
        self._layering: Layering | None = None
        self._rids: tuple[str, ...] = ()
        self._runs: list[Run] = []
        self._is_waiting = False
        self._send_feedback: Callable[[rtcp.Packet], None] | None = None
        self._fir_count = 0

    @property
    def choices(self) -> Sequence[UpLayer]:
        """What a subscriber may get one of: the layers, or the spatial layers of the only one."""
        return self._layering.layers if self._layering is not None and self._layering.layers else self.layers

    def maximum_wanted(self) -> int | None:
        """The highest quality any subscriber may get now, None when nobody wants packets (LiveKit's dynacast)."""
        return max((track.maximum_quality for track in self.down_tracks if not track.is_paused), default=None)

    def layer_rates(self, now: float) -> dict[int, float | None]:
        """quality -> bit/s (None: never measured) of the layers that come, or would come if they were asked for."""
        choices = self.choices
        newest = max((layer.last_at for layer in choices if layer.packets), default=-1e9)
        if self.asked_quality >= 0 and now - newest > SILENT_TRACK and now - self.asked_at > SILENT_TRACK:
            return {}
        waits = now - self.asked_at < SILENT_TRACK
        return {
            layer.quality: layer.rate
            for layer in choices
            if layer.packets and (layer.quality > self.asked_quality or waits or layer.is_live(newest))
        }

    def bind(self, section: ReceiveSection, send_feedback: Callable[[rtcp.Packet], None]) -> None:
        """Called by the peer when the section is negotiated, also again. send_feedback takes RTCP for the publisher."""
        self.codec = section.codec
        self._rids = section.rids
        self._send_feedback = send_feedback

    def unbind(self) -> None:
        self._send_feedback = None
        for layer in tuple(self.layers):
            self.drop_layer(layer)
        self._layering = None
        self.history.clear()

    def add_layer(self, ssrc: int, rid: str) -> UpLayer:
        """A new SSRC of this track. One that had the same restriction id is replaced."""
        clock_rate = self.codec.clock_rate if self.codec else 90000
        is_audio = self.kind == "audio"
        layer = UpLayer(
            ssrc,
            clock_rate,
            rid=rid,
            quality=quality_of(rid, self._rids),
            retry_after=RETRY_SOUND_AFTER if is_audio else RETRY_AFTER,
            keep=AUDIO_KEPT if is_audio else KEPT,
        )
        for other in [other for other in self.layers if rid and other.rid == rid]:
            self.drop_layer(other)
        if len(self.layers) >= MOST_LAYERS:
            self.drop_layer(min(self.layers, key=lambda other: other.last_at))
        self.layers.append(layer)
        is_layered = self.codec is not None and self.codec.mime_type in LAYERED and not self._rids
        self._layering = Layering(self.codec.mime_type, layer) if self.codec and is_layered else None
        return layer

    def drop_layer(self, layer: UpLayer) -> None:
        """Its SSRC is sent no more. It flows on to its subscribers until another begins, and is reported no more."""
        self.layers.remove(layer)
        layer.is_dropped = True

    def take(self, layer: UpLayer, packet: RtpPacket, passed: tuple[bytes | None, ...], at: float, size: int) -> None:
        """A packet of this track, in arrival order, to be passed on at once. passed: the values of PASSED_ON."""
        self.gather(layer, packet, passed, at, size)
        self.pass_on(at)

    def gather(self, layer: UpLayer, packet: RtpPacket, passed: tuple[bytes | None, ...], at: float, size: int) -> bool:
        """The same, to be passed on with what comes next by `pass_on`. True for the first. Duplicates end here."""
        fresh, lost = layer.count(packet.sequence_number, packet.timestamp, size, at)
        if not fresh:
            return False
        codec = self.codec
        if codec is None:
            return False
        if lost:
            self._want_again(layer, lost)
        arrived = Arrived(layer, packet, passed, at)
        if self.kind == "audio":
            self._gather_sound(layer, arrived, passed[0])
        elif packet.payload:
            if is_key_frame(codec.mime_type, packet.payload, passed[2]):
                arrived.key_frame = True
                layer.key_frame_came()
            if codec.mime_type == "video/vp8":
                arrived.is_vp8()
        if self._layering is not None:
            self._place(arrived, passed[2], size)
        layer.kept.put(arrived)
        runs = self._runs
        if runs and runs[-1].layer is layer:
            runs[-1].add(arrived)
        else:
            runs.append(Run(arrived))
        first = not self._is_waiting
        self._is_waiting = True
        return first

    def _gather_sound(self, layer: UpLayer, packet: Arrived, level: bytes | None) -> None:
        if layer.has_missing:
            self._want_again(layer, layer.retries(packet.at))  # sooner than the next tick
        self.history.put(packet.sequence_number, packet.timestamp, packet.payload)
        packet.history = self.history
        if level:
            self.level = level[0] & 127
            self.audio.observe(self.level)

    def _place(self, packet: Arrived, dependencies: bytes | None, size: int) -> None:
        """Find out which spatial layer a packet belongs to."""
        layering = self._layering
        if layering is None or layering.whole is not packet.layer:
            return
        was_layered = bool(layering.layers)
        packet.frame = layering.read(packet.payload, dependencies, size, packet.at)
        if not was_layered and layering.layers:
            for down_track in self.down_tracks:
                down_track.begin_again()

    def pass_on(self, now: float) -> None:
        """Give all subscribers what has been gathered."""
        runs, self._runs, self._is_waiting = self._runs, [], False
        for run in runs:
            run.now = now
            for down_track in self.down_tracks:
                down_track.forward(run)

    def gather_redundant(
        self, layer: UpLayer, packet: RtpPacket, passed: tuple[bytes | None, ...], at: float, size: int
    ) -> bool:
        """A packet with redundancy: what was lost before it comes first, then its own sound. Raises MalformedPacket."""
        if self.codec is None:
            return False
        first = False
        packet.payload, blocks = parse_red(packet.payload, self.codec.payload_type)
        for back, block in zip(range(len(blocks), 0, -1), blocks, strict=True):
            if block.payload and layer.packets:
                number = (packet.sequence_number - back) & 0xFFFF
                timestamp = (packet.timestamp - block.offset) & 0xFFFFFFFF
                earlier = RtpPacket(self.codec.payload_type, False, number, timestamp, packet.ssrc, block.payload)
                first |= self.gather(layer, earlier, _NOTHING_PASSED, at, 0)
        return self.gather(layer, packet, passed, at, size) or first

    def take_sender_report(self, layer: UpLayer, report: rtcp.SenderReport, now: float) -> None:
        layer.take_sender_report(report, now)
        for down_track in self.down_tracks:
            down_track.translate(layer, report, now)

    def request_key_frame(self, layer: UpLayer, now: float) -> None:
        """Ask the publisher, at most twice a second for each layer; one asked too early is not forgotten."""
        if self.kind != "video":
            return
        if self.is_squeezed:
            layer.key_frame_later()
        elif layer.want_key_frame(now):
            self._ask(layer)

    def tick(self, now: float) -> None:
        """Retries, held back key-frame requests, and the layer choice of every subscriber."""
        for layer in self.layers:
            layer.measure_rate(now)
            self._want_again(layer, layer.retries(now))
            if self.kind == "video" and not self.is_squeezed and layer.due_key_frame(now):
                self._ask(layer)
        for layer in self._layering.layers if self._layering is not None else ():
            layer.measure_rate(now)
        for down_track in self.down_tracks:
            down_track.tick(now)

    def _want_again(self, layer: UpLayer, lost: list[int]) -> None:
        if self.is_squeezed and self.kind == "video":
            return
        if lost and self._send_feedback is not None and self.codec is not None and "nack" in self.codec.feedback:
            self._send_feedback(rtcp.Nack(0, layer.ssrc, tuple(lost)))

    def _ask(self, layer: UpLayer) -> None:
        if self._send_feedback is None or self.codec is None:
            return
        feedback = self.codec.feedback
        if "ccm fir" in feedback and "nack pli" not in feedback:
            self._fir_count = (self._fir_count + 1) & 0xFF
            self._send_feedback(rtcp.FullIntraRequest(0, ((layer.ssrc, self._fir_count),)))
        else:
            self._send_feedback(rtcp.PictureLossIndication(0, layer.ssrc))

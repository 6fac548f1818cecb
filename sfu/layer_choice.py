"""Which layer of a track one subscriber gets, and how it comes to another: by what its page asks for, what its path
carries and what the publisher sends. A change waits for the new layer's key frame.
"""

from sfu import layers
from sfu.arrived import Arrived
from sfu.spatial_choice import SpatialChoice
from sfu.svc import Frame
from sfu.up_layer import UpLayer
from sfu.up_track import UpTrack

ASK_AGAIN_AFTER = 1.0  # seconds: the wanted layer's key frame has not come


class LayerChoice:
    """current: the layer that flows; target: the one aimed at. is_open: whether there is anywhere to send.

    spatial: which frames to send where the layers are spatial ones of one stream.
    """

    def __init__(self, up_track: UpTrack) -> None:
        self.up_track = up_track
        self.current: UpLayer | None = None
        self.target: UpLayer | None = None
        self.is_open = False
        self.spatial = SpatialChoice()
        self.page_quality = layers.HIGH
        self.is_paused = False
        self._page_paused = False
        self._granted: int | None = layers.HIGH
        self._asked_at = -1e9

    @property
    def maximum_quality(self) -> int:
        """Caps the layer: the smaller of what the subscriber's page asks for and what its bandwidth allows."""
        return self.page_quality if self._granted is None else min(self.page_quality, self._granted)

    @property
    def is_withheld(self) -> bool:
        """Paused for lack of bandwidth."""
        return self._granted is None

    def stop(self) -> None:
        """Nothing flows; the next packet that can be entered begins anew."""
        self.current = self.target = None

    def set_page_quality(self, quality: int, now: float) -> None:
        """What the page asks for: 0 low, 1 medium, 2 high."""
        self.page_quality = max(layers.LOW, min(layers.HIGH, quality))
        self.retarget(now)

    def set_page_paused(self, paused: bool, now: float) -> bool:
        """By the page. True when that stopped the stream."""
        self._page_paused = paused
        return self._paused_or_not(now)

    def grant(self, quality: int | None, now: float, *, at_once: bool) -> bool:
        """What the bandwidth allows: a quality, None for nothing. True when what flowed was cut off.

        at_once: a layer that is now too much stops before the smaller one's key frame has come.
        """
        if quality == self._granted:
            return False
        self._granted = quality
        if self._paused_or_not(now):
            return True
        if quality is None:
            return False
        flows = self.current
        is_bound = not self.spatial.reaches(quality)
        if at_once and is_bound and flows is not None and flows.quality > quality and self._has_below(flows):
            self.current = None
        self.retarget(now)
        return flows is not None and self.current is None

    def _has_below(self, layer: UpLayer) -> bool:
        return any(other.packets and other.quality < layer.quality for other in self.up_track.choices)

    def _paused_or_not(self, now: float) -> bool:
        """Obey a change of what makes a pause. Whether that stopped the stream."""
        before = self.is_paused
        self.is_paused = self._page_paused or self._granted is None
        if self.is_paused and not before:
            self.stop()
            return True
        if before and not self.is_paused:
            self.retarget(now)
        return False

    def enters(self, packet: Arrived) -> bool:
        """Whether to go over to this packet's layer here: it is the one aimed at, and a receiver can begin with it."""
        if packet.layer is not self.target and (self.target is None or not self.target.is_live(packet.at)):
            self.retarget(packet.at)
        if packet.layer is not self.target:
            return False
        if self.up_track.kind == "video" and not packet.key_frame:
            if packet.at - self._asked_at > ASK_AGAIN_AFTER:
                self._ask(packet.layer, packet.at)
            return False
        self.current = packet.layer
        return True

    def selects(self, packet: Arrived, frame: Frame) -> bool | None:
        """Whether to send this packet of a stream with spatial layers; None while nothing of it flows."""
        if self.target is None or not self.target.is_live(packet.at):
            self.retarget(packet.at)
        if self.target is None:
            return None
        spatial = self.spatial
        if self.current is None and spatial.spatial is not None:
            spatial.reset()
        sends = spatial.takes(frame, packet.timestamp, self.target.quality)
        if spatial.spatial is None:
            if packet.at - self._asked_at > ASK_AGAIN_AFTER:
                self._ask(self.target, packet.at)
            return None
        choices = self.up_track.choices
        self.current = choices[min(spatial.spatial, len(choices) - 1)]
        return sends

    def as_sent(self, packet: Arrived) -> Arrived:
        """A packet with the marker, and where it matters the descriptor, of the layers that are sent."""
        frame, spatial = packet.frame, self.spatial
        if frame is None:
            return packet
        # The last packet of the highest layer sent ends the picture.
        marker = 0x80 if frame.last and frame.spatial == spatial.spatial else packet.marker
        return packet.variant(marker, spatial.active if spatial.is_news or frame.brings_structure else 0)

    def retarget(self, now: float) -> None:
        """Choose the layer to aim at, and ask for its key frame when that is another one."""
        if not self.is_open or self.is_paused:
            return
        # Measured from the track's newest packet: a publisher that pauses altogether makes nobody switch.
        newest = max((layer.last_at for layer in self.up_track.choices if layer.packets), default=now)
        candidates = [layer for layer in self.up_track.choices if layer.packets and layer.is_live(newest)]
        current = self.current if self.current in candidates else None
        quality = layers.choose(
            [layer.quality for layer in candidates],
            self.maximum_quality,
            current.quality if current is not None else None,
            [layer.quality for layer in candidates if layer.is_steady(newest)],
        )
        if quality is None:
            return  # nothing has come yet
        if current is not None and current.quality == quality:
            self.target = current
            return
        target = next(layer for layer in reversed(candidates) if layer.quality == quality)
        if target is not self.target:
            self.target = target
            self._ask(target, now)

    def tick(self, now: float) -> None:
        """About twenty times a second."""
        there = self.up_track.choices
        if self.up_track.kind == "video" and not (len(there) == 1 and there[0] is self.current is self.target):
            self.retarget(now)
            if self.target not in (None, self.current) and now - self._asked_at > ASK_AGAIN_AFTER:
                self._ask(self.target, now)

    def _ask(self, layer: UpLayer, now: float) -> None:
        self._asked_at = now
        if self.spatial.reaches(layer.quality):
            return  # a spatial layer of which all is there
        self.up_track.request_key_frame(layer, now)

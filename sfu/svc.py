"""Spatial layers within one stream: which frame each packet belongs to, and which of them the track has.

Read from the dependency descriptor where the packets carry it, else from VP9's own. Nothing is decoded.
"""

from dataclasses import dataclass, field

from sfu.dependency_descriptor import (
    NOT_PRESENT,
    REQUIRED,
    SWITCH,
    MalformedDescriptor,
    Structure,
    narrowed,
)
from sfu.dependency_descriptor import parse as parse_dependencies
from sfu.layers import SILENT_AFTER
from sfu.up_layer import UpLayer
from sfu.vp9 import Vp9Descriptor, parse_vp9

LAYERED = ("video/vp9", "video/av1")
MOST_SPATIAL = 3  # as LiveKit's qualities; a fourth counts as the third


@dataclass(slots=True)
class Frame:
    """One packet's place. number: of its layer frame, 16 bits. references: numbers of the frames it is predicted from.

    indications: for each decode target, of `sfu.dependency_descriptor`; targets: (spatial, temporal) of each. active:
    bit mask of the targets that the publisher sends now. first, last: whether the packet begins and ends its frame.
    brings_structure: in a descriptor that may be narrowed; announces: begins a key picture, and tells of its layers.
    """

    number: int
    spatial: int
    first: bool
    last: bool
    references: tuple[int, ...]
    indications: tuple[int, ...]
    targets: tuple[tuple[int, int], ...]
    active: int
    narrow: "Narrow | None" = None
    brings_structure: bool = False
    announces: bool = False


@dataclass(slots=True)
class Narrow:
    """Writes this packet's dependency descriptor for fewer decode targets, once for each number of layers."""

    data: bytes
    structure: Structure
    made: dict[int, bytes] = field(default_factory=dict)

    def to(self, active: int) -> bytes:
        if active not in self.made:
            descriptor = parse_dependencies(self.data, self.structure)
            self.made[active] = narrowed(self.data, descriptor, self.structure, active)
        return self.made[active]


UNKNOWN = Frame(0, 0, False, False, (), (), (), 0)  # of a packet that does not tell: nobody gets it


class SpatialLayer(UpLayer):
    """What a subscriber gets that stops at this spatial layer: rate and liveness. whole: the stream it is part of.

    is_active: False once the publisher has said that it does not send it.
    """

    def __init__(self, whole: UpLayer, spatial: int) -> None:
        super().__init__(whole.ssrc, whole.clock_rate, quality=spatial)
        self.whole = whole
        self.is_active = True

    def is_live(self, now: float) -> bool:
        return self.is_active and super().is_live(now)

    def want_key_frame(self, now: float) -> bool:
        return self.whole.want_key_frame(now)

    def arrived(self, size: int, at: float, *, own: bool) -> None:
        """A packet that its subscribers need. own: of this very layer."""
        before = self.last_at
        self._note(size, at)
        if not own:
            self.last_at = before
        elif at - before >= SILENT_AFTER:
            self.live_since = at


class Layering:
    """Reads one stream's packets in order of arrival. layers: by spatial layer, empty until there are two.

    whole: the stream.
    """

    def __init__(self, mime_type: str, whole: UpLayer) -> None:
        self.whole = whole
        self.layers: list[SpatialLayer] = []
        self._is_vp9 = mime_type == "video/vp9"
        self._structure: Structure | None = None
        self._before: Structure | None = None
        self._active = 0
        self._count = 1  # spatial layers that VP9's descriptors told of

    def read(self, payload: bytes, dependencies: bytes | None, size: int, at: float) -> Frame | None:
        """A packet's place, None where there is but one spatial layer, or the packet does not tell."""
        frame = self._by_dependencies(dependencies) if dependencies is not None else None
        if frame is None and dependencies is None and self._is_vp9:
            frame = self._by_payload(payload)
        if frame is None:
            return UNKNOWN if self.layers else None
        count = min(MOST_SPATIAL, 1 + max(spatial for spatial, _ in frame.targets))
        if count > 1:
            while len(self.layers) < count:
                self.layers.append(SpatialLayer(self.whole, len(self.layers)))
        for layer in self.layers:
            targets = [target for target in range(len(frame.targets)) if frame.targets[target][0] == layer.quality]
            layer.is_active = any(frame.active >> target & 1 for target in targets)
            if any(frame.indications[target] != NOT_PRESENT for target in targets):
                # A key picture announces all its layers: whoever begins with it need not wait to see them.
                announced = frame.announces and layer.is_active
                layer.arrived(size, at, own=announced or min(frame.spatial, MOST_SPATIAL - 1) == layer.quality)
        return frame if self.layers else None

    def _by_dependencies(self, data: bytes) -> Frame | None:
        structure = self._structure
        try:
            descriptor = parse_dependencies(data, structure)
        except MalformedDescriptor:
            # A frame from before the last key frame that was sent again.
            structure = self._before
            try:
                descriptor = parse_dependencies(data, structure)
            except MalformedDescriptor:
                return None
        if descriptor.attached is not None and descriptor.attached != self._structure:
            self._before, self._structure = self._structure, descriptor.attached
        structure = descriptor.attached or structure
        if structure is None:
            return None
        if descriptor.active is not None:
            self._active = descriptor.active
        template = descriptor.template
        return Frame(
            number=descriptor.number,
            spatial=template.spatial,
            first=descriptor.first,
            last=descriptor.last,
            references=tuple((descriptor.number - back) & 0xFFFF for back in template.differences),
            indications=template.indications,
            targets=structure.targets,
            active=self._active,
            narrow=Narrow(data, structure),
            brings_structure=descriptor.attached is not None,
            announces=descriptor.attached is not None,
        )

    def _by_payload(self, payload: bytes) -> Frame | None:
        descriptor = parse_vp9(payload)
        if descriptor is None or descriptor.picture_id is None:
            return None
        if descriptor.layers is not None:
            self._count = descriptor.layers
        self._count = max(self._count, descriptor.spatial + 1)
        # Eight places for the layers of a picture; what a predicted frame refers to is not looked at.
        number = (descriptor.picture_id << 3 | descriptor.spatial) & 0xFFFF
        below = ((number - 1) & 0xFFFF,) if descriptor.from_below else ()
        return Frame(
            number=number,
            spatial=descriptor.spatial,
            first=descriptor.first,
            last=descriptor.last,
            references=below,
            indications=tuple(_indication(descriptor, spatial) for spatial in range(self._count)),
            targets=tuple((spatial, 0) for spatial in range(self._count)),
            active=(1 << self._count) - 1,
            announces=descriptor.layers is not None and not descriptor.predicted,
        )


def _indication(descriptor: Vp9Descriptor, target: int) -> int:
    if target < descriptor.spatial or (target > descriptor.spatial and descriptor.aside):
        return NOT_PRESENT
    return REQUIRED if descriptor.predicted else SWITCH

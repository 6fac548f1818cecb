"""The dependency descriptor: which frame a packet belongs to, what it depends on and who needs it.

Read, and narrowed to fewer decode targets (RTP payload format for AV1, appendix A; used with VP9 and others too).
"""

from dataclasses import dataclass

MOST_TEMPLATES = 64
NOT_PRESENT, DISCARDABLE, SWITCH, REQUIRED = range(4)  # decode target indications (table A.1)

_SAME_LAYER, _NEXT_TEMPORAL, _NEXT_SPATIAL, _LAST = range(4)


class MalformedDescriptor(ValueError):
    """The other program sent a descriptor that breaks off, or refers to what it never told."""


@dataclass(frozen=True, slots=True)
class Template:
    """indications: one for each decode target. differences: back to the frames it refers to, in frame numbers."""

    spatial: int
    temporal: int
    indications: tuple[int, ...]
    differences: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Structure:
    """What a key frame tells of all frames that follow. targets: (spatial, temporal) of each decode target."""

    first_id: int
    templates: tuple[Template, ...]
    targets: tuple[tuple[int, int], ...]
    chains: int

    @property
    def spatial_layers(self) -> int:
        return 1 + max(template.spatial for template in self.templates)

    @property
    def all_targets(self) -> int:
        return (1 << len(self.targets)) - 1


@dataclass(frozen=True, slots=True)
class Descriptor:
    """first, last: whether the packet begins and ends its frame. number: 16 bits.

    attached: the structure this packet brings. active: bit mask of decode targets, None where it says nothing.
    mask_at, mask_bits, end: where in the descriptor the mask stands, or would stand, and where all ends, in bits.
    """

    first: bool
    last: bool
    number: int
    template: Template
    attached: Structure | None = None
    active: int | None = None
    mask_at: int = 0
    mask_bits: int = 0
    end: int = 24


class _Bits:
    def __init__(self, data: bytes) -> None:
        self._value = int.from_bytes(data, "big")
        self._length = 8 * len(data)
        self.position = 0

    def take(self, count: int) -> int:
        self.position += count
        if self.position > self._length:
            raise MalformedDescriptor("descriptor breaks off")
        return self._value >> self._length - self.position & (1 << count) - 1

    def take_up_to(self, count: int) -> int:
        """A number below `count`, in as few bits as it needs: ns(n) (appendix A.8.1)."""
        width = count.bit_length()
        short = (1 << width) - count
        value = self.take(width - 1)
        return value if value < short else (value << 1) - short + self.take(1)


def parse(data: bytes, structure: Structure | None) -> Descriptor:
    """structure: the newest that came before. Raises MalformedDescriptor, also where a structure is needed."""
    if len(data) < 3:
        raise MalformedDescriptor("shorter than its fixed part")
    first, last, identifier = data[0] >= 0x80, data[0] & 0x40 != 0, data[0] & 0x3F
    number = data[1] << 8 | data[2]
    if len(data) == 3:
        return Descriptor(first, last, number, _template(identifier, structure))
    bits = _Bits(data)
    bits.position = 24
    has_structure, has_mask, own_indications, own_differences, own_chains = (bits.take(1) for _ in range(5))
    attached = _structure(bits) if has_structure else None
    known = attached or structure
    template = _template(identifier, known)
    assert known is not None, "or there were no template"
    mask_at = bits.position
    active = known.all_targets if attached else None
    if has_mask:
        active = bits.take(len(known.targets))
    mask_bits = bits.position - mask_at
    indications, differences = template.indications, template.differences
    if own_indications:
        indications = tuple(bits.take(2) for _ in known.targets)
    if own_differences:
        differences = _own_differences(bits)
    if own_chains:
        bits.take(8 * known.chains)
    if own_indications or own_differences:
        template = Template(template.spatial, template.temporal, indications, differences)
    return Descriptor(first, last, number, template, attached, active, mask_at, mask_bits, bits.position)


def narrowed(data: bytes, descriptor: Descriptor, structure: Structure, active: int) -> bytes:
    """The same descriptor, saying that only these decode targets go on. structure: the one it was read with."""
    value = int.from_bytes(data, "big")
    length = 8 * len(data)
    count = len(structure.targets)
    if len(data) == 3:
        flags, head, tail, tail_bits = 0b01000, value, 0, 0
        head, head_bits = head << 5 | flags, 29
    else:
        head_bits = descriptor.mask_at
        head = value >> length - head_bits | 1 << head_bits - 26
        tail_bits = descriptor.end - descriptor.mask_at - descriptor.mask_bits
        tail = value >> length - descriptor.end & (1 << tail_bits) - 1
    bits = head_bits + count + tail_bits
    octets = (bits + 7) // 8
    written = (head << count | active) << tail_bits | tail
    return (written << 8 * octets - bits).to_bytes(octets, "big")


def _template(identifier: int, structure: Structure | None) -> Template:
    if structure is None:
        raise MalformedDescriptor("no structure has come")
    index = (identifier - structure.first_id) % 64
    if index >= len(structure.templates):
        raise MalformedDescriptor("unknown template")
    return structure.templates[index]


def _structure(bits: _Bits) -> Structure:
    first_id, count = bits.take(6), bits.take(5) + 1
    places: list[tuple[int, int]] = []
    spatial = temporal = 0
    while True:
        places.append((spatial, temporal))
        following = bits.take(2)
        if following == _LAST:
            break
        if len(places) == MOST_TEMPLATES:
            raise MalformedDescriptor("too many templates")
        if following == _NEXT_TEMPORAL:
            temporal += 1
        elif following == _NEXT_SPATIAL:
            spatial, temporal = spatial + 1, 0
    if spatial > 3 or temporal > 7:
        raise MalformedDescriptor("too many layers")
    indications = [tuple(bits.take(2) for _ in range(count)) for _ in places]
    differences = [_differences(bits) for _ in places]
    chains = bits.take_up_to(count + 1)
    if chains:
        for _ in range(count):
            bits.take_up_to(chains)
        bits.take(4 * chains * len(places))
    if bits.take(1):
        bits.take(32 * (spatial + 1))
    templates = tuple(
        Template(place[0], place[1], wanted, referred)
        for place, wanted, referred in zip(places, indications, differences, strict=True)
    )
    targets = tuple(_target(templates, index) for index in range(count))
    return Structure(first_id, templates, targets, chains)


def _target(templates: tuple[Template, ...], index: int) -> tuple[int, int]:
    """The highest layers of a decode target's frames."""
    of_target = [template for template in templates if template.indications[index] != NOT_PRESENT]
    return (
        max((template.spatial for template in of_target), default=0),
        max((template.temporal for template in of_target), default=0),
    )


def _differences(bits: _Bits) -> tuple[int, ...]:
    found: list[int] = []
    while bits.take(1):
        found.append(bits.take(4) + 1)
    return tuple(found)


def _own_differences(bits: _Bits) -> tuple[int, ...]:
    found: list[int] = []
    while size := bits.take(2):
        found.append(bits.take(4 * size) + 1)
    return tuple(found)

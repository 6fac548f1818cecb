"""VP9's payload descriptor: which layer frame a packet belongs to (RFC 9628, section 4.2). Nothing is decoded."""

from dataclasses import dataclass

MOST_REFERENCES = 3


@dataclass(frozen=True, slots=True)
class Vp9Descriptor:
    """first, last: whether the packet begins and ends its layer frame. picture_id: None where there is none.

    predicted: from earlier pictures; from_below: from the layer below in the same picture. aside: no higher layer of
    this picture is predicted from it. layers: how many spatial layers there are, where the packet tells.
    """

    first: bool
    last: bool
    picture_id: int | None
    wide: bool
    spatial: int
    temporal: int
    predicted: bool
    from_below: bool
    aside: bool
    layers: int | None


def parse_vp9(payload: bytes) -> Vp9Descriptor | None:
    """None when the payload is too short to hold its descriptor, or breaks its rules."""
    try:
        return _parse(payload)
    except IndexError:
        return None


def _parse(payload: bytes) -> Vp9Descriptor | None:
    flags = payload[0]
    position = 1
    picture_id: int | None = None
    wide = False
    if flags & 0x80:
        wide = payload[1] >= 0x80
        picture_id = (payload[1] & 0x7F) << 8 | payload[2] if wide else payload[1]
        position += 2 if wide else 1
    predicted, flexible = flags & 0x40 != 0, flags & 0x10 != 0
    spatial = temporal = 0
    from_below = False
    if flags & 0x20:
        layers = payload[position]
        temporal, spatial, from_below = layers >> 5, layers >> 1 & 7, layers & 1 != 0
        position += 1 if flexible else 2
    if predicted and flexible:
        for count in range(MOST_REFERENCES + 1):
            if count == MOST_REFERENCES:
                return None
            position += 1
            if not payload[position - 1] & 1:
                break
    count_of_layers = (payload[position] >> 5) + 1 if flags & 0x02 else None
    return Vp9Descriptor(
        first=flags & 0x08 != 0,
        last=flags & 0x04 != 0,
        picture_id=picture_id,
        wide=wide,
        spatial=spatial,
        temporal=temporal,
        predicted=predicted,
        from_below=from_below,
        aside=flags & 0x01 != 0,
        layers=count_of_layers,
    )

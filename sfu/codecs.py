"""What a forwarder must know of a payload: where a picture can be entered, and VP8's counters. Nothing is decoded."""

from dataclasses import dataclass

_H264_ENTRY = (5, 7)  # IDR slice, sequence parameter set (RFC 6184 section 5.2)


def is_key_frame(mime_type: str, payload: bytes, dependency_descriptor: bytes | None = None) -> bool:
    """Whether a receiver can start decoding at this packet.

    mime_type: lower case. dependency_descriptor: the header extension's value where there is one; it alone can be read
    when the payload is encrypted end to end. A payload too short to tell is no key frame; an unknown codec's always is.
    """
    if dependency_descriptor is not None and len(dependency_descriptor) >= 3:
        # start_of_frame, and extended fields with a template structure, which only key frames carry
        # (AV1 RTP specification, appendix A.8.2).
        extended = dependency_descriptor[3] if len(dependency_descriptor) > 3 else 0
        return bool(dependency_descriptor[0] & 0x80 and extended & 0x80)
    check = _KEY_FRAME_CHECKS.get(mime_type)
    if check is None:
        return True
    try:
        return check(payload)
    except IndexError:
        return False


def _vp8(payload: bytes) -> bool:
    """First partition of a frame whose P bit is 0 (RFC 7741 sections 4.2 and 4.3)."""
    if payload[0] & 0x17 != 0x10:
        return False
    return payload[_vp8_descriptor_length(payload)] & 1 == 0


def _vp9(payload: bytes) -> bool:
    """Begins a frame that is not predicted, on the lowest spatial layer (RFC 9628 section 4.2)."""
    first = payload[0]
    if first & 0x40 or not first & 0x08:
        return False
    if first & 0x20:  # layer indices present
        position = 1
        if first & 0x80:
            position += 2 if payload[1] & 0x80 else 1
        return payload[position] >> 1 & 7 == 0
    return True


def _h264(payload: bytes) -> bool:
    kind = payload[0] & 31
    if kind == 24:  # STAP-A: several units behind each other
        position = 1
        while position + 2 < len(payload):
            if payload[position + 2] & 31 in _H264_ENTRY:
                return True
            position += 2 + (payload[position] << 8 | payload[position + 1])
        return False
    if kind == 28:  # FU-A: the first fragment
        return bool(payload[1] & 0x80) and payload[1] & 31 in _H264_ENTRY
    return kind in _H264_ENTRY


def _av1(payload: bytes) -> bool:
    """The N bit of the aggregation header: a coded video sequence begins (AV1 RTP specification, section 4.4)."""
    return payload[0] & 0x08 != 0


_KEY_FRAME_CHECKS = {"video/vp8": _vp8, "video/vp9": _vp9, "video/h264": _h264, "video/av1": _av1}


def _vp8_descriptor_length(payload: bytes) -> int:
    """Raises IndexError when the payload ends before its descriptor."""
    length = 1
    if payload[0] & 0x80:
        extension = payload[1]
        length = 2
        if extension & 0x80:
            length += 2 if payload[2] & 0x80 else 1
        if extension & 0x40:
            length += 1
        if extension & 0x30:
            length += 1
    if length > len(payload):
        raise IndexError
    return length


@dataclass(slots=True)
class Vp8Descriptor:
    """The payload descriptor of RFC 7741 section 4.2. A field that is not there is None.

    length: of the whole descriptor; wide: the picture id has 15 bits, else 7.
    """

    length: int
    picture_id: int | None
    wide: bool
    tl0_picture: int | None
    key_index: int | None


def parse_vp8(payload: bytes) -> Vp8Descriptor | None:
    """None when the payload is too short to hold its descriptor."""
    try:
        length = _vp8_descriptor_length(payload)
    except IndexError:
        return None
    picture_id = tl0_picture = key_index = None
    wide = False
    if payload[0] & 0x80:
        flags = payload[1]
        position = 2
        if flags & 0x80:
            wide = payload[2] >= 0x80
            picture_id = (payload[2] & 0x7F) << 8 | payload[3] if wide else payload[2]
            position += 2 if wide else 1
        if flags & 0x40:
            tl0_picture = payload[position]
            position += 1
        if flags & 0x10:
            key_index = payload[position] & 0x1F
    return Vp8Descriptor(length, picture_id, wide, tl0_picture, key_index)


# Added to a source's picture id, TL0PICIDX and KEYIDX for one receiver.
Vp8Offsets = tuple[int, int, int]
UNCHANGED: Vp8Offsets = (0, 0, 0)


def rewritten_vp8(payload: bytes, descriptor: Vp8Descriptor, offsets: Vp8Offsets) -> bytes:
    """The descriptor at the head of this payload as the receiver shall see it, of the same length.

    A field keeps its width: a narrow source stays narrow (its number is then taken modulo 128).
    """
    if offsets == UNCHANGED or not payload[0] & 0x80:
        return payload[: descriptor.length]
    picture, tl0, key = offsets
    head = bytearray(payload[: descriptor.length])
    position = 2
    if descriptor.picture_id is not None:
        number = descriptor.picture_id + picture
        if descriptor.wide:
            head[2] = 0x80 | number >> 8 & 0x7F
            head[3] = number & 0xFF
            position = 4
        else:
            head[2] = number & 0x7F
            position = 3
    if descriptor.tl0_picture is not None:
        head[position] = (descriptor.tl0_picture + tl0) & 0xFF
        position += 1
    if descriptor.key_index is not None:
        head[position] = head[position] & 0xE0 | (descriptor.key_index + key) & 0x1F
    return bytes(head)


class Vp8Rewriter:
    """Keeps picture id, TL0PICIDX and KEYIDX continuous for one receiver over changes of source."""

    def __init__(self) -> None:
        self.offsets = UNCHANGED
        self._latest = (b"", b"")  # all behind the first byte, before and after: the same for a whole picture

    def splice(self, first: Vp8Descriptor, last: Vp8Descriptor | None) -> None:
        """`first` opens another source: its numbers go on where the old source's stopped, at `last`."""
        self._latest = (b"", b"")
        if last is None:
            self.offsets = UNCHANGED
            return
        picture, tl0, key = self.offsets
        if first.picture_id is not None and last.picture_id is not None:
            picture = (last.picture_id + picture + 1 - first.picture_id) & 0x7FFF
        if first.tl0_picture is not None and last.tl0_picture is not None:
            tl0 = (last.tl0_picture + tl0 + 1 - first.tl0_picture) & 0xFF
        if first.key_index is not None and last.key_index is not None:
            key = (last.key_index + key + 1 - first.key_index) & 0x1F
        self.offsets = picture, tl0, key

    def rewrite(self, payload: bytes, descriptor: Vp8Descriptor) -> bytes:
        """The same as `rewritten_vp8`, and cheap for the packets of one picture."""
        numbers = payload[1 : descriptor.length]
        if numbers == self._latest[0]:
            return payload[:1] + self._latest[1]
        head = rewritten_vp8(payload, descriptor, self.offsets)
        self._latest = numbers, head[1:]
        return head

"""Packets on their way from a layer to all subscribers: what those share is prepared once, in `Arrived` and `Run`."""

from functools import lru_cache
from typing import TYPE_CHECKING

from sfu.bandwidth_history import OVERHEAD
from sfu.codecs import Vp8Descriptor, Vp8Offsets, Vp8Rewriter, parse_vp8, rewritten_vp8
from sfu.red import History
from sfu.rtp import (
    ABS_SEND_TIME,
    AUDIO_LEVEL,
    DEPENDENCY_DESCRIPTOR,
    EXTENSION_HEADER,
    HEADER,
    ONE_BYTE,
    ORIENTATION,
    TWO_BYTE,
    RtpPacket,
    needs_two_bytes,
    write_elements,
)

if TYPE_CHECKING:
    from sfu.svc import Frame
    from sfu.up_layer import UpLayer

PASSED_ON = (AUDIO_LEVEL, ORIENTATION, DEPENDENCY_DESCRIPTOR)
NUMBER_AT = 17  # in a packet whose extensions have the one-byte form
_NUMBER_AT_TWO_BYTE = 18
_PADDING = (b"", b"\0", b"\0\0", b"\0\0\0")
_NOTHING_ELSE = [None] * (len(PASSED_ON) - 1)


class Shape:
    """How packets look to some subscribers, apart from the numbers of each. Equal ones are the same object: `shape`.

    ids: of ABS_SEND_TIME and each of PASSED_ON, 0 where not negotiated; number_id: of the transport-wide number; mid:
    the element in its one-byte and its two-byte form; red: the payload type within redundant sound and how many packets
    each repeats, None where sound is sent plain.
    """

    __slots__ = ("ids", "level", "mid", "number_id", "red", "usual", "with_level")

    def __init__(
        self, ids: tuple[int, ...], number_id: int, mid: tuple[bytes, bytes], red: tuple[int, int] | None
    ) -> None:
        self.ids = ids
        self.number_id = number_id
        self.mid = mid
        self.red = red
        self.usual = self._usual(0)
        self.with_level = self._usual(2) if 0 < ids[1] < 15 else None
        self.level = bytes((ids[1] << 4 & 0xF0,))

    def _usual(self, size: int) -> tuple[int, int, bytes, bytes, int] | None:
        """For packets with a number and a send time, and so many bytes passed on, as most are; None where not so.

        The extension header as a number, the first element's head, what stands between number and send time, what
        stands behind all that, and where the payload begins.
        """
        if not (0 < self.ids[0] < 15 and 0 < self.number_id < 15):
            return None
        rest = self.mid[0] + _PADDING[-(7 + size + len(self.mid[0])) & 3]
        words = (7 + size + len(rest)) >> 2
        head = bytes((self.ids[0] << 4 | 2,))
        return ONE_BYTE << 16 | words, self.number_id << 4 | 1, head, rest, 16 + 4 * words


@lru_cache(maxsize=1024)
def _interned(ids: tuple[int, ...], number_id: int, mid: tuple[bytes, bytes], red: tuple[int, int] | None) -> Shape:
    return Shape(ids, number_id, mid, red)


def shape(
    extensions: dict[str, int],
    number_id: int,
    mid: tuple[bytes, bytes] = (b"", b""),
    red: tuple[int, int] | None = None,
) -> Shape:
    """extensions: ids by name, as negotiated with the subscriber."""
    ids = tuple([extensions.get(uri, 0) for uri in (ABS_SEND_TIME, *PASSED_ON)])
    return _interned(ids, number_id, mid, red)


class Arrived:
    """One packet. marker: 0x80 or 0; at: when it came; passed: the values of PASSED_ON; vp8: the payload's descriptor,
    where it has one; history: of sound, from which redundancy is made; frame: its place among the spatial layers of a
    stream that has some.
    """

    __slots__ = (
        "_block",
        "_block_shape",
        "_redundant",
        "_variants",
        "_vp8",
        "at",
        "frame",
        "history",
        "is_padding",
        "key_frame",
        "layer",
        "marker",
        "passed",
        "payload",
        "sequence_number",
        "timestamp",
    )

    def __init__(self, layer: "UpLayer", packet: RtpPacket, passed: tuple[bytes | None, ...], at: float) -> None:
        self.layer = layer
        self.sequence_number = packet.sequence_number
        self.timestamp = packet.timestamp
        self.marker = 0x80 if packet.marker else 0
        self.payload = packet.payload
        self.is_padding = not packet.payload
        self.key_frame = False
        self.at = at
        self.history: History | None = None
        self.frame: Frame | None = None
        self.passed = passed
        self._variants: dict[tuple[int, int], Arrived] | None = None
        self._redundant: dict[tuple[int, int], bytes] | None = None
        self._vp8: Vp8Descriptor | bool | None = None  # False: not read yet
        self._block: tuple[bytes, int] = (b"", 0)
        self._block_shape: Shape | None = None

    def is_vp8(self) -> None:
        """There is a payload descriptor, whose numbers are every subscriber's own; read when it is asked for."""
        self._vp8 = False

    @property
    def vp8(self) -> Vp8Descriptor | None:
        if self._vp8 is False:
            self._vp8 = parse_vp8(self.payload)
        return self._vp8 or None  # type: ignore[return-value]  # never True

    def variant(self, marker: int, active: int) -> "Arrived":
        """The same with another marker, and, unless `active` is 0, a descriptor of these decode targets alone."""
        narrow = self.frame.narrow if self.frame is not None and active else None
        if marker == self.marker and narrow is None:
            return self
        if self._variants is None:
            self._variants = {}
        made = self._variants.get((marker, active))
        if made is None:
            passed = self.passed if narrow is None else (*self.passed[:2], narrow.to(active))
            packet = RtpPacket(0, marker > 0, self.sequence_number, self.timestamp, 0, self.payload)
            made = self._variants[marker, active] = Arrived(self.layer, packet, passed, self.at)
            made.key_frame, made.history, made.frame, made._vp8 = self.key_frame, self.history, self.frame, self._vp8
        return made

    def body(self, shape: Shape) -> bytes:
        """The payload, with redundancy where that is wanted; always the same once made."""
        red = shape.red
        if red is None or self.history is None:
            return self.payload
        if self._redundant is None:
            self._redundant = {}
        made = self._redundant.get(red)
        if made is None:
            payload_type, distance = red
            made = self._redundant[red] = self.history.wrap(
                self.sequence_number, self.timestamp, self.payload, payload_type=payload_type, distance=distance
            )
        return made

    def extensions(self, shape: Shape, now: float | None = None) -> tuple[bytes, int]:
        """The whole extension block, its header first, and where in the packet the transport-wide number goes, or 0.

        now: for a fresh send time; else it is the time of arrival.
        """
        if now is None and shape is self._block_shape:
            return self._block
        elements = []
        two_byte = False
        for identifier, value in zip(shape.ids, (abs_send_time(now or self.at), *self.passed), strict=True):
            if identifier and value is not None:
                elements.append((identifier, value))
                two_byte = two_byte or needs_two_bytes(identifier, value)
        number_at = 0
        if shape.number_id:
            elements.insert(0, (shape.number_id, b"\0\0"))
            number_at = _NUMBER_AT_TWO_BYTE if two_byte else NUMBER_AT
        block = write_elements(elements, two_byte=two_byte) + shape.mid[two_byte]
        if block:
            block += _PADDING[-len(block) & 3]
            block = EXTENSION_HEADER.pack(TWO_BYTE if two_byte else ONE_BYTE, len(block) >> 2) + block
        found = block, number_at
        if now is None:
            self._block, self._block_shape = found, shape
        return found

    def write(
        self,
        shape: Shape,
        payload_type: int,
        sequence: int,
        timestamp: int,
        ssrc: int,
        *,
        vp8: Vp8Offsets | None = None,
        now: float | None = None,
        original: int | None = None,
    ) -> tuple[bytes, int]:
        """The packet for one subscriber, and where its transport-wide number goes, or 0.

        vp8: what is added to the descriptor's numbers. original: the number that it repairs (RFC 4588 section 4).
        """
        block, number_at = self.extensions(shape, now)
        head = HEADER.pack(0x90 if block else 0x80, self.marker | payload_type, sequence, timestamp, ssrc)
        payload = self.body(shape)
        if vp8 is not None and self.vp8 is not None:
            payload = rewritten_vp8(payload, self.vp8, vp8) + payload[self.vp8.length :]
        if original is not None:
            return b"".join((head, block, original.to_bytes(2, "big"), payload)), number_at
        return b"".join((head, block, payload)), number_at


# One packet of a form: marker and first byte as they stand, its source's sequence number and time stamp, the extension
# header as a number, the head of the first element, all behind the transport-wide number, size, and what
# `sfu.bandwidth_history` keeps of it.
FormedPacket = tuple[int, int, int, int, int, bytes, int, tuple[float, int]]


class Form:
    """A run as it looks to all subscribers of one shape. octets: on the network, with all headers. is_numbered: whether
    every packet carries its transport-wide number at NUMBER_AT; where not, there are none here.
    """

    __slots__ = ("_arrived", "_bodies", "is_numbered", "octets", "packets")

    def __init__(self, run: "Run", shape: Shape) -> None:
        self.packets: list[FormedPacket] = []
        self.octets = 0
        self.is_numbered = True
        self._arrived = run.packets
        self._bodies: list[int] = []  # where the payload begins
        now = run.now
        for packet in run.packets:
            body = packet.body(shape)
            level, *others = packet.passed
            if shape.usual is not None and others == _NOTHING_ELSE and (level is None or not shape.ids[1]):
                header, element, before, after, begins = shape.usual
                rest = b"".join((before, abs_send_time(packet.at), after, body))
            elif shape.with_level is not None and others == _NOTHING_ELSE and level is not None and len(level) == 1:
                header, element, before, after, begins = shape.with_level
                rest = b"".join((before, abs_send_time(packet.at), shape.level, level, after, body))
            else:
                block, number_at = packet.extensions(shape)
                if number_at != NUMBER_AT:
                    self.is_numbered = False
                    return
                header, element = int.from_bytes(block[:4], "big"), block[4]
                rest = block[7:] + body
                begins = 12 + len(block)
            size = begins + len(body)
            kept = size + OVERHEAD
            self.packets.append(
                (
                    0x9000 | packet.marker,
                    packet.sequence_number,
                    packet.timestamp,
                    header,
                    element,
                    rest,
                    size,
                    (now, kept),
                )
            )
            self._bodies.append(begins)
            self.octets += kept

    def rewrite(self, index: int, data: bytearray, at: int, vp8: Vp8Rewriter) -> None:
        """Give one packet, which stands in `data`, a subscriber's own VP8 numbers."""
        packet = self._arrived[index]
        if (descriptor := packet.vp8) is not None:
            at += self._bodies[index]
            data[at : at + descriptor.length] = vp8.rewrite(packet.payload, descriptor)


class Run:
    """Packets of one layer that came together, in the order they came.

    now: when they are passed on. is_plain: each is new, ahead of the one before, and no padding. octets: of payload.
    """

    __slots__ = ("_forms", "is_plain", "layer", "now", "octets", "packets")

    def __init__(self, packet: Arrived) -> None:
        self.layer = packet.layer
        self.packets = [packet]
        self.is_plain = not packet.is_padding
        self.octets = len(packet.payload)
        self.now = packet.at
        self._forms: dict[Shape, Form] = {}

    def add(self, packet: Arrived) -> None:
        """One more of the same layer."""
        if packet.is_padding or (packet.sequence_number - self.packets[-1].sequence_number - 1) & 0xFFFF >= 0x8000:
            self.is_plain = False
        self.packets.append(packet)
        self.octets += len(packet.payload)

    def form(self, shape: Shape) -> Form:
        """Made once for each shape."""
        found = self._forms.get(shape)
        if found is None:
            found = self._forms[shape] = Form(self, shape)
        return found


def abs_send_time(now: float) -> bytes:
    """24 bits of seconds, 18 of them fraction: any steady clock will do."""
    return (int(now * 262144) & 0xFFFFFF).to_bytes(3, "big")

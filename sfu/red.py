"""Redundant audio (RFC 2198): each packet repeats what the last ones carried. Payloads are opaque."""

from dataclasses import dataclass

from sfu.rtp import MalformedPacket

MOST_OFFSET = 0x3FFF  # 14 bits: a third of a second at 48 kHz
MOST_LENGTH = 0x3FF  # 10 bits
MOST_BLOCKS = 8  # redundant ones in one packet that are read
MOST_OCTETS = 1100  # of a payload made here: it must pass in one datagram
LOSSY = 0.04  # share of packets lost from which a path's sound is repeated more
STILL_LOSSY = 0.01
GOOD_FOR = 20.0  # seconds without such losses after which it is repeated less: what is repeated hides them
MOST_REPEATED = 2
_SIZE = 8  # packets remembered, a power of two


@dataclass(frozen=True, slots=True)
class Block:
    """An earlier payload. offset: how much older than the packet's own time stamp, in its clock."""

    offset: int
    payload: bytes


def parse(payload: bytes, payload_type: int) -> tuple[bytes, list[Block]]:
    """The packet's own sound and the earlier ones, oldest first. payload_type: what the blocks must carry.

    Raises MalformedPacket for a header or a block that runs over the end, another payload type, or too many blocks.
    """
    headers: list[tuple[int, int]] = []
    position, end = 0, len(payload)
    while True:
        if position >= end:
            raise MalformedPacket("cut in the redundancy headers")
        if payload[position] & 0x7F != payload_type:
            raise MalformedPacket("redundancy of another codec")
        if payload[position] < 0x80:
            position += 1
            break
        if position + 4 > end or len(headers) == MOST_BLOCKS:
            raise MalformedPacket("cut or too many redundancy headers")
        fields = int.from_bytes(payload[position + 1 : position + 4], "big")
        headers.append((fields >> 10, fields & MOST_LENGTH))
        position += 4
    blocks = []
    for offset, length in headers:
        if position + length > end:
            raise MalformedPacket("redundancy runs over its packet")
        blocks.append(Block(offset, payload[position : position + length]))
        position += length
    return payload[position:], blocks


def build(payload: bytes, blocks: list[Block], payload_type: int) -> bytes:
    """The inverse of `parse`; the caller keeps offsets and lengths within their bits."""
    headers = [
        bytes((0x80 | payload_type,)) + (block.offset << 10 | len(block.payload)).to_bytes(3, "big") for block in blocks
    ]
    return b"".join((*headers, bytes((payload_type,)), *(block.payload for block in blocks), payload))


class History:
    """The last packets of one stream, from which its subscribers' redundancy is made."""

    def __init__(self) -> None:
        self.clear()

    def put(self, sequence_number: int, timestamp: int, payload: bytes) -> None:
        self._ring[sequence_number & _SIZE - 1] = (sequence_number, timestamp, payload)

    def clear(self) -> None:
        self._ring: list[tuple[int, int, bytes] | None] = [None] * _SIZE
        self._made: tuple[tuple[int, int, int, int], bytes] = ((-1, -1, -1, -1), b"")

    def wrap(self, sequence_number: int, timestamp: int, payload: bytes, *, payload_type: int, distance: int) -> bytes:
        """A payload with up to `distance` packets before it, the same for all who number the codec alike.

        Ends at the first gap, in the numbers or too long a silence: who receives it takes the blocks for the numbers
        just before its own.
        """
        key = (sequence_number, timestamp, payload_type, distance)
        if key == self._made[0]:
            return self._made[1]
        blocks: list[Block] = []
        octets = len(payload)
        for back in range(1, distance + 1):
            number = (sequence_number - back) & 0xFFFF
            earlier = self._ring[number & _SIZE - 1]
            if earlier is None or earlier[0] != number:
                break
            offset = (timestamp - earlier[1]) & 0xFFFFFFFF
            octets += len(earlier[2])
            if not 0 < offset <= MOST_OFFSET or not 0 < len(earlier[2]) <= MOST_LENGTH or octets > MOST_OCTETS:
                break
            blocks.insert(0, Block(offset, earlier[2]))
        made = build(payload, blocks, payload_type)
        self._made = (key, made)
        return made


class LossyPath:
    """How often one subscriber gets the same sound, by the losses that it reports."""

    def __init__(self) -> None:
        self.is_lossy = False
        self._lost_at = 0.0

    @property
    def distance(self) -> int:
        """Packets repeated in each one."""
        return MOST_REPEATED if self.is_lossy else 1

    def report(self, lost: float, now: float) -> None:
        """lost: 0 to 1 since the last report; now: monotonic seconds."""
        if lost >= (STILL_LOSSY if self.is_lossy else LOSSY):
            self.is_lossy, self._lost_at = True, now
        elif now - self._lost_at >= GOOD_FOR:
            self.is_lossy = False

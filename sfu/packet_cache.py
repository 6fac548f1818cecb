"""What was sent lately, to answer NACK from: a ring of fixed size, indexed by outgoing sequence number."""

SIZE = 1024  # a power of two: at 1,000 packets/s about a second, longer than any repair makes sense


# (sequence number, everything before the shared payload as it was sent, payload). A plain tuple: one is made for every
# packet sent, and only plain tuples of plain values cost the garbage collector nothing.
SentPacket = tuple[int, bytes, bytes]


class PacketCache:
    """Holds references: the payload is the same object for every subscriber of a track."""

    def __init__(self, size: int = SIZE) -> None:
        if size & size - 1:
            raise ValueError("size is a power of two")
        self._mask = size - 1
        self._ring: list[SentPacket | None] = [None] * size

    def put(self, packet: SentPacket) -> None:
        self._ring[packet[0] & self._mask] = packet

    def get(self, sequence_number: int) -> SentPacket | None:
        packet = self._ring[sequence_number & self._mask]
        return packet if packet is not None and packet[0] == sequence_number else None

    def clear(self) -> None:
        self._ring = [None] * (self._mask + 1)

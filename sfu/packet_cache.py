"""What has come lately of one layer, to answer its subscribers' NACKs from: a ring, indexed by sequence number."""

from sfu.arrived import Arrived

SIZE = 1024  # a power of two: at 1,000 packets/s about a second, longer than any repair makes sense


class PacketCache:
    """Keeps references: a packet is the same object for every subscriber."""

    def __init__(self, size: int = SIZE) -> None:
        if size & size - 1:
            raise ValueError("size is a power of two")
        self._mask = size - 1
        self._ring: list[Arrived | None] = [None] * size

    def put(self, packet: Arrived) -> None:
        self._ring[packet.sequence_number & self._mask] = packet

    def get(self, sequence_number: int) -> Arrived | None:
        packet = self._ring[sequence_number & self._mask]
        return packet if packet is not None and packet.sequence_number == sequence_number else None

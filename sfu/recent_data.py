"""What a room remembers of reliable data, so that a client that comes back gets what it says it has not received."""

from collections import deque
from collections.abc import Iterator, Mapping

from sfu.data import Routed

MAX_BYTES = 256 * 1024
MAX_PACKETS = 2000


class RecentData:
    """The newest reliable packets that carry a number of their sender's; the oldest make room.

    next: the place of the next packet, ever growing: a participant gets nothing from before its own first.
    """

    def __init__(self) -> None:
        self.next = 0
        self._packets: deque[Routed] = deque()
        self._size = 0

    def keep(self, packet: Routed) -> None:
        self._packets.append(packet)
        self._size += len(packet.payload)
        self.next += 1
        while self._size > MAX_BYTES or len(self._packets) > MAX_PACKETS:
            self._size -= len(self._packets.popleft().payload)

    def missed(self, identity: str, sid: str, first: int, received: Mapping[str, int]) -> Iterator[Routed]:
        """What was for a participant and has not come, in the order it was sent.

        first: `next` when it joined. received: sender's sid -> the last number the client has of it. A client drops
        what it has already (by the same numbers), so what is still under way to it may be said twice.
        """
        oldest = self.next - len(self._packets)
        for place, packet in enumerate(self._packets, oldest):
            addressed = packet.sender != sid and (not packet.identities or identity in packet.identities)
            if place >= first and addressed and packet.sequence > received.get(packet.sender, 0):
                yield packet

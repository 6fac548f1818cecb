"""Signal messages on their way to one client: bounded, kept over a lost socket so that a resumed one misses nothing."""

from collections import deque

from livekit.protocol.rtc import SignalResponse

MAX_BYTES = 1024 * 1024


class Outbox:
    """A queue of serialized messages. Past MAX_BYTES it gives up: `broken`, and empty from then on.

    changed: whoever sends sets it to be woken.
    """

    def __init__(self, limit: int = MAX_BYTES) -> None:
        self.broken = False
        self.size = 0
        self.wake = _nothing
        self._limit = limit
        self._messages: deque[bytes] = deque()

    def put(self, message: SignalResponse) -> None:
        """Never blocks, never raises."""
        if self.broken:
            return
        data = message.SerializeToString()
        self.size += len(data)
        if self.size > self._limit:
            self.broken = True
            self._messages.clear()
            self.size = 0
        else:
            self._messages.append(data)
        self.wake()

    def put_first(self, message: SignalResponse) -> None:
        """Ahead of everything that waits: what a resumed client must read before anything else."""
        data = message.SerializeToString()
        self.size += len(data)
        self._messages.appendleft(data)
        self.wake()

    def take(self) -> bytes | None:
        """The next message, None when nothing waits."""
        if not self._messages:
            return None
        data = self._messages.popleft()
        self.size -= len(data)
        return data


def _nothing() -> None:
    return None

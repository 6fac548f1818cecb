"""Signal messages on their way to one client: bounded, kept over a lost socket so that a resumed one misses nothing."""

from collections import OrderedDict

from livekit.protocol.rtc import SignalResponse

MAX_BYTES = 1024 * 1024


class Outbox:
    """A queue of serialized messages. Past MAX_BYTES it gives up: `broken`, and empty from then on.

    Of each participant at most one update waits: a newer one takes its place, since it says all that is to be known.
    wake: whoever sends sets it to be woken.
    """

    def __init__(self, limit: int = MAX_BYTES) -> None:
        self.broken = False
        self.size = 0
        self.wake = _nothing
        self._limit = limit
        self._messages: OrderedDict[str | int, bytes] = OrderedDict()
        self._count = 0

    def put(self, message: SignalResponse) -> None:
        """Never blocks, never raises."""
        if self.broken:
            return
        data = message.SerializeToString()
        key = self._key(message)
        self.size += len(data) - len(self._messages.get(key, b""))
        if self.size > self._limit:
            self.broken = True
            self._messages.clear()
            self.size = 0
        else:
            self._messages[key] = data
        self.wake()

    def _key(self, message: SignalResponse) -> str | int:
        if message.WhichOneof("message") == "update" and len(message.update.participants) == 1:
            return message.update.participants[0].sid
        self._count += 1
        return self._count

    def put_first(self, message: SignalResponse) -> None:
        """Ahead of everything that waits: what a resumed client must read before anything else."""
        data = message.SerializeToString()
        self.size += len(data)
        self._count += 1
        self._messages[self._count] = data
        self._messages.move_to_end(self._count, last=False)
        self.wake()

    def take(self) -> bytes | None:
        """The next message, None when nothing waits."""
        if not self._messages:
            return None
        _, data = self._messages.popitem(last=False)
        self.size -= len(data)
        return data


def _nothing() -> None:
    return None

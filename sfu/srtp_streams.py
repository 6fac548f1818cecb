"""For which of a client's SSRCs libsrtp keeps a stream: at most so many, and which gives its place to a new one.

A stream holds its SSRC's index and replay list (RFC 3711, 3.2.1), without which a sender that comes back after 65,536
packets is not understood and a packet that was overheard can be sent again. So it outlives what it carried, until its
place is wanted. Pure; seconds that never go back.
"""

from collections.abc import Container
from math import inf

MOST_STREAMS = 128  # SSRCs one client may send on: each costs memory in libsrtp
UNDER_WAY = 5.0  # seconds without packets before a stream may give its place
LOOK_AGAIN = 1.0  # seconds until it is tried again whether one can
MOST_GONE = 4096  # SSRCs that gave their place and are remembered


class SrtpStreams:
    """One client's. last_at: SSRC as in the packet -> when its newest authenticated packet came; the caller sets it."""

    def __init__(self) -> None:
        self.last_at: dict[bytes, float] = {}
        self._reports: set[bytes] = set()  # those that began with RTCP
        self._gone: dict[bytes, None] = {}  # oldest first
        self._full_until = -inf

    def refuses(self, ssrc: bytes, now: float) -> bool:
        """Of one without a stream, before it is authenticated.

        One that gave its place does not come back: it could be an old packet, which without the list of those read
        would pass for a new stream. Senders use no SSRC twice with one key (RFC 3711, 9.1).
        """
        return ssrc in self._gone or now < self._full_until

    def enter(self, ssrc: bytes, now: float, needed: Container[int], *, is_rtcp: bool) -> bytes | None:
        """An authenticated packet of a new one. Whose stream is to be removed for it, None for nobody's.

        needed: SSRCs that keep their place however long they send nothing. Where all are needed or send, the new one
        itself is given back: it has no place.
        """
        given = None
        if len(self.last_at) >= MOST_STREAMS:
            given = self._longest_silent(now, needed)
            if given is None:
                self._full_until = now + LOOK_AGAIN
                return ssrc
            del self.last_at[given]
            self._reports.discard(given)
            self._gone[given] = None
            if len(self._gone) > MOST_GONE:
                del self._gone[next(iter(self._gone))]
        self.last_at[ssrc] = now
        if is_rtcp:
            self._reports.add(ssrc)
        return given

    def _longest_silent(self, now: float, needed: Container[int]) -> bytes | None:
        """Media before what only reports: a receiver with nothing to report of is silent, and speaks again."""
        silent = [
            (ssrc in self._reports, at, ssrc)
            for ssrc, at in self.last_at.items()
            if now - at > UNDER_WAY and int.from_bytes(ssrc, "big") not in needed
        ]
        return min(silent)[2] if silent else None

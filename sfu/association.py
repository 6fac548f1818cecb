"""One transport's place on the UDP port: ICE credentials, the client's validated addresses, waiting DTLS datagrams."""

import asyncio
import secrets
from collections import deque
from collections.abc import Callable
from typing import Any, Protocol

from sfu.datagrams import Name, Outbox

MOST_PATHS = 8  # addresses one client may have validated at a time
MOST_QUEUED = 64  # DTLS datagrams waiting for one transport
MOST_TRANSACTIONS = 128  # checks remembered, to know a replay by
LEFT_AFTER = 1.0  # seconds without media or a check from the nominated address, while checks come from another
STALE_AFTER = 5.0  # seconds without a check: an address not in use is forgotten

Address = tuple[Any, ...]  # (host, port) of IPv4, (host, port, flow, scope) of IPv6
Datagram = Callable[[bytes, float], None]


class PathSocket(Protocol):
    """The port's side of a path. index: which of the port's sockets."""

    index: int

    @property
    def outbox(self) -> Outbox | None:
        """Where it sends many datagrams at a time, if it does."""

    def send(self, datagram: bytes | memoryview, address: Address) -> None: ...

    def unmap(self, address: Address, association: "Association", /) -> None: ...


class Origin(PathSocket, Protocol):
    """Where a datagram came in: a local address of the UDP port, or one TCP connection. Answers leave from there."""

    def owner(self, address: Address) -> "Association | None":
        """Whose authenticated checks have vouched for this client address here."""

    def map(self, address: Address, association: "Association", now: float) -> "Path":
        """Give the client address to an association after an authenticated check."""


class Path:
    """One way to a client: our socket and its address; where there is an outbox, also as the kernel reads it."""

    __slots__ = ("address", "checked_at", "name", "outbox", "sock")

    def __init__(self, sock: "PathSocket", address: Address, checked_at: float) -> None:
        self.sock = sock
        self.address = address
        self.checked_at = checked_at
        self.outbox = sock.outbox
        self.name = Name(address) if sock.outbox is not None else None


class Association:
    """One transport's place on the port: its credentials, its validated paths, its waiting DTLS datagrams.

    on_media: takes SRTP and SRTCP with their arrival time; None while there are no keys. on_path: told when the client
    goes over to another address. heard_from, heard_at: where and when media last came from; the port writes them.
    """

    def __init__(self, by_ufrag: dict[str, "Association"], clock: Callable[[], float]) -> None:
        self._by_ufrag = by_ufrag
        self._clock = clock
        self.credentials: dict[str, str] = {}
        self.ufrag = ""
        self.selected: Path | None = None
        self.paths: dict[tuple[int, Address], Path] = {}
        self.on_media: Datagram | None = None
        self.on_path: Callable[[], None] | None = None
        self.checked_at = clock()
        self.heard_from: Address | None = None
        self.heard_at = 0.0
        self.is_closed = False
        self._dtls: deque[bytes] = deque()
        self._wake = asyncio.Event()
        self._transactions: dict[bytes, tuple[int, Address]] = {}
        self.restart()

    @property
    def password(self) -> str:
        return self.credentials[self.ufrag]

    def restart(self) -> None:
        """New credentials. The old ones stay until the first check that uses the new (RFC 8445 section 9.1.1)."""
        while len(self.credentials) > 1:  # an earlier restart that was never used
            self._by_ufrag.pop(self.credentials.popitem()[0], None)
        # 48 and 144 bits of randomness (RFC 8445 section 5.3 asks for 24 and 128).
        self.ufrag = secrets.token_hex(6)
        self.credentials[self.ufrag] = secrets.token_hex(18)
        self._by_ufrag[self.ufrag] = self

    def silent_for(self, now: float) -> float:
        """Seconds since the last authenticated check: consent to send (RFC 7675)."""
        return now - self.checked_at

    def send(self, datagram: bytes | memoryview) -> None:
        """To the nominated address; nowhere before there is one."""
        path = self.selected
        if path is not None:
            path.sock.send(datagram, path.address)

    async def receive_dtls(self) -> bytes:
        """The next DTLS datagram from a validated address. Raises ConnectionError when closed."""
        while not self._dtls:
            if self.is_closed:
                raise ConnectionError("closed")
            self._wake.clear()
            await self._wake.wait()
        return self._dtls.popleft()

    async def validated(self) -> None:
        """Return when there is an address to send to. Raises ConnectionError when closed."""
        while self.selected is None:
            if self.is_closed:
                raise ConnectionError("closed")
            self._wake.clear()
            await self._wake.wait()

    def queue_dtls(self, datagram: bytes) -> bool:
        if len(self._dtls) >= MOST_QUEUED:
            return False
        self._dtls.append(datagram)
        self._wake.set()
        return True

    def is_replay(self, transaction_id: bytes, where: tuple[int, Address]) -> bool:
        """Whether a check seen before comes from elsewhere: somebody overheard it and wants the media."""
        known = self._transactions.setdefault(transaction_id, where)
        while len(self._transactions) > MOST_TRANSACTIONS:
            del self._transactions[next(iter(self._transactions))]
        return known != where

    def checked(self, path: Path, ufrag: str, now: float, *, nominated: bool) -> None:
        """An authenticated check came on this path."""
        self.checked_at = path.checked_at = now
        if ufrag == self.ufrag and len(self.credentials) > 1:
            for old in [name for name in self.credentials if name != ufrag]:
                del self.credentials[old]
                self._by_ufrag.pop(old, None)
        before = self.selected
        if before is None or (before is not path and (nominated or self._has_left(before, path, now))):
            self.selected = path
            self._wake.set()
            if before is not None and self.on_path is not None:
                self.on_path()
        self.prune(now)

    def _has_left(self, before: Path, path: Path, now: float) -> bool:
        """Whether the client, checking a new path, is gone from the nominated one.

        A client whose address has changed nominates the new one only seconds later: libwebrtc waits until the old one
        has been silent for 2.5 s, and one more. Any path with a successful check may be sent on (RFC 8445, 12.1).
        """
        if self.heard_from == before.address:
            return now - max(before.checked_at, self.heard_at) > LEFT_AFTER
        return self.heard_from == path.address or now - before.checked_at > LEFT_AFTER

    def prune(self, now: float) -> None:
        """Forget addresses the client has left: they may be somebody else's tomorrow."""
        if len(self.paths) == 1 and self.selected is not None:
            return
        for path in sorted(self.paths.values(), key=lambda path: path.checked_at):
            too_many = len(self.paths) > MOST_PATHS
            if path is not self.selected and (too_many or now - path.checked_at > STALE_AFTER):
                self.drop_path(path)

    def drop_path(self, path: Path) -> None:
        self.paths.pop((path.sock.index, path.address), None)
        path.sock.unmap(path.address, self)
        if path is self.selected:
            self.selected = None

    def close(self) -> None:
        """Leave the port. Whoever waits for a datagram is told by ConnectionError."""
        self.is_closed = True
        self.on_media = self.on_path = None
        for path in tuple(self.paths.values()):
            self.drop_path(path)
        for ufrag in self.credentials:
            self._by_ufrag.pop(ufrag, None)
        self._dtls.clear()
        self._wake.set()

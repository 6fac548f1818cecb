"""The media port's TCP side, for networks that let no UDP through: passive ICE-TCP candidates (RFC 6544).

Each connection carries datagrams behind a two-byte length (RFC 4571) to and from the same associations as the UDP port.
Nothing is kept for a stranger: a connection lives at most five seconds unless an authenticated check comes on it, and
whatever is not framed as a check is cut at once. Both directions are bounded; a reader too slow for video loses video,
one that takes nothing is cut.
"""

import asyncio
import ipaddress
import socket
import time
from collections import Counter
from collections.abc import Callable
from typing import cast

import structlog

from sfu.association import MOST_PATHS, Address, Association, Path
from sfu.datagrams import LONGEST_DATAGRAM
from sfu.udp_port import UdpPort

log = structlog.get_logger()

CHECK_LIMIT = 4.0  # seconds from connecting to an authenticated check
STALL_LIMIT = 10.0  # seconds a client may take nothing while something waits for it
UNUSED_LIMIT = 60.0  # seconds without a check: twice what libwebrtc leaves between two on a way it keeps in reserve
SWEEP = 1.0  # seconds between two looks at what is overdue; the limits above hold to within it
MOST_CONNECTIONS = 1000
MOST_PER_NETWORK = 64  # of one IPv4 address or IPv6 /64: a county's office stands behind one address
MOST_UNCHECKED_BYTES = 4096  # taken from a connection before its first authenticated check
MOST_EMPTY = 1000  # frames of no bytes (RFC 4571, 2 allows them) on one connection
VIDEO_LIMIT = 64 << 10  # bytes waiting: from here on large media packets are dropped
WAITING_LIMIT = 256 << 10  # bytes waiting: from here on everything is dropped
LARGE = 400  # bytes; sound and reports are smaller
SEND_BUFFER = 128 << 10  # bytes in the kernel: more would only be delay
BACKLOG = 128


class _Connection(asyncio.Protocol):
    """One client's connection. Implements `sfu.association.Origin`; its only client address is its peer's."""

    outbox = None

    def __init__(self, port: "TcpPort", index: int, now: float) -> None:
        self.index = index
        self.deadline = now + CHECK_LIMIT
        self.network = ""
        self._port = port
        self._transport: asyncio.Transport | None = None
        self._address: Address = ()
        self._association: Association | None = None
        self._buffer = bytearray()
        self._unchecked = 0
        self._empty = 0
        self._waited = 0
        self._stalled_at: float | None = None
        self._checked_at = now
        self._gone = False

    # From the event loop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        sock = transport.get_extra_info("socket")
        self._address = transport.get_extra_info("peername") or ()
        try:
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER)
        except OSError:
            self.cut("gone at once")
            return
        # Never `pause_writing`: what waits is looked at before each datagram.
        self._transport.set_write_buffer_limits(high=WAITING_LIMIT * 2)
        if not self._address or not self._port.admit(self, self._address):
            self.cut("too many connections")

    def data_received(self, data: bytes) -> None:
        if self._gone:
            return
        if self._association is None:
            self._unchecked += len(data)
            if self._unchecked > MOST_UNCHECKED_BYTES:
                self.cut("no check")
                return
        self._buffer += data
        at, end = 0, len(self._buffer)
        now = self._port.clock()
        while end - at >= 2 and not self._gone:
            size = self._buffer[at] << 8 | self._buffer[at + 1]
            if size > LONGEST_DATAGRAM:
                self.cut("too long")  # a stranger's HTTP and TLS end here too
                return
            if end - at < 2 + size:
                break
            self._frame(bytes(self._buffer[at + 2 : at + 2 + size]), now)
            at += 2 + size
        del self._buffer[:at]
        self._port.udp.pass_on()

    def connection_lost(self, _failure: Exception | None) -> None:
        self._gone = True
        self._buffer.clear()
        self._port.forget(self)
        if self._association is not None:
            path = self._association.paths.get((self.index, self._address))
            if path is not None:
                self._association.drop_path(path)

    def _frame(self, datagram: bytes, now: float) -> None:
        if not datagram:
            self._empty += 1
            if self._empty > MOST_EMPTY:
                self.cut("empty frames")
        elif self._association is None and datagram[0] > 3:
            self.cut("no check")
        else:
            self._port.udp.received(self, datagram, self._address, now)

    def serves(self, association: Association) -> bool:
        return self._association is association

    # Origin and PathSocket

    def owner(self, address: Address) -> Association | None:  # noqa: ARG002  a connection has one client address
        return self._association

    def map(self, address: Address, association: Association, now: float) -> Path:
        before = self._association
        self._checked_at = now
        if before is not association:
            self._association = association
            self._port.checked(self, association)
            if before is not None and (old := before.paths.get((self.index, address))) is not None:
                before.drop_path(old)
        found = association.paths.get((self.index, address))
        if found is None:
            found = association.paths[self.index, address] = Path(self, address, now)
        return found

    def unmap(self, address: Address, association: Association) -> None:  # noqa: ARG002  the same
        """A path that is pruned may be checked again; only the end of the transport ends the connection."""
        if association is self._association and association.is_closed and self._transport is not None:
            self._transport.close()  # what still waits, a farewell, is sent; `overdue` sees to a client that takes none
            self._stalled_at = self._port.clock() - STALL_LIMIT + CHECK_LIMIT

    def send(self, datagram: bytes | memoryview, address: Address) -> None:  # noqa: ARG002  the same
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        size = len(datagram)
        waiting = transport.get_write_buffer_size()
        if waiting > VIDEO_LIMIT:
            is_media = 128 <= datagram[0] < 192
            if waiting > WAITING_LIMIT or (is_media and size > LARGE):
                self._port.drops["slow reader"] += 1
                return
        # A copy: the datagram stands in a buffer that the next one overwrites.
        transport.write(size.to_bytes(2, "big") + bytes(datagram))

    # The end

    def overdue(self, now: float) -> str | None:
        """Why the connection must be cut, None while it need not. Asked every SWEEP."""
        if self._association is None:
            return "no check" if now > self.deadline else None
        waiting = self._transport.get_write_buffer_size() if self._transport is not None else 0
        if self._association.is_closed:
            return "stalled" if self._stalled_at is None or now - self._stalled_at > STALL_LIMIT else None
        if waiting == 0 or waiting < self._waited:
            self._stalled_at = None
        elif self._stalled_at is None:
            self._stalled_at = now
        self._waited = waiting
        if (self.index, self._address) not in self._association.paths and now - self._checked_at > UNUSED_LIMIT:
            return "unused"
        return "stalled" if self._stalled_at is not None and now - self._stalled_at > STALL_LIMIT else None

    def cut(self, reason: str) -> None:
        """End it without waiting for anything."""
        if not self._gone:
            self._gone = True
            self._port.drops[reason] += 1
        if self._transport is not None:
            self._transport.abort()


class TcpPort:
    """Listens beside a UDP port, on the same addresses. `open` it after that one, `close` it before.

    number: 0 takes the UDP port's own number, or any free one where the UDP port's was chosen by the system and is
    taken. drops: connections cut and datagrams not sent, by reason.
    """

    def __init__(
        self,
        udp: UdpPort,
        number: int = 0,
        *,
        most: int = MOST_CONNECTIONS,
        most_per_network: int = MOST_PER_NETWORK,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.udp = udp
        self.number = number
        self.drops: Counter[str] = Counter()
        self.clock = clock
        self._most = most
        self._most_per_network = most_per_network
        self._servers: list[asyncio.Server] = []
        self._connections: dict[int, _Connection] = {}
        self._unchecked: dict[int, _Connection] = {}  # oldest first
        self._by_network: Counter[str] = Counter()
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        return len(self._connections)

    async def open(self) -> None:
        """Listen. Raises OSError when the port is taken or an address is not ours."""
        free = self.number == 0
        self.number = self.number or self.udp.number
        try:
            for address in self.udp.bound or ("0.0.0.0", "::"):  # noqa: S104  all of this machine's addresses
                try:
                    await self._open_one(address, free=free and not self._servers)
                except OSError:
                    if self.udp.bound or address != "::":
                        raise
        except OSError:
            self.close()
            raise
        self.udp.stand_beside(self.candidates)
        self._timer = asyncio.get_running_loop().call_later(SWEEP, self._sweep)

    async def _open_one(self, address: str, *, free: bool) -> None:
        sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
        try:
            sock.setblocking(False)
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if sock.family == socket.AF_INET6:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            try:
                sock.bind((address, self.number))
            except OSError:
                if not free or not self.udp.is_free_choice:
                    raise
                sock.bind((address, 0))
            server = await asyncio.get_running_loop().create_server(self._connection, sock=sock, backlog=BACKLOG)
        except OSError:
            sock.close()
            raise
        self.number = sock.getsockname()[1]
        self._servers.append(server)

    def close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self.udp.stand_beside(())
        for server in self._servers:
            server.close()
        self._servers.clear()
        for connection in tuple(self._connections.values()):
            connection.cut("port closed")

    @property
    def candidates(self) -> tuple[str, ...]:
        """SDP candidate values (RFC 6544, 4.5), after UDP's in priority: TCP turns loss into delay."""
        lines = []
        for index, address in enumerate(self.udp.addresses):
            # RFC 6544, 4.2: type preference 90 for a host's TCP, direction preference 4 for passive.
            priority = 90 << 24 | (4 << 13 | 8191 - index) << 8 | 255
            lines.append(f"candidate:{index + 101} 1 tcp {priority} {address} {self.number} typ host tcptype passive")
        return tuple(lines)

    # For connections

    def admit(self, connection: _Connection, address: Address) -> bool:
        """Keep a new connection, within the limits; where all are taken, the oldest stranger makes room."""
        connection.network = _network(str(address[0]))
        if self._by_network[connection.network] >= self._most_per_network:
            return False
        if len(self._connections) >= self._most:
            if not self._unchecked:
                return False
            oldest = next(iter(self._unchecked.values()))
            oldest.cut("made room")
            self.forget(oldest)
        self._connections[connection.index] = self._unchecked[connection.index] = connection
        self._by_network[connection.network] += 1
        return True

    def checked(self, connection: _Connection, association: Association) -> None:
        """An authenticated check came on it: no stranger any more. Its client's oldest makes room where it has many."""
        self._unchecked.pop(connection.index, None)
        of_client = [one for one in self._connections.values() if one.serves(association)]
        for oldest in of_client[:-MOST_PATHS]:
            oldest.cut("too many of one client")

    def forget(self, connection: _Connection) -> None:
        if self._connections.pop(connection.index, None) is None:
            return
        self._unchecked.pop(connection.index, None)
        self._by_network[connection.network] -= 1
        if not self._by_network[connection.network]:
            del self._by_network[connection.network]

    def _connection(self) -> _Connection:
        return _Connection(self, self.udp.next_index(), self.clock())

    def _sweep(self) -> None:
        now = self.clock()
        for connection in tuple(self._connections.values()):
            if (reason := connection.overdue(now)) is not None:
                connection.cut(reason)
        self._timer = asyncio.get_running_loop().call_later(SWEEP, self._sweep)


def _network(host: str) -> str:
    """What one customer of a network operator has: an IPv4 address, or a /64."""
    address = ipaddress.ip_address(host.partition("%")[0])
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    return str(ipaddress.IPv6Network((address, 64), strict=False))

"""The one UDP port of the media server: every client's checks, DTLS and media come and go here.

An ICE-lite endpoint (RFC 8445 section 2.5): it answers checks and follows what the client nominates. Datagrams are told
apart by their first byte (RFC 7983). What comes from an address that no authenticated check has vouched for is dropped,
and counted by reason; nothing an outsider sends makes state.
"""

import asyncio
import ipaddress
import socket
import time
from collections import Counter
from collections.abc import Callable, Sequence
from struct import Struct

import ifaddr
import structlog

from sfu import stun
from sfu.association import Address, Association, Path
from sfu.rtp import MalformedPacket

log = structlog.get_logger()

BUFFER = 4 << 20  # bytes, in the kernel, each way
BATCH = 64  # datagrams per wake-up: the event loop gets its turn after that
LONGEST_DATAGRAM = 2048
MOST_ADDRESSES = 8

_SO_TIMESTAMPNS = 35  # Linux; the socket module has no names for these
_SO_SNDBUFFORCE, _SO_RCVBUFFORCE = 32, 33
_MSG_TRUNC = int(socket.MSG_TRUNC)  # testing against the enumeration member costs a microsecond a datagram
_TIMESPEC = Struct("qq")


def own_addresses() -> list[str]:
    """This machine's addresses that another can reach, IPv4 first; loopback only when there is nothing else."""
    found = []
    for adapter in ifaddr.get_adapters():
        for entry in adapter.ips:
            text = entry.ip if isinstance(entry.ip, str) else entry.ip[0]
            address = ipaddress.ip_address(text)
            if not (address.is_loopback or address.is_link_local or address.is_multicast):
                found.append(address)
    found.sort(key=lambda address: address.version)
    return [str(address) for address in found[:MOST_ADDRESSES]] or ["127.0.0.1"]


class _Socket:
    """One bound socket and the validated client addresses on it."""

    def __init__(self, port: "UdpPort", index: int, sock: socket.socket) -> None:
        self.index = index
        self.sock = sock
        self._port = port
        self._paths: dict[Address, tuple[Association, Path]] = {}
        self._sendto = sock.sendto

    def send(self, datagram: bytes | memoryview, address: Address) -> None:
        try:
            self._sendto(datagram, address)
        except BlockingIOError:
            self._port.drops["send buffer full"] += 1
        except OSError:
            self._port.drops["send refused"] += 1

    def map(self, address: Address, association: Association, now: float) -> Path:
        known = self._paths.get(address)
        if known is not None:
            if known[0] is association:
                return known[1]
            known[0].drop_path(known[1])  # the address has passed on to another client
        path = Path(self, address, now)
        self._paths[address] = (association, path)
        association.paths[self.index, address] = path
        return path

    def unmap(self, address: Address, association: Association) -> None:
        known = self._paths.get(address)
        if known is not None and known[0] is association:
            del self._paths[address]

    def owner(self, address: Address) -> Association | None:
        known = self._paths.get(address)
        return known[0] if known is not None else None

    def readable(self) -> None:
        """Called by the event loop."""
        monotonic = time.monotonic()
        offset = time.time() - monotonic
        for _ in range(BATCH):
            try:
                datagram, ancillary, flags, address = self.sock.recvmsg(LONGEST_DATAGRAM, 64)
            except (BlockingIOError, InterruptedError):
                return
            except OSError:
                self._port.drops["receive error"] += 1
                return
            arrival = monotonic
            for _level, _kind, value in ancillary:
                if len(value) == 16:
                    seconds, nanoseconds = _TIMESPEC.unpack(value)
                    # Kernel time, moved to the monotonic clock; nonsense after a step of the wall clock is cut off.
                    arrival = min(monotonic, max(monotonic - 1.0, seconds + nanoseconds * 1e-9 - offset))
            if flags & _MSG_TRUNC:
                self._port.drops["too long"] += 1
                continue
            self._port.received(self, datagram, address, arrival)


def _enlarge(sock: socket.socket) -> None:
    """Large kernel buffers, past the system's limit where we may: a burst outlasts a busy moment of the loop."""
    for forced, plain in ((_SO_RCVBUFFORCE, socket.SO_RCVBUF), (_SO_SNDBUFFORCE, socket.SO_SNDBUF)):
        try:
            sock.setsockopt(socket.SOL_SOCKET, forced, BUFFER)
        except OSError:
            sock.setsockopt(socket.SOL_SOCKET, plain, BUFFER)
    granted = sock.getsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF) // 2  # the kernel tells twice what it gives
    if granted < BUFFER:
        log.warning("small UDP receive buffer, raise net.core.rmem_max", granted=granted, wanted=BUFFER)


class UdpPort:
    """The port. `open` it inside the event loop, `close` it at the end.

    number: 0 takes a free one. bind: local addresses to listen on, one socket each; none: all of IPv4 and, where there
    is any, IPv6. advertise: the addresses told to clients as candidates, best first; none: the bound ones or the
    machine's own. drops: datagrams not processed, by reason.
    """

    def __init__(
        self,
        number: int = 0,
        *,
        bind: Sequence[str] = (),
        advertise: Sequence[str] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.number = number
        self.drops: Counter[str] = Counter()
        self.datagrams = 0
        self._bind = tuple(bind)
        self._advertise = tuple(advertise)
        self._clock = clock
        self._sockets: list[_Socket] = []
        self._by_ufrag: dict[str, Association] = {}
        self._loop: asyncio.AbstractEventLoop | None = None

    def open(self) -> None:
        """Bind. Raises OSError when the port is taken or an address is not ours."""
        self._loop = asyncio.get_running_loop()
        try:
            for address in self._bind or ("0.0.0.0", "::"):  # noqa: S104  all of this machine's addresses, on purpose
                try:
                    self._open_one(address)
                except OSError:
                    if self._bind or address != "::":
                        raise
        except OSError:
            self.close()
            raise

    def _open_one(self, address: str) -> None:
        version = ipaddress.ip_address(address).version
        sock = socket.socket(socket.AF_INET if version == 4 else socket.AF_INET6, socket.SOCK_DGRAM)
        try:
            sock.setblocking(False)
            if version == 6:
                sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            _enlarge(sock)
            try:
                sock.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
            except OSError:
                log.info("no kernel receive times on this system")
            sock.bind((address, self.number))
        except OSError:
            sock.close()
            raise
        self.number = sock.getsockname()[1]
        opened = _Socket(self, len(self._sockets), sock)
        self._sockets.append(opened)
        assert self._loop is not None
        self._loop.add_reader(sock.fileno(), opened.readable)

    def close(self) -> None:
        for association in set(self._by_ufrag.values()):
            association.close()
        for opened in self._sockets:
            if self._loop is not None:
                self._loop.remove_reader(opened.sock.fileno())
            opened.sock.close()
        self._sockets.clear()

    @property
    def candidates(self) -> tuple[str, ...]:
        """SDP candidate values, best first (RFC 8839 section 5.1)."""
        addresses = self._advertise or self._bind or own_addresses()
        lines = []
        for index, address in enumerate(addresses):
            priority = 126 << 24 | 65535 - index << 8 | 255  # RFC 8445 section 5.1.2.1
            lines.append(f"candidate:{index + 1} 1 udp {priority} {address} {self.number} typ host")
        return tuple(lines)

    def associate(self) -> Association:
        """A place for a new transport. The owner must close it."""
        return Association(self._by_ufrag, self._clock)

    def received(self, sock: _Socket, datagram: bytes, address: Address, arrival: float) -> None:
        """One datagram, whoever sent it. Never raises."""
        self.datagrams += 1
        try:
            reason = self._sort(sock, datagram, address, arrival)
        except Exception as failure:  # noqa: BLE001  one bad packet must not hold up those behind it
            reason = "failure"
            if self.drops[reason] < 20:
                log.error("packet handler failed", failure=type(failure).__name__)
        if reason is not None:
            self.drops[reason] += 1

    def _sort(  # noqa: PLR0911  one return per reason
        self, sock: _Socket, datagram: bytes, address: Address, arrival: float
    ) -> str | None:
        """Handle a datagram, or say why not."""
        if not datagram:
            return "empty"
        first = datagram[0]
        if first < 4:
            return self._check(sock, datagram, address)
        association = sock.owner(address)
        if association is None:
            return "unknown address"
        if 128 <= first < 192:
            if len(datagram) < 12:
                return "short"
            if association.on_media is None:
                return "media before keys"
            association.on_media(datagram, arrival)
            return None
        if 20 <= first < 64:
            return None if association.queue_dtls(datagram) else "queue full"
        return "unknown kind"

    def _check(self, sock: _Socket, datagram: bytes, address: Address) -> str | None:
        try:
            request = stun.parse_request(datagram)
        except MalformedPacket:
            return "malformed check"
        ufrag = request.local_ufrag
        association = self._by_ufrag.get(ufrag)
        if association is None:
            return "unknown ufrag"
        password = association.credentials[ufrag]
        if not request.is_authentic(password):
            return "wrong password"
        if association.is_replay(request.transaction_id, (sock.index, address)):
            return "replayed check"
        if request.role == "controlled":
            sock.send(stun.role_conflict(request, password), address)
            return "role conflict"
        sock.send(stun.success(request, address[0], address[1], password), address)
        now = self._clock()
        association.checked(sock.map(address, association, now), ufrag, now, nominated=request.use_candidate)
        return None

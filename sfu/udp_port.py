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
from functools import partial
from itertools import count
from struct import Struct

import ifaddr
import structlog

from sfu import stun
from sfu.association import Address, Association, Origin, Path
from sfu.datagrams import BATCH, CONTROL, Inbox, Name, Outbox, address_of
from sfu.rtp import MalformedPacket
from sfu.up_track import UpTrack

log = structlog.get_logger()

BUFFER = 4 << 20  # bytes, in the kernel, each way
MOST_ADDRESSES = 8
MOST_LOCALS = 64  # local addresses remembered per socket
MODERATION = 0.004  # seconds between two looks at a busy socket, as network cards moderate their interrupts: waking up
# for each datagram costs more than the datagram. When each came is the kernel's word all the same.

_SO_TIMESTAMPNS = 35  # Linux; the socket module has no names for these
_IP_PKTINFO = 8
_SO_SNDBUFFORCE, _SO_RCVBUFFORCE = 32, 33
_MSG_TRUNC = int(socket.MSG_TRUNC)  # testing against the enumeration member costs a microsecond a datagram
_CMSG = Struct("@Nii")
_STAMP = Struct("@Niiqq")


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
    """One bound socket and the validated client addresses on it. A path on it leaves from what the kernel chooses."""

    def __init__(self, port: "UdpPort", index: int, sock: socket.socket, loop: asyncio.AbstractEventLoop) -> None:
        self.index = index
        self.sock = sock
        self.port = port
        self.outbox: Outbox | None = Outbox(sock, port.not_sent)
        self._inbox = Inbox(sock)
        self._owners: dict[Address, Association] = {}
        self._by_name: dict[bytes, tuple[Association, Address]] = {}  # the same, as the kernel tells addresses
        self._locals: dict[bytes, _Local] = {}
        self._indexes = {index}
        self._sendto = sock.sendto
        self._loop = loop
        self._next_look: asyncio.TimerHandle | None = None  # the last one set

    def send(self, datagram: bytes | memoryview, address: Address) -> None:
        try:
            self._sendto(datagram, address)
        except OSError as error:
            self.port.not_sent(error)

    def map(self, address: Address, association: Association, now: float) -> Path:
        return self.map_from(self, address, association, now)

    def map_from(self, local: "_Socket | _Local", address: Address, association: Association, now: float) -> Path:
        """The client address is this association's; what is sent on the path leaves from `local`."""
        known = self._owners.get(address)
        if known is not None and known is not association:
            # The address has passed on to another client.
            for path in self._paths_at(address, known):
                known.drop_path(path)
        self._owners[address] = association
        self._by_name[Name(address).raw] = association, address
        found = association.paths.get((local.index, address))
        if found is None:
            found = association.paths[local.index, address] = Path(local, address, now)
        return found

    def unmap(self, address: Address, association: Association) -> None:
        if self._owners.get(address) is association and not self._paths_at(address, association):
            del self._owners[address]
            self._by_name.pop(Name(address).raw, None)

    def owner(self, address: Address) -> Association | None:
        return self._owners.get(address)

    def _paths_at(self, address: Address, association: Association) -> list[Path]:
        return [path for key, path in association.paths.items() if key[1] == address and key[0] in self._indexes]

    def at(self, local: bytes) -> "_Socket | _Local":
        """The local address a datagram came to: 4 or 16 bytes; empty where the socket has only one."""
        if not local:
            return self
        found = self._locals.get(local)
        if found is None:
            if len(self._locals) >= MOST_LOCALS:
                return self
            found = self._locals[local] = _Local(self, self.port.next_index(), local)
            self._indexes.add(found.index)
        return found

    def listen(self) -> None:
        """Have the event loop tell of the next datagram."""
        self._loop.add_reader(self.sock.fileno(), self.readable)

    def close(self) -> None:
        if self._next_look is not None:
            self._next_look.cancel()
        self._loop.remove_reader(self.sock.fileno())
        self.sock.close()

    def readable(self) -> None:
        """Called by the event loop, which tells of nothing more until a look has found nothing."""
        self._loop.remove_reader(self.sock.fileno())
        self._look()

    def _look(self) -> None:
        taken = 1  # also where something broke: the port must not go deaf by it
        try:
            taken = self.take()
        finally:
            if self.sock.fileno() < 0:
                pass  # what came closed the port
            elif taken:
                self._next_look = self._loop.call_later(0 if taken == BATCH else MODERATION, self._look)
            else:
                self.listen()

    def take(self) -> int:
        """Take what waits, at most `BATCH`, and pass on what it brought. How many there were."""
        port, outbox = self.port, self.outbox
        try:
            datagrams = self._inbox.receive()
        except OSError:
            port.drops["receive error"] += 1
            return 0
        if not datagrams:
            return 0
        monotonic = time.monotonic()
        offset = time.time() - monotonic
        control, by_name = self._inbox.control, self._by_name
        assert outbox is not None
        port.is_gathering = outbox.is_held = True
        for datagram, name, flags, at in datagrams:
            if flags & _MSG_TRUNC:
                port.drops["too long"] += 1
                continue
            # Kernel time, moved to the monotonic clock; nonsense after a step of the wall clock is cut off.
            length, level, kind, seconds, nanoseconds = _STAMP.unpack_from(control, at)
            arrival = monotonic
            if kind == _SO_TIMESTAMPNS and level == socket.SOL_SOCKET and length == _STAMP.size:
                told = seconds + nanoseconds * 1e-9 - offset
                if monotonic - 1.0 < told < monotonic:
                    arrival = told
            owner = by_name.get(name)
            if owner is not None and datagram and datagram[0] > 3:
                association, address = owner
                port.received_from(association, datagram, address, arrival)
            else:
                # Only an answer to a check must know where it came in.
                where = self.at(_local_address(control, at)) if datagram and datagram[0] < 4 else self
                port.received(where, datagram, address_of(name), arrival)
        port.pass_on()
        outbox.is_held = False
        outbox.flush()
        return len(datagrams)


def _local_address(control: bytearray, at: int) -> bytes:
    """What a datagram was sent to, 4 or 16 bytes; empty where the kernel does not tell."""
    end = at + CONTROL
    while at + _CMSG.size <= end:
        length, level, kind = _CMSG.unpack_from(control, at)
        if length < _CMSG.size:
            break
        data = at + socket.CMSG_LEN(0)
        if level == socket.IPPROTO_IP and kind == _IP_PKTINFO:
            return bytes(control[data + 4 : data + 8])  # in_pktinfo: interface, our address, the header's destination
        if level == socket.IPPROTO_IPV6 and kind == socket.IPV6_PKTINFO:
            return bytes(control[data : data + 16])  # in6_pktinfo: the destination, interface
        at += socket.CMSG_SPACE(length - socket.CMSG_LEN(0))
    return b""


class _Local:
    """One local address of a socket bound to all of them: the client is answered from the address it reached.

    Without it the kernel answers from the address of the route back, and a client that asked another one of a machine
    with several takes no answer (RFC 8445, 7.2.5.2.1: the check fails).
    """

    outbox = None

    def __init__(self, base: _Socket, index: int, local: bytes) -> None:
        self.index = index
        self._base = base
        self._local = local
        if len(local) == 4:
            pin = (socket.IPPROTO_IP, _IP_PKTINFO, bytes(4) + local + bytes(4))
        else:
            pin = (socket.IPPROTO_IPV6, socket.IPV6_PKTINFO, local + bytes(4))
        self._pin = [pin]

    def send(self, datagram: bytes | memoryview, address: Address) -> None:
        try:
            self._base.sock.sendmsg((datagram,), self._pin, 0, address)
        except OSError as error:
            self._base.port.not_sent(error)

    def owner(self, address: Address) -> Association | None:
        return self._base.owner(address)

    def map(self, address: Address, association: Association, now: float) -> Path:
        """Pinned only where the kernel would choose another address by itself: pinning costs a fifth of a send."""
        is_choice = (self.index, address) not in association.paths and self._is_kernels_choice(address)
        return self._base.map_from(self._base if is_choice else self, address, association, now)

    def unmap(self, address: Address, association: Association) -> None:
        self._base.unmap(address, association)

    def _is_kernels_choice(self, address: Address) -> bool:
        try:
            with socket.socket(self._base.sock.family, socket.SOCK_DGRAM) as probe:
                probe.connect(address)
                return socket.inet_pton(probe.family, probe.getsockname()[0]) == self._local
        except OSError:
            return False


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
        self.is_free_choice = number == 0
        self.drops: Counter[str] = Counter()
        self.datagrams = 0
        self._bind = tuple(bind)
        self._advertise = tuple(advertise)
        self._clock = clock
        self._sockets: list[_Socket] = []
        self._by_ufrag: dict[str, Association] = {}
        self._indexes = count()
        self._other_candidates: tuple[str, ...] = ()
        self.is_gathering = False
        self._tracks: list[UpTrack] = []

    def open(self) -> None:
        """Bind. Raises OSError when the port is taken or an address is not ours."""
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
            if ipaddress.ip_address(address).is_unspecified:
                if version == 4:
                    sock.setsockopt(socket.IPPROTO_IP, _IP_PKTINFO, 1)
                else:
                    sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
            sock.bind((address, self.number))
        except OSError:
            sock.close()
            raise
        self.number = sock.getsockname()[1]
        loop = asyncio.get_running_loop()
        opened = _Socket(self, self.next_index(), sock, loop)
        self._sockets.append(opened)
        outbox = opened.outbox
        assert outbox is not None
        outbox.on_waiting = partial(loop.call_soon, outbox.flush)
        opened.listen()

    def close(self) -> None:
        for association in set(self._by_ufrag.values()):
            association.close()
        for opened in self._sockets:
            opened.close()
        self._sockets.clear()

    @property
    def candidates(self) -> tuple[str, ...]:
        """SDP candidate values, best first (RFC 8839 section 5.1), with those of a port beside this one last."""
        lines = []
        for index, address in enumerate(self.addresses):
            priority = 126 << 24 | 65535 - index << 8 | 255  # RFC 8445 section 5.1.2.1
            lines.append(f"candidate:{index + 1} 1 udp {priority} {address} {self.number} typ host")
        return (*lines, *self._other_candidates)

    @property
    def addresses(self) -> Sequence[str]:
        """What clients are told to send to, best first."""
        return self._advertise or self._bind or own_addresses()

    @property
    def bound(self) -> Sequence[str]:
        """The local addresses to listen on, as asked for; empty: all."""
        return self._bind

    def stand_beside(self, candidates: Sequence[str]) -> None:
        """Another port leads to the same associations, by `received`: tell of its candidates too."""
        self._other_candidates = tuple(candidates)

    def next_index(self) -> int:
        """A number no other socket, local address or connection of this port has had."""
        return next(self._indexes)

    def not_sent(self, error: OSError) -> None:
        """Count a datagram the kernel did not take."""
        self.drops["send buffer full" if isinstance(error, BlockingIOError) else "send refused"] += 1

    def associate(self) -> Association:
        """A place for a new transport. The owner must close it."""
        return Association(self._by_ufrag, self._clock)

    def gathered(self, track: UpTrack) -> bool:
        """A track has packets to pass on: say whether the port will tell it when (`UpTrack.pass_on`)."""
        if self.is_gathering:
            self._tracks.append(track)
        return self.is_gathering

    def pass_on(self) -> None:
        """All that came by one wake-up of the event loop has been read: let the tracks pass it on."""
        self.is_gathering = False
        if not self._tracks:
            return
        now = self._clock()
        tracks, self._tracks = self._tracks, []
        for track in tracks:
            try:
                track.pass_on(now)
            except Exception as failure:  # noqa: BLE001  one track's trouble is not the others'
                self._failed(failure)

    def received(self, sock: Origin, datagram: bytes, address: Address, arrival: float) -> None:
        """One datagram, whoever sent it. Never raises."""
        if not datagram:
            self.datagrams += 1
            self.drops["empty"] += 1
        elif datagram[0] > 3:
            association = sock.owner(address)
            if association is not None:
                self.received_from(association, datagram, address, arrival)
            else:
                self.datagrams += 1
                self.drops["unknown address"] += 1
        else:
            self.datagrams += 1
            try:
                reason = self._check(sock, datagram, address)
            except Exception as failure:  # noqa: BLE001  one bad packet must not hold up those behind it
                self._failed(failure)
            else:
                if reason is not None:
                    self.drops[reason] += 1

    def received_from(self, association: Association, datagram: bytes, address: Address, arrival: float) -> None:
        """One datagram, no check, from an address that belongs to an association. Never raises."""
        self.datagrams += 1
        first = datagram[0]
        reason = None
        try:
            if 128 <= first < 192:
                if len(datagram) < 12:
                    reason = "short"
                elif association.on_media is None:
                    reason = "media before keys"
                else:
                    association.heard_from, association.heard_at = address, arrival
                    association.on_media(datagram, arrival)
            elif 20 <= first < 64:
                reason = None if association.queue_dtls(datagram) else "queue full"
            else:
                reason = "unknown kind"
        except Exception as failure:  # noqa: BLE001  one bad packet must not hold up those behind it
            self._failed(failure)
        if reason is not None:
            self.drops[reason] += 1

    def _failed(self, failure: Exception) -> None:
        if self.drops["failure"] < 20:
            log.error("packet handler failed", failure=type(failure).__name__)
        self.drops["failure"] += 1

    def _check(self, sock: Origin, datagram: bytes, address: Address) -> str | None:
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

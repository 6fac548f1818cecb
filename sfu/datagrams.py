"""Many datagrams by one system call: recvmmsg(2), sendmmsg(2), and runs of one size by UDP_SEGMENT (udp(7)).

Linux only, as the C library has no such calls elsewhere. The structures lie in arrays made once; a call costs the same
for one datagram and for sixty. The kernel parts a run into datagrams: for them its way through the stack is paid once.
"""

import ctypes
import errno
import ipaddress
import socket
from collections.abc import Callable
from struct import Struct, calcsize
from typing import Any

BATCH = 64  # datagrams taken by one call
LONGEST_DATAGRAM = 2048
MOST_MESSAGES = 256  # sent by one call
ROOM = 512 << 10  # bytes that wait to be sent together
MOST_SEGMENTS = 32  # of one run; the kernel takes 64
LONGEST_RUN = 60_000  # bytes

_NAME = 28  # sizeof(struct sockaddr_in6), the longer one
CONTROL = 256  # bytes of ancillary data of one datagram
_MSGHDR = Struct("@PIPNPNi0P")
_ENTRY = calcsize("@PIPNPNi0PI0P")  # struct mmsghdr: the same, and the length of what was received
_RECEIVED = Struct(f"@{calcsize('@PIPNPN')}xi0PI")
_CONTROL_SIZE = Struct(f"@{calcsize('@PIPNP')}xN")
_IOVEC = Struct("@PN")
_CMSG = Struct("@Nii")
_SEGMENT_ROOM, _SEGMENT_AT = socket.CMSG_SPACE(2), socket.CMSG_LEN(0)
_UDP_SEGMENT = 103
_IPV4, _IPV6 = Struct("!2xH4s8x"), Struct("!2xHI16s4x")
_FAMILY, _SCOPE = Struct("@H"), Struct("@I")

_libc = ctypes.CDLL(None, use_errno=True)
_recvmmsg: Any = _libc.recvmmsg
_recvmmsg.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_uint, ctypes.c_int, ctypes.c_void_p)
_sendmmsg: Any = _libc.sendmmsg
_sendmmsg.argtypes = (ctypes.c_int, ctypes.c_void_p, ctypes.c_uint, ctypes.c_int)


class _Memory:
    """Bytes that stay where they are. address: of the first."""

    def __init__(self, size: int) -> None:
        self.bytes = bytearray(size)
        self._held = (ctypes.c_char * size).from_buffer(self.bytes)
        self.address = ctypes.addressof(self._held)
        self.view = memoryview(self.bytes)


class Name:
    """A socket address as the kernel reads it."""

    __slots__ = ("_memory", "address", "raw", "size")

    def __init__(self, address: tuple[Any, ...]) -> None:
        ip = ipaddress.ip_address(str(address[0]).partition("%")[0])
        if ip.version == 4:
            raw = bytearray(_IPV4.pack(address[1], ip.packed))
            _FAMILY.pack_into(raw, 0, socket.AF_INET)
        else:
            raw = bytearray(_IPV6.pack(address[1], address[2] if len(address) > 2 else 0, ip.packed))
            _FAMILY.pack_into(raw, 0, socket.AF_INET6)
            _SCOPE.pack_into(raw, 24, address[3] if len(address) > 3 else 0)
        self.raw = bytes(raw)
        self.size = len(raw)
        self._memory = _Memory(self.size)
        self._memory.bytes[:] = raw
        self.address = self._memory.address


def address_of(name: bytes) -> tuple[Any, ...]:
    """The inverse of `Name`: (host, port), or (host, port, flow, scope) of IPv6."""
    if _FAMILY.unpack_from(name)[0] == socket.AF_INET:
        port, host = _IPV4.unpack(name)
        return str(ipaddress.IPv4Address(host)), port
    port, flow, host = _IPV6.unpack(name)
    return socket.inet_ntop(socket.AF_INET6, host), port, flow, _SCOPE.unpack_from(name, 24)[0]


class Inbox:
    """What waits on a socket, up to BATCH datagrams at a time, with sender and ancillary data."""

    def __init__(self, sock: socket.socket) -> None:
        self._descriptor = sock.fileno()
        self._name_size = 16 if sock.family == socket.AF_INET else _NAME
        self._data = _Memory(BATCH * LONGEST_DATAGRAM)
        self._names = _Memory(BATCH * _NAME)
        self._controls = _Memory(BATCH * CONTROL)
        vectors = self._vectors = _Memory(BATCH * _IOVEC.size)
        self._entries = _Memory(BATCH * _ENTRY)
        for i in range(BATCH):
            place = self._data.address + i * LONGEST_DATAGRAM
            _IOVEC.pack_into(vectors.bytes, i * _IOVEC.size, place, LONGEST_DATAGRAM)
            control = self._controls.address + i * CONTROL
            vector = vectors.address + i * _IOVEC.size
            name = self._names.address + i * _NAME
            _MSGHDR.pack_into(self._entries.bytes, i * _ENTRY, name, _NAME, vector, 1, control, CONTROL, 0)
        self._fresh = bytes(self._entries.bytes)
        self._used = 0

    def receive(self) -> list[tuple[bytes, bytes, int, int]]:
        """(datagram, its sender's name, flags, where its ancillary data stands in `control`); empty when none waits.

        Raises OSError for anything else than that.
        """
        entries = self._entries.bytes
        # The kernel has written over the room it was given.
        entries[: self._used] = self._fresh[: self._used]
        count = _recvmmsg(self._descriptor, self._entries.address, BATCH, socket.MSG_DONTWAIT, None)
        if count <= 0:
            self._used = 0
            error = ctypes.get_errno() if count < 0 else 0
            if error in (0, errno.EAGAIN, errno.EINTR):
                return []
            raise OSError(error, "recvmmsg")
        self._used = count * _ENTRY
        data, names, size = self._data.view, self._names.view, self._name_size
        found = []
        for i in range(count):
            flags, length = _RECEIVED.unpack_from(entries, i * _ENTRY)
            at, name = i * LONGEST_DATAGRAM, i * _NAME
            found.append((bytes(data[at : at + length]), bytes(names[name : name + size]), flags, i * CONTROL))
        return found

    @property
    def control(self) -> bytearray:
        """Ancillary data of the last `receive`: an element of struct cmsghdr after another, in places of 256 bytes."""
        return self._controls.bytes


class Outbox:
    """Datagrams that leave a socket together. on_waiting: told of the first, unless `is_held`.

    bytes: where they are written, from `at` on, at most `ROOM`; `add` says what stands there. lost: takes the kernel's
    error for each datagram, or run, it did not take.
    """

    def __init__(self, sock: socket.socket, lost: Callable[[OSError], None]) -> None:
        self.at = 0
        self.is_held = False
        self.on_waiting: Callable[[], object] = lambda: None
        self.sealer: Any = None  # how `sfu.transport` reaches the same bytes
        self._sock = sock
        self._descriptor = sock.fileno()
        self._lost = lost
        self._count = 0
        self._names: list[Name | None] = [None] * MOST_MESSAGES  # the kernel reads them only when all is sent
        self._data = _Memory(ROOM)
        self.bytes = self._data.bytes
        self._controls = _Memory(MOST_MESSAGES * _SEGMENT_ROOM)
        self._vectors = _Memory(MOST_MESSAGES * _IOVEC.size)
        self._entries = _Memory(MOST_MESSAGES * _ENTRY)
        for i in range(MOST_MESSAGES):
            cmsg = socket.CMSG_LEN(2), socket.IPPROTO_UDP, _UDP_SEGMENT
            _CMSG.pack_into(self._controls.bytes, i * _SEGMENT_ROOM, *cmsg)
        self._heads = [
            (self._vectors.address + i * _IOVEC.size, 1, self._controls.address + i * _SEGMENT_ROOM)
            for i in range(MOST_MESSAGES)
        ]

    def room(self, size: int) -> int:
        """Where so many bytes may be written now; sends what waits where they would not fit."""
        if self.at + size > ROOM:
            self.flush()
        return self.at

    def add(self, name: Name, start: int, size: int, segment: int = 0) -> None:
        """What stands at `start` goes to `name`: a datagram, or a run of that segment each, the last maybe shorter."""
        index = self._count
        vector, one, control = self._heads[index]
        _IOVEC.pack_into(self._vectors.bytes, index * _IOVEC.size, self._data.address + start, size)
        room = 0
        if 0 < segment < size:
            room = _SEGMENT_ROOM
            _FAMILY.pack_into(self._controls.bytes, index * _SEGMENT_ROOM + _SEGMENT_AT, segment)
        _MSGHDR.pack_into(self._entries.bytes, index * _ENTRY, name.address, name.size, vector, one, control, room, 0)
        self._names[index] = name
        self._count = index = index + 1
        self.at = start + size
        if index == 1 and not self.is_held:
            self.on_waiting()
        elif index == MOST_MESSAGES:
            self.flush()

    def flush(self) -> None:
        """Send all that waits."""
        count, done = self._count, 0
        self._count = self.at = 0
        while done < count:
            sent = _sendmmsg(self._descriptor, self._entries.address + done * _ENTRY, count - done, socket.MSG_DONTWAIT)
            if sent > 0:
                done += sent
                continue
            error = ctypes.get_errno()
            if error == errno.EINTR:
                continue
            self._refused(done, error)
            done += 1

    def _refused(self, index: int, error: int) -> None:
        """A run too long for the path, or a device that cannot part it, is parted here; else the datagram is lost."""
        name = self._names[index]
        base, size = _IOVEC.unpack_from(self._vectors.bytes, index * _IOVEC.size)
        is_run = _CONTROL_SIZE.unpack_from(self._entries.bytes, index * _ENTRY)[0] > 0
        if not is_run or name is None or error not in (errno.EIO, errno.EINVAL, errno.EMSGSIZE):
            self._lost(OSError(error, "sendmmsg"))
            return
        segment = _FAMILY.unpack_from(self._controls.bytes, index * _SEGMENT_ROOM + _SEGMENT_AT)[0]
        start, address = base - self._data.address, address_of(name.raw)
        for at in range(start, start + size, segment):
            try:
                self._sock.sendto(self._data.view[at : min(at + segment, start + size)], address)
            except OSError as failure:
                self._lost(failure)

"""Many datagrams by one call: each arrives whole, in order and where it should; what cannot be sent is told of."""

import ctypes
import errno
import socket
from collections.abc import Iterator

import pytest

from sfu import datagrams
from sfu.datagrams import BATCH, LONGEST_DATAGRAM, MOST_MESSAGES, ROOM, Inbox, Name, Outbox, address_of


class Pair:
    """A socket that sends, and one that receives."""

    def __init__(self, family: socket.AddressFamily) -> None:
        host = "127.0.0.1" if family == socket.AF_INET else "::1"
        self.source = socket.socket(family, socket.SOCK_DGRAM)
        self.sink = socket.socket(family, socket.SOCK_DGRAM)
        self.sink.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        for sock in (self.source, self.sink):
            sock.bind((host, 0))
            sock.setblocking(False)
        self.inbox = Inbox(self.sink)
        self.lost: list[int | None] = []
        self.outbox = Outbox(self.source, lambda error: self.lost.append(error.errno))
        self.name = Name(self.sink.getsockname())

    def put(self, *parts: bytes, segment: int = 0, name: Name | None = None) -> None:
        data = b"".join(parts)
        at = self.outbox.room(len(data))
        self.outbox.bytes[at : at + len(data)] = data
        self.outbox.add(name or self.name, at, len(data), segment)

    def received(self) -> list[bytes]:
        found = []
        while batch := self.inbox.receive():
            found += [datagram for datagram, *_ in batch]
        return found


@pytest.fixture(params=[socket.AF_INET, socket.AF_INET6], ids=["IPv4", "IPv6"])
def pair(request: pytest.FixtureRequest) -> Iterator[Pair]:
    try:
        pair = Pair(request.param)
    except OSError:
        pytest.skip("no such loopback here")
    yield pair
    pair.source.close()
    pair.sink.close()


def test_runs_and_single_datagrams_arrive_in_order_from_where_they_were_sent(pair: Pair) -> None:
    pair.put(b"one")
    pair.put(b"a" * 1000, b"b" * 1000, b"c" * 400, segment=1000)
    pair.put(b"")
    pair.put(b"last")
    assert pair.inbox.receive() == []
    pair.outbox.flush()
    found = pair.inbox.receive()
    assert [datagram for datagram, *_ in found] == [b"one", b"a" * 1000, b"b" * 1000, b"c" * 400, b"", b"last"]
    assert {address_of(name) for _, name, *_ in found} == {pair.source.getsockname()}
    assert pair.lost == []


def test_more_than_fits_is_sent_on_the_way(pair: Pair) -> None:
    told = []
    pair.outbox.on_waiting = lambda: told.append(True)
    wanted = [b"%d" % number for number in range(MOST_MESSAGES + 10)]
    for datagram in wanted:
        pair.put(datagram)
    assert len(told) == 2, "once for each time something began to wait"
    pair.outbox.flush()
    assert pair.received() == wanted
    pair.outbox.is_held = True
    for _ in range(ROOM // 1000 + 1):
        pair.put(bytes(1000))
    assert len(told) == 2
    pair.outbox.flush()
    assert len(pair.received()) == ROOM // 1000 + 1


def test_a_long_wait_is_taken_in_batches_and_a_long_datagram_told_of(pair: Pair) -> None:
    for number in range(BATCH + 5):
        pair.source.sendto(b"%d" % number, pair.sink.getsockname())
    assert len(pair.inbox.receive()) == BATCH
    assert [datagram for datagram, *_ in pair.inbox.receive()] == [b"%d" % n for n in range(BATCH, BATCH + 5)]
    pair.source.sendto(bytes(LONGEST_DATAGRAM + 1), pair.sink.getsockname())
    ((_, _, flags, _),) = pair.inbox.receive()
    assert flags & socket.MSG_TRUNC


def test_what_the_kernel_refuses_is_told_and_the_rest_goes_on(pair: Pair) -> None:
    nowhere = Name(("127.0.0.1", 0) if len(pair.name.raw) == 16 else ("::1", 0, 0, 0))
    pair.put(b"before")
    pair.put(b"refused", name=nowhere)
    pair.put(b"after")
    pair.outbox.flush()
    assert pair.received() == [b"before", b"after"]
    assert pair.lost == [errno.EINVAL]


def test_a_run_that_the_kernel_cannot_part_is_parted_here(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    real = datagrams._sendmmsg

    def without_segments(descriptor: int, entries: int, count: int, flags: int) -> int:
        if count == 2:
            return int(real(descriptor, entries, 1, flags))
        ctypes.set_errno(errno.EIO)
        return -1

    monkeypatch.setattr(datagrams, "_sendmmsg", without_segments)
    pair.put(b"single")
    pair.put(b"a" * 100, b"b" * 100, b"c", segment=100)
    pair.outbox.flush()
    assert pair.received() == [b"single", b"a" * 100, b"b" * 100, b"c"]
    assert pair.lost == []


def test_a_full_send_buffer_loses_what_does_not_fit(pair: Pair, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_call: int) -> int:
        ctypes.set_errno(errno.EAGAIN)
        return -1

    monkeypatch.setattr(datagrams, "_sendmmsg", full)
    pair.put(b"a" * 100, b"b" * 100, segment=100)
    pair.outbox.flush()
    assert pair.lost == [errno.EAGAIN]
    pair.sink.close()
    with pytest.raises(OSError, match="recvmmsg"):
        pair.inbox.receive()


@pytest.mark.parametrize("address", [("192.0.2.7", 4711), ("2001:db8::7", 4711, 5, 0), ("fe80::1", 9, 0, 3)])
def test_names_tell_the_address(address: tuple[object, ...]) -> None:
    assert address_of(Name(address).raw) == address

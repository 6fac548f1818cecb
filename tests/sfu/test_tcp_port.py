"""ICE over TCP: framing, an authenticated check first, limits both ways, and strangers cut."""

import asyncio
import os
import socket
import time
from collections.abc import AsyncIterator

import pytest

from sfu import stun, tcp_port
from sfu.association import MOST_PATHS, Association
from sfu.tcp_port import LARGE, WAITING_LIMIT, TcpPort
from sfu.udp_port import UdpPort
from tests.sfu.client import until

HOST = "127.0.0.1"


class Clock:
    """Real time, and leaps on demand."""

    def __init__(self) -> None:
        self.leapt = 0.0

    def __call__(self) -> float:
        return time.monotonic() + self.leapt


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def port(clock: Clock, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[TcpPort]:
    monkeypatch.setattr(tcp_port, "SWEEP", 0.02)
    udp = UdpPort(bind=[HOST])
    udp.open()
    port = TcpPort(udp, most=8, most_per_network=6, clock=clock)
    await port.open()
    yield port
    port.close()
    udp.close()


def frame(datagram: bytes) -> bytes:
    return len(datagram).to_bytes(2, "big") + datagram


class Client:
    """A TCP connection that speaks frames."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    def check(self, association: Association, *, password: str = "", transaction: bytes = b"") -> bytes:
        username = f"{association.ufrag}:them"
        request = stun.write_request(transaction or os.urandom(12), username, password or association.password)
        return frame(request)

    async def receive(self) -> bytes:
        async with asyncio.timeout(10):
            size = int.from_bytes(await self.reader.readexactly(2), "big")
            return await self.reader.readexactly(size)

    async def validate(self, association: Association) -> bytes:
        self.send(self.check(association))
        return await self.receive()

    async def is_cut(self) -> bool:
        async with asyncio.timeout(10):
            try:
                while await self.reader.read(4096):
                    pass
            except ConnectionError:
                pass
            return True


async def connect(port: TcpPort) -> Client:
    return Client(*await asyncio.open_connection(HOST, port.number))


async def test_a_check_is_answered_and_datagrams_go_both_ways(port: TcpPort) -> None:
    association = port.udp.associate()
    client = await connect(port)
    answer = await client.validate(association)
    assert stun.parse_mapped_address(answer) == client.writer.get_extra_info("sockname")
    taken: list[bytes] = []
    association.on_media = lambda datagram, _arrival: taken.append(datagram)
    client.send(frame(b"\x80" * 40) + frame(b"\x16" * 20))
    await until(lambda: taken == [b"\x80" * 40])
    assert await association.receive_dtls() == b"\x16" * 20
    association.send(memoryview(b"back"))
    assert await client.receive() == b"back"


async def test_frames_in_any_pieces(port: TcpPort) -> None:
    association = port.udp.associate()
    client = await connect(port)
    for byte in client.check(association):
        client.send(bytes([byte]))
        await asyncio.sleep(0.0005)
    await client.receive()
    taken: list[bytes] = []
    association.on_media = lambda datagram, _arrival: taken.append(datagram)
    pile = b"".join(frame(b"\x80" + bytes([number]) * (20 + number)) for number in range(100))
    for at in range(0, len(pile), 33):
        client.send(pile[at : at + 33])
    await until(lambda: len(taken) == 100)
    assert taken[99] == b"\x80" + bytes([99]) * 119


async def test_empty_frames_are_passed_over_but_not_for_ever(port: TcpPort) -> None:
    association = port.udp.associate()
    client = await connect(port)
    client.send(frame(b"") * 3)
    await client.validate(association)
    client.send(frame(b"") * tcp_port.MOST_EMPTY)
    assert await client.is_cut()
    assert port.drops["empty frames"] == 1
    await until(lambda: association.selected is None)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "too long"),
        (b"\x16\x03\x01\x02\x00\x01\x00", "too long"),
        (b"\xff\xff", "too long"),
        (frame(b"\x16\xfe\xff" + bytes(60)), "no check"),
        (frame(b"\x80" * 40), "no check"),
        (frame(b"\xff" * 40), "no check"),
        (frame(bytes(1200)) * 4, "no check"),
    ],
)
async def test_strangers_are_cut_at_once(port: TcpPort, data: bytes, reason: str) -> None:
    client = await connect(port)
    client.send(data)
    assert await client.is_cut()
    assert port.drops[reason] == 1
    await until(lambda: len(port) == 0)


@pytest.mark.parametrize("start", [b"", b"\x00", b"\x00\x60\x00\x01", frame(b"\x00\x01")])
async def test_who_only_stays_is_cut_within_five_seconds(port: TcpPort, clock: Clock, start: bytes) -> None:
    client = await connect(port)
    client.send(start)
    await until(lambda: len(port) == 1)
    clock.leapt = 5.0 - 1.0
    assert await client.is_cut()
    assert port.drops["no check"] == 1


async def test_a_wrong_password_buys_no_time(port: TcpPort, clock: Clock) -> None:
    association = port.udp.associate()
    client = await connect(port)
    client.send(client.check(association, password="guess"))
    await until(lambda: port.udp.drops["wrong password"] == 1)
    clock.leapt = 4.0
    assert await client.is_cut()
    assert association.paths == {}


async def test_an_overheard_check_cannot_move_the_media(port: TcpPort) -> None:
    association = port.udp.associate()
    client, thief = await connect(port), await connect(port)
    check = client.check(association, transaction=b"0123456789ab")
    client.send(check)
    await client.receive()
    thief.send(check)
    await until(lambda: port.udp.drops["replayed check"] == 1)
    assert association.selected is not None
    assert association.selected.address == client.writer.get_extra_info("sockname")


async def test_a_checked_client_stays(port: TcpPort, clock: Clock) -> None:
    association = port.udp.associate()
    client = await connect(port)
    await client.validate(association)
    clock.leapt = 600
    port._sweep()
    association.send(b"still here")
    assert await client.receive() == b"still here"


async def test_one_address_has_so_many_and_no_more(port: TcpPort) -> None:
    clients = [await connect(port) for _ in range(7)]
    assert await clients[6].is_cut()
    assert port.drops["too many connections"] == 1
    assert len(port) == 6


async def test_when_full_the_oldest_stranger_makes_room(port: TcpPort, monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = iter(range(100))
    monkeypatch.setattr(tcp_port, "_network", lambda _host: str(next(numbers)))
    association = port.udp.associate()
    known = await connect(port)
    await known.validate(association)
    strangers = [await connect(port) for _ in range(8)]
    assert await strangers[0].is_cut()
    assert port.drops["made room"] == 1
    assert len(port) == 8
    assert association.selected is not None


async def test_a_slow_reader_loses_video_then_all_and_is_cut_in_the_end(port: TcpPort, clock: Clock) -> None:
    association = port.udp.associate()
    client = await connect(port)
    await client.validate(association)
    client.writer.transport.pause_reading()  # type: ignore[attr-defined]  # a stream's transport can
    video, sound = b"\x80" + bytes(1100), b"\x80" + bytes(LARGE - 200)
    while not port.drops["slow reader"]:
        association.send(video)
        await asyncio.sleep(0)
    association.send(sound)
    assert port.drops["slow reader"] == 1, "sound still waits its turn"
    for _ in range(10_000):
        association.send(sound)
    assert port.drops["slow reader"] > 1
    assert association.selected is not None
    connection = association.selected.sock
    assert isinstance(connection, tcp_port._Connection)
    transport = connection._transport  # what waits, measured
    assert transport is not None
    assert transport.get_write_buffer_size() <= WAITING_LIMIT + 2 * len(video)
    await until(lambda: connection._stalled_at is not None)
    clock.leapt += tcp_port.STALL_LIMIT + 1
    await until(lambda: port.drops["stalled"] == 1)
    await until(lambda: association.selected is None)


async def test_the_end_of_either_side_ends_both(port: TcpPort) -> None:
    one, other = port.udp.associate(), port.udp.associate()
    client, leaver = await connect(port), await connect(port)
    await client.validate(one)
    await leaver.validate(other)
    one.send(b"farewell")
    one.close()
    assert await client.receive() == b"farewell"
    assert await client.is_cut()
    leaver.writer.close()
    await until(lambda: other.selected is None)
    await until(lambda: len(port) == 0)


async def test_a_connection_passes_on_to_another_client(port: TcpPort) -> None:
    one, other = port.udp.associate(), port.udp.associate()
    client = await connect(port)
    await client.validate(one)
    await client.validate(other)
    assert one.paths == {}
    assert other.selected is not None


async def test_it_stands_beside_udp_and_after_it(port: TcpPort) -> None:
    udp, tcp = (line.split() for line in port.udp.candidates)
    assert port.number == port.udp.number
    assert tcp[1:3] == ["1", "tcp"]
    assert tcp[4:] == [HOST, str(port.number), "typ", "host", "tcptype", "passive"]
    assert int(tcp[3]) < int(udp[3])
    port.close()
    assert len(port.udp.candidates) == 1


async def test_a_taken_port_is_an_error() -> None:
    udp = UdpPort(bind=[HOST])
    udp.open()
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        with pytest.raises(OSError, match="in use"):
            await TcpPort(udp, taken.getsockname()[1]).open()
    udp.close()


def test_a_network_is_an_address_or_a_64() -> None:
    assert tcp_port._network("192.0.2.7") == "192.0.2.7"
    assert tcp_port._network("2001:db8::7%eth0") == tcp_port._network("2001:db8::8")


async def test_one_client_has_so_many_connections_and_none_it_does_not_use(port: TcpPort, clock: Clock) -> None:
    port._most = port._most_per_network = 20
    association = port.udp.associate()
    clients = [await connect(port) for _ in range(MOST_PATHS + 2)]
    for client in clients:
        await client.validate(association)
    await until(lambda: len(port) == MOST_PATHS)
    assert port.drops["too many of one client"] == 2
    association.prune(time.monotonic() + 10)
    assert len(association.paths) == 1
    clock.leapt += tcp_port.UNUSED_LIMIT + 1
    await until(lambda: len(port) == 1)
    assert port.drops["unused"] == MOST_PATHS - 1

"""The port answers authenticated checks, follows nomination, and drops everything else by reason."""

import asyncio
import os
import socket
import time

import pytest

from sfu import stun
from sfu.association import Association
from sfu.udp_port import UdpPort, own_addresses
from tests.sfu.client import until


class Stranger:
    def __init__(self, port: UdpPort) -> None:
        self.sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.sock.bind(("127.0.0.1", 0))
        self.sock.settimeout(10)
        self.port = port

    async def send(self, *datagrams: bytes) -> None:
        before = self.port.datagrams
        for datagram in datagrams:
            self.sock.sendto(datagram, ("127.0.0.1", self.port.number))
        await until(lambda: self.port.datagrams == before + len(datagrams))

    def check(self, association: Association, *, password: str = "", transaction: bytes = b"") -> bytes:
        username = f"{association.ufrag}:them"
        return stun.write_request(transaction or os.urandom(12), username, password or association.password)

    async def validate(self, association: Association) -> bytes:
        await self.send(self.check(association))
        return self.sock.recv(2048)


async def test_an_authenticated_check_is_answered_with_the_senders_address(port: UdpPort) -> None:
    association = port.associate()
    stranger = Stranger(port)
    answer = await stranger.validate(association)
    assert stun.parse_mapped_address(answer) == stranger.sock.getsockname()
    assert association.selected is not None
    association.send(b"back")
    assert stranger.sock.recv(2048) == b"back"


@pytest.mark.parametrize(
    ("datagram", "reason"),
    [
        (b"", "empty"),
        (b"\x16\xfe\xff" + bytes(60), "unknown address"),
        (b"\x80" * 40, "unknown address"),
        (b"\x00\x01", "malformed check"),
        (bytes(3000), "too long"),
        (stun.write_request(bytes(12), "nobody:them", "password"), "unknown ufrag"),
    ],
)
async def test_drops(port: UdpPort, datagram: bytes, reason: str) -> None:
    association = port.associate()
    stranger = Stranger(port)
    stranger.sock.sendto(datagram, ("127.0.0.1", port.number))
    await until(lambda: port.drops[reason] == 1)
    assert association.selected is None


async def test_drops_from_a_validated_address(port: UdpPort) -> None:
    association = port.associate()
    stranger = Stranger(port)
    await stranger.validate(association)
    await stranger.send(b"\x80" * 40, b"\x80", b"\x40" * 40, b"\xff" * 40, *[b"\x16" * 20] * 70)
    assert port.drops["media before keys"] == 1
    assert port.drops["short"] == 1
    assert port.drops["unknown kind"] == 2
    assert port.drops["queue full"] == 6


async def test_a_wrong_password_makes_no_path(port: UdpPort) -> None:
    association = port.associate()
    stranger = Stranger(port)
    await stranger.send(stranger.check(association, password="guess"))
    assert port.drops["wrong password"] == 1
    assert association.paths == {}


async def test_an_overheard_check_cannot_move_the_media(port: UdpPort) -> None:
    association = port.associate()
    client, thief = Stranger(port), Stranger(port)
    check = client.check(association, transaction=b"0123456789ab")
    await client.send(check)
    await thief.send(check)
    assert port.drops["replayed check"] == 1
    assert association.selected is not None
    assert association.selected.address == client.sock.getsockname()


async def test_a_controlled_sender_is_told_of_the_conflict(port: UdpPort) -> None:
    association = port.associate()
    stranger = Stranger(port)
    username = f"{association.ufrag}:them"
    await stranger.send(stun.write_request(bytes(12), username, association.password, role="controlled"))
    assert stranger.sock.recv(2048)[:2] == b"\x01\x11"
    assert association.selected is None


async def test_an_address_passes_on_to_another_client(port: UdpPort) -> None:
    one, other = port.associate(), port.associate()
    stranger = Stranger(port)
    await stranger.validate(one)
    await stranger.validate(other)
    assert one.selected is None
    assert one.paths == {}
    assert other.selected is not None


async def test_media_comes_with_the_kernels_time(port: UdpPort) -> None:
    association = port.associate()
    stranger = Stranger(port)
    await stranger.validate(association)
    times: list[float] = []
    association.on_media = lambda _datagram, arrival: times.append(arrival)
    before = time.monotonic()
    stranger.sock.sendto(b"\x80" * 40, ("127.0.0.1", port.number))
    after = time.monotonic()
    time.sleep(0.4)  # noqa: ASYNC251  the event loop is held up; the kernel's clock is not
    await until(lambda: bool(times))
    assert before - 0.2 < times[0] < after + 0.2, "when it came, not when it was read"


async def test_a_failing_handler_holds_up_nobody(port: UdpPort) -> None:
    association = port.associate()
    stranger = Stranger(port)
    await stranger.validate(association)

    def fail(datagram: bytes, arrival: float) -> None:
        raise RuntimeError

    association.on_media = fail
    await stranger.send(*[b"\x80" * 40] * 3)
    assert port.drops["failure"] == 3


async def test_a_closed_association_is_gone(port: UdpPort) -> None:
    association = port.associate()
    stranger = Stranger(port)
    await stranger.validate(association)
    check = stranger.check(association)
    association.close()
    await stranger.send(check, b"\x16" * 20)
    assert port.drops["unknown ufrag"] == 1
    assert port.drops["unknown address"] == 1


async def test_candidates_and_addresses() -> None:
    port = UdpPort(advertise=["192.0.2.7", "2001:db8::7"])
    port.open()
    first, second = port.candidates
    assert first == f"candidate:1 1 udp 2130706431 192.0.2.7 {port.number} typ host"
    assert int(second.split()[3]) < int(first.split()[3])
    port.close()
    assert own_addresses()
    assert UdpPort(bind=["127.0.0.1"]).candidates[0].split()[4] == "127.0.0.1"


async def test_ipv6_where_the_machine_has_it() -> None:
    port = UdpPort(bind=["::1"])
    try:
        port.open()
    except OSError:
        pytest.skip("no IPv6 here")
    association = port.associate()
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
        sock.bind(("::1", 0))
        sock.settimeout(10)
        request = stun.write_request(os.urandom(12), f"{association.ufrag}:them", association.password)
        sock.sendto(request, ("::1", port.number))
        await until(lambda: association.selected is not None)
        assert stun.parse_mapped_address(sock.recv(2048)) == sock.getsockname()[:2]
    port.close()


async def test_a_taken_port_is_an_error() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.bind(("127.0.0.1", 0))
        taken = UdpPort(sock.getsockname()[1], bind=["127.0.0.1"])
        with pytest.raises(OSError, match="in use"):
            taken.open()
    await asyncio.sleep(0)


async def test_of_a_busy_socket_nothing_is_left_lying(port: UdpPort) -> None:
    """What comes between two looks, more than one look takes, and what comes after a silence."""
    stranger = Stranger(port)
    for _ in range(3):
        await stranger.send(*[b"\x80" * 40] * 200)
        await asyncio.sleep(0.02)
        await stranger.send(b"\x80" * 40)
    assert port.drops["unknown address"] == 603


async def test_a_port_closed_between_two_looks_takes_nothing_more(port: UdpPort) -> None:
    stranger = Stranger(port)
    await stranger.send(b"\x80" * 40)
    stranger.sock.sendto(b"\x80" * 40, ("127.0.0.1", port.number))
    port.close()
    await asyncio.sleep(0.02)
    assert port.datagrams == 1

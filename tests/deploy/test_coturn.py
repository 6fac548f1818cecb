"""Debian's coturn with `deploy/coturn.conf`, in a namespace: what it lets through, and what it does not."""

import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

import pytest

from bench.net.namespaces import Network, inside, run, unavailable
from bench.net.turn import PORT, PROGRAM, command
from signaling.turn import LIFETIME, TurnServers, new_holder
from tests.turn_client import TCP, TurnClient

SECRET = "a secret of at least thirty-two characters"
TURN, MEDIA, MEDIA_UDP = "10.231.9.1", "10.231.9.5", 7882
SOURCE_PORTS = count(20000)
TURN6, MEDIA6 = "fd00:231::1", "fd00:231::5"
FORBIDDEN = 403
WRONG = 401
QUOTA = 486

why_not = unavailable() or (None if shutil.which(PROGRAM) else "needs coturn")
pytestmark = [
    pytest.mark.netns,
    pytest.mark.timeout(180),
    pytest.mark.skipif(why_not is not None, reason=f"coturn in a namespace: {why_not}"),
]

Connect = Callable[..., TurnClient]


@pytest.fixture(scope="module")
def relay(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The namespace coturn runs in; the media server's own addresses are its drop-in's only allowed peers."""
    with Network() as network:
        for address in (TURN, MEDIA):
            run("ip", "-n", network.server, "addr", "add", f"{address}/32", "dev", "lo")
        for address in (TURN6, MEDIA6):
            run("ip", "-n", network.server, "addr", "add", f"{address}/128", "dev", "lo", "nodad")
        folder = tmp_path_factory.mktemp("coturn")
        words = command(SECRET, (TURN, TURN6), folder, allowed=(MEDIA, MEDIA6))
        log = (folder / "log").open("wb")
        network.start(network.server, *words, stdout=log, stderr=subprocess.STDOUT)
        deadline = time.monotonic() + 60
        while inside(network.server, lambda: _refused(TURN, PORT)):
            assert time.monotonic() < deadline, (folder / "log").read_text()
            time.sleep(0.1)
        yield network.server


def _refused(address: str, port: int) -> bool:
    with socket.socket() as sock:
        return sock.connect_ex((address, port)) != 0


@pytest.fixture
def connect(relay: str) -> Iterator[Connect]:
    """Makes clients; credentials of five minutes from now unless told otherwise."""
    clients: list[TurnClient] = []

    def one(*, now: datetime | None = None, holder: str = "", secret: str = SECRET) -> TurnClient:
        def open_socket() -> socket.socket:
            sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            sock.settimeout(5)
            # Never the same port twice: coturn remembers a closed client's address for a while (437).
            sock.bind((TURN, next(SOURCE_PORTS)))
            sock.connect((TURN, PORT))
            return sock

        servers = TurnServers([f"turn:{TURN}:{PORT}"], secret)
        (told,) = servers.for_client(holder or new_holder(), now or datetime.now(UTC))
        client = TurnClient(inside(relay, open_socket), told.username, told.credential)
        clients.append(client)
        return client

    yield one
    for client in clients:
        client.refresh(0)
        client.sock.close()


def test_our_credentials_open_a_relay_to_the_media_server(relay: str, connect: Connect) -> None:
    client = connect()
    assert client.allocate() == 0
    assert client.lifetime <= 300

    def media_server() -> socket.socket:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.settimeout(5)
        sock.bind((MEDIA, MEDIA_UDP))
        return sock

    with inside(relay, media_server) as media:
        assert client.bind(0x4000, f"{MEDIA}:{MEDIA_UDP}") == 0
        client.send(0x4000, b"there")
        data, address = media.recvfrom(2048)
        assert (data, address[0]) == (b"there", TURN)
        media.sendto(b"back", address)
        assert client.sock.recv(2048)[4:8] == b"back"


def test_expired_and_forged_credentials_open_none(connect: Connect) -> None:
    past = datetime.now(UTC) - LIFETIME - timedelta(seconds=5)
    assert connect(now=past).allocate() == WRONG
    assert connect(secret="another secret").allocate() == WRONG


def test_a_call_outlives_its_credentials(connect: Connect) -> None:
    client = connect(now=datetime.now(UTC) - LIFETIME + timedelta(seconds=4))
    assert client.allocate() == 0
    time.sleep(5.5)
    assert client.permit(f"{MEDIA}:{MEDIA_UDP}") == 0
    assert client.refresh(300) == 0
    assert client.allocate() != 0


SPECIAL = [
    *("0.0.0.1", "10.0.0.1", "10.231.9.1", "100.64.0.1", "127.0.0.1", "127.255.255.254", "169.254.169.254"),
    *("172.16.0.1", "172.31.255.254", "192.0.0.1", "192.0.2.1", "192.88.99.1", "192.168.1.1", "198.18.0.1"),
    *("198.51.100.1", "203.0.113.1", "224.0.0.1", "239.1.2.3", "240.0.0.1", "255.255.255.255"),
]
SPECIAL6 = [
    *("[::1]", "[::]", "[64:ff9b::a00:1]", "[64:ff9b:1::a00:1]", "[100::1]", "[2001::1]", "[2001:db8::1]"),
    *(
        "[2002:a00:1::]",
        "[fc00::1]",
        "[fd00:231::1]",
        "[fe80::1]",
        "[3fff::1]",
        "[5f00::1]",
        "[::ffff:0:127.0.0.1]",
        "[fec0::1]",
        "[ff02::1]",
    ),
    *(f"[::ffff:{address}]" for address in SPECIAL),
    *("[::ffff:8.8.8.8]", "[::10.0.0.1]", "[::127.0.0.1]", "[::ffff:0:10.0.0.1]", f"[::ffff:{MEDIA}]"),
]


@pytest.mark.parametrize("peer", SPECIAL)
def test_no_special_purpose_peer(connect: Connect, peer: str) -> None:
    client = connect()
    assert client.allocate() == 0
    assert client.permit(f"{peer}:53") == FORBIDDEN
    assert client.bind(0x4000, f"{peer}:53") == FORBIDDEN


@pytest.mark.parametrize("peer", SPECIAL6)
def test_no_special_purpose_peer_of_ipv6_in_any_spelling(connect: Connect, peer: str) -> None:
    client = connect()
    assert client.allocate(ipv6=True) == 0
    assert client.permit(f"{peer}:53") == FORBIDDEN
    assert client.bind(0x4000, f"{peer}:53") == FORBIDDEN


def test_the_media_servers_ipv6_address_is_allowed(connect: Connect) -> None:
    client = connect()
    assert client.allocate(ipv6=True) == 0
    assert client.permit(f"[{MEDIA6}]:{MEDIA_UDP}") == 0


def test_no_relay_of_tcp(connect: Connect) -> None:
    assert connect().allocate(transport=TCP) != 0


def test_a_participant_has_twelve_allocations(connect: Connect) -> None:
    holder = new_holder()
    assert [connect(holder=holder).allocate() for _ in range(13)] == [0] * 12 + [QUOTA]
    assert connect().allocate() == 0, "another participant is not touched"


def test_the_file_is_whole() -> None:
    """What the tests above cannot show in a namespace without certificates."""
    lines = Path("deploy/coturn.conf").read_text(encoding="utf-8").splitlines()
    assert {"use-auth-secret", "no-cli", "no-tlsv1", "no-tlsv1_1", "tls-listening-port=443"} <= set(lines)

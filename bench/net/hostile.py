"""Hostile datagrams while a meeting goes on, ``[count]``: the longest interruption anybody saw; bar 0.35 s, as in calm.

A third machine sends what anybody can: empty datagrams, ClientHellos, torn DTLS, made-up RTP and RTCP, STUN of every
wrong kind. It has overheard the meeting: it knows user names, SSRCs and addresses, and sends in the participants' own
addresses too. What it lacks is keys. Then the same over TCP: connections that say nothing, or a byte a second, or huge
frames; meanwhile somebody without UDP joins.
"""

import contextlib
import itertools
import random
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from bench.accounting import usage
from bench.net.namespaces import Network, inside, network, run
from bench.net.scene import GAP, MEDIA_PORT, PATIENCE, Scene, show
from sfu import rtcp, rtp, stun

COUNT = 10_000
PACE = 2_000  # datagrams a second
SOURCES = 200  # addresses of the attacker, two ports each
SPOOFED = 0.2  # of the datagrams come in a participant's own address
CONNECTIONS = 300
TCP_BAR = 6.0
# DTLS 1.2 handshake record, epoch 0, with the head of a ClientHello (RFC 6347, 4.2).
HELLO = bytes.fromhex("16fefd0000000000000000003a0100002e000000000000002efefd")


@dataclass(frozen=True, slots=True)
class Overheard:
    """What one sees of a participant's packets. check: one as it was sent; address: the participant's."""

    check: bytes
    ssrc: int
    address: tuple[str, int]

    @property
    def username(self) -> str:
        return stun.parse_request(self.check).username


def _hello(dice: random.Random, _: Overheard) -> bytes:
    return HELLO + dice.randbytes(32) + b"\0" * 8


def _torn_dtls(dice: random.Random, _: Overheard) -> bytes:
    kind = dice.choice((20, 21, 22, 23, 25, 63))
    fragment = dice.randbytes(dice.randrange(0, 60))
    length = dice.choice((len(fragment), 0, 0xFFFF))
    return struct.pack("!BHHHIH", kind, 0xFEFD, dice.choice((0, 1, 2)), 0, dice.randrange(9), length) + fragment


def _alert(dice: random.Random, _: Overheard) -> bytes:
    """A fatal alert, or a farewell, that nobody has signed."""
    epoch = dice.choice((0, 1))
    return struct.pack("!BHHHIH", 21, 0xFEFD, epoch, 0, 1 + dice.randrange(99), 2) + dice.choice((b"\2\x28", b"\1\0"))


def _rtp(dice: random.Random, heard: Overheard) -> bytes:
    packet = rtp.RtpPacket(
        dice.choice((96, 111)), True, dice.randrange(65536), dice.randrange(2**32), heard.ssrc, dice.randbytes(60)
    )
    return rtp.write(packet)


def _rtcp(dice: random.Random, heard: Overheard) -> bytes:
    packet = dice.choice((rtcp.PictureLossIndication(1, heard.ssrc), rtcp.Nack(1, heard.ssrc, tuple(range(99)))))
    return rtcp.build(packet) + dice.randbytes(14)


def _goodbye(_: random.Random, heard: Overheard) -> bytes:
    return b"\x81\xcb\0\1" + heard.ssrc.to_bytes(4, "big")


def _check(dice: random.Random, heard: Overheard) -> bytes:
    """A check of the right user with another password; it nominates."""
    return stun.write_request(dice.randbytes(12), heard.username, "a guess")


def _check_of_nobody(dice: random.Random, _: Overheard) -> bytes:
    return stun.write_request(dice.randbytes(12), f"{dice.randbytes(6).hex()}:x", "a guess")


def _check_unsigned(dice: random.Random, heard: Overheard) -> bytes:
    """Right user, USE-CANDIDATE, no integrity."""
    name = heard.username.encode()
    name = struct.pack("!HH", stun.USERNAME, len(name)) + name + bytes(-len(name) % 4)
    body = name + struct.pack("!HH", stun.USE_CANDIDATE, 0)
    return struct.pack("!HHI12s", 1, len(body), stun.MAGIC_COOKIE, dice.randbytes(12)) + body


def _replay(_: random.Random, heard: Overheard) -> bytes:
    return heard.check


def _noise(dice: random.Random, _: Overheard) -> bytes:
    return dice.randbytes(dice.randrange(1, 1400))


KINDS: Sequence[Callable[[random.Random, Overheard], bytes]] = (
    *(lambda _dice, _heard: b"", _hello, _torn_dtls, _alert, _rtp, _rtcp, _goodbye),
    *(_check, _check_of_nobody, _check_unsigned, _replay, _noise),
)


def datagrams(count: int, heard: Sequence[Overheard], seed: int = 1) -> Iterator[tuple[bytes, Overheard]]:
    """What is sent, and whom it is aimed at; the same for the same seed."""
    dice = random.Random(seed)
    for _ in range(count):
        whom = dice.choice(heard)
        yield dice.choice(KINDS)(dice, whom), whom


def overhear(frames: Callable[[], tuple[bytes, tuple[str, int]] | None], people: int) -> list[Overheard]:
    """From UDP payloads sent to the media port and whence they came, until `people` are known."""
    checks: dict[tuple[str, int], bytes] = {}
    ssrcs: dict[tuple[str, int], int] = {}
    while (frame := frames()) is not None:
        data, address = frame
        if len(data) >= 12 and 127 < data[0] < 192 and not rtp.is_rtcp(data):
            ssrcs[address] = int.from_bytes(data[8:12], "big")
        elif data[:2] == b"\0\1":
            checks[address] = data
        if len(known := checks.keys() & ssrcs.keys()) >= people:
            return [Overheard(checks[one], ssrcs[one], one) for one in known]
    return []


def _tap(namespace: str, seconds: float) -> Callable[[], tuple[bytes, tuple[str, int]] | None]:
    """Every UDP payload that arrives in the namespace for the media port."""
    sock = inside(namespace, lambda: socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(0x0800)))
    sock.settimeout(1)
    deadline = time.monotonic() + seconds

    def frame() -> tuple[bytes, tuple[str, int]] | None:
        while time.monotonic() < deadline:
            with contextlib.suppress(TimeoutError):
                packet, about = sock.recvfrom(4096)
                at = (packet[0] & 15) * 4
                if about[2] == socket.PACKET_HOST and packet[9] == socket.IPPROTO_UDP:
                    source, target = struct.unpack_from("!HH", packet, at)
                    if target == MEDIA_PORT:
                        return packet[at + 8 :], (socket.inet_ntoa(packet[12:16]), source)
        return None

    return frame


class Attacker:
    """A machine of many addresses in a namespace, which can also lie about its own."""

    def __init__(self, net: Network, client: str) -> None:
        number = net.clients.index(client) + 1
        self.target = (net.server_address(number), MEDIA_PORT)
        self._addresses = [f"10.231.{number}.{last}" for last in range(20, 20 + SOURCES)]
        for address in self._addresses:
            run("ip", "-n", client, "addr", "add", f"{address}/24", "dev", "c0")
        self._client = client
        # An honest kernel would drop a participant's address on another's link; the server must not need that.
        for device in ("all", f"s{number}"):
            run("ip", "netns", "exec", net.server, "sysctl", "-qw", f"net.ipv4.conf.{device}.rp_filter=0")

    def stream(self, index: int) -> socket.socket:
        """A TCP socket in one of its addresses."""
        return inside(self._client, lambda: self._bound(index, socket.SOCK_STREAM))

    def send(self, count: int, heard: Sequence[Overheard]) -> int:
        """All of them at PACE. How many left."""
        socks = inside(self._client, lambda: [self._bound(index) for index in range(2 * SOURCES)])
        raw = inside(self._client, lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW))
        dice = random.Random(2)
        begun = time.monotonic()
        sent = 0
        for number, (datagram, whom) in enumerate(datagrams(count, heard)):
            time.sleep(max(0.0, begun + number / PACE - time.monotonic()))
            with contextlib.suppress(OSError):
                if dice.random() < SPOOFED:
                    raw.sendto(_forged(datagram, whom.address, self.target), (self.target[0], 0))
                else:
                    dice.choice(socks).sendto(datagram, self.target)
                sent += 1
        for sock in (*socks, raw):
            sock.close()
        return sent

    def _bound(self, index: int, kind: socket.SocketKind = socket.SOCK_DGRAM) -> socket.socket:
        sock = socket.socket(socket.AF_INET, kind)
        sock.bind((self._addresses[index % len(self._addresses)], 0))
        return sock


def _forged(payload: bytes, source: tuple[str, int], target: tuple[str, int]) -> bytes:
    """An IPv4 packet in somebody else's address; the kernel fills in length and checksum."""
    addresses = socket.inet_aton(source[0]) + socket.inet_aton(target[0])
    head = struct.pack("!BBHHHBBH", 0x45, 0, 28 + len(payload), 0, 0, 64, socket.IPPROTO_UDP, 0) + addresses
    return head + struct.pack("!HHHH", source[1], target[1], 8 + len(payload), 0) + payload


def lorises(attacker: Attacker, stop: threading.Event) -> tuple[int, float]:
    """Hold as many connections as one can get. (how many the server cut, the longest that one lived, seconds)."""
    openings = (
        b"",
        b"\0",
        b"\xff\xff" + bytes(100),
        b"\0\0" * 50,
        b"GET / HTTP/1.1\r\n",
        b"\x16\x03\x01",
        b"\x08\0\0\1",
    )
    alive: dict[socket.socket, float] = {}
    cut, longest, number = 0, 0.0, 0
    while not stop.is_set():
        while len(alive) < CONNECTIONS:
            sock = attacker.stream(number)
            sock.settimeout(1)
            with contextlib.suppress(OSError):
                sock.connect(attacker.target)
                sock.setblocking(False)
                sock.send(openings[number % len(openings)])
                alive[sock] = time.monotonic()
            number += 1
        time.sleep(0.5)
        for sock, since in tuple(alive.items()):
            gone = False
            try:
                gone = sock.recv(100) == b""
                sock.send(b"\0")
            except BlockingIOError:
                with contextlib.suppress(OSError):
                    sock.send(b"\0")
            except OSError:
                gone = True
            if gone:
                cut, longest = cut + 1, max(longest, time.monotonic() - since)
                del alive[sock]
                sock.close()
    for sock in alive:
        sock.close()
    return cut, longest


def longest_gap(scene: Scene, begun: float, ended: float) -> float:
    """The longest time between two pictures, or two sounds, of anybody to anybody."""
    gaps = [0.0]
    for seat, what, whose in scene.everything():
        times = [at for at in seat.arrivals[what, whose] if begun - GAP < at < ended] + [ended]
        gaps += [after - before for before, after in itertools.pairwise(times)]
    return max(gaps)


def measure(count: int) -> dict[str, float]:
    with network() as net:
        clients = [net.add_client(), net.add_client()]
        attacker = Attacker(net, net.add_client())
        scene = Scene(net)
        server = scene.start_server()
        scene.meet(clients)
        heard = overhear(_tap(net.server, PATIENCE), len(clients))
        assert len(heard) == len(clients), "everybody was overheard"
        calm_from = time.monotonic()
        time.sleep(3)
        before = usage(server.pid)
        begun = time.monotonic()
        sent = attacker.send(count, heard)
        ended = time.monotonic()
        time.sleep(2)
        after = usage(server.pid)
        lost = sum(event["event"] in ("reconnecting", "disconnected") for seat in scene.seats for event in seat.events)
        return {
            "longest": longest_gap(scene, begun, ended + 1),
            "calm": longest_gap(scene, calm_from, begun),
            "sent": sent,
            "reconnections": lost,
            "memory_growth": after.resident - before.resident,
            "cpu_microseconds": (after.cpu - before.cpu) / sent * 1e6,
        }


def measure_tcp() -> dict[str, float]:
    with network() as net:
        clients = [net.add_client(), net.add_client()]
        attacker = Attacker(net, net.add_client())
        scene = Scene(net)
        server = scene.start_server()
        scene.meet(clients[:1])
        before = usage(server.pid)
        stop = threading.Event()
        results: list[tuple[int, float]] = []
        thread = threading.Thread(target=lambda: results.append(lorises(attacker, stop)))
        thread.start()
        time.sleep(6)
        net.filter(clients[1], "meta l4proto udp drop")
        second = scene.seat(clients[1])
        try:
            scene.until(scene.all_seen, "everybody sees and hears everybody")
            calm = time.monotonic()
            time.sleep(8)
        finally:
            stop.set()
            thread.join()
        connecting = second.when("connecting")
        assert connecting is not None
        ((cut, longest),) = results
        arrived = [second.arrivals[what, scene.seats[0].identity][0] for what in ("picture", "sound")]
        return {
            "joined": max(arrived) - connecting,
            "longest": longest_gap(scene, calm, calm + 8),
            "cut": cut,
            "longest_stranger": longest,
            "memory_growth": usage(server.pid).resident - before.resident,
        }


if __name__ == "__main__":
    count = int(sys.argv[1]) if len(sys.argv) > 1 else COUNT
    figures = measure(count)
    show(f"{count} hostile datagrams", GAP, figures.pop("longest"), **figures)
    figures = measure_tcp()
    show(f"join over TCP among {CONNECTIONS} hostile connections", TCP_BAR, figures.pop("joined"), **figures)

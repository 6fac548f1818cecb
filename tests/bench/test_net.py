"""Broken networks in namespaces of our own, with the Python SDK as participants: a meeting gets through, or comes back.

Speed is told by the scripts of `bench.net`, never by a test; the limits here only say that it happens by itself.
"""

import asyncio
import importlib.util
import os
import shutil
import socket
import time
from collections.abc import Iterator

import pytest

from bench.join import CHROMIUM
from bench.net import address_change, hostile, narrow, server_killed, udp_blocked
from bench.net.__main__ import SCENARIOS, command
from bench.net.delay import Direction
from bench.net.namespaces import Network, inside, run, unavailable
from bench.net.scene import longest_gap_end
from bench.net.turn import PROGRAM
from sfu import stun
from sfu.udp_port import UdpPort
from tests.sfu.client import until

why_not = unavailable()
netns = pytest.mark.skipif(why_not is not None, reason=f"network namespaces: {why_not}")
coturn = pytest.mark.skipif(shutil.which(PROGRAM) is None, reason="needs coturn")


@pytest.fixture
def network() -> Iterator[Network]:
    with Network() as made:
        yield made


@netns
@pytest.mark.netns
@pytest.mark.timeout(120)
@pytest.mark.parametrize("way", ["tcp", pytest.param("turn-tcp", marks=coturn), pytest.param("turn-udp", marks=coturn)])
def test_a_meeting_with_udp_blocked(way: str) -> None:
    assert max(udp_blocked.measure(way).values()) < 30


@netns
@coturn
@pytest.mark.netns
@pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Chromium")
@pytest.mark.timeout(180)
def test_a_browser_gets_through_where_only_tls_on_443_is_open() -> None:
    assert max(udp_blocked.measure("turn-tls").values()) < 30


@netns
@pytest.mark.netns
@pytest.mark.timeout(120)
def test_strangers_and_liars_on_the_network_disturb_nobody() -> None:
    figures = hostile.measure(1000)
    assert figures["sent"] == 1000
    assert figures["reconnections"] == 0


@netns
@pytest.mark.netns
@pytest.mark.timeout(180)
def test_everybody_comes_back_after_the_server_was_killed() -> None:
    assert max(server_killed.measure().values()) < 20


@netns
@pytest.mark.netns
@pytest.mark.timeout(180)
def test_a_client_takes_its_media_along_to_another_address() -> None:
    assert max(address_change.measure(0.0).values()) < 20


@netns
@pytest.mark.netns
async def test_an_answer_leaves_from_the_address_the_client_asked(
    network: Network, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a server with two addresses on the way to a client, the kernel alone would always take the first."""
    client = network.add_client()
    run("ip", "-n", network.server, "addr", "add", "10.231.1.9/24", "dev", "s1")
    run("ip", "-n", network.server, "addr", "add", "10.231.77.1/32", "dev", "lo")
    port = UdpPort()
    loop = asyncio.get_running_loop()
    make = socket.socket
    # The port's sockets, and those it asks the kernel's choice by, belong to the server's namespace.
    monkeypatch.setattr("sfu.udp_port.socket.socket", lambda *kind: inside(network.server, lambda: make(*kind)))
    try:
        port.open()
        association = port.associate()
        for reached in ("10.231.1.1", "10.231.1.9", "10.231.77.1"):
            sock = inside(client, lambda: make(socket.AF_INET, socket.SOCK_DGRAM))
            sock.settimeout(5)
            request = stun.write_request(os.urandom(12), f"{association.ufrag}:them", association.password)
            sock.sendto(request, (reached, port.number))
            answer, source = await loop.run_in_executor(None, sock.recvfrom, 2048)
            assert source == (reached, port.number)
            assert stun.parse_mapped_address(answer)[0] == "10.231.1.2"
            association.send(b"media")
            data, source = await loop.run_in_executor(None, sock.recvfrom, 2048)
            assert (data, source) == (b"media", (reached, port.number))
            sock.close()
    finally:
        port.close()


async def test_a_delayed_packet_comes_late_and_in_order() -> None:
    """Over socket pairs in the place of tunnels."""
    (near, one), (other, far) = (socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET) for _ in range(2))
    for sock in (near, one, other, far):
        sock.setblocking(False)
    direction = Direction(one.fileno(), other.fileno(), 0.1)
    begun = time.monotonic()
    for number in range(20):
        near.send(bytes([number]))
    came: list[int] = []

    def read() -> None:
        came.append(far.recv(10)[0])

    loop = asyncio.get_running_loop()
    loop.add_reader(far.fileno(), read)
    await until(lambda: len(came) == 20)
    assert came == list(range(20))
    assert time.monotonic() - begun >= 0.1
    for sock in (one, far):
        loop.remove_reader(sock.fileno())
    del direction
    for sock in (near, one, other, far):
        sock.close()


def test_when_a_link_stopped_throwing_away() -> None:
    drops = [0, 30, 30, 31, 31, 60, 60, 60]
    counts = [narrow.Count(at / 4, 0, drops[at // 4]) for at in range(4 * len(drops))]
    assert narrow.yielded(counts, 0.0) == (1.0, 5.0)
    drops = [0, 9, 18, 27, 36, 45, 46, 47, 47, 47, 47, 47, 47]
    assert narrow.yielded([narrow.Count(at / 4, 0, dropped) for at, dropped in enumerate(drops)], 0.0) == (1.25, 1.25)
    assert narrow.rates([narrow.Count(0.0, 0, 0), narrow.Count(2.0, 50_000, 0)], over=1) == [(2.0, 200_000.0)]


def test_every_scenario_is_a_script() -> None:
    for scenario in SCENARIOS:
        module = command(scenario)[2]
        assert importlib.util.find_spec(module) is not None, module


def test_the_end_of_the_longest_interruption_counts() -> None:
    steady = [number / 10 for number in range(100)]
    assert longest_gap_end(steady, 5.0) == 5.0
    assert longest_gap_end([at for at in steady if not 5.0 < at < 7.0], 5.05) == 7.0
    assert longest_gap_end([at for at in steady if not 2.0 < at < 3.0], 5.0) == 5.0
    assert longest_gap_end([at for at in steady if not (5.0 < at < 7.0 or 8.0 < at < 8.6)], 5.05) == 7.0

"""Three thousand hostile datagrams on loopback while a meeting goes on. Ten thousand, and TCP: `bench.net.hostile`."""

import asyncio
import os
import random
import socket
from itertools import pairwise

from bench.client import Access
from bench.load import Load, joined
from bench.net.hostile import KINDS, Overheard, datagrams, overhear
from sfu import stun
from sfu.association import MOST_PATHS
from tests.sfu.sdk_client import KEY, SECRET, media_host

COUNT = 3000
OWN = 0.2  # of them come from the participants' own addresses


async def _attack(load: Load, target: tuple[str, int]) -> list[Overheard]:
    heard = []
    own = {}
    for client in load.clients:
        connection = client.connection
        assert connection._remote is not None
        check = stun.write_request(os.urandom(12), f"{connection._remote.ufrag}:x", connection._remote.password)
        connection._send(check)
        one = Overheard(check, client.streams[0].ssrc, connection._socket.getsockname())
        heard.append(one)
        own[one] = connection
    await asyncio.sleep(0.1)
    socks = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(100)]
    for last, sock in enumerate(socks, 2):
        sock.bind((f"127.0.0.{last}", 0))
    dice = random.Random(2)
    for number, (datagram, whom) in enumerate(datagrams(COUNT, heard)):
        if dice.random() < OWN:
            own[whom]._send(datagram)
        else:
            dice.choice(socks).sendto(datagram, target)
        if number % 10 == 0:
            await asyncio.sleep(0.002)
    for sock in socks:
        sock.close()
    return heard


async def test_no_meeting_is_disturbed() -> None:
    async with media_host() as host, joined(Access(host.http, KEY, SECRET), rooms=1, size=3) as load:
        port = host.server.port
        await load.run(0.3)
        associations = set(port._by_ufrag.values())
        async with asyncio.TaskGroup() as group:
            attack = group.create_task(_attack(load, ("127.0.0.1", port.number)))
            delivery = await load.run(2.0)
        assert delivery.share >= 0.99, "media arrives as if nothing were"
        assert set(port._by_ufrag.values()) == associations
        for association in associations:
            assert association.selected is not None
            assert association.selected.address in {one.address for one in attack.result()}
            assert len(association.paths) <= MOST_PATHS
        for reason in (
            "empty",
            "unknown address",
            "malformed check",
            "wrong password",
            "unknown ufrag",
            "replayed check",
        ):
            assert port.drops[reason], reason
        assert not port.drops["failure"]


def test_the_same_seed_sends_the_same_and_every_kind() -> None:
    heard = [Overheard(stun.write_request(bytes(12), "u:x", "p"), 7, ("192.0.2.1", 9))]
    first, second = ([data for data, _ in datagrams(500, heard)] for _ in range(2))
    assert first == second
    assert b"" in first
    assert heard[0].check in first
    assert len(KINDS) == 12


def test_whoever_listens_knows_everybody_who_speaks() -> None:
    check, speech = stun.write_request(bytes(12), "u:x", "p"), b"\x80\x6f\0\1" + bytes(4) + b"\0\0\0\7"
    frames = [(speech, ("a", 1)), (check, ("b", 2)), (check, ("a", 1)), (b"\x80\xc8" + bytes(12), ("b", 2)), None]
    told = iter(frames)
    assert overhear(lambda: next(told), 1) == [Overheard(check, 7, ("a", 1))]
    assert all(one != other for one, other in pairwise(KINDS))

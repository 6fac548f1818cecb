"""A client's socket and what it tells apart; a whole connection is made in test_load."""

import asyncio
import struct

import pytest
from aiortc.rtcdtlstransport import RTCCertificate

from bench import connection
from bench.connection import Connection, Inspection, NotConnected, Poller
from bench.packets import Stamp
from bench.rtcp import Reception
from bench.session_description import Answer

CERTIFICATE = RTCCertificate.generateCertificate()


def answer(port: int) -> Answer:
    return Answer("ufrag", "password" * 3, "sha-256", "12:34", True, ("127.0.0.1", port), {})


def test_inspection() -> None:
    inspection = Inspection()
    inspection.take(5, Stamp(1, "video", 100), 350)
    inspection.take(5, Stamp(1, "video", 200), 500)
    inspection.take(6, None, 500)
    assert inspection.senders == {5: {(1, "video")}}
    assert inspection.delays == [250, 300]
    assert inspection.foreign == 1


async def test_nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_CHECKS", 2)
    silent, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        asyncio.DatagramProtocol, local_addr=("127.0.0.1", 0)
    )
    poller = Poller()
    client = Connection(CERTIFICATE, poller)
    with pytest.raises(NotConnected, match="ICE"):
        await client.connect(answer(silent.get_extra_info("sockname")[1]))
    await client.close()
    poller.close()
    silent.close()


async def test_media_is_counted_by_its_clear_header(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "_CHECKS", 10)

    class Peer(asyncio.DatagramProtocol):
        def connection_made(self, transport: asyncio.BaseTransport) -> None:
            self.transport = transport

        def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:  # noqa: ARG002  any datagram
            media = struct.pack("!BBHII", 0x80, 96, 7, 0, 0xABC) + bytes(20)
            stray = struct.pack("!BBHII", 0x80, 96, 7, 0, 0xDEF) + bytes(20)
            for datagram in (media, stray, b"", b"\xff" * 30, b"\x00\x01", struct.pack("!BBHI", 0x80, 201, 1, 9) * 2):
                self.transport.sendto(datagram, addr)  # type: ignore[attr-defined]  # a datagram transport

    loop = asyncio.get_running_loop()
    peer, _ = await loop.create_datagram_endpoint(Peer, local_addr=("127.0.0.1", 0))
    poller = Poller()
    poller.attach(loop)
    client = Connection(CERTIFICATE, poller)
    client.receptions[0xABC] = Reception(0xABC)
    with pytest.raises(NotConnected, match="ICE"):
        await client.connect(answer(peer.get_extra_info("sockname")[1]))
    assert client.reports >= 1
    assert client.receptions[0xABC].packets >= 1
    assert client.stray >= 1
    poller.detach(loop)
    await client.close()
    poller.close()
    peer.close()


def test_local_transport_names_the_certificate() -> None:
    poller = Poller()
    local = Connection(CERTIFICATE, poller).local
    assert len(local.fingerprint.split(":")) == 32
    assert len(local.ufrag) >= 4
    assert len(local.password) >= 22
    poller.close()

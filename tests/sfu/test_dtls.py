"""Handshakes by our suites alone, and data that misbehaves inside DTLS. Over loopback."""

import asyncio
import contextlib

import pytest
from aiortc.rtcdtlstransport import SRTPProtectionProfile
from google_crc32c import value as crc32c
from OpenSSL import SSL

from sfu.dtls import CIPHER_SUITES, LONGEST_HOLD
from sfu.udp_port import UdpPort
from tests.sfu.client import Call, until


def offer(call: Call, suites: bytes) -> None:
    """The client speaks these cipher suites and no others."""
    made = call.client.certificate._create_ssl_context

    def limited(srtp_profiles: list[SRTPProtectionProfile]) -> SSL.Context:
        context = made(srtp_profiles)
        context.set_cipher_list(suites)
        return context

    call.client.certificate._create_ssl_context = limited  # type: ignore[method-assign]


@pytest.mark.parametrize("role", ["client", "server"])
async def test_what_is_not_authenticated_encryption_is_refused(port: UdpPort, role: str) -> None:
    call = Call(port, dtls_role=role)
    offer(call, b"ECDHE-ECDSA-AES128-SHA:ECDHE-ECDSA-AES256-SHA")
    call.peer.connect(call.client.remote)
    with contextlib.suppress(ConnectionError):
        await call.client.join(call.peer.local, port.number)
    await until(lambda: "closed: dtls failed" in call.listener.events)
    assert not call.peer.is_connected
    await call.close()


@pytest.mark.parametrize("suite", CIPHER_SUITES.split(":"))
async def test_each_of_our_suites_serves(port: UdpPort, suite: str) -> None:
    """What Chromium, Firefox and libwebrtc offer first: AES-128-GCM, ChaCha20, AES-256-GCM."""
    call = Call(port)
    offer(call, suite.encode())
    await call.connect()
    await call.close()


async def test_unsound_sctp_inside_dtls_is_survived(call: Call) -> None:
    tag = call.client.sctp._remote_verification_tag.to_bytes(4, "big")
    for chunk in (
        b"\x82\x00\x00\x08\x00\x0d\x00\x00",  # a parameter of length 0 would loop for ever
        b"\x03\x00\x00\x14" + bytes(8) + b"\x00\x01\x00\x00" + b"\x00\x05\x00\x01",  # a gap that ends before it begins
        b"\x00\x03\x00\x05\x00",
    ):
        head = b"\x13\x88\x13\x88" + tag
        body = chunk + bytes(-len(chunk) % 4)
        whole = head + crc32c(head + bytes(4) + body).to_bytes(4, "little") + body
        await call.client.dtls._send_data(whole)
    channel = call.client.open("_reliable")
    await until(lambda: channel.readyState == "open")
    assert call.peer._transport.faults["unsound sctp"] == 3


async def test_data_is_held_back_and_a_flood_ends_the_transport(call: Call) -> None:
    channel = call.client.open("_reliable")
    await until(lambda: "open: _reliable" in call.listener.events and channel.readyState == "open")
    call.peer.hold_data(0.5)
    began = asyncio.get_running_loop().time()
    channel.send(b"a")  # read, and only then is the reading held back
    channel.send(b"b")
    await until(lambda: len(call.listener.messages) == 2)
    assert asyncio.get_running_loop().time() - began >= 0.5
    call.peer.hold_data(LONGEST_HOLD + 1)
    assert "closed: abuse" in call.listener.events

"""Transport to transport over loopback, with real DTLS, SRTP and SCTP; and what strangers send meanwhile."""

import asyncio
import itertools
import os
import socket
from dataclasses import replace

import pytest

from sfu import rtcp, rtp
from sfu.down_track import DownTrack
from sfu.negotiated import Codec, ReceiveSection, SendSection
from sfu.srtp_streams import MOST_STREAMS, UNDER_WAY
from sfu.udp_port import UdpPort
from sfu.up_track import UpTrack
from tests.sfu.client import Call, until

OPUS = Codec("audio/opus", 111, 48000, 2, feedback=frozenset({"nack"}))
# A ClientHello's record header and the start of its handshake message: enough to disturb a naive server.
CLIENT_HELLO = bytes.fromhex("16feff000000000000000000480100003c000000000000003cfefd") + os.urandom(58)


def packet(number: int, ssrc: int = 7) -> rtp.RtpPacket:
    return rtp.RtpPacket(111, False, number, number * 960, ssrc, b"sound %d" % number, [(1, b"0")])


def receive(call: Call) -> UpTrack:
    track = UpTrack("audio")
    call.peer.receive(ReceiveSection("0", "audio", OPUS, {1: rtp.MID}), track)
    return track


async def test_media_passes_both_ways(call: Call) -> None:
    track = receive(call)
    for number in range(10):
        await call.client.send_rtp(packet(number))
    await until(lambda: bool(track.layers) and track.layers[0].packets == 10)
    call.peer._transport.send_rtp(rtp.write(packet(5, ssrc=99)))
    await until(lambda: len(call.client.packets) == 1)
    assert call.client.packets[0].payload == b"sound 5"
    assert call.listener.events[0] == "connected"


async def test_the_server_can_be_the_dtls_client(port: UdpPort) -> None:
    call = Call(port, dtls_role="server")
    await call.connect()
    await until(lambda: "connected" in call.listener.events)
    await call.close()


async def test_a_wrong_fingerprint_ends_the_handshake(port: UdpPort) -> None:
    call = Call(port)
    wrong = ":".join(["00"] * 32)
    call.peer.connect(replace(call.client.remote, fingerprint=wrong))
    await call.client.join(call.peer.local, port.number)
    await until(lambda: "closed: dtls failed" in call.listener.events)
    assert not call.peer.is_connected
    await call.close()


async def test_strangers_change_nothing_before_the_handshake(port: UdpPort) -> None:
    call = Call(port)
    stranger = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    call.peer.connect(call.client.remote)
    for junk in (b"", CLIENT_HELLO, b"\x80" * 40, os.urandom(100), b"\x00\x01\x00\x00"):
        stranger.sendto(junk, ("127.0.0.1", port.number))
    await until(lambda: port.datagrams == 5)
    await call.client.join(call.peer.local, port.number)
    await until(lambda: call.peer.is_connected)
    assert port.drops["empty"] == 1
    assert port.drops["unknown address"] >= 2
    stranger.close()
    await call.close()


async def test_strangers_and_junk_change_nothing_in_a_call(call: Call) -> None:
    track = receive(call)
    stranger = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    for junk in (b"", CLIENT_HELLO, b"\x80\x6f" + os.urandom(40), b"\x80\xc8" + os.urandom(40), b"\x16\xfe\xfd"):
        stranger.sendto(junk, ("127.0.0.1", call.port.number))
        call.client.send(junk)  # somebody who can write the client's own address
    await call.client.send_rtp(packet(1))
    await until(lambda: bool(track.layers))
    assert call.listener.events == ["connected"]
    channel = call.client.open("_reliable")
    await until(lambda: channel.readyState == "open")
    assert call.peer._transport.faults["unprotect"] == 2
    stranger.close()


async def test_the_client_changes_its_address(call: Call) -> None:
    track = receive(call)
    await call.client.send_rtp(packet(1))
    await until(lambda: bool(track.layers))
    call.client.move()
    await call.client.send_rtp(packet(2))  # from an address nobody has vouched for
    await until(lambda: call.port.drops["unknown address"] == 1)
    call.client.check(call.peer.local)
    await until(lambda: "path changed" in call.listener.events)
    await call.client.send_rtp(packet(3))
    await until(lambda: track.layers[0].packets == 2)
    call.peer._transport.send_rtp(rtp.write(packet(4, ssrc=99)))
    await until(lambda: len(call.client.packets) == 1)


async def test_ice_restart_keeps_the_call(call: Call) -> None:
    track = receive(call)
    old = call.peer.local
    new = call.peer.restart_ice()
    assert (new.ice_ufrag, new.ice_pwd) != (old.ice_ufrag, old.ice_pwd)
    answered = len(call.client.answers)
    call.client.check(old)  # the old ones are good until the new ones are used
    await until(lambda: len(call.client.answers) == answered + 1)
    call.client.move()
    call.client.check(new)
    await until(lambda: "path changed" in call.listener.events)
    call.client.check(old)
    await until(lambda: call.port.drops["unknown ufrag"] == 1)
    await call.client.send_rtp(packet(1))
    await until(lambda: bool(track.layers))


async def test_the_client_says_goodbye(call: Call) -> None:
    await call.client.dtls.stop()
    await until(lambda: "closed: closed by client" in call.listener.events)


async def test_feedback_reaches_the_client(call: Call) -> None:
    track = UpTrack("audio")
    extensions = {1: rtp.MID, 3: rtp.TRANSPORT_CC}
    call.peer.receive(ReceiveSection("0", "audio", OPUS, extensions), track)
    for number in (1, 2, 4, 5):
        one = packet(number)
        one.extensions.append((3, number.to_bytes(2, "big")))
        await call.client.send_rtp(one)
    await until(lambda: any(isinstance(one, rtcp.TransportFeedback) for one in call.client.rtcp))
    nack = next(one for one in call.client.rtcp if isinstance(one, rtcp.Nack))
    assert nack.lost == (3,)
    feedback = [one for one in call.client.rtcp if isinstance(one, rtcp.TransportFeedback)]
    assert feedback[0].base_sequence == 1
    await until(lambda: any(isinstance(one, rtcp.ReceiverReport) for one in call.client.rtcp))


@pytest.mark.parametrize("extensions", [{rtp.ABS_SEND_TIME: 5}, {rtp.ABS_SEND_TIME: 5, rtp.TRANSPORT_CC: 3}])
async def test_without_a_repair_stream_the_same_datagram_goes_out_again(
    port: UdpPort, call: Call, extensions: dict[str, int]
) -> None:
    """Two packets under one number would give away the key that authenticates them all (RFC 7714, 8.4)."""
    other = Call(port)
    down = DownTrack(receive(call))
    codec = replace(OPUS, feedback=frozenset({"nack", "transport-cc"}))
    other.peer.attach(down, SendSection("2", "audio", codec, extensions))
    await other.connect()
    for number in range(100, 110):
        await call.client.send_rtp(packet(number))
    await until(lambda: len(other.client.packets) == 10)
    lost = tuple(one.sequence_number for one in other.client.packets[3:6])
    await other.client.send_rtcp(rtcp.Nack(1, down.ssrc, lost))
    await until(lambda: len(other.client.sealed) == 13)
    assert sorted(other.client.sealed[10:]) == sorted(other.client.sealed[3:6])
    await other.client.send_rtcp(rtcp.Nack(1, down.ssrc, (lost[0] + 5000 & 0xFFFF,)))
    other.peer.detach(down)
    assert other.peer._transport._kept == {}
    await other.close()


async def test_forwarding_from_one_client_to_another(port: UdpPort, call: Call) -> None:
    other = Call(port)
    track = receive(call)
    down = DownTrack(track)
    other.peer.attach(
        down, SendSection("2", "audio", replace(OPUS, rtx_payload_type=112), {rtp.MID: 4, rtp.ABS_SEND_TIME: 5})
    )
    await other.connect()
    for number in range(65530, 65530 + 20):
        await call.client.send_rtp(packet(number & 0xFFFF))
    await until(lambda: len(other.client.packets) == 20)
    numbers = [one.sequence_number for one in other.client.packets]
    assert all((later - earlier) & 0xFFFF == 1 for earlier, later in itertools.pairwise(numbers))
    assert {one.ssrc for one in other.client.packets} == {down.ssrc}
    assert dict(other.client.packets[0].extensions)[4] == b"2"
    await other.client.send_rtcp(rtcp.Nack(1, down.ssrc, (numbers[3],)))
    await until(lambda: len(other.client.packets) == 21)
    repaired = other.client.packets[-1]
    assert (repaired.ssrc, repaired.payload_type) == (down.rtx_ssrc, 112)
    assert repaired.payload == numbers[3].to_bytes(2, "big") + other.client.packets[3].payload
    other.peer.detach(down)
    assert track.down_tracks == []
    await other.close()


async def test_closing_twice_and_silence(port: UdpPort) -> None:
    call = Call(port)
    await call.connect()
    now = asyncio.get_running_loop().time()
    call.peer.tick(now + 100)
    assert "closed: silent" in call.listener.events
    await call.peer.close()
    await call.peer.close()
    await call.client.close()


def sealed(call: Call, number: int, ssrc: int) -> bytes:
    """As it leaves the client, encrypted."""
    one = packet(number, ssrc)
    one.extensions = [(1, b"0")]
    return call.client.dtls._tx_srtp.protect(rtp.write(one))


async def test_streams_that_were_replaced_make_room_for_others(call: Call) -> None:
    """A meeting in which each second brings a new stream, and what strangers send and send again meanwhile."""
    track, transport = receive(call), call.peer._transport
    first = sealed(call, 1, 1000)
    transport._received(first, 100.0)
    for second in range(1, 3 * MOST_STREAMS):
        now = 100.0 + second
        known = set(transport._streams.last_at)
        forged = rtp.write(packet(1, 90_000 + second)) + bytes(16)
        transport._received(forged, now)
        assert set(transport._streams.last_at) == known, "what is not authenticated frees no place"
        transport._received(sealed(call, 1, 1000 + second), now)
        assert [layer.ssrc for layer in track.layers] == [1000 + second]
        assert len(transport._streams.last_at) == min(second + 1, MOST_STREAMS)
    assert call.peer.faults == {"unprotect": 3 * MOST_STREAMS - 1}
    transport._received(first, now)
    assert [layer.ssrc for layer in track.layers] == [999 + 3 * MOST_STREAMS], "an old packet replaces nobody"
    assert call.peer.faults["refused stream"] == 1


async def test_too_many_streams_at_once_are_refused(call: Call) -> None:
    track, transport = receive(call), call.peer._transport
    for number in range(MOST_STREAMS + 2):
        transport._received(sealed(call, 1, 1000 + number), 100.0)
    assert call.peer.faults == {"too many streams": 1, "refused stream": 1}
    assert [layer.ssrc for layer in track.layers] == [999 + MOST_STREAMS]
    transport._received(sealed(call, 2, 1001 + MOST_STREAMS), 100.1 + UNDER_WAY)
    assert [layer.ssrc for layer in track.layers] == [1001 + MOST_STREAMS]


async def test_who_was_silenced_from_outside_is_understood_again_after_65536_packets(call: Call) -> None:
    """The receiver's count of wraps (RFC 3711, 3.3.1) must live on, or the sender is never understood again."""
    track, transport = receive(call), call.peer._transport
    for number in (20_000, 40_000, 60_000, 80_000 & 0xFFFF):
        transport._received(sealed(call, number, 7), 100.0)
    call.peer.silence("0")
    transport._received(sealed(call, 80_001 & 0xFFFF, 7), 101.0)
    assert track.layers == []
    call.peer.receive(ReceiveSection("0", "audio", OPUS, {1: rtp.MID}), track)
    transport._received(sealed(call, 80_002 & 0xFFFF, 7), 102.0)
    assert [(layer.ssrc, layer.packets) for layer in track.layers] == [(7, 1)]
    assert not call.peer.faults["unprotect"]

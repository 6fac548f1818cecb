"""What arrives on the media port, in the hands of the code that takes it: datagrams, packets, data channels."""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import google_crc32c
from aiortc.rtcsctptransport import RTCSctpTransport

from sfu import rtcp, rtp, stun
from sfu.access_token import Permission
from sfu.association import Address, Association, Path
from sfu.data import LOSSY, RELIABLE, DataRefused, route
from sfu.down_track import DownTrack
from sfu.dtls import Certificate, GuardedReceiver
from sfu.negotiated import Codec, ReceiveSection, SendSection
from sfu.peer import Peer
from sfu.rtp import MalformedPacket
from sfu.tcp_port import TcpPort, _Connection
from sfu.udp_port import UdpPort
from sfu.up_track import UpTrack
from tests.sfu.client import Listener

ADDRESS: Address = ("192.0.2.1", 5000)
IN = {
    1: rtp.AUDIO_LEVEL,
    2: rtp.ABS_SEND_TIME,
    3: rtp.TRANSPORT_CC,
    4: rtp.MID,
    10: rtp.RID,
    11: rtp.REPAIRED_RID,
    13: rtp.ORIENTATION,
    15: rtp.DEPENDENCY_DESCRIPTOR,
}
OUT = {uri: number for number, uri in IN.items() if uri not in (rtp.RID, rtp.REPAIRED_RID, rtp.AUDIO_LEVEL)}
FEEDBACK = frozenset({"nack", "nack pli", "ccm fir", "transport-cc"})
CODECS = (
    Codec("audio/opus", 111, 48000, 2, feedback=frozenset({"transport-cc"}), red_payload_type=63),
    Codec("video/vp8", 96, 90000, rtx_payload_type=97, feedback=FEEDBACK),
    Codec("video/h264", 102, 90000, rtx_payload_type=103, feedback=FEEDBACK),
    Codec("video/vp9", 98, 90000, rtx_payload_type=99, feedback=FEEDBACK),
    Codec("video/av1", 45, 90000, rtx_payload_type=46, feedback=FEEDBACK),
)
SSRC = 0x01020304  # of the first section; the others follow
STEP = 0.02  # seconds between two packets
_certificate = Certificate()


def pieces(data: bytes) -> list[bytes]:
    """One input as several packets: each behind a byte with its length."""
    found: list[bytes] = []
    at = 0
    while at < len(data) and len(found) < 64:
        size = data[at]
        found.append(data[at + 1 : at + 1 + size])
        at += 1 + size
    return found


def joined(packets: list[bytes]) -> bytes:
    """The opposite of `pieces`."""
    return b"".join(bytes((len(packet),)) + packet for packet in packets)


class _Line:
    """The port's side of a path that leads nowhere. Implements `sfu.association.Origin`."""

    outbox = None
    index = 1

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.association: Association | None = None

    def send(self, datagram: bytes | memoryview, address: Address) -> None:  # noqa: ARG002
        self.sent.append(bytes(datagram))

    def owner(self, address: Address) -> Association | None:  # noqa: ARG002
        return self.association

    def map(self, address: Address, association: Association, now: float) -> Path:
        self.association = association
        return association.paths.setdefault((self.index, address), Path(self, address, now))

    def unmap(self, address: Address, association: Association) -> None:  # noqa: ARG002
        self.association = None


def check_port(port: UdpPort) -> None:
    """The port survives everything by counting it; a count of failures is a finding."""
    assert not port.drops["failure"], "a datagram made the port's handler fail"


def datagrams(data: bytes) -> None:
    """What anybody can send: first from a stranger, then again from an address that a check has vouched for."""
    clock = iter(range(1 << 30))
    port = UdpPort(clock=lambda: float(next(clock)))
    association = port.associate()
    line = _Line()
    for known in (False, True):
        if known:
            request = stun.write_request(bytes(12), f"{association.ufrag}:x", association.password)
            port.received(line, request, ADDRESS, 0.0)
            assert line.association is association, "an authenticated check vouches for its address"
        for datagram in pieces(data):
            port.received(line, datagram, ADDRESS, 0.0)
        assert known or line.association is None, "nobody is vouched for without the password"
    check_port(port)
    association.close()


def checks(data: bytes) -> None:
    """STUN, raw; and as attributes that are signed as they should be, which only a client that was let in can."""
    for read in (stun.parse_request, stun.parse_mapped_address):
        with contextlib.suppress(MalformedPacket):
            read(data)
    port = UdpPort()
    association = port.associate()
    line = _Line()
    attributes = []
    for piece in pieces(data):
        if len(piece) >= 2:
            attributes.append((piece[0] << 8 | piece[1], piece[2:].replace(b"UFRAG", association.ufrag.encode())))
    request = stun._message(stun.BINDING_REQUEST, bytes(12), attributes, association.password)
    port.received(line, request, ADDRESS, 0.0)
    port.received(line, request, ("192.0.2.2", 1), 0.0)
    check_port(port)
    association.close()


class _Room:
    """One peer that sends a track of each codec, and one that is sent them all. Nothing leaves."""

    def __init__(self) -> None:
        self.now = 100.0
        port = UdpPort(clock=self.clock)
        self.sender = Peer(port, _certificate, Listener(), self.clock)
        self.receiver = Peer(port, _certificate, Listener(), self.clock)
        for number, codec in enumerate(CODECS):
            kind = "audio" if codec.mime_type.startswith("audio") else "video"
            rids = ("q", "h", "f") if codec.mime_type == "video/vp8" else ()
            section = ReceiveSection(str(number), kind, codec, IN, rids, () if rids else (SSRC + number,))  # type: ignore[arg-type]
            track = UpTrack(kind)  # type: ignore[arg-type]
            self.sender.receive(section, track)
            down = DownTrack(track, self.clock)
            down.ssrc = SSRC + 100 + number
            self.receiver.attach(down, SendSection(str(number), kind, codec, OUT))  # type: ignore[arg-type]

    def clock(self) -> float:
        return self.now

    def step(self) -> None:
        self.now += STEP
        self.sender.tick(self.now)
        self.receiver.tick(self.now)


def _in_a_loop(work: Callable[[], None]) -> None:
    async def run() -> None:
        work()

    _loop().run_until_complete(run())


_loops: list[asyncio.AbstractEventLoop] = []


def _loop() -> asyncio.AbstractEventLoop:
    """One for all inputs: making one costs more than most inputs."""
    if not _loops or _loops[0].is_closed():
        _loops[:] = [asyncio.new_event_loop()]
    return _loops[0]


def media(data: bytes) -> None:
    """RTP of somebody with the right keys, forwarded to another."""

    def work() -> None:
        room = _Room()
        for packet in pieces(data):
            if packet:
                # The port hands on nothing shorter than a header.
                room.sender.take_rtp(packet.ljust(12, b"\0"), room.now)
            room.step()

    _in_a_loop(work)


def reports(data: bytes) -> None:
    """RTCP of somebody with the right keys, to the sender and to the receiver of tracks, with packets under way."""

    def work() -> None:
        room = _Room()
        for number in range(40):
            packet = rtp.RtpPacket(111, False, number, number * 960, SSRC, bytes(20), [(3, number.to_bytes(2, "big"))])
            room.sender.take_rtp(rtp.write(packet), room.now)
            room.step()
        for packet_data in pieces(data):
            room.sender.take_rtcp(packet_data, room.now)
            room.receiver.take_rtcp(packet_data, room.now)
            room.step()
            try:
                found = rtcp.parse(packet_data)
            except MalformedPacket:
                continue
            for one in found:
                if isinstance(one, rtcp.Nack | rtcp.SenderReport | rtcp.ReceiverReport | rtcp.TransportFeedback):
                    assert rtcp.parse(rtcp.build(one)) == [one], "what is written reads the same"

    _in_a_loop(work)


def tcp(data: bytes) -> None:
    """A byte stream on the TCP port, cut as the input says: framing, and datagrams behind it."""
    udp = UdpPort()
    port = TcpPort(udp, clock=lambda: 0.0)
    association = udp.associate()
    connection = _Connection(port, udp.next_index(), 0.0)
    transport = _Stream()
    connection.connection_made(transport)  # type: ignore[arg-type]  # a stand-in
    for number, part in enumerate(pieces(data)):
        if number == 2:
            check = stun.write_request(bytes(12), f"{association.ufrag}:x", association.password)
            part = len(check).to_bytes(2, "big") + check + part  # noqa: PLW2901  a client that was let in
        connection.data_received(part)
        assert len(connection._buffer) <= 2 + 2048, "more than one frame waits"
    check_port(udp)
    connection.connection_lost(None)
    assert not len(port)
    association.close()


class _Stream:
    """A TCP transport that takes everything."""

    def get_extra_info(self, name: str) -> Any:
        return ADDRESS if name == "peername" else self

    def setsockopt(self, *_: int) -> None: ...
    def set_write_buffer_limits(self, **_: int) -> None: ...
    def write(self, data: bytes) -> None: ...
    def abort(self) -> None: ...
    def close(self) -> None: ...
    def is_closing(self) -> bool:
        return False

    def get_write_buffer_size(self) -> int:
        return 0


class _Dtls:
    """A DTLS transport that is up and sends nowhere; what aiortc's SCTP asks of it."""

    state = "connected"
    transport = type("Ice", (), {"role": "controlled"})()

    async def _send_data(self, data: bytes) -> None: ...
    def _register_data_receiver(self, receiver: object) -> None: ...
    def _unregister_data_receiver(self, receiver: object) -> None: ...


def sctp(data: bytes) -> None:
    """SCTP of somebody who was let in: what passes the check may break nothing but itself, and never takes long."""

    async def work() -> None:
        transport = RTCSctpTransport(_Dtls())  # type: ignore[arg-type]  # a stand-in
        transport._local_port = transport._remote_port = 5000
        transport._last_received_tsn = 0
        transport._association_state = transport.State.ESTABLISHED
        guard = GuardedReceiver(transport, Counter(), lambda: None)
        for chunks in pieces(data):
            head = b"\x13\x88\x13\x88" + transport._local_verification_tag.to_bytes(4, "big")
            checksum = google_crc32c.value(head + bytes(4) + chunks).to_bytes(4, "little")
            began = time.process_time()
            await guard._handle_data(head + checksum + chunks)
            assert time.process_time() - began < 0.5, "one packet holds the server up"
        transport._t1_cancel()
        transport._t2_cancel()
        transport._t3_cancel()

    _loop().run_until_complete(work())


def user_data(data: bytes) -> None:
    """LiveKit's data packets."""
    for label in (RELIABLE, LOSSY, "x"):
        try:
            routed = route(label, data, identity="me", sid="PA_me", permission=Permission(), last_sequence=3)
        except DataRefused:
            continue
        assert len(routed.payload) <= len(data) + 1024

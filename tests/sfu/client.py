"""A client small enough to see through: checks, DTLS, SRTP and SCTP over one UDP socket, by aiortc's classes."""

import asyncio
import os
import socket
from collections.abc import Callable

from aiortc.rtcdatachannel import RTCDataChannel, RTCDataChannelParameters
from aiortc.rtcdtlstransport import RTCCertificate, RTCDtlsFingerprint, RTCDtlsParameters, RTCDtlsTransport
from aiortc.rtcsctptransport import RTCSctpCapabilities, RTCSctpTransport

from sfu import rtcp, rtp, stun
from sfu.dtls import Certificate
from sfu.negotiated import LocalTransport, RemoteTransport
from sfu.peer import Peer
from sfu.udp_port import UdpPort


async def until(condition: Callable[[], bool], seconds: float = 45.0) -> None:
    """Wait for something to become true, or fail."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110  what is waited for is anything at all
            await asyncio.sleep(0.005)


class _Ice:
    role = "controlling"
    state = "completed"

    def __init__(self, client: "Client") -> None:
        self.client = client

    async def _recv(self) -> bytes:
        return await self.client.secured.get()

    async def _send(self, data: bytes) -> None:
        self.client.send(data)


class _Dtls(RTCDtlsTransport):
    client: "Client"

    async def _handle_rtp_data(self, data: bytes, arrival_time_ms: int) -> None:  # noqa: ARG002  aiortc's signature
        self.client.take(rtp.parse(data))

    async def _handle_rtcp_data(self, data: bytes) -> None:
        self.client.rtcp += rtcp.parse(data)


class Client:
    """packets, rtcp: what has come, decrypted. sealed: media as it came, encrypted.

    messages: by label. drop: loses incoming RTP where it says so."""

    def __init__(self, *, dtls_role: str = "client") -> None:
        self.certificate = RTCCertificate.generateCertificate()
        self.ufrag, self.pwd = os.urandom(4).hex(), os.urandom(12).hex()
        self.secured: asyncio.Queue[bytes] = asyncio.Queue()
        self.packets: list[rtp.RtpPacket] = []
        self.rtcp: list[rtcp.Packet] = []
        self.sealed: list[bytes] = []
        self.messages: list[tuple[str, bytes]] = []
        self.answers: list[bytes] = []
        self.channels: dict[str, RTCDataChannel] = {}
        self.drop: Callable[[rtp.RtpPacket], bool] = lambda _packet: False
        self.dtls = _Dtls(_Ice(self), [self.certificate])  # type: ignore[arg-type]  # a stand-in
        self.dtls.client = self
        self.dtls._set_role(dtls_role)
        self.dtls_role = dtls_role
        self.sctp = RTCSctpTransport(self.dtls)
        self.sctp.on("datachannel", self._keep)
        self.server: tuple[str, int] = ("127.0.0.1", 0)
        self.socket = self._bind()

    def _bind(self) -> socket.socket:
        sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        sock.setblocking(False)
        sock.bind(("127.0.0.1", 0))
        asyncio.get_running_loop().add_reader(sock.fileno(), self._readable, sock)
        return sock

    @property
    def address(self) -> tuple[str, int]:
        name: tuple[str, int] = self.socket.getsockname()
        return name

    @property
    def remote(self) -> RemoteTransport:
        """What the server is told of this client."""
        prints = {one.algorithm: one.value for one in self.certificate.getFingerprints()}
        role = "server" if self.dtls_role == "client" else "client"
        return RemoteTransport(self.ufrag, self.pwd, "sha-256", prints["sha-256"], role)  # type: ignore[arg-type]

    def move(self) -> None:
        """Change address, as from Wi-Fi to a mobile network."""
        self._unbind()
        self.socket = self._bind()

    def _unbind(self) -> None:
        asyncio.get_running_loop().remove_reader(self.socket.fileno())
        self.socket.close()

    def send(self, data: bytes) -> None:
        self.socket.sendto(data, self.server)

    def check(self, local: LocalTransport, *, use_candidate: bool = True) -> None:
        """Send one connectivity check."""
        username = f"{local.ice_ufrag}:{self.ufrag}"
        self.send(stun.write_request(os.urandom(12), username, local.ice_pwd, use_candidate=use_candidate))

    def _readable(self, sock: socket.socket) -> None:
        while True:
            try:
                data = sock.recv(2048)
            except OSError:
                return
            if data[0] < 4:
                self.answers.append(data)
            else:
                if data[0] >= 128 and not rtp.is_rtcp(data):
                    self.sealed.append(data)
                self.secured.put_nowait(data)

    def take(self, packet: rtp.RtpPacket) -> None:
        if not self.drop(packet):
            self.packets.append(packet)

    async def join(self, local: LocalTransport, port: int) -> None:
        """Check, shake hands, start SCTP."""
        self.server = ("127.0.0.1", port)
        before = len(self.answers)
        self.check(local)
        await until(lambda: len(self.answers) > before)
        fingerprint = RTCDtlsFingerprint(algorithm=local.fingerprint_algorithm, value=local.fingerprint)
        await asyncio.wait_for(self.dtls.start(RTCDtlsParameters(fingerprints=[fingerprint])), 45)
        if self.dtls.state == "connected":
            await self.sctp.start(RTCSctpCapabilities(maxMessageSize=262144), 5000)

    def open(self, label: str, *, max_retransmits: int | None = None) -> RTCDataChannel:
        channel = RTCDataChannel(self.sctp, RTCDataChannelParameters(label=label, maxRetransmits=max_retransmits))
        self._keep(channel)
        return channel

    def _keep(self, channel: RTCDataChannel) -> None:
        self.channels[channel.label] = channel
        channel.on("message", lambda message: self.messages.append((channel.label, message)))

    async def send_rtp(self, packet: rtp.RtpPacket) -> None:
        await self.dtls._send_rtp(rtp.write(packet))

    async def send_rtcp(self, *packets: rtcp.Packet) -> None:
        await self.dtls._send_rtp(rtcp.build(*packets))

    async def close(self) -> None:
        await self.sctp.stop()
        await self.dtls.stop()
        self._unbind()


class Listener:
    """Writes down what a peer tells."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.messages: list[tuple[str, bytes]] = []
        self.widths: list[float] = []

    def connected(self) -> None:
        self.events.append("connected")

    def closed(self, reason: str) -> None:
        self.events.append(f"closed: {reason}")

    def data(self, label: str, payload: bytes) -> None:
        self.messages.append((label, payload))

    def channel_open(self, label: str) -> None:
        self.events.append(f"open: {label}")

    def widened(self, rate: float) -> None:
        self.widths.append(rate)

    def ticked(self, now: float) -> None:
        """Too often to write down."""

    def path_changed(self) -> None:
        self.events.append("path changed")

    def slow(self, label: str) -> None:
        self.events.append(f"slow: {label}")


CERTIFICATE = Certificate()


class Call:
    """A server-side peer and its client."""

    def __init__(self, port: UdpPort, dtls_role: str = "client") -> None:
        self.listener = Listener()
        self.port = port
        self.peer = Peer(port, CERTIFICATE, self.listener)
        self.client = Client(dtls_role=dtls_role)

    async def connect(self) -> None:
        self.peer.connect(self.client.remote)
        await self.client.join(self.peer.local, self.port.number)
        await until(lambda: self.peer.is_connected)

    async def close(self) -> None:
        await self.client.close()
        await self.peer.close()

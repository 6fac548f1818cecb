"""One client's secured path to the media server: its own UDP socket, ICE checks (RFC 8445), DTLS (RFC 5764) and SRTP.

DTLS and SRTP are aiortc's classes; the keys are taken over after the handshake so that packets need no coroutine.
"""

import asyncio
import contextlib
import secrets
import select
import socket
import struct
import time
from collections.abc import Callable
from typing import Any, cast

import pylibsrtp
from aioice import stun
from aiortc.rtcdtlstransport import (
    SRTP_AEAD_AES_128_GCM,
    RTCCertificate,
    RTCDtlsFingerprint,
    RTCDtlsParameters,
    RTCDtlsTransport,
)

from bench.packets import Kind, Stamp, is_rtcp, read_stamp
from bench.rtcp import Arrivals, Reception, key_frames_wanted
from bench.session_description import Answer, LocalTransport

_RECEIVE_BUFFER = 2**20
_CHECK_EVERY = 0.05
_CHECKS = 100
# RFC 8445, 5.1.2.1: a host candidate of the highest local preference, as peer reflexive.
_PRIORITY = 110 << 24 | 65535 << 8 | 255
_REPEATED = "replay check failed (bad index)"  # libsrtp's words
_RTP = struct.Struct("!BBHII")


class NotConnected(Exception):
    """For the operator: the media server did not answer on its UDP port, or refused the handshake."""


class Poller:
    """Which of many sockets hold datagrams: one epoll, drained by the event loop or, under load, once a tick."""

    def __init__(self) -> None:
        self._epoll = select.epoll()
        self._connections: dict[int, Connection] = {}

    def add(self, connection: "Connection") -> None:
        self._connections[connection.fileno()] = connection
        self._epoll.register(connection.fileno(), select.EPOLLIN)

    def remove(self, connection: "Connection") -> None:
        if self._connections.pop(connection.fileno(), None) is not None:
            self._epoll.unregister(connection.fileno())

    def drain(self) -> None:
        connections = self._connections
        for descriptor, _ in self._epoll.poll(0):
            if (connection := connections.get(descriptor)) is not None:
                connection.drain()

    def attach(self, loop: asyncio.AbstractEventLoop) -> None:
        """Let the event loop drain, as while joining."""
        loop.add_reader(self._epoll.fileno(), self.drain)

    def detach(self, loop: asyncio.AbstractEventLoop) -> None:
        loop.remove_reader(self._epoll.fileno())

    def close(self) -> None:
        self._epoll.close()


class _DatagramTransport:
    """What RTCDtlsTransport asks of an ICE transport."""

    role = "controlling"
    state = "completed"

    def __init__(self, send: Callable[[bytes], None]) -> None:
        self._packets: asyncio.Queue[bytes | None] = asyncio.Queue()
        self._send_now = send

    def put(self, datagram: bytes | None) -> None:
        self._packets.put_nowait(datagram)

    async def _recv(self) -> bytes:
        datagram = await self._packets.get()
        if datagram is None:
            raise ConnectionError
        return datagram

    async def _send(self, datagram: bytes) -> None:
        self._send_now(datagram)


class Inspection:
    """What decrypted packets said. senders: by SSRC, the stamps' senders and kinds. delays: nanoseconds on the way."""

    def __init__(self) -> None:
        self.senders: dict[int, set[tuple[int, Kind]]] = {}
        self.delays: list[int] = []
        self.undecryptable = 0
        self.foreign = 0

    def take(self, ssrc: int, stamp: Stamp | None, now: int) -> None:
        if stamp is None:
            self.foreign += 1
        else:
            self.senders.setdefault(ssrc, set()).add((stamp.sender, stamp.kind))
            self.delays.append(now - stamp.at)


class Connection:
    """receptions: by SSRC, those to count. stray: media packets of no known SSRC (repairs, probes).

    inspection: while set, every media packet is decrypted into it as well. reports: RTCP datagrams received.
    number_ids: by SSRC, the extension id of transport-wide numbers; their arrival is told by `send_feedback`, where
    tells_arrivals is set.
    """

    def __init__(self, certificate: RTCCertificate, poller: Poller) -> None:
        self.receptions: dict[int, Reception] = {}
        self.inspection: Inspection | None = None
        self.stray = 0
        self.reports = 0
        self.number_ids: dict[int, int] = {}
        self.tells_arrivals = False
        self._arrivals = Arrivals()
        self.key_frames_wanted: set[int] = set()
        self._certificate = certificate
        self._poller = poller
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
        self._buffer = bytearray(2048)
        self._view = memoryview(self._buffer)
        self._ufrag = secrets.token_hex(4)
        self._password = secrets.token_hex(12)
        self._tie_breaker = secrets.randbits(64)
        self._remote: Answer | None = None
        self._checked = asyncio.Event()
        self._transport = _DatagramTransport(self._send)
        # Only _recv, _send, role and state are asked of it (aiortc 1.16).
        self._dtls: Any = RTCDtlsTransport(cast(Any, self._transport), [certificate])
        # The same for every server: what browsers and they agree upon differs, and so does its cost.
        self._dtls._srtp_profiles = [SRTP_AEAD_AES_128_GCM]
        self._inbound: Any = None
        self._outbound: Any = None

    def fileno(self) -> int:
        return self._socket.fileno()

    @property
    def is_connected(self) -> bool:
        return self._outbound is not None

    @property
    def local(self) -> LocalTransport:
        fingerprints = self._certificate.getFingerprints()
        sha256 = next(f.value for f in fingerprints if f.algorithm == "sha-256")
        return LocalTransport(self._ufrag, self._password, sha256)

    async def connect(self, remote: Answer) -> None:
        """ICE check, then DTLS handshake. Raises NotConnected."""
        if remote.address is None:
            raise NotConnected("no IPv4 UDP host candidate")
        self._remote = remote
        self._socket.connect(remote.address)
        self._poller.add(self)
        for _ in range(_CHECKS):
            self.check()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._checked.wait(), _CHECK_EVERY)
                break
        else:
            raise NotConnected("no answer to ICE checks")
        self._dtls._set_role("client" if remote.passive else "server")
        fingerprint = RTCDtlsFingerprint(algorithm=remote.fingerprint_algorithm, value=remote.fingerprint)
        await self._dtls.start(RTCDtlsParameters(fingerprints=[fingerprint]))
        if self._dtls.state != "connected":
            raise NotConnected("DTLS " + self._dtls.state)
        self._inbound, self._outbound = self._dtls._rx_srtp, self._dtls._tx_srtp

    def check(self) -> None:
        """Send a nominating check; while connected it also renews consent (RFC 7675)."""
        assert self._remote is not None
        request = stun.Message(
            stun.Method.BINDING,
            stun.Class.REQUEST,
            attributes={
                "USERNAME": f"{self._remote.ufrag}:{self._ufrag}",
                "PRIORITY": _PRIORITY,
                "ICE-CONTROLLING": self._tie_breaker,
                "USE-CANDIDATE": None,
            },
        )
        request.add_message_integrity(self._remote.password.encode())
        self._send(bytes(request))

    def send_rtp(self, packet: bytes) -> None:
        self._send(self._outbound.protect(packet))

    def send_rtcp(self, compound: bytes) -> None:
        self._send(self._outbound.protect_rtcp(compound))

    def send_feedback(self, ssrc: int) -> None:
        """Tell when what has come since last time came; nothing where nothing did. ssrc: our own."""
        if (feedback := self._arrivals.feedback(ssrc)) is not None:
            self.send_rtcp(feedback)

    def _send(self, datagram: bytes) -> None:
        with contextlib.suppress(BlockingIOError):
            self._socket.send(datagram)

    def drain(self) -> None:
        """Take every datagram that waits. Media is counted by its clear header."""
        receive, buffer, view = self._socket.recv_into, self._buffer, self._view
        receptions, read = self.receptions, _RTP.unpack_from
        number_ids = self.number_ids if self.tells_arrivals else {}
        while True:
            try:
                size = receive(buffer)
            except (BlockingIOError, ConnectionRefusedError):
                return
            if size < 12 or not 127 < buffer[0] < 192:
                self._other(bytes(view[:size]))
            elif is_rtcp(view):
                self._feedback(bytes(view[:size]))
            else:
                _, _, sequence, _, ssrc = read(buffer)
                reception = receptions.get(ssrc)
                if reception is None:
                    self.stray += 1
                    continue
                reception.count(sequence)
                if (number_id := number_ids.get(ssrc)) is not None:
                    self._arrivals.take(view, number_id, time.monotonic())
                if self.inspection is not None:
                    self._inspect(self.inspection, ssrc, bytes(view[:size]))

    def _inspect(self, inspection: Inspection, ssrc: int, datagram: bytes) -> None:
        try:
            packet = self._inbound.unprotect(datagram)
        except pylibsrtp.Error as error:
            # Sound sent a second time, after losses were reported, is no fault.
            inspection.undecryptable += _REPEATED not in str(error)
        else:
            inspection.take(ssrc, read_stamp(packet), time.monotonic_ns())

    def _feedback(self, datagram: bytes) -> None:
        self.reports += 1
        if self._inbound is not None:
            with contextlib.suppress(pylibsrtp.Error):
                self.key_frames_wanted |= key_frames_wanted(self._inbound.unprotect_rtcp(datagram))

    def _other(self, datagram: bytes) -> None:
        if datagram and datagram[0] < 4:
            with contextlib.suppress(ValueError):
                self._stun(stun.parse_message(datagram))
        elif datagram and 19 < datagram[0] < 64:
            self._transport.put(datagram)

    def _stun(self, message: stun.Message) -> None:
        if message.message_class == stun.Class.RESPONSE:
            self._checked.set()
        elif message.message_class == stun.Class.REQUEST:
            # A server that is not ICE-lite checks us as well.
            response = stun.Message(stun.Method.BINDING, stun.Class.RESPONSE, message.transaction_id)
            response.attributes["XOR-MAPPED-ADDRESS"] = self._socket.getpeername()
            response.add_message_integrity(self._password.encode())
            self._send(bytes(response))

    def abandon(self) -> None:
        """Close the socket and tell nobody."""
        self._poller.remove(self)
        self._socket.close()
        self._transport.put(None)

    async def close(self) -> None:
        await self._dtls.stop()
        self._transport.put(None)
        self._poller.remove(self)
        self._socket.close()

"""DTLS, SRTP and SCTP by aiortc's layers: the one file that names aiortc, aioice or pylibsrtp, and their private parts.

ICE is ours (`sfu.association`); aiortc's DTLS transport runs over a stand-in for its ICE transport. Media never passes
through aiortc's queue: datagrams are decrypted and encrypted synchronously, in one buffer, by libsrtp itself.
"""

import asyncio
import contextlib
import socket
from collections import Counter
from collections.abc import Callable, Container
from struct import Struct
from typing import Any, Protocol

import structlog
from aiortc.rtcdatachannel import RTCDataChannel, RTCDataChannelParameters
from aiortc.rtcdtlstransport import (
    RTCCertificate,
    RTCDtlsFingerprint,
    RTCDtlsParameters,
    RTCDtlsTransport,
    SRTPProtectionProfile,
)
from aiortc.rtcsctptransport import RTCSctpCapabilities, RTCSctpTransport
from OpenSSL import SSL
from pylibsrtp._binding import ffi, lib

from sfu.arrived import Form
from sfu.association import Association, Path
from sfu.bandwidth_history import SIZE, SentHistory
from sfu.datagrams import LONGEST_DATAGRAM, LONGEST_RUN, MOST_SEGMENTS
from sfu.negotiated import RemoteTransport
from sfu.negotiation import MAX_MESSAGE_SIZE, SCTP_PORT
from sfu.route import Numbers
from sfu.rtp import is_rtcp
from sfu.sctp_check import is_sound
from sfu.srtp_streams import MOST_STREAMS, SrtpStreams

log = structlog.get_logger()

HANDSHAKE_LIMIT = 30.0  # seconds from `Transport.run` to both sides holding keys
MOST_LOSSY = 64 << 10  # bytes waiting on a lossy channel before new messages are dropped
MOST_RELIABLE = 1 << 20  # bytes waiting on a reliable channel before its consumer counts as slow
MOST_CHANNELS = 16
MOST_KEPT = 256  # packets of a stream without repairs: five seconds of sound
LONGEST_HOLD = 3.0  # seconds that a client's data may be held back
MOST_FRAGMENTS = 4096  # chunks of unfinished messages

_TRAILER = 148  # SRTP_MAX_TRAILER_LEN plus the SRTCP index
_buffer = ffi.new("char[]", LONGEST_DATAGRAM)
_bytes = ffi.buffer(_buffer)
_view = memoryview(_bytes)
_length = ffi.new("int *")
_pack_number = Struct("!H").pack_into
# First byte and marker, sequence number, time stamp, SSRC, extension header, head of the first element, number.
_pack_numbered = Struct("!HHIIIBH").pack_into
_MASK = SIZE - 1


CIPHER_SUITES = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-ECDSA-AES256-GCM-SHA384"
"""Authenticated encryption alone (RFC 9325, 4.2; RFC 8827, 6.5 demands the first), in OpenSSL's names."""


class _OwnSuites(RTCCertificate):
    """aiortc's certificate, whose contexts also allow AES-CBC with HMAC-SHA1."""

    def _create_ssl_context(self, srtp_profiles: list[SRTPProtectionProfile]) -> SSL.Context:
        context = super()._create_ssl_context(srtp_profiles)
        context.set_cipher_list(CIPHER_SUITES.encode())
        return context


class Certificate:
    """The server's DTLS certificate: made once at start, shared by all transports, good for 30 days."""

    fingerprint_algorithm = "sha-256"

    def __init__(self) -> None:
        self.native = _OwnSuites.generateCertificate()
        prints = self.native.getFingerprints()
        self.fingerprint: str = next(one.value for one in prints if one.algorithm == self.fingerprint_algorithm)


class TransportHandler(Protocol):
    """Who gets what a transport receives. Exceptions are counted and stop nothing."""

    def connected(self) -> None: ...

    def closed(self, reason: str) -> None: ...

    def take_rtp(self, packet: bytes, arrival: float) -> None: ...

    def take_rtcp(self, packet: bytes, arrival: float) -> None: ...

    def needed(self) -> Container[int]:
        """SSRCs of the client that it may send on again, however long it has not."""

    def channel_open(self, label: str) -> None: ...

    def data(self, label: str, payload: bytes) -> None: ...

    def slow(self, label: str) -> None: ...


class _Ice:
    """What RTCDtlsTransport uses of an RTCIceTransport."""

    role = "controlled"
    state = "completed"

    def __init__(self, association: Association) -> None:
        self._association = association

    async def _recv(self) -> bytes:
        return await self._association.receive_dtls()

    async def _send(self, data: bytes) -> None:
        if self._association.is_closed:
            raise ConnectionError("closed")
        self._association.send(data)


class _GuardedReceiver:
    """Stands before the SCTP transport: unsound packets and its exceptions end here, and broken limits are told."""

    def __init__(self, sctp: RTCSctpTransport, faults: Counter[str], on_abuse: Callable[[], None]) -> None:
        self._sctp = sctp
        self._faults = faults
        self._on_abuse = on_abuse

    async def _handle_data(self, data: bytes) -> None:
        if not is_sound(data):
            self._faults["unsound sctp"] += 1
            return
        sctp = self._sctp
        try:
            await sctp._handle_data(data)
        except Exception:  # noqa: BLE001  the stack asserts where a client misbehaves
            self._faults["sctp failure"] += 1
        fragments = sum(len(stream.reassembly) for stream in sctp._inbound_streams.values())
        if (
            sctp._advertised_rwnd < 0
            or fragments > MOST_FRAGMENTS
            or len(sctp._sack_misordered) > MOST_FRAGMENTS
            or len(sctp._data_channels) > MOST_CHANNELS
        ):
            self._on_abuse()


class _Dtls(RTCDtlsTransport):
    """aiortc's DTLS, which survives whatever comes in a datagram, and leaves media to us."""

    def __init__(self, ice: _Ice, certificate: Certificate, faults: Counter[str], on_abuse: Callable[[], None]) -> None:
        super().__init__(ice, [certificate.native])  # type: ignore[arg-type]  # a stand-in with what is used of it
        self._faults = faults
        self._on_abuse = on_abuse
        self.hold = 0.0  # seconds before more is read

    async def _recv_next(self) -> None:
        try:
            await super()._recv_next()
        except ConnectionError:
            raise
        except Exception:  # noqa: BLE001  one datagram must not end the transport
            self._faults["dtls failure"] += 1
            await asyncio.sleep(0)
        if self.hold:
            # The association's queue fills and drops, and the sender's congestion control sees to the rest.
            hold, self.hold = min(self.hold, LONGEST_HOLD), 0.0
            await asyncio.sleep(hold)

    async def _handle_rtp_data(self, data: bytes, arrival_time_ms: int) -> None:
        """Media does not come this way."""

    async def _handle_rtcp_data(self, data: bytes) -> None:
        """Media does not come this way."""

    async def _send_data(self, data: bytes) -> None:
        """SCTP's timers go on for a moment after the end; what they send then is nothing to raise about."""
        try:
            await super()._send_data(data)
        except Exception:  # noqa: BLE001  the association retransmits, or is over
            self._faults["data not sent"] += 1

    def _register_data_receiver(self, receiver: Any) -> None:
        super()._register_data_receiver(_GuardedReceiver(receiver, self._faults, self._on_abuse))

    def _unregister_data_receiver(self, receiver: Any) -> None:  # noqa: ARG002  aiortc's signature
        self._data_receiver = None


def _keep(kept: dict[int, bytes], number: int, sealed: memoryview | bytearray) -> None:
    kept[number] = bytes(sealed)
    if len(kept) > MOST_KEPT:
        del kept[next(iter(kept))]


def _send_sealed(sealed: memoryview | bytes, path: Path) -> None:
    size = len(sealed)
    if path.outbox is not None and path.name is not None:
        at = path.outbox.room(size)
        path.outbox.bytes[at : at + size] = sealed
        path.outbox.add(path.name, at, size)
    else:
        path.sock.send(sealed, path.address)


class Transport:
    """One client's secured transport: RTP and RTCP both ways, data channels by label.

    faults: counts of what was survived, by kind.
    """

    def __init__(self, association: Association, certificate: Certificate, handler: TransportHandler) -> None:
        self.faults: Counter[str] = Counter()
        self.is_connected = False
        self._association = association
        self._handler = handler
        self._take_rtp = handler.take_rtp
        self._dtls = _Dtls(_Ice(association), certificate, self.faults, self._abused)
        self._sctp = RTCSctpTransport(self._dtls)
        self._sctp.on("datachannel", self._channel_came)
        self._channels: dict[str, RTCDataChannel] = {}
        self._slow: set[str] = set()
        self._early: dict[str, list[bytes]] = {}  # reliable messages for a channel of ours that is still opening
        self._streams = SrtpStreams()
        self._last_at = self._streams.last_at
        self._rx: Any = None
        self._tx: Any = None
        self._kept: dict[int, dict[int, bytes]] = {}  # ssrc -> number -> as it was sent, oldest first
        self._is_closed = False

    async def run(self, remote: RemoteTransport) -> None:
        """Shake hands and check the client's certificate, then carry data until closed. One call per transport."""
        try:
            async with asyncio.timeout(HANDSHAKE_LIMIT):
                await self._shake_hands(remote)
        except (ConnectionError, TimeoutError, ValueError):
            self._end("dtls failed")
            return
        except Exception as failure:  # noqa: BLE001  whatever the client sent, only its own transport ends
            log.error("handshake broke", failure=type(failure).__name__)
            self._end("dtls failed")
            return
        self._rx, self._tx = self._dtls._rx_srtp._srtp[0], self._dtls._tx_srtp._srtp[0]
        self.is_connected = True
        self._association.on_media = self._received
        self._dtls.on("statechange", self._state_changed)
        self._handler.connected()
        with contextlib.suppress(ConnectionError):
            await self._sctp.start(RTCSctpCapabilities(maxMessageSize=MAX_MESSAGE_SIZE), SCTP_PORT)

    async def _shake_hands(self, remote: RemoteTransport) -> None:
        self._dtls._set_role(remote.dtls_role)
        if remote.dtls_role == "client":
            await self._association.validated()
        fingerprint = RTCDtlsFingerprint(algorithm=remote.fingerprint_algorithm, value=remote.fingerprint)
        # Also demands that the client's certificate matches the fingerprint, or the state is "failed".
        await self._dtls.start(RTCDtlsParameters(fingerprints=[fingerprint]))
        if self._dtls.state != "connected":
            raise ConnectionError("handshake failed")

    async def close(self) -> None:
        """Say goodbye and stop. No handler is called any more."""
        self._is_closed = True
        self.is_connected = False
        self._association.on_media = None
        for stop in (self._sctp.stop, self._dtls.stop):
            try:
                await stop()
            except Exception:  # noqa: BLE001  it is over either way
                self.faults["stop failure"] += 1
        self._association.close()

    # Media

    def send_rtp(self, packet: bytes, number_at: int = 0, number: int = 0) -> None:
        """Protect and send. Dropped before there are keys, or when too long.

        number_at: where two bytes of the packet are to be `number`, 0 for nowhere.
        """
        size = len(packet)
        path = self._association.selected
        if self._tx is None or path is None or size > LONGEST_DATAGRAM - _TRAILER:
            return
        _bytes[0:size] = packet
        if number_at:
            _pack_number(_view, number_at, number)
        _length[0] = size
        if lib.srtp_protect(self._tx, _buffer, _length) != 0:
            self.faults["protect"] += 1
            return
        sealed = _view[: _length[0]]
        if self._kept and (kept := self._kept.get(int.from_bytes(packet[8:12], "big"))) is not None:
            _keep(kept, int.from_bytes(packet[2:4], "big"), sealed)
        _send_sealed(sealed, path)

    def keep(self, ssrc: int) -> Callable[[int], bool]:
        """What is sent of this stream from now on is kept a while as it was sent, to go out again. Gives what sends a
        number again, and says False for one that is not kept."""
        kept = self._kept.setdefault(ssrc, {})

        def again(number: int) -> bool:
            sealed, path = kept.get(number & 0xFFFF), self._association.selected
            if sealed is None or path is None:
                return False
            _send_sealed(sealed, path)
            return True

        return again

    def forget(self, ssrc: int) -> None:
        """The stream has ended."""
        self._kept.pop(ssrc, None)

    def send_run(self, form: Form, numbers: Numbers, history: SentHistory) -> bool:  # noqa: PLR0912  the hot path
        """Number, protect and send a run of packets, each of which has its transport-wide number where `Form` says.

        False, and nothing done, where packets cannot leave in runs.
        """
        path = self._association.selected
        if path is None or self._tx is None:
            return True  # as lost as by `send_rtp`
        outbox, name = path.outbox, path.name
        if outbox is None or name is None:
            return False
        if outbox.sealer is None:
            outbox.sealer = ffi.from_buffer("char[]", outbox.bytes)
        room = form.octets + _TRAILER * len(form.packets)
        if room > LONGEST_RUN or len(form.packets) > MOST_SEGMENTS:
            return False
        start = at = outbox.room(room)
        data, sealer, tx, protect, length = outbox.bytes, outbox.sealer, self._tx, lib.srtp_protect, _length
        second, ssrc, vp8 = numbers.payload_type, numbers.ssrc, numbers.vp8
        more_sequence, more_timestamp = numbers.sequence, numbers.timestamp
        kept, number = history.kept, history.newest
        repeatable = self._kept.get(ssrc) if self._kept else None
        segment = expected = 0
        for index, (first, sequence, timestamp, header, element, rest, clear, sent) in enumerate(form.packets):
            data[at + 19 : at + clear] = rest
            if vp8 is not None:
                form.rewrite(index, data, at, vp8)
            number += 1
            kept[number & _MASK] = sent
            _pack_numbered(
                data,
                at,
                first | second,
                (sequence + more_sequence) & 0xFFFF,
                (timestamp + more_timestamp) & 0xFFFFFFFF,
                ssrc,
                header,
                element,
                number & 0xFFFF,
            )
            length[0] = clear
            if protect(tx, sealer + at, length) != 0:
                self.faults["protect"] += 1
                continue
            size = length[0]
            if repeatable is not None:
                _keep(repeatable, (sequence + more_sequence) & 0xFFFF, data[at : at + size])
            if size != expected:
                # For the kernel, all of a run are of one size but the last, which may be shorter.
                if size < expected:
                    expected = -1
                else:
                    if at > start:
                        outbox.add(name, start, at - start, segment)
                    start, segment = at, size
                    expected = size
            at += size
        if at > start:
            outbox.add(name, start, at - start, segment)
        history.newest = number
        return True

    def send_rtcp(self, packet: bytes) -> None:
        """The same for a compound RTCP packet."""
        size = len(packet)
        if self._tx is None or size > LONGEST_DATAGRAM - _TRAILER:
            return
        _bytes[0:size] = packet
        _length[0] = size
        if lib.srtp_protect_rtcp(self._tx, _buffer, _length) == 0:
            self._association.send(_view[: _length[0]])
        else:
            self.faults["protect"] += 1

    def _received(self, datagram: bytes, arrival: float) -> None:
        """The hot path in: the port has checked the address and that there are at least twelve bytes."""
        size = len(datagram)
        rtcp = is_rtcp(datagram)
        ssrc = datagram[4:8] if rtcp else datagram[8:12]
        if ssrc not in self._last_at and self._streams.refuses(ssrc, arrival):
            self.faults["refused stream"] += 1
            return
        _bytes[0:size] = datagram
        _length[0] = size
        unprotect = lib.srtp_unprotect_rtcp if rtcp else lib.srtp_unprotect
        if unprotect(self._rx, _buffer, _length) != 0:
            self.faults["unprotect"] += 1
            return
        if ssrc not in self._last_at and not self._entered(ssrc, arrival, is_rtcp=rtcp):
            return
        self._last_at[ssrc] = arrival
        packet = _bytes[0 : _length[0]]
        if rtcp:
            self._handler.take_rtcp(packet, arrival)
        else:
            self._take_rtp(packet, arrival)

    def _entered(self, ssrc: bytes, arrival: float, *, is_rtcp: bool) -> bool:
        """A stream that libsrtp has just made: whether it may stay, another making room where that is needed."""
        out = self._streams.enter(ssrc, arrival, self._handler.needed(), is_rtcp=is_rtcp)
        if out is not None:
            lib.srtp_remove_stream(self._rx, socket.htonl(int.from_bytes(out, "big")))
        if out != ssrc:
            return True
        if not self.faults["too many streams"]:
            log.warning("client sends on too many streams", most=MOST_STREAMS)
        self.faults["too many streams"] += 1
        return False

    # Data channels

    def open_channel(self, label: str, *, ordered: bool, max_retransmits: int | None) -> None:
        """Open a channel from our side; the opening waits for the association where that is not up."""
        parameters = RTCDataChannelParameters(label=label, ordered=ordered, maxRetransmits=max_retransmits)
        channel = RTCDataChannel(self._sctp, parameters)
        channel.on("open", lambda: self._channel_opened(label))
        self._keep(channel)

    def send_data(self, label: str, payload: bytes) -> bool:
        """Queue a message. False when there is no such channel, it is not open yet and lossy, or its buffer is full."""
        channel = self._channels.get(label)
        if channel is None or channel.readyState not in ("open", "connecting") or len(payload) > MAX_MESSAGE_SIZE:
            return False
        lossy = channel.maxRetransmits is not None or channel.maxPacketLifeTime is not None
        is_open = channel.readyState == "open"
        if lossy and not is_open:
            return False
        if self.buffered(label) + len(payload) > (MOST_LOSSY if lossy else MOST_RELIABLE):
            if lossy:
                self.faults["lossy data dropped"] += 1
            elif label not in self._slow:
                self._slow.add(label)
                self._handler.slow(label)
            return False
        if is_open:
            channel.send(payload)
        else:
            self._early.setdefault(label, []).append(payload)
        return True

    def hold_data(self, seconds: float) -> None:
        """Read nothing for so long. Who is that far beyond its share does not heed being slowed down."""
        self._dtls.hold = seconds
        if seconds > LONGEST_HOLD:
            self.faults["data flood"] += 1
            self._abused()

    def buffered(self, label: str) -> int:
        """Bytes that wait on a channel."""
        channel = self._channels.get(label)
        early = sum(map(len, self._early.get(label, ())))
        return early + (int(channel.bufferedAmount) if channel is not None else 0)

    def _channel_opened(self, label: str) -> None:
        for payload in self._early.pop(label, ()):
            self._channels[label].send(payload)
        if not self._is_closed:
            self._handler.channel_open(label)

    def _channel_came(self, channel: RTCDataChannel) -> None:
        self._keep(channel)
        if not self._is_closed:
            self._handler.channel_open(channel.label)

    def _keep(self, channel: RTCDataChannel) -> None:
        label = channel.label
        self._channels[label] = channel
        channel.on("message", lambda message: self._message_came(label, message))

    def _message_came(self, label: str, message: bytes | str) -> None:
        payload = message.encode() if isinstance(message, str) else message
        if len(payload) > MAX_MESSAGE_SIZE:
            self.faults["message too long"] += 1
        elif not self._is_closed:
            self._handler.data(label, payload)

    # The end

    def _state_changed(self) -> None:
        if self._dtls.state in ("closed", "failed"):
            self._end("closed by client")

    def _abused(self) -> None:
        self._end("abuse")

    def _end(self, reason: str) -> None:
        if self._is_closed:
            return
        self._is_closed = True
        self.is_connected = False
        self._association.on_media = None
        self._handler.closed(reason)

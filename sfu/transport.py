"""A client's secured transport: media by libsrtp itself, data channels (`sfu.data_channels`), both under `sfu.dtls`.

These three files alone name aiortc or pylibsrtp, and their private parts. Media never passes through aiortc's queue:
datagrams are decrypted and encrypted synchronously, in one buffer.
"""

import asyncio
import contextlib
import socket
from collections import Counter
from collections.abc import Callable, Container
from struct import Struct
from typing import Any, Protocol

import structlog
from aiortc.rtcdtlstransport import RTCDtlsFingerprint, RTCDtlsParameters
from pylibsrtp._binding import ffi, lib

from sfu.arrived import Form
from sfu.association import Association, Path
from sfu.bandwidth_history import SIZE, SentHistory
from sfu.data_channels import ChannelHandler, DataChannels
from sfu.datagrams import LONGEST_DATAGRAM, LONGEST_RUN, MOST_SEGMENTS
from sfu.dtls import LONGEST_HOLD, Certificate, Dtls, Ice
from sfu.negotiated import RemoteTransport
from sfu.route import Numbers
from sfu.rtp import is_rtcp
from sfu.srtp_streams import MOST_STREAMS, SrtpStreams

log = structlog.get_logger()

HANDSHAKE_LIMIT = 30.0  # seconds from `Transport.run` to both sides holding keys
MOST_KEPT = 256  # packets of a stream without repairs: five seconds of sound

_TRAILER = 148  # SRTP_MAX_TRAILER_LEN plus the SRTCP index
_buffer = ffi.new("char[]", LONGEST_DATAGRAM)
_bytes = ffi.buffer(_buffer)
_view = memoryview(_bytes)
_length = ffi.new("int *")
_pack_number = Struct("!H").pack_into
# First byte and marker, sequence number, time stamp, SSRC, extension header, head of the first element, number.
_pack_numbered = Struct("!HHIIIBH").pack_into
_MASK = SIZE - 1


class TransportHandler(ChannelHandler, Protocol):
    """Who gets what a transport receives. Exceptions are counted and stop nothing."""

    def connected(self) -> None: ...

    def closed(self, reason: str) -> None: ...

    def take_rtp(self, packet: bytes, arrival: float) -> None: ...

    def take_rtcp(self, packet: bytes, arrival: float) -> None: ...

    def needed(self) -> Container[int]:
        """SSRCs of the client that it may send on again, however long it has not."""


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
    """One client's secured transport: RTP and RTCP both ways, data channels by label in `channels`.

    faults: counts of what was survived, by kind.
    """

    def __init__(self, association: Association, certificate: Certificate, handler: TransportHandler) -> None:
        self.faults: Counter[str] = Counter()
        self.is_connected = False
        self._association = association
        self._handler = handler
        self._take_rtp = handler.take_rtp
        self._dtls = Dtls(Ice(association), certificate, self.faults, self._abused)
        self.channels = DataChannels(self._dtls, handler, self.faults)
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
            await self.channels.start()

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
        self._is_closed = self.channels.is_closed = True
        self.is_connected = False
        self._association.on_media = None
        for stop in (self.channels.stop, self._dtls.stop):
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

    def hold_data(self, seconds: float) -> None:
        """Read nothing for so long. Who is that far beyond its share does not heed being slowed down."""
        self._dtls.hold = seconds
        if seconds > LONGEST_HOLD:
            self.faults["data flood"] += 1
            self._abused()

    # The end

    def _state_changed(self) -> None:
        if self._dtls.state in ("closed", "failed"):
            self._end("closed by client")

    def _abused(self) -> None:
        self._end("abuse")

    def _end(self, reason: str) -> None:
        if self._is_closed:
            return
        self._is_closed = self.channels.is_closed = True
        self.is_connected = False
        self._association.on_media = None
        self._handler.closed(reason)

"""aiortc's DTLS, held to what a server needs of it: our cipher suites, and no datagram or data packet that ends it.

ICE is ours (`sfu.association`); the DTLS transport runs over a stand-in for aiortc's ICE transport, and SCTP behind a
guard (`sfu.sctp_check`). Names private parts of aiortc.
"""

import asyncio
from collections import Counter
from collections.abc import Callable
from typing import Any

from aiortc.rtcdtlstransport import RTCCertificate, RTCDtlsTransport, SRTPProtectionProfile
from aiortc.rtcsctptransport import RTCSctpTransport
from OpenSSL import SSL

from sfu.association import Association
from sfu.sctp_check import is_sound

MOST_CHANNELS = 16
MOST_FRAGMENTS = 4096  # chunks of unfinished messages
LONGEST_HOLD = 3.0  # seconds that a client's data may be held back

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


class Ice:
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


class GuardedReceiver:
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


class Dtls(RTCDtlsTransport):
    """aiortc's DTLS, which survives whatever comes in a datagram, and leaves media to us."""

    def __init__(self, ice: Ice, certificate: Certificate, faults: Counter[str], on_abuse: Callable[[], None]) -> None:
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
        super()._register_data_receiver(GuardedReceiver(receiver, self._faults, self._on_abuse))

    def _unregister_data_receiver(self, receiver: Any) -> None:  # noqa: ARG002  aiortc's signature
        self._data_receiver = None

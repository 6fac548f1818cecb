"""One server-side peer connection: a transport, and the tables that carry packets between it and the tracks.

The public signatures below are agreed with the control plane; bodies land with the packet plane.
"""

import time
from collections.abc import Callable
from typing import Protocol

from sfu.down_track import DownTrack
from sfu.negotiated import LocalTransport, ReceiveSection, RemoteTransport, SendSection
from sfu.quality import Conditions
from sfu.transport import Certificate
from sfu.udp_port import UdpPort
from sfu.up_track import UpTrack


class PeerListener(Protocol):
    """What a peer tells its owner. Calls come from the event loop's packet path: return quickly, never raise."""

    def connected(self) -> None:
        """DTLS is up and the client's certificate has matched its fingerprint: media flows. Told once."""

    def closed(self, reason: str) -> None:
        """The transport is gone. Told once, also after a failed handshake; never after our own `Peer.close`.

        reason: ``dtls failed``, ``closed by client``, ``silent`` (no consent for 30 s), ``abuse`` (limits broken).
        """

    def data(self, label: str, payload: bytes) -> None:
        """A whole message came on a data channel."""

    def channel_open(self, label: str) -> None:
        """A data channel is ready to send on, whoever opened it."""

    def path_changed(self) -> None:
        """The client's address has changed in mid-call; media already follows the new one."""

    def slow(self, label: str) -> None:
        """More than 1 MiB waits on a reliable channel: this consumer does not keep up. Told once per channel."""


class Peer:
    """One peer connection of one client (v1: its only one; v0: publisher or subscriber).

    Made inside a running event loop. The owner must `close` it. The peer runs its own periodic work from `connect` on.
    """

    def __init__(
        self,
        port: UdpPort,
        certificate: Certificate,
        listener: PeerListener,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        raise NotImplementedError

    @property
    def local(self) -> LocalTransport:
        """Our ICE credentials, fingerprint and candidates for the next SDP; new credentials after `restart_ice`."""
        raise NotImplementedError

    @property
    def is_connected(self) -> bool:
        raise NotImplementedError

    def restart_ice(self) -> LocalTransport:
        """Make new credentials. The old ones stay good until the new ones are used (RFC 8445 section 9)."""
        raise NotImplementedError

    def connect(self, remote: RemoteTransport) -> None:
        """Start the handshake in the background; `PeerListener.connected` or `closed` follows. Called once."""
        raise NotImplementedError

    def set_remote_ice(self, ufrag: str, pwd: str) -> None:
        """The client's credentials after its ICE restart."""
        raise NotImplementedError

    def receive(self, section: ReceiveSection, track: UpTrack) -> None:
        """Take packets of this section into `track`. Again with the same mid: replaces the section's description."""
        raise NotImplementedError

    def stop_receiving(self, mid: str) -> None:
        """Forget a section: its SSRCs go nowhere from now on. Unknown mids are ignored."""
        raise NotImplementedError

    def attach(self, down_track: DownTrack, section: SendSection) -> None:
        """Send a forwarded track on this section; from now on `down_track.up_track` feeds it."""
        raise NotImplementedError

    def detach(self, down_track: DownTrack) -> None:
        """Stop sending a track. Ignored when it is not attached."""
        raise NotImplementedError

    def open_channel(self, label: str, *, ordered: bool = True, max_retransmits: int | None = None) -> None:
        """Open a data channel from our side (v0 subscriber); may be called before `connect`."""
        raise NotImplementedError

    def send_data(self, label: str, payload: bytes) -> bool:
        """Queue a message on the channel of that label.

        False when it was not taken: no such open channel, too large, or its buffer is full (lossy 64 KiB, reliable 1 MiB).
        """
        raise NotImplementedError

    def conditions(self, now: float) -> Conditions:
        """What was measured since the last call, for `sfu.quality.rate`."""
        raise NotImplementedError

    def tick(self, now: float) -> None:
        """Periodic work: reports, retries, feedback, consent. Called by the peer's own timer, and by tests."""
        raise NotImplementedError

    async def close(self) -> None:
        """Say goodbye, free the port's tables, end every task. Safe to call again."""
        raise NotImplementedError

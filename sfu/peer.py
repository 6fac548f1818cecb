"""One server-side peer connection: a transport, and the tables that carry packets between it and the tracks."""

import asyncio
import secrets
import time
from collections import Counter
from collections.abc import Callable, Container
from dataclasses import replace
from math import inf
from typing import Protocol

import structlog

from db.tasks import Tasks
from sfu import rtcp, rtp
from sfu.bandwidth import ReportedBandwidth
from sfu.bandwidth_rate import MOST
from sfu.down_track import DownTrack
from sfu.dtls import Certificate
from sfu.negotiated import LocalTransport, ReceiveSection, RemoteTransport, SendSection
from sfu.outlet import Outlet
from sfu.pacer import STEP
from sfu.quality import Conditions
from sfu.reception import Reception
from sfu.route import number_id
from sfu.transport import Transport
from sfu.udp_port import UdpPort
from sfu.up_track import UpTrack

log = structlog.get_logger()

TICK = 0.05  # seconds between two rounds of periodic work
TICK_GRID = 0.025  # seconds: peers tick together, for it costs half of what as many wake-ups do
FEEDBACK_INTERVAL = 0.1  # seconds between two transport-wide feedbacks, as libwebrtc does at common rates
REPORT_INTERVAL = 1.0  # seconds between receiver reports
FEEDBACK_GRACE = 3.0  # seconds in which a client that agreed to transport-wide feedback must have sent some
STATUSES_PER_SECOND = 8192.0  # packets whose fate a client may tell of: more than it is ever sent
FIRST_PACE = 2_500_000.0  # bit/s that the first pictures are paced by, until the path has shown what it carries
CONSENT_LIMIT = 30.0  # seconds without an authenticated check (RFC 7675 section 5.1)


def next_tick(now: float) -> float:
    """The point of the grid that is nearest to `TICK` from now.

    Nearest, since a timer fires at its point or a little to either side: of uvloop's, which counts whole milliseconds,
    every other would else come too soon.
    """
    return round(now / TICK_GRID) * TICK_GRID + TICK


class PeerListener(Protocol):
    """What a peer tells its owner. Calls come from the event loop's packet path: return quickly, never raise."""

    def connected(self) -> None:
        """DTLS is up and the client's certificate has matched its fingerprint: media flows. Told once."""

    def closed(self, reason: str) -> None:
        """The transport is gone; the owner still has to `Peer.close`. Told once, never after our own `Peer.close`.

        reason: ``dtls failed``, ``closed by client``, ``silent`` (no consent for 30 s), ``abuse`` (limits broken).
        """

    def data(self, label: str, payload: bytes) -> None:
        """A whole message came on a data channel."""

    def channel_open(self, label: str) -> None:
        """A data channel is ready to send on, whoever opened it."""

    def path_changed(self) -> None:
        """The client's address has changed in mid-call; media already follows the new one."""

    def ticked(self, now: float) -> None:
        """Some twenty times a second: time to divide the path anew among the tracks."""

    def widened(self, rate: float) -> None:
        """The client's own line, which was too narrow, seems wide again. rate: bit/s that came before."""

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
        self._port = port
        self._certificate = certificate
        self._listener = listener
        self._clock = clock
        self._association = port.associate()
        self._association.on_path = self._path_changed
        self._transport = Transport(self._association, certificate, self)
        self._tasks = Tasks()
        self._ssrc = 1 + secrets.randbelow(0xFFFFFFFE)
        self._reception = Reception(self._send_feedback, port.gathered)
        self._down_tracks: dict[int, DownTrack] = {}  # by SSRC
        self._waiting: dict[int, SendSection] = {}  # by SSRC, of tracks that begin once there are keys
        self._reported_at = self._fed_back_at = clock()
        self._is_closed = False
        self._remote: RemoteTransport | None = None
        self.outlet = Outlet(self._transport.send_rtp, clock, self._transport.send_run)
        self.outlet.pacer.on_wait = self._start_timer
        self._timer: asyncio.TimerHandle | None = None
        self._ticks: asyncio.TimerHandle | None = None
        self._reported = ReportedBandwidth()
        self._sent = (0, clock())  # octets when the rate sent was last measured
        self._sent_rate = 0.0
        self._numbered_since: float | None = None
        self._statuses, self._statuses_at = 0.0, -inf
        self.malformed = 0  # packets with right keys and wrong form

    @property
    def local(self) -> LocalTransport:
        """Our ICE credentials, fingerprint and candidates for the next SDP; new credentials after `restart_ice`."""
        return LocalTransport(
            ice_ufrag=self._association.ufrag,
            ice_pwd=self._association.password,
            fingerprint_algorithm=self._certificate.fingerprint_algorithm,
            fingerprint=self._certificate.fingerprint,
            candidates=self._port.candidates,
        )

    @property
    def is_connected(self) -> bool:
        return self._transport.is_connected

    @property
    def faults(self) -> Counter[str]:
        """What this client has sent that was of no use, by kind."""
        return self._transport.faults + Counter(malformed=self.malformed, ignored=self._reception.ignored)

    def restart_ice(self) -> LocalTransport:
        """Make new credentials. The old ones stay good until the new ones are used (RFC 8445 section 9)."""
        self._association.restart()
        return self.local

    def connect(self, remote: RemoteTransport) -> None:
        """Start the handshake in the background; `PeerListener.connected` or `closed` follows. Called once."""
        if self._remote is not None:
            raise RuntimeError("already connecting")
        self._remote = remote
        self._association.checked_at = self._clock()
        self._tasks.start(self._transport.run(remote), name="transport")
        self._ticks = asyncio.get_running_loop().call_later(TICK, self._keep_ticking)

    def set_remote_ice(self, ufrag: str, pwd: str) -> None:
        """The client's credentials after its ICE restart. A lite endpoint sends no checks, so nothing else follows."""
        if self._remote is not None:
            old = self._remote
            self._remote = RemoteTransport(ufrag, pwd, old.fingerprint_algorithm, old.fingerprint, old.dtls_role)

    # Tracks

    def receive(self, section: ReceiveSection, track: UpTrack) -> None:
        """Take packets of this section into `track`. Again with the same mid: replaces the section's description."""
        self._reception.add(section, track)

    def stop_receiving(self, mid: str) -> None:
        """Forget a section: its SSRCs go nowhere from now on. Unknown mids are ignored."""
        self._reception.remove(mid)

    def silence(self, mid: str) -> None:
        """Take nothing in on a section until it is received anew, by the same SSRCs."""
        self._reception.silence(mid)

    def attach(self, down_track: DownTrack, section: SendSection) -> None:
        """Send a forwarded track on this section; from now on `down_track.up_track` feeds it.

        Again with the same track: takes the section's new description. Before there are keys nothing begins: the key
        frame asked for by then would be lost, and its publisher asked again only half a second later.
        """
        self._down_tracks[down_track.ssrc] = down_track
        if down_track not in down_track.up_track.down_tracks:
            down_track.up_track.down_tracks.append(down_track)
        if self.is_connected:
            self._begin(down_track, section)
        else:
            self._waiting[down_track.ssrc] = section

    def _begin(self, down_track: DownTrack, section: SendSection) -> None:
        outlet = self.outlet
        again = None if section.codec.rtx_payload_type else self._transport.keep(down_track.ssrc)
        if number_id(section):
            self._numbered_since = self._numbered_since or self._clock()
            # Sound never waits; only video comes in bursts.
            if section.kind == "video":
                down_track.open(
                    section, outlet.pacer.take, self._send_feedback, outlet.repair, outlet.pace_run, again=again
                )
            else:
                down_track.open(section, outlet.send, self._send_feedback, None, outlet.send_run, again=again)
        else:
            down_track.open(section, outlet.send, self._send_feedback, again=again)
        down_track.request_key_frame()

    def detach(self, down_track: DownTrack) -> None:
        """Stop sending a track; attached again, its numbering goes on. Ignored when it is not attached."""
        if self._down_tracks.get(down_track.ssrc) is not down_track:
            return
        del self._down_tracks[down_track.ssrc]
        self._waiting.pop(down_track.ssrc, None)
        self._transport.forget(down_track.ssrc)
        if down_track in down_track.up_track.down_tracks:
            down_track.up_track.down_tracks.remove(down_track)
        down_track.shut()

    # Data

    def open_channel(self, label: str, *, ordered: bool = True, max_retransmits: int | None = None) -> None:
        """Open a data channel from our side (v0 subscriber); may be called before `connect`."""
        self._transport.channels.open(label, ordered=ordered, max_retransmits=max_retransmits)

    def send_data(self, label: str, payload: bytes) -> bool:
        """Queue a message on the channel of that label.

        False when it was not taken: no such channel, too large, or its buffer full (lossy 64 KiB, reliable 1 MiB).
        A reliable channel of ours that is still opening keeps what it is given; a lossy one does not.
        """
        return self._transport.channels.send(label, payload)

    def hold_data(self, seconds: float) -> None:
        """Read nothing of the client's data channels for so long; its stack slows down by that."""
        self._transport.hold_data(seconds)

    # Measurement and periodic work

    def conditions(self, now: float) -> Conditions:
        """What was measured since the last call, for `sfu.quality.rate`."""
        expected, lost, missing = self._reception.take_window(now)
        statistics = [track.statistics for track in self._down_tracks.values()]
        losses = [one.fraction_lost for one in statistics if one.fraction_lost is not None]
        trips = [one.round_trip for one in statistics if one.round_trip is not None]
        return Conditions(
            up_expected=expected,
            up_lost=lost,
            down_loss=max(losses, default=None),
            round_trip=min(trips, default=None),
            silent_for=self._association.silent_for(now),
            missing_layers=missing,
        )

    @property
    def estimate(self) -> float | None:
        """bit/s that the path to this client carries, None where no limit is known."""
        return self.outlet.bandwidth.estimate if self._has_own_estimate else self._reported.estimate

    @property
    def is_measured(self) -> bool:
        """Whether `estimate` is known well enough to give a video up for it."""
        return self.outlet.bandwidth.is_measured(self._clock()) or not self._has_own_estimate

    @property
    def _has_own_estimate(self) -> bool:
        since = self._numbered_since
        return self.outlet.bandwidth.has_feedback or (since is not None and self._clock() - since < FEEDBACK_GRACE)

    @property
    def pictures(self) -> int:
        """The highest layer of its pictures that the client's own line has room for, -1 for none."""
        return self._reception.pictures

    def probe(self, rate: float, now: float) -> None:
        """So many bit/s would be of use: find out whether they pass, when it is time for that."""
        if self.is_connected:
            self.outlet.probe(rate, [track for track in self._down_tracks.values() if track.can_probe], now)

    def discard(self, ssrc: int) -> None:
        """Forget what still waits of a stream that was cut off."""
        self.outlet.pacer.discard(ssrc)

    def _start_timer(self) -> None:
        if self._timer is None and not self._is_closed:
            self._timer = asyncio.get_running_loop().call_later(STEP, self._work)

    def _work(self) -> None:
        self._timer = None
        if not self._is_closed and self.outlet.work(self._clock()):
            self._start_timer()

    def tick(self, now: float) -> None:
        """Periodic work: reports, retries, feedback, consent. Called by the peer's own timer, and by tests."""
        self._association.prune(now)
        if self._association.silent_for(now) > CONSENT_LIMIT:
            self.closed("silent")
            return
        self._reception.tick(now)
        self.outlet.bandwidth.tick(now)
        self._set_pace()
        self._listener.ticked(now)
        if now - self._fed_back_at >= FEEDBACK_INTERVAL - TICK / 2:
            self._fed_back_at = now
            for feedback in self._reception.transport_feedback(self._ssrc):
                self._transport.send_rtcp(rtcp.build(feedback))
        if (limit := self._reception.limit(now)) is not None:
            self._transport.send_rtcp(rtcp.build(rtcp.ReceiverEstimate(self._ssrc, limit, self._reception.ssrcs)))
        if (rate := self._reception.widened()) is not None:
            self._listener.widened(rate)
        if now - self._reported_at >= REPORT_INTERVAL:
            self._reported_at = now
            self._report(now)
            self._judge_reports(now)

    def _set_pace(self) -> None:
        """Without an estimate there is nothing to pace by; and a first guess would hold back everybody's key frame."""
        pace = self.estimate or MOST
        self.outlet.pacer.set_rate(pace if self.is_measured else max(pace, FIRST_PACE))

    def _keep_ticking(self) -> None:
        if self._is_closed:
            return
        loop = asyncio.get_running_loop()
        self._ticks = loop.call_at(next_tick(loop.time()), self._keep_ticking)
        try:
            self.tick(self._clock())
        except Exception as failure:  # noqa: BLE001  periodic work must go on
            log.error("tick failed", failure=type(failure).__name__)

    def _judge_reports(self, now: float) -> None:
        """For clients without transport-wide feedback."""
        octets = sum(track.statistics.octets for track in self._down_tracks.values())
        passed = max(0.001, now - self._sent[1])
        self._sent_rate = max(0, octets - self._sent[0]) * 8 / passed
        self._sent = (octets, now)
        losses = [track.statistics.fraction_lost or 0.0 for track in self._down_tracks.values()]
        if losses:
            self._reported.report(max(losses), self._sent_rate, passed)

    def _report(self, now: float) -> None:
        blocks = self._reception.report_blocks(now)
        for start in range(0, len(blocks), 31):
            report = rtcp.ReceiverReport(self._ssrc, tuple(blocks[start : start + 31]))
            self._transport.send_rtcp(rtcp.build(report, rtcp.SourceDescription(self._ssrc, "hemmaplan")))

    def _send_feedback(self, packet: rtcp.Packet) -> None:
        """Send RTCP of a track: it leaves the sender to us (0), and a sender report goes with its name."""
        if isinstance(packet, rtcp.SenderReport):
            down_track = self._down_tracks.get(packet.ssrc)
            if down_track is not None:
                name = rtcp.SourceDescription(packet.ssrc, down_track.up_track.cname)
                self._transport.send_rtcp(rtcp.build(packet, name))
            return
        if isinstance(packet, rtcp.Nack | rtcp.PictureLossIndication | rtcp.FullIntraRequest):
            packet = replace(packet, sender_ssrc=self._ssrc)
        self._transport.send_rtcp(rtcp.build(packet))

    # TransportHandler

    def connected(self) -> None:
        waiting, self._waiting = self._waiting, {}
        for ssrc, section in waiting.items():
            self._begin(self._down_tracks[ssrc], section)
        self._set_pace()
        self._listener.connected()

    def closed(self, reason: str) -> None:
        if not self._is_closed:
            self._is_closed = True
            self._listener.closed(reason)

    def channel_open(self, label: str) -> None:
        self._listener.channel_open(label)

    def data(self, label: str, payload: bytes) -> None:
        self._listener.data(label, payload)

    def slow(self, label: str) -> None:
        self._listener.slow(label)

    def needed(self) -> Container[int]:
        return self._reception.needed

    def take_rtp(self, packet: bytes, arrival: float) -> None:
        try:
            self._reception.take(packet, arrival)
        except rtp.MalformedPacket:
            self.malformed += 1

    def take_rtcp(self, packet: bytes, arrival: float) -> None:
        try:
            packets = rtcp.parse(packet, self._allowed_statuses(arrival))
        except rtp.MalformedPacket:
            self.malformed += 1
            return
        for one in packets:
            self._take_rtcp(one, arrival)

    def _allowed_statuses(self, now: float) -> float:
        """Of how many packets transport-wide feedback may tell now: of none where it was not agreed on."""
        if self._numbered_since is None:
            return 0
        refilled = self._statuses + (now - self._statuses_at) * STATUSES_PER_SECOND
        self._statuses, self._statuses_at = min(rtcp.MOST_STATUSES + rtcp.FEEDBACK_COST, refilled), now
        return self._statuses

    def _take_rtcp(self, packet: rtcp.Packet, now: float) -> None:
        match packet:
            case rtcp.SenderReport():
                self._reception.take_sender_report(packet, now)
                self._take_blocks(packet.blocks, now)
            case rtcp.ReceiverReport():
                self._take_blocks(packet.blocks, now)
            case rtcp.Nack():
                if (down_track := self._down_tracks.get(packet.media_ssrc)) is not None:
                    down_track.resend(packet.lost, now)
            case rtcp.PictureLossIndication():
                if (down_track := self._down_tracks.get(packet.media_ssrc)) is not None:
                    down_track.request_key_frame()
            case rtcp.FullIntraRequest():
                for ssrc, _number in packet.entries:
                    if (down_track := self._down_tracks.get(ssrc)) is not None:
                        down_track.request_key_frame()
            case rtcp.ReceiverEstimate():
                self._reported.remote(packet.bitrate, self._sent_rate)
            case rtcp.TransportFeedback():
                self._statuses -= rtcp.FEEDBACK_COST + len(packet.deltas)
                self.outlet.bandwidth.take(packet, now)
            case _:
                pass

    def _take_blocks(self, blocks: tuple[rtcp.ReportBlock, ...], now: float) -> None:
        for block in blocks:
            if (down_track := self._down_tracks.get(block.ssrc)) is not None:
                down_track.take_report(block, now)

    def _path_changed(self) -> None:
        self.outlet.bandwidth.path_changed(self._clock())
        self._reception.path_changed()
        if self.is_connected:
            for down_track in tuple(self._down_tracks.values()):
                down_track.request_key_frame()  # what was sent to the old address is lost
            self._listener.path_changed()

    async def close(self) -> None:
        """Say goodbye, free the port's tables, end every task. Safe to call again."""
        self._is_closed = True
        for timer in (self._timer, self._ticks):
            if timer is not None:
                timer.cancel()
        self.outlet.pacer.clear()
        for down_track in tuple(self._down_tracks.values()):
            self.detach(down_track)
        self._reception.clear()
        await self._transport.close()
        await self._tasks.close()

"""All of one participant's media: one peer connection (v1) or two (v0), and what signalling has laid on them."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from livekit.protocol.rtc import CandidateProtocol, MediaSectionsRequirement, SessionDescription, SignalResponse

from sfu import data_tracks, sdp
from sfu.data import LOSSY, RELIABLE
from sfu.down_track import DownTrack
from sfu.downstream import Downstream, Narrowed
from sfu.layers import HIGH, LOW
from sfu.negotiated import Kind, LocalTransport, ReceiveSection, RemoteTransport, SendSection
from sfu.negotiation import Answered, answer, remote_transport
from sfu.peer import Peer, PeerListener
from sfu.placement import Forwarded, Layout
from sfu.publication import BACKUP, Backup, Publication, TrackSettings
from sfu.quality import Conditions
from sfu.sections import Sections
from sfu.server_offer import OfferLayout, offer, settle
from sfu.up_track import UpTrack

MAX_WAITING = 128 * 1024  # bytes of reliable data kept for a client whose channel is still opening

MakePeer = Callable[[PeerListener], Peer]


class ConnectionListener(Protocol):
    """What a connection tells the participant's owner."""

    def connected(self) -> None:
        """Everything the client needs to receive stands. Told once."""

    def closed(self, reason: str) -> None:
        """Media is gone for good."""

    def data(self, label: str, payload: bytes) -> None: ...
    def slow(self, label: str) -> None: ...
    def published(self, publications: list[Publication]) -> None:
        """These tracks' sections stand, or stand otherwise than before."""

    def ended(self, track_sid: str) -> None:
        """The client has closed the section of a published track."""

    def unsupported(self, track_sid: str) -> None:
        """The client cannot decode a track forwarded to it."""

    def squeezed(self) -> None:
        """The client's own line has less room for its pictures than before (`Connection.pictures`)."""


@dataclass(slots=True)
class _Forwarding:
    publication: Publication
    stream: str
    down_track: DownTrack
    settings: TrackSettings
    section: SendSection | None = None
    waits: bool = False
    backup: Backup | None = None  # the track in its second codec, where the client cannot decode the first

    @property
    def received(self) -> ReceiveSection | None:
        """What its publisher sends of it, None where the second codec is yet to come."""
        return self.publication.section if self.backup is None else self.backup.section


class _Side:
    """One peer connection and whether its handshake has been begun."""

    def __init__(self, make_peer: MakePeer, owner: "Connection", *, receives: bool) -> None:
        self._owner = owner
        self.receives = receives
        self.remote: RemoteTransport | None = None
        self.peer = make_peer(self)

    def meet(self, remote: RemoteTransport) -> None:
        """Before answering: begin, or follow the client's ICE restart with new credentials of ours."""
        if self.remote is not None and remote.ice_ufrag != self.remote.ice_ufrag:
            self.peer.restart_ice()
            self.peer.set_remote_ice(remote.ice_ufrag, remote.ice_pwd)

    def begin(self, remote: RemoteTransport) -> None:
        """After answering."""
        first, self.remote = self.remote is None, remote
        if first:
            self.peer.connect(remote)

    def connected(self) -> None:
        self._owner.side_connected(self)

    def closed(self, reason: str) -> None:
        self._owner.listener.closed(reason)

    def data(self, label: str, payload: bytes) -> None:
        self._owner.listener.data(label, payload)

    def channel_open(self, label: str) -> None:
        if self.receives and label == RELIABLE:
            self._owner.reliable_open()

    def path_changed(self) -> None:
        """Media already follows."""

    def ticked(self, now: float) -> None:
        self._owner.watch_line()
        if self.receives:
            self._owner.divide(now)

    def widened(self, rate: float) -> None:
        self._owner.widened(rate)

    def slow(self, label: str) -> None:
        self._owner.listener.slow(label)


class Connection:
    """Obeys negotiation and the room. dual: v0, with a second peer connection that we offer.

    Implements `sfu.participant.MediaConnection`. The owner must `close` it. way: with TCP the client is told of TCP
    alone, from the next description on; with UDP, and with TLS (which is TURN's, and the client's to take), of all.
    """

    def __init__(
        self,
        make_peer: MakePeer,
        listener: ConnectionListener,
        send: Callable[[SignalResponse], None],
        *,
        dual: bool,
    ) -> None:
        self.listener = listener
        self._send = send
        self._publisher = _Side(make_peer, self, receives=not dual)
        self._subscriber = _Side(make_peer, self, receives=True) if dual else self._publisher
        self._layout = Layout()
        self._answered_once = False
        self._sections = Sections()
        self._offers = OfferLayout()
        self._offer_id = 0
        self._offer_pending = False
        self._offer_again = False
        self._forwarding: dict[str, _Forwarding] = {}
        self._unsupported: set[str] = set()
        self._waiting: list[bytes] | None = []
        self._downstream = Downstream(send)
        self._narrowed: float | None = None
        self._pictures = HIGH
        self._start_rate: int | None = None  # kbit/s that the client is told to begin from
        self.way: CandidateProtocol = CandidateProtocol.UDP
        if dual:
            self._subscriber.peer.open_channel(RELIABLE)
            for label in (LOSSY, data_tracks.LABEL):
                self._subscriber.peer.open_channel(label, ordered=False, max_retransmits=0)

    @property
    def dual(self) -> bool:
        return self._subscriber is not self._publisher

    @property
    def subscriptions(self) -> list[tuple[Publication, DownTrack]]:
        """What is forwarded to this client."""
        return [(one.publication, one.down_track) for one in self._forwarding.values()]

    @property
    def has_tcp(self) -> bool:
        return any(_is_tcp(candidate) for candidate in self._publisher.peer.local.candidates)

    def _local(self, side: _Side) -> LocalTransport:
        local = side.peer.local
        if self.way != CandidateProtocol.TCP:
            return local
        return replace(local, candidates=tuple(filter(_is_tcp, local.candidates)))

    @property
    def forwarded(self) -> frozenset[str]:
        return frozenset(self._forwarding)

    def side_connected(self, side: _Side) -> None:
        if side.receives:
            self.listener.connected()

    # The client's offer

    def take_offer(self, text: str, offer_id: int, publications: dict[str, Publication]) -> None:
        """Answer the client and take over what was agreed. Raises sdp.SdpError where it cannot be answered."""
        description = sdp.parse(text)
        remote = remote_transport(description)
        side = self._publisher
        side.meet(remote)
        wanted = [] if self.dual else self._wanted()
        announced = [publication.announced for publication in publications.values()]
        announced += [one.backup.announced for one in publications.values() if one.backup and one.backup.announced]
        result = answer(description, self._layout, self._local(side), announced, wanted, start_rate=self._start_rate)
        gone = [mid for mid in self._layout.receiving if mid not in result.layout.receiving]
        self._layout, self._answered_once = result.layout, True
        self._sections.offered(description)
        self._send(
            SignalResponse(
                answer=SessionDescription(
                    type="answer", sdp=result.sdp, id=offer_id, mid_to_track_id=dict(result.mid_to_track_id)
                )
            )
        )
        side.begin(remote)
        for mid in gone:
            side.peer.stop_receiving(mid)
        self._receive(result, publications)
        if not self.dual:
            self._take_sections(dict(result.send))
            for sid in result.unsupported:
                self._not_supported(sid)
            if result.unplaced:
                self._ask_for_sections()

    def _receive(self, result: Answered, publications: dict[str, Publication]) -> None:
        told: list[Publication] = []
        for sid, section in result.receive.items():
            if sid.endswith(BACKUP):
                self._receive_backup(publications[sid.removesuffix(BACKUP)], section, told)
                continue
            publication = publications[sid]
            was_live = publication.live
            if publication.up_track is None:
                publication.up_track = UpTrack(publication.kind)
            if publication.settle(section) or not was_live:
                told.append(publication)
            self._hear(publication, section, publication.up_track)
        for sid in result.ended:
            if not sid.endswith(BACKUP):
                self.listener.ended(sid)
            elif (backup := publications[sid.removesuffix(BACKUP)].backup) is not None:
                backup.end()
                publications[sid.removesuffix(BACKUP)].tell_codecs()
        if told:
            self.listener.published(told)

    def _receive_backup(self, publication: Publication, section: ReceiveSection, told: list[Publication]) -> None:
        backup = publication.backup
        assert backup is not None, "announced as one"
        if backup.section is None:
            told.append(publication)
        backup.section = section
        backup.up_track = backup.up_track or UpTrack(publication.kind)
        publication.tell_codecs()
        self._hear(publication, section, backup.up_track)

    def _hear(self, publication: Publication, section: ReceiveSection, up_track: UpTrack) -> None:
        """Also who is silenced is received first, so that their packets are taken for nobody else's."""
        self._publisher.peer.receive(section, up_track)
        if publication.silenced:
            self._publisher.peer.silence(section.mid)

    def drop(self, publication: Publication) -> None:
        for section, _ in publication.received:
            self._publisher.peer.stop_receiving(section.mid)

    def silence(self, publication: Publication) -> None:
        for section, _ in publication.received:
            self._publisher.peer.silence(section.mid)

    def unsilence(self, publication: Publication) -> None:
        for section, up_track in publication.received:
            if up_track is not None:
                self._publisher.peer.receive(section, up_track)

    # Forwarding to the client

    def forward(self, publication: Publication, stream: str, settings: TrackSettings) -> None:
        if publication.up_track is None or publication.section is None or publication.sid in self._forwarding:
            return
        down_track = DownTrack(publication.up_track)
        self._forwarding[publication.sid] = _Forwarding(publication, stream, down_track, settings)
        self.apply(publication.sid, settings)

    def withdraw(self, track_sid: str) -> None:
        self._unsupported.discard(track_sid)
        if (forwarding := self._forwarding.pop(track_sid, None)) is None:
            return
        self._wait_no_more(forwarding)
        if forwarding.section is not None:
            self._subscriber.peer.detach(forwarding.down_track)

    def take_up(self, publication: Publication) -> None:
        """A second codec stands that this client may have waited for."""
        forwarding = self._forwarding.get(publication.sid)
        if forwarding is None or forwarding.backup is None or (up_track := forwarding.backup.up_track) is None:
            return
        if forwarding.down_track.up_track is not up_track:
            self._wait_no_more(forwarding)
            if forwarding.section is not None:
                self._subscriber.peer.detach(forwarding.down_track)
                forwarding.section = None
            forwarding.down_track = DownTrack(up_track)
            self.apply(publication.sid, forwarding.settings)
            self.negotiate()

    @staticmethod
    def _wait_no_more(forwarding: _Forwarding) -> None:
        if forwarding.backup is not None and forwarding.waits:
            forwarding.waits = False
            forwarding.backup.waiting -= 1

    def apply(self, track_sid: str, settings: TrackSettings) -> None:
        if (forwarding := self._forwarding.get(track_sid)) is None:
            return
        forwarding.settings = settings
        layers = {layer.quality: (layer.width, layer.height) for layer in forwarding.publication.info.layers}
        quality = settings.quality_for({quality: size for quality, size in layers.items() if LOW <= quality <= HIGH})
        forwarding.down_track.set_maximum_quality(quality)
        forwarding.down_track.set_paused(settings.disabled)

    def divide(self, now: float) -> None:
        """Give each video what the path to the client has room for."""
        if self._forwarding:
            peer = self._subscriber.peer
            path = peer if self._narrowed is None else Narrowed(peer, self._narrowed)
            self._downstream.divide(self._forwarding.values(), path, now)

    def watch_line(self) -> None:
        """What does not fit any more is to stop at once: each packet of it costs sound."""
        before, self._pictures = self._pictures, self.pictures
        if self._pictures < before:
            self.listener.squeezed()

    def widened(self, rate: float) -> None:
        """Let the client's sender begin from where it was; by itself it comes back by 8 % a second.

        libwebrtc takes that from our answer alone (x-google-start-bitrate), so the client is asked to offer anew. It
        obeys only a figure that it was not told before.
        """
        told = round(rate / 1000)
        self._start_rate = told + 1 if told == self._start_rate else told
        if self._answered_once and not self.dual:
            self._send(SignalResponse(media_sections_requirement=MediaSectionsRequirement()))

    def narrow(self, limit: float | None) -> None:
        """Send no more than this, in bit/s; None for what the path carries (a scenario that the client asked for)."""
        self._narrowed = limit

    def speaking(self, streams: frozenset[str]) -> None:
        self._downstream.speaking = streams

    def negotiate(self) -> None:
        if self.dual:
            self._offer()
        elif self._answered_once:
            self._ask_for_sections()

    def restart(self) -> None:
        """The client has resumed: what was asked of it before may be lost."""
        self._sections.forget_requests()
        if self.dual:
            self._offer_pending = False
            if self._subscriber.remote is not None:
                self._subscriber.peer.restart_ice()
            if self._forwarding or self._offers.sections or self._subscriber.remote is not None:
                self._offer()
        elif self._answered_once:
            self._ask_for_sections()

    def _wanted(self) -> list[Forwarded]:
        wanted = []
        for sid, forwarding in self._forwarding.items():
            section = forwarding.received
            if section is not None and sid not in self._unsupported:
                down_track = forwarding.down_track
                repair = down_track.rtx_ssrc if forwarding.publication.kind == "video" else None
                kind: Kind = forwarding.publication.kind
                red = forwarding.publication.announced.red
                wanted.append(Forwarded(sid, forwarding.stream, kind, section.codec, down_track.ssrc, repair, red))
        return wanted

    def _ask_for_sections(self) -> None:
        """A single connection's client must offer before it can be sent anything else than now."""
        more = self._sections.to_ask(*self._layout.sections_needed(self._wanted()))
        if more is not None:
            requirement = MediaSectionsRequirement(num_audios=more[0], num_videos=more[1])
            self._send(SignalResponse(media_sections_requirement=requirement))

    def _take_sections(self, send: dict[str, SendSection]) -> None:
        for sid, forwarding in self._forwarding.items():
            section = send.get(sid)
            if section is not None:
                if section != forwarding.section:
                    forwarding.section = section
                    self._subscriber.peer.attach(forwarding.down_track, section)
                    self.apply(sid, forwarding.settings)
            elif forwarding.section is not None:
                forwarding.section = None
                self._subscriber.peer.detach(forwarding.down_track)

    def _not_supported(self, sid: str) -> None:
        forwarding = self._forwarding.get(sid)
        if forwarding is not None and forwarding.backup is None and forwarding.publication.backup is not None:
            forwarding.backup, forwarding.waits = forwarding.publication.backup, True
            forwarding.backup.waiting += 1
            self.take_up(forwarding.publication)
            return
        if sid not in self._unsupported:
            self._unsupported.add(sid)
            self.listener.unsupported(sid)

    # Our offers (v0)

    def begin_offers(self) -> None:
        """A v0 client that waits for the subscriber connection gets our first offer, also with nothing to send yet."""
        if self.dual:
            self._offer()

    def _offer(self) -> None:
        if self._offer_pending:
            self._offer_again = True
            return
        self._offer_pending, self._offer_again = True, False
        self._offer_id += 1
        offered = offer(self._offers, self._wanted(), self._local(self._subscriber))
        self._offers = offered.layout
        self._send(
            SignalResponse(
                offer=SessionDescription(
                    type="offer", sdp=offered.sdp, id=self._offer_id, mid_to_track_id=dict(offered.mid_to_track_id)
                )
            )
        )
        for sid in offered.unplaced:
            self._not_supported(sid)

    def take_answer(self, text: str, answer_id: int) -> None:
        """The client's answer to our newest offer; an older one's is passed over. Raises sdp.SdpError."""
        if not self.dual or not self._offer_pending or (answer_id and answer_id != self._offer_id):
            return
        description = sdp.parse(text)
        remote = remote_transport(description)
        send, refused = settle(description, self._offers)
        self._offer_pending = False
        side = self._subscriber
        if side.remote is not None and remote.ice_ufrag != side.remote.ice_ufrag:
            side.peer.set_remote_ice(remote.ice_ufrag, remote.ice_pwd)
        side.begin(remote)
        self._take_sections(dict(send))
        for sid in refused:
            if sid in self._forwarding:
                self._not_supported(sid)
        if self._offer_again:
            self._offer()

    # The rest

    def send_data(self, label: str, payload: bytes) -> bool:
        """What is reliable waits for the channel's first opening, within MAX_WAITING; what is lossy does not."""
        if self._waiting is not None and label == RELIABLE:
            if sum(len(packet) for packet in self._waiting) + len(payload) > MAX_WAITING:
                self.listener.slow(label)
                return False
            self._waiting.append(payload)
            return True
        return self._subscriber.peer.send_data(label, payload)

    def hold_data(self, seconds: float) -> None:
        self._publisher.peer.hold_data(seconds)

    def reliable_open(self) -> None:
        waiting, self._waiting = self._waiting or [], None
        for payload in waiting:
            self._subscriber.peer.send_data(RELIABLE, payload)

    @property
    def pictures(self) -> int:
        return self._publisher.peer.pictures

    def conditions(self, now: float) -> Conditions:
        conditions = self._publisher.peer.conditions(now)
        shortage = self._downstream.shortage
        conditions += Conditions(withheld=shortage.withheld, reduced=shortage.reduced)
        return conditions + self._subscriber.peer.conditions(now) if self.dual else conditions

    @property
    def faults(self) -> Counter[str]:
        """What this client has sent that was of no use, by kind."""
        return self._publisher.peer.faults + (self._subscriber.peer.faults if self.dual else Counter())

    async def close(self) -> None:
        for sid in tuple(self._forwarding):
            self.withdraw(sid)
        await self._publisher.peer.close()
        if self.dual:
            await self._subscriber.peer.close()


def _is_tcp(candidate: str) -> bool:
    """candidate: an SDP value, ``candidate:1 1 tcp ...``."""
    return candidate.split(" ", 3)[2:3] == ["tcp"]

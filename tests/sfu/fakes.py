"""Stand-ins for media, so that rooms and signalling are tested without a network."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from livekit.protocol.models import AUDIO, CAMERA, MICROPHONE, VIDEO, ParticipantInfo, VideoLayer
from livekit.protocol.rtc import AddTrackRequest, SignalResponse, SimulcastCodec

from sfu.access_token import Permission
from sfu.layers import HIGH
from sfu.negotiated import Codec, LocalTransport, ReceiveSection, RemoteTransport, SendSection
from sfu.participant import Participant
from sfu.peer import PeerListener
from sfu.publication import Publication, TrackSettings, announce
from sfu.quality import Conditions
from sfu.up_track import UpTrack
from tests.sfu.offers import LOCAL

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
OPUS = Codec("audio/opus", 111, 48000, 2)
VP8 = Codec("video/vp8", 96, 90000)


class FakeMedia:
    """A MediaConnection that remembers what it was told."""

    def __init__(self) -> None:
        self.sending: dict[str, TrackSettings] = {}
        self.negotiations = 0
        self.dropped: list[str] = []
        self.silenced: list[str] = []
        self.unsilenced: list[str] = []
        self.taken_up: list[str] = []
        self.sent: list[tuple[str, bytes]] = []
        self.takes_data = True
        self.held: list[float] = []
        self.now = Conditions()
        self.heard: frozenset[str] = frozenset()
        self.pictures = HIGH

    @property
    def forwarded(self) -> frozenset[str]:
        return frozenset(self.sending)

    def forward(self, publication: Publication, stream: str, settings: TrackSettings) -> None:  # noqa: ARG002
        self.sending[publication.sid] = settings

    def withdraw(self, track_sid: str) -> None:
        del self.sending[track_sid]

    def take_up(self, publication: Publication) -> None:
        self.taken_up.append(publication.sid)

    def apply(self, track_sid: str, settings: TrackSettings) -> None:
        self.sending[track_sid] = settings

    def drop(self, publication: Publication) -> None:
        self.dropped.append(publication.sid)

    def silence(self, publication: Publication) -> None:
        self.silenced.append(publication.sid)

    def unsilence(self, publication: Publication) -> None:
        self.unsilenced.append(publication.sid)

    def speaking(self, streams: frozenset[str]) -> None:
        self.heard = streams

    def negotiate(self) -> None:
        self.negotiations += 1

    def send_data(self, label: str, payload: bytes) -> bool:
        self.sent.append((label, payload))
        return self.takes_data

    def hold_data(self, seconds: float) -> None:
        self.held.append(seconds)

    def conditions(self, now: float) -> Conditions:  # noqa: ARG002
        return self.now

    async def close(self) -> None:
        return None


class FakePeer:
    """A Peer that remembers what it was told; its listener is called by the test."""

    def __init__(self, listener: PeerListener) -> None:
        self.listener = listener
        self.restarts = 0
        self.remote: RemoteTransport | None = None
        self.remote_ice: list[tuple[str, str]] = []
        self.receiving: dict[str, UpTrack] = {}
        self.silenced: set[str] = set()
        self.attached: dict[str, SendSection] = {}
        self.channels: list[str] = []
        self.sent: list[tuple[str, bytes]] = []
        self.closed = False
        self._down: dict[Any, str] = {}
        self.estimate: float | None = None
        self.is_measured = True
        self.probes: list[float] = []
        self.discarded: list[int] = []
        self.pictures = HIGH
        self.held: list[float] = []
        self.faults: Counter[str] = Counter()

    @property
    def local(self) -> LocalTransport:
        return LocalTransport(f"ufrag{self.restarts}", LOCAL.ice_pwd, "sha-256", "AA:BB", LOCAL.candidates)

    def restart_ice(self) -> LocalTransport:
        self.restarts += 1
        return self.local

    def connect(self, remote: RemoteTransport) -> None:
        assert self.remote is None, "called once"
        self.remote = remote

    def set_remote_ice(self, ufrag: str, pwd: str) -> None:
        self.remote_ice.append((ufrag, pwd))

    def receive(self, section: ReceiveSection, track: UpTrack) -> None:
        self.receiving[section.mid] = track
        self.silenced.discard(section.mid)

    def stop_receiving(self, mid: str) -> None:
        self.receiving.pop(mid, None)
        self.silenced.discard(mid)

    def silence(self, mid: str) -> None:
        del self.receiving[mid]
        self.silenced.add(mid)

    def attach(self, down_track: Any, section: SendSection) -> None:
        self.detach(down_track)
        self._down[down_track] = section.mid
        self.attached[section.mid] = section

    def detach(self, down_track: Any) -> None:
        if (mid := self._down.pop(down_track, None)) is not None:
            del self.attached[mid]

    def open_channel(self, label: str, **_how: object) -> None:
        self.channels.append(label)

    def send_data(self, label: str, payload: bytes) -> bool:
        self.sent.append((label, payload))
        return True

    def hold_data(self, seconds: float) -> None:
        self.held.append(seconds)

    def conditions(self, now: float) -> Conditions:  # noqa: ARG002
        return Conditions(up_expected=1)

    def probe(self, rate: float, now: float) -> None:  # noqa: ARG002
        self.probes.append(rate)

    def discard(self, ssrc: int) -> None:
        self.discarded.append(ssrc)

    async def close(self) -> None:
        self.closed = True


class Inbox(list[SignalResponse]):
    """What one client was told."""

    def of(self, kind: str) -> list[Any]:
        return [getattr(message, kind) for message in self if message.WhichOneof("message") == kind]

    def last(self, kind: str) -> Any:
        return self.of(kind)[-1]


def person(
    identity: str, *, permission: Permission | None = None, auto_subscribe: bool = True
) -> tuple[Participant, FakeMedia, Inbox]:
    inbox = Inbox()
    participant = Participant(
        sid=f"PA_{identity}",
        identity=identity,
        name=identity.title(),
        permission=permission or Permission(),
        joined_at=NOW,
        send=inbox.append,
        auto_subscribe=auto_subscribe,
    )
    media = FakeMedia()
    participant.media = media
    participant.state = ParticipantInfo.JOINED
    return participant, media, inbox


def microphone(**changes: Any) -> AddTrackRequest:
    return AddTrackRequest(**{"cid": "mic", "type": AUDIO, "source": MICROPHONE, "name": "sound", **changes})


def camera(**changes: Any) -> AddTrackRequest:
    layers = [VideoLayer(quality=("LOW", "MEDIUM", "HIGH")[q], width=320 << q, height=180 << q) for q in range(3)]
    codecs = [SimulcastCodec(codec="vp8", cid="cam")]
    return AddTrackRequest(
        **{"cid": "cam", "type": VIDEO, "source": CAMERA, "layers": layers, "simulcast_codecs": codecs, **changes}
    )


def live(request: AddTrackRequest, sid: str, rids: Sequence[str] = ()) -> Publication:
    """A publication whose section stands."""
    publication = announce(request, sid, Permission())
    publication.up_track = UpTrack(publication.kind)
    codec = OPUS if publication.kind == "audio" else VP8
    publication.settle(ReceiveSection(f"mid-{sid}", publication.kind, codec, {}, tuple(rids)))
    return publication

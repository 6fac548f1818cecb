"""One published track as signalling knows it: what was announced, what stands on the wire, who may receive it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from livekit.protocol.models import (
    AUDIO,
    VIDEO,
    Encryption,
    ParticipantTracks,
    SimulcastCodecInfo,
    TrackInfo,
    TrackSource,
    VideoLayer,
    VideoQuality,
)
from livekit.protocol.rtc import (
    AddTrackRequest,
    RequestResponse,
    SubscribedCodec,
    SubscribedQuality,
    SubscribedQualityUpdate,
)

from sfu.access_token import MAX_NAME, Permission, octets
from sfu.codecs_offered import SUPPORTED
from sfu.dynacast import Dynacast
from sfu.layers import HIGH
from sfu.negotiated import Kind, ReceiveSection
from sfu.placement import Announced
from sfu.up_track import UpTrack

MAX_TRACKS = 16
MAX_LAYERS = 3
MAX_RID = 16  # as in SDP (`sfu.sdp`)
MAX_CODECS = 4
BACKUP = "/backup"  # behind a track's sid: its second codec, among the sections of its publisher's connection
FEW_FRAMES = 8  # a second: who asks for no more shows a thumbnail
_PLACE = {VideoQuality.LOW: 0, VideoQuality.MEDIUM: 1, VideoQuality.HIGH: 2}


class RequestRefused(Exception):
    """For the other program: its request stands refused, the rest goes on. reason: RequestResponse.Reason."""

    def __init__(self, reason: RequestResponse.Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


@dataclass(slots=True)
class Backup:
    """The same picture in a second codec (LiveKit's ``simulcast_codecs``), for those who cannot decode the first.

    waiting: for how many it is yet to come. announced: None until its publisher has added it.
    """

    mime_type: str
    announced: Announced | None = None
    section: ReceiveSection | None = None
    up_track: UpTrack | None = None
    waiting: int = 0
    dynacast: Dynacast = field(default_factory=lambda: Dynacast(told=-1))

    def end(self) -> None:
        """Its publisher sends it no more."""
        self.announced = self.section = self.up_track = None
        self.dynacast = Dynacast(told=-1)


@dataclass(slots=True)
class Publication:
    """A track of one participant. info: what others are told of it.

    section, up_track: None until its media section is negotiated. allowed: identities that may subscribe, None for all.
    silenced: muted from outside; nothing of it is taken in until its own client unmutes it.
    """

    info: TrackInfo
    announced: Announced
    section: ReceiveSection | None = None
    up_track: UpTrack | None = None
    allowed: frozenset[str] | None = None
    silenced: bool = False
    backup: Backup | None = None
    dynacast: Dynacast = field(default_factory=Dynacast)

    @property
    def sid(self) -> str:
        return self.info.sid

    @property
    def kind(self) -> Kind:
        return self.announced.kind

    @property
    def live(self) -> bool:
        return self.section is not None

    @property
    def received(self) -> list[tuple[ReceiveSection, UpTrack | None]]:
        """What stands of it: the one codec, or both."""
        second = (None, None) if self.backup is None else (self.backup.section, self.backup.up_track)
        return [(section, track) for section, track in ((self.section, self.up_track), second) if section is not None]

    def settle(self, section: ReceiveSection) -> bool:
        """Take over what was negotiated. True when what others are told has changed."""
        before = TrackInfo()
        before.CopyFrom(self.info)
        self.section = section
        self.info.mime_type = section.codec.mime_type
        self.info.mid = section.mid
        self.info.simulcast = len(section.rids) > 1
        for position, rid in enumerate(section.rids):
            for layer in self.info.layers:
                if layer.quality == position:
                    layer.rid = rid
        self.tell_codecs()
        return self.info != before

    def tell_codecs(self) -> None:
        """The codecs it stands in, for all to know."""
        del self.info.codecs[:]
        forms: list[tuple[Announced | None, ReceiveSection | None]] = [(self.announced, self.section)]
        if self.backup is not None:
            forms.append((self.backup.announced, self.backup.section))
        for announced, section in forms:
            if announced is not None and section is not None:
                cid = announced.cids[0] if announced.cids else ""
                codec = SimulcastCodecInfo(mime_type=section.codec.mime_type, mid=section.mid, cid=cid)
                codec.layers.extend(self.info.layers)
                self.info.codecs.append(codec)

    def add_backup(self, request: AddTrackRequest) -> None:
        """The second codec that was promised is coming. Raises RequestRefused."""
        offered = [f"{self.kind}/{codec.codec.lower()}" for codec in request.simulcast_codecs]
        if self.backup is None or self.backup.section is not None or offered != [self.backup.mime_type]:
            raise RequestRefused(RequestResponse.UNSUPPORTED_TYPE, "this codec was not announced with the track")
        if not request.cid or octets(request.cid) > MAX_NAME:
            raise RequestRefused(RequestResponse.INVALID_REQUEST, "track id missing or too long")
        self.backup.announced = Announced(self.sid + BACKUP, self.kind, (request.cid,), (self.backup.mime_type,))

    def quality_wanted(
        self, now: float, *, expected: bool = False, room_for: int = HIGH
    ) -> SubscribedQualityUpdate | None:
        """What its publisher is to be told of the layers anybody gets, None when nothing is new.

        expected: somebody is about to receive it. room_for: the highest layer that the publisher's line carries.
        """
        track = self.up_track
        if self.kind != "video" or track is None or not self.live or self.info.muted:
            return None
        level = self.dynacast.update(HIGH if expected else track.maximum_wanted(), now, room_for)
        _ask(track, level, now)
        is_new = level is not None
        codecs = [_subscribed(self.info.mime_type, self.dynacast)]
        if self.backup is not None:
            backup, second = self.backup, self.backup.up_track
            wanted = second.maximum_wanted() if second is not None else None
            level = backup.dynacast.update(HIGH if backup.waiting else wanted, now, room_for)
            if second is not None:
                _ask(second, level, now)
            is_new = is_new or level is not None
            codecs.append(_subscribed(backup.mime_type, backup.dynacast))
        if not is_new:
            return None
        return SubscribedQualityUpdate(
            track_sid=self.sid, subscribed_qualities=codecs[0].qualities, subscribed_codecs=codecs
        )

    def set_layers(self, layers: list[VideoLayer]) -> None:
        """Raises RequestRefused."""
        told = _layers(layers)
        del self.info.layers[:]
        self.info.layers.extend(told)


def _layers(told: Sequence[VideoLayer]) -> list[VideoLayer]:
    """Made anew: everybody is told them, and a message may hold anything besides its known fields."""
    if any(octets(layer.rid) > MAX_RID for layer in told[:MAX_LAYERS]):
        raise RequestRefused(RequestResponse.INVALID_REQUEST, f"a layer's rid over {MAX_RID} bytes")
    return [
        VideoLayer(
            quality=layer.quality,
            width=layer.width,
            height=layer.height,
            bitrate=layer.bitrate,
            ssrc=layer.ssrc,
            spatial_layer=layer.spatial_layer,
            rid=layer.rid,
        )
        for layer in told[:MAX_LAYERS]
    ]


def _ask(track: UpTrack, level: int | None, now: float) -> None:
    """What its publisher is asked for from now on."""
    if level is not None:
        if level > track.asked_quality:
            track.asked_at = now
        track.asked_quality = level


def _subscribed(mime_type: str, dynacast: Dynacast) -> SubscribedCodec:
    told = HIGH if dynacast.told is None else dynacast.told
    qualities = [SubscribedQuality(quality=quality, enabled=place <= told) for quality, place in _PLACE.items()]
    return SubscribedCodec(codec=mime_type.removeprefix("video/").lower(), qualities=qualities)


def announce(request: AddTrackRequest, sid: str, permission: Permission) -> Publication:
    """Turn ``add_track`` into a publication. Raises RequestRefused with the reason its sender is to be told."""
    if request.type not in (AUDIO, VIDEO):
        raise RequestRefused(RequestResponse.UNSUPPORTED_TYPE, "only audio and video tracks can be published")
    if request.sid:
        raise RequestRefused(
            RequestResponse.UNSUPPORTED_TYPE, "this track, which a codec is added to, is not published"
        )
    require_may_publish(permission, request.source)
    wanted = list(request.simulcast_codecs)[:MAX_CODECS]
    ids = (text for codec in wanted for text in (codec.codec, codec.cid))
    if not request.cid or any(octets(name) > MAX_NAME for name in (request.cid, request.name, request.stream, *ids)):
        raise RequestRefused(RequestResponse.INVALID_REQUEST, f"track id missing, or a name over {MAX_NAME} bytes")
    kind: Kind = "audio" if request.type == AUDIO else "video"
    info = TrackInfo(
        sid=sid,
        type=request.type,
        name=request.name,
        muted=request.muted,
        width=request.width,
        height=request.height,
        source=request.source,
        disable_dtx=request.disable_dtx,
        stereo=request.stereo,
        disable_red=request.disable_red,
        encryption=request.encryption,
        stream=request.stream,
        layers=_layers(request.layers),
        audio_features=list(request.audio_features)[:16],
        packet_trailer_features=list(request.packet_trailer_features)[:16],
        backup_codec_policy=request.backup_codec_policy,
    )
    info.simulcast = kind == "video" and len(info.layers) > 1
    return Publication(
        info,
        Announced(
            sid=sid,
            kind=kind,
            cids=(request.cid, *(codec.cid for codec in wanted if codec.cid and codec.cid != request.cid)),
            codecs=tuple(f"{kind}/{codec.codec.lower()}" for codec in wanted[:1] if codec.codec),
            stereo=request.stereo,
            dtx=not request.disable_dtx,
            red=kind == "audio" and not request.disable_red and request.encryption == Encryption.NONE,
        ),
        backup=_backup(kind, [f"{kind}/{codec.codec.lower()}" for codec in wanted]),
    )


def _backup(kind: Kind, codecs: Sequence[str]) -> Backup | None:
    """codecs: as announced, best first."""
    second = codecs[1] if len(codecs) > 1 and kind == "video" else ""
    return Backup(second) if second in SUPPORTED[kind] and second != codecs[0] else None


def require_may_publish(permission: Permission, source: TrackSource) -> None:
    if not permission.can_publish:
        raise RequestRefused(RequestResponse.NOT_ALLOWED, "this participant may not publish")
    if permission.sources and source_name(source) not in permission.sources:
        raise RequestRefused(RequestResponse.NOT_ALLOWED, "this participant may not publish from this source")


def source_name(source: TrackSource) -> str:
    """``camera``, ``microphone``...; a source unknown to us is ``unknown``."""
    return TrackSource.Name(source).lower() if source in TrackSource.values() else "unknown"


@dataclass(frozen=True, slots=True)
class TrackSettings:
    """What one subscriber asks of a track. quality: 0 low to 2 high; width, height: pixels shown, 0 where not told."""

    disabled: bool = False
    quality: int = 2
    width: int = 0
    height: int = 0
    fps: int = 0
    priority: int = 0

    def quality_for(self, layers: Mapping[int, tuple[int, int]]) -> int:
        """The quality that fills what is shown. layers: quality -> (width, height) as published."""
        if 0 < self.fps <= FEW_FRAMES:
            return min(layers, default=0)
        if not self.width or not self.height or not layers:
            return min(self.quality, 2)
        for quality in sorted(layers):
            width, height = layers[quality]
            # The smallest layer that is not visibly smaller than its place on the page.
            if width * height >= self.width * self.height * 0.8:
                return quality
        return max(layers)


@dataclass(slots=True)
class Wishes:
    """What a participant asked to receive, apart from auto-subscription: track sid -> yes or no, and how."""

    subscribed: dict[str, bool] = field(default_factory=dict)
    settings: dict[str, TrackSettings] = field(default_factory=dict)

    def forget(self, sid: str) -> None:
        self.subscribed.pop(sid, None)
        self.settings.pop(sid, None)


def named_tracks(track_sids: list[str], participant_tracks: list[ParticipantTracks]) -> set[str]:
    return {*track_sids, *(sid for tracks in participant_tracks for sid in tracks.track_sids)}

"""One published track as signalling knows it: what was announced, what stands on the wire, who may receive it."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from livekit.protocol.models import (
    AUDIO,
    VIDEO,
    Encryption,
    ParticipantTracks,
    SimulcastCodecInfo,
    TrackInfo,
    TrackSource,
    TrackType,
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

from sfu.access_token import MAX_NAME, Permission
from sfu.dynacast import Dynacast
from sfu.layers import HIGH
from sfu.negotiated import Kind, ReceiveSection
from sfu.negotiation import Announced
from sfu.up_track import UpTrack

MAX_TRACKS = 16
MAX_LAYERS = 3
MAX_CODECS = 4
FEW_FRAMES = 8  # a second: who asks for no more shows a thumbnail
_PLACE = {VideoQuality.LOW: 0, VideoQuality.MEDIUM: 1, VideoQuality.HIGH: 2}


class RequestRefused(Exception):
    """For the other program: its request stands refused, the rest goes on. reason: RequestResponse.Reason."""

    def __init__(self, reason: RequestResponse.Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason


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
        del self.info.codecs[:]
        self.info.codecs.append(
            SimulcastCodecInfo(
                mime_type=section.codec.mime_type,
                mid=section.mid,
                cid=self.announced.cids[0] if self.announced.cids else "",
                layers=self.info.layers,
            )
        )
        return self.info != before

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
        if level is None:
            return None
        if level > track.asked_quality:
            track.asked_at = now
        track.asked_quality = level
        qualities = [
            SubscribedQuality(quality=quality, enabled=_PLACE[quality] <= level)
            for quality in (VideoQuality.LOW, VideoQuality.MEDIUM, VideoQuality.HIGH)
        ]
        codec = self.info.mime_type.removeprefix("video/").lower()
        return SubscribedQualityUpdate(
            track_sid=self.sid,
            subscribed_qualities=qualities,
            subscribed_codecs=[SubscribedCodec(codec=codec, qualities=qualities)],
        )

    def set_layers(self, layers: list[VideoLayer]) -> None:
        del self.info.layers[:]
        self.info.layers.extend(layers[:MAX_LAYERS])


def announce(request: AddTrackRequest, sid: str, permission: Permission) -> Publication:
    """Turn ``add_track`` into a publication. Raises RequestRefused with the reason its sender is to be told."""
    if request.type not in (AUDIO, VIDEO):
        raise RequestRefused(RequestResponse.UNSUPPORTED_TYPE, "only audio and video tracks can be published")
    if request.sid:
        raise RequestRefused(RequestResponse.UNSUPPORTED_TYPE, "a second codec for a track is not supported")
    require_may_publish(permission, request.source)
    names = (request.cid, request.name, request.stream)
    if not request.cid or any(len(name) > MAX_NAME for name in names):
        raise RequestRefused(RequestResponse.INVALID_REQUEST, f"track id missing, or a name over {MAX_NAME} characters")
    kind: Kind = "audio" if request.type == AUDIO else "video"
    wanted = list(request.simulcast_codecs)[:MAX_CODECS]
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
        layers=list(request.layers)[:MAX_LAYERS],
        audio_features=list(request.audio_features)[:16],
        packet_trailer_features=list(request.packet_trailer_features)[:16],
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
    )


def require_may_publish(permission: Permission, source: TrackSource) -> None:
    if not permission.can_publish:
        raise RequestRefused(RequestResponse.NOT_ALLOWED, "this participant may not publish")
    if permission.sources and source_name(source) not in permission.sources:
        raise RequestRefused(RequestResponse.NOT_ALLOWED, "this participant may not publish from this source")


def source_name(source: TrackSource) -> str:
    """``camera``, ``microphone``...; a source unknown to us is ``unknown``."""
    return TrackSource.Name(source).lower() if source in TrackSource.values() else "unknown"


def kind_name(kind: TrackType) -> str:
    return "audio" if kind == AUDIO else "video"


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

"""One participant of a room: who it is, what it publishes, what it wants, and the way to tell it something."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Protocol

from livekit.protocol.models import (
    UNKNOWN_REASON,
    DataTrackInfo,
    DisconnectReason,
    ParticipantInfo,
    ParticipantPermission,
    TrackSource,
)
from livekit.protocol.rtc import SignalResponse

from sfu.access_token import MAX_METADATA, MAX_NAME, Permission, octets
from sfu.audience import Audience
from sfu.data import DATA_BURST
from sfu.publication import MAX_TRACKS, Publication, TrackSettings, Wishes
from sfu.quality import Conditions, Quality

MAX_ATTRIBUTES = 64


class TooLarge(ValueError):
    """For the other program: a name, metadata or attributes over their limits."""


class MediaConnection(Protocol):
    """A participant's media as its room uses it; `sfu.connection.Connection` is the real one."""

    def forward(self, publication: Publication, stream: str, settings: TrackSettings) -> None:
        """Begin sending a track, from the next `negotiate` on. stream: its publisher's sid."""

    def withdraw(self, track_sid: str) -> None: ...
    def take_up(self, publication: Publication) -> None:
        """Its second codec stands, which this client may have waited for."""

    def apply(self, track_sid: str, settings: TrackSettings) -> None: ...
    def drop(self, publication: Publication) -> None:
        """Stop receiving a track of this participant's own."""

    def silence(self, publication: Publication) -> None:
        """Take nothing in on a track of its own, until `unsilence`; its section stays."""

    def unsilence(self, publication: Publication) -> None: ...

    def speaking(self, streams: frozenset[str]) -> None:
        """Sids of those who speak now: their videos go before others."""

    def negotiate(self) -> None:
        """Tell the client, once, of everything forwarded and withdrawn since the last call."""

    @property
    def forwarded(self) -> frozenset[str]: ...
    @property
    def pictures(self) -> int:
        """The highest layer of its own pictures that the client's line has room for, -1 for none."""

    def send_data(self, label: str, payload: bytes) -> bool: ...
    def hold_data(self, seconds: float) -> None:
        """Read none of its own data for so long; end it where that is too long."""

    def conditions(self, now: float) -> Conditions: ...
    async def close(self) -> None: ...


class Participant:
    """State only: `sfu.room.Room` decides what changes it and who is told.

    send: queue one signal message for the client; never blocks, never raises.
    """

    def __init__(
        self,
        *,
        sid: str,
        identity: str,
        name: str,
        permission: Permission,
        joined_at: datetime,
        send: Callable[[SignalResponse], None],
        metadata: str = "",
        attributes: Mapping[str, str] | None = None,
        auto_subscribe: bool = True,
        client_protocol: int = 0,
    ) -> None:
        self.sid = sid
        self.identity = identity
        self.name = name
        self.metadata = metadata
        self.attributes = dict(attributes or {})
        self.permission = permission
        self.joined_at = joined_at
        self.send = send
        self.auto_subscribe = auto_subscribe
        self.client_protocol = client_protocol
        self.state: ParticipantInfo.State = ParticipantInfo.JOINED
        self.version = 0
        self.media: MediaConnection | None = None
        self.publications: dict[str, Publication] = {}
        self.data_tracks: list[DataTrackInfo] = []
        self.audience = Audience()
        self.wishes = Wishes()
        self.quality: Quality | None = None
        self.last_sequence = 0
        self.data_from = 0  # place in the room's recent data at which it joined
        self.data_budget = DATA_BURST
        self.disconnect_reason: DisconnectReason = UNKNOWN_REASON

    @property
    def left(self) -> bool:
        return bool(self.state == ParticipantInfo.DISCONNECTED)

    @property
    def can_add_track(self) -> bool:
        return len(self.publications) < MAX_TRACKS

    def info(self) -> ParticipantInfo:
        """What the others, and this client itself, are told."""
        return ParticipantInfo(
            sid=self.sid,
            identity=self.identity,
            name=self.name,
            state=self.state,
            metadata=self.metadata,
            attributes=self.attributes,
            joined_at=int(self.joined_at.timestamp()),
            joined_at_ms=int(self.joined_at.timestamp() * 1000),
            version=self.version,
            permission=permission_message(self.permission),
            is_publisher=bool(self.data_tracks) or any(one.live for one in self.publications.values()),
            tracks=[publication.info for publication in self.publications.values() if publication.live],
            data_tracks=self.data_tracks,
            client_protocol=self.client_protocol,
            disconnect_reason=self.disconnect_reason,
        )

    def describe(self, *, name: str | None, metadata: str | None, attributes: Mapping[str, str]) -> None:
        """Change what is told of it; an attribute set to nothing is removed. Raises TooLarge, changing nothing."""
        merged = {key: value for key, value in {**self.attributes, **attributes}.items() if value}
        size = sum(octets(key) + octets(value) for key, value in merged.items())
        if len(merged) > MAX_ATTRIBUTES or size > MAX_METADATA:
            raise TooLarge("attributes too large")
        if octets(name or "") > MAX_NAME or octets(metadata or "") > MAX_METADATA:
            raise TooLarge("name or metadata too large")
        self.name = self.name if name is None else name
        self.metadata = self.metadata if metadata is None else metadata
        self.attributes = merged


def permission_message(permission: Permission) -> ParticipantPermission:
    known = set(TrackSource.keys())
    sources = [source.upper() for source in sorted(permission.sources) if source.upper() in known]
    return ParticipantPermission(
        can_subscribe=permission.can_subscribe,
        can_publish=permission.can_publish,
        can_publish_data=permission.can_publish_data,
        can_update_metadata=permission.can_update_metadata,
        hidden=permission.hidden,
        recorder=permission.recorder,
        can_publish_sources=sources,
    )


def permission_from(message: ParticipantPermission) -> Permission:
    return Permission(
        can_publish=message.can_publish,
        can_subscribe=message.can_subscribe,
        can_publish_data=message.can_publish_data,
        can_update_metadata=message.can_update_metadata,
        hidden=message.hidden,
        recorder=message.recorder,
        sources=frozenset(
            TrackSource.Name(source).lower() for source in message.can_publish_sources if source in TrackSource.values()
        ),
    )

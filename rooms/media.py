"""The seam to the media server: meetings ask for rooms and tokens and never know which engine runs.

Names follow LiveKit's open protocol, since both engines (embedded, LiveKit cluster) speak it.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol


class MediaUnavailable(Exception):
    """The media server cannot be reached or has no room left: for the person, "try again or call"."""


SOURCES = ("camera", "microphone", "screen_share", "screen_share_audio")
"""What a participant may publish, by LiveKit's names of track sources: nothing that has no name."""


@dataclass(frozen=True, slots=True)
class Grant:
    """What one participant may do in one room. Every permission is written out: LiveKit takes an unset one as allowed.

    can_publish: of `SOURCES`.
    identity: opaque, new at each admission, never a personal number.
    binding: what the holder must also present, ``session:<hash>`` or ``address:<hash>``; None outside meetings.
    """

    room: str
    identity: str
    name: str
    attributes: Mapping[str, str] = field(default_factory=dict)
    can_publish: bool = True
    can_publish_data: bool = True
    can_subscribe: bool = True
    binding: str | None = None
    lifetime: timedelta = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class MediaParticipant:
    identity: str
    sid: str
    name: str
    joined_at: datetime
    publishing: bool


class MediaEventKind(StrEnum):
    PARTICIPANT_JOINED = "participant_joined"
    PARTICIPANT_LEFT = "participant_left"
    ROOM_FINISHED = "room_finished"


@dataclass(frozen=True, slots=True)
class MediaEvent:
    """Something the media server tells. reason: LiveKit's DisconnectReason, lower case, of one who left."""

    kind: MediaEventKind
    room: str
    identity: str | None = None
    reason: str | None = None


MediaListener = Callable[[MediaEvent], Awaitable[None]]


class MediaServer(Protocol):
    """Raises MediaUnavailable where the engine fails. Removing what does not exist is no error."""

    async def is_full(self) -> bool:
        """Whether no new meeting may begin; rooms that stand, and whoever joins them, are not asked about."""
        ...

    async def create_room(self, room: str, *, max_participants: int, empty_timeout: timedelta) -> None: ...
    async def delete_room(self, room: str) -> None: ...
    async def list_rooms(self) -> Sequence[str]: ...
    async def list_participants(self, room: str) -> Sequence[MediaParticipant]: ...
    async def remove_participant(self, room: str, identity: str) -> None: ...
    async def mute_microphone(self, room: str, identity: str) -> None:
        """Nothing is heard of one until they turn it on again: all tracks of sound, whatever they call themselves."""
        ...

    async def update_participant(
        self, room: str, identity: str, *, name: str, attributes: Mapping[str, str]
    ) -> None: ...
    async def let_hear(self, room: str, identity: str) -> None:
        """One whose token had `can_subscribe` False hears and sees the others from now on."""
        ...

    async def send_data(self, room: str, payload: bytes, *, topic: str, identities: Sequence[str] = ()) -> None: ...
    def access_token(self, grant: Grant, now: datetime) -> str: ...
    def listen(self, listener: MediaListener) -> None: ...

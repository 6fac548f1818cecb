"""A media server in memory, honest to `MediaServer`: it tells what happens in its rooms, and can be down."""

# ruff: noqa: ARG002 - it takes what the protocol gives

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from rooms.media import (
    Grant,
    MediaEvent,
    MediaEventKind,
    MediaListener,
    MediaParticipant,
    MediaServer,
    MediaUnavailable,
)

JOINED_AT = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@dataclass
class FakeMedia:
    """rooms: identities by room. `join` and `drop` are what a client does; `down` makes every call fail."""

    rooms: dict[str, dict[str, str]] = field(default_factory=dict)
    down: bool = False
    full: bool = False
    muted: list[str] = field(default_factory=list)
    hearing: list[str] = field(default_factory=list)
    updated: dict[str, Mapping[str, str]] = field(default_factory=dict)
    grants: dict[str, Grant] = field(default_factory=dict)
    listeners: list[MediaListener] = field(default_factory=list)

    async def is_full(self) -> bool:
        self._answer()
        return self.full

    async def create_room(self, room: str, *, max_participants: int, empty_timeout: timedelta) -> None:
        self._answer()
        self.rooms.setdefault(room, {})

    async def delete_room(self, room: str) -> None:
        self._answer()
        for identity in tuple(self.rooms.pop(room, {})):
            await self._tell(MediaEventKind.PARTICIPANT_LEFT, room, identity, "room_deleted")

    async def list_rooms(self) -> Sequence[str]:
        self._answer()
        return list(self.rooms)

    async def list_participants(self, room: str) -> Sequence[MediaParticipant]:
        self._answer()
        seated = self.rooms.get(room, {})
        return [
            MediaParticipant(identity, f"PA_{identity}", name, JOINED_AT, True) for identity, name in seated.items()
        ]

    async def remove_participant(self, room: str, identity: str) -> None:
        self._answer()
        if self.rooms.get(room, {}).pop(identity, None) is not None:
            await self._tell(MediaEventKind.PARTICIPANT_LEFT, room, identity, "participant_removed")

    async def mute_microphone(self, room: str, identity: str) -> None:
        self._answer()
        self.muted.append(identity)

    async def update_participant(self, room: str, identity: str, *, name: str, attributes: Mapping[str, str]) -> None:
        self._answer()
        self.updated[identity] = attributes

    async def let_hear(self, room: str, identity: str) -> None:
        self._answer()
        self.hearing.append(identity)

    async def send_data(self, room: str, payload: bytes, *, topic: str, identities: Sequence[str] = ()) -> None:
        self._answer()

    def access_token(self, grant: Grant, now: datetime) -> str:
        token = f"token-of-{grant.identity}"
        self.grants[token] = grant
        return token

    def listen(self, listener: MediaListener) -> None:
        self.listeners.append(listener)

    async def join(self, token: str) -> None:
        """A client connects with its token."""
        grant = self.grants[token]
        await self.sneak_in(grant.room, grant.identity, grant.name)

    async def sneak_in(self, room: str, identity: str, name: str = "") -> None:
        self.rooms.setdefault(room, {})[identity] = name
        await self._tell(MediaEventKind.PARTICIPANT_JOINED, room, identity, None)

    async def drop(self, identity: str, reason: str = "connection_lost", *, silently: bool = False) -> None:
        for room, seated in self.rooms.items():
            if seated.pop(identity, None) is not None and not silently:
                await self._tell(MediaEventKind.PARTICIPANT_LEFT, room, identity, reason)

    def _answer(self) -> None:
        if self.down:
            raise MediaUnavailable

    async def _tell(self, kind: MediaEventKind, room: str, identity: str, reason: str | None) -> None:
        for listener in self.listeners:
            await listener(MediaEvent(kind, room, identity, reason))


def _keeps_the_protocol(fake: FakeMedia) -> MediaServer:
    return fake

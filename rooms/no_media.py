"""The media server of a process that has none: the command line plans meetings and opens no rooms."""

# ruff: noqa: ARG002 - it takes what the protocol gives

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from rooms.media import Grant, MediaListener, MediaParticipant, MediaUnavailable


class NoMedia:
    """Every call raises MediaUnavailable; there is nothing to listen to."""

    async def is_full(self) -> bool:
        raise MediaUnavailable

    async def create_room(self, room: str, *, max_participants: int, empty_timeout: timedelta) -> None:
        raise MediaUnavailable

    async def delete_room(self, room: str) -> None:
        raise MediaUnavailable

    async def list_rooms(self) -> Sequence[str]:
        raise MediaUnavailable

    async def list_participants(self, room: str) -> Sequence[MediaParticipant]:
        raise MediaUnavailable

    async def remove_participant(self, room: str, identity: str) -> None:
        raise MediaUnavailable

    async def mute_microphone(self, room: str, identity: str) -> None:
        raise MediaUnavailable

    async def update_participant(self, room: str, identity: str, *, name: str, attributes: Mapping[str, str]) -> None:
        raise MediaUnavailable

    async def let_hear(self, room: str, identity: str) -> None:
        raise MediaUnavailable

    async def send_data(self, room: str, payload: bytes, *, topic: str, identities: Sequence[str] = ()) -> None:
        raise MediaUnavailable

    def access_token(self, grant: Grant, now: datetime) -> str:
        raise MediaUnavailable

    def listen(self, listener: MediaListener) -> None:
        return

"""A LiveKit cluster as media server: `rooms.media.MediaServer` by its RoomService and its webhooks.

What LiveKit leaves to us: a removed person's token still opens the room for as long as it lives (there is no
revocation in the open server), so whoever comes without a seat is put out again by `rooms.presence`, which hears it.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import structlog
from livekit.protocol import room as messages
from livekit.protocol.models import AUDIO, DataPacket, ParticipantInfo, ParticipantPermission
from livekit.protocol.models import Room as RoomInfo

from rooms.livekit_calls import LiveKitCalls, NotThere, socket_address
from rooms.livekit_key import LiveKitKey
from rooms.media import SOURCES, Grant, MediaEvent, MediaListener, MediaParticipant, MediaUnavailable

log = structlog.get_logger()

MAX_DATA = 15 * 1024
"""Bytes of one reliable data packet (https://docs.livekit.io/home/client/data/packets/)."""

CREATE = {"roomCreate": True}
LIST = {"roomList": True}


class LiveKitCluster:
    """url: the cluster's public address, by which this process and all clients reach it. `close` it in the end.

    Its events come by webhook to one of our processes (`signaling.api.livekit_webhook`), which hands them to `hear`.
    """

    def __init__(
        self, url: str, key: LiveKitKey, clock: Callable[[], datetime], *, calls: LiveKitCalls | None = None
    ) -> None:
        self.key = key
        self.client_url = socket_address(url)
        self._calls = calls or LiveKitCalls(url, key, clock)
        self._listeners: list[MediaListener] = []

    async def close(self) -> None:
        await self._calls.close()

    async def hear(self, event: MediaEvent) -> None:
        """Pass on what a verified webhook told."""
        for listener in self._listeners:
            try:
                await listener(event)
            except Exception as failure:  # noqa: BLE001 - a listener's failure must not silence the others
                log.error("media listener failed", failure=type(failure).__name__, kind=event.kind.value)

    async def is_full(self) -> bool:
        """Never known here: a cluster is made larger by adding nodes, and refuses a room by itself when it must."""
        return False

    async def create_room(self, room: str, *, max_participants: int, empty_timeout: timedelta) -> None:
        seconds = int(empty_timeout.total_seconds())
        request = messages.CreateRoomRequest(
            name=room, max_participants=max_participants, empty_timeout=seconds, departure_timeout=seconds
        )
        await self._calls.call("CreateRoom", CREATE, request, RoomInfo, repeat=True)

    async def delete_room(self, room: str) -> None:
        request = messages.DeleteRoomRequest(room=room)
        try:
            await self._calls.call("DeleteRoom", CREATE, request, messages.DeleteRoomResponse, repeat=True)
        except NotThere:
            return

    async def list_rooms(self) -> Sequence[str]:
        return await self._rooms()

    async def list_participants(self, room: str) -> Sequence[MediaParticipant]:
        request = messages.ListParticipantsRequest(room=room)
        try:
            found = await self._calls.call(
                "ListParticipants", _admin(room), request, messages.ListParticipantsResponse, repeat=True
            )
        except NotThere:
            return []
        return [_participant(one) for one in found.participants if one.state != ParticipantInfo.DISCONNECTED]

    async def remove_participant(self, room: str, identity: str) -> None:
        request = messages.RoomParticipantIdentity(room=room, identity=identity)
        try:
            await self._calls.call(
                "RemoveParticipant", _admin(room), request, messages.RemoveParticipantResponse, repeat=True
            )
        except NotThere:
            return

    async def mute_microphone(self, room: str, identity: str) -> None:
        request = messages.RoomParticipantIdentity(room=room, identity=identity)
        try:
            one = await self._calls.call("GetParticipant", _admin(room), request, ParticipantInfo, repeat=True)
            for track in one.tracks:
                if track.type == AUDIO and not track.muted:
                    mute = messages.MuteRoomTrackRequest(room=room, identity=identity, track_sid=track.sid, muted=True)
                    await self._calls.call(
                        "MutePublishedTrack", _admin(room), mute, messages.MuteRoomTrackResponse, repeat=True
                    )
        except NotThere:
            return

    async def update_participant(self, room: str, identity: str, *, name: str, attributes: Mapping[str, str]) -> None:
        """An attribute set to nothing is removed; a name that is empty changes nothing."""
        request = messages.UpdateParticipantRequest(
            room=room, identity=identity, name=name, attributes=dict(attributes)
        )
        try:
            await self._calls.call("UpdateParticipant", _admin(room), request, ParticipantInfo, repeat=True)
        except NotThere:
            return

    async def let_hear(self, room: str, identity: str) -> None:
        """The permission is set as a whole: all that `Grant` gives by default."""
        permission = ParticipantPermission(
            can_subscribe=True,
            can_publish=True,
            can_publish_data=True,
            can_publish_sources=[source.upper() for source in SOURCES],
        )
        request = messages.UpdateParticipantRequest(room=room, identity=identity, permission=permission)
        try:
            await self._calls.call("UpdateParticipant", _admin(room), request, ParticipantInfo, repeat=True)
        except NotThere:
            return

    async def send_data(self, room: str, payload: bytes, *, topic: str, identities: Sequence[str] = ()) -> None:
        """Once or not at all: LiveKit would deliver a repeated one twice. Raises ValueError for too much."""
        if len(payload) > MAX_DATA:
            raise ValueError("data too large for one packet")
        request = messages.SendDataRequest(
            room=room,
            data=payload,
            kind=DataPacket.RELIABLE,
            topic=topic,
            destination_identities=list(identities),
        )
        try:
            await self._calls.call("SendData", _admin(room), request, messages.SendDataResponse, repeat=False)
        except NotThere:
            return
        except MediaUnavailable:
            # For a room that no node carries, LiveKit waits in vain for an answer instead of saying so.
            if room in await self._rooms(room):
                raise

    def access_token(self, grant: Grant, now: datetime) -> str:
        return self.key.mint(grant, now)

    def listen(self, listener: MediaListener) -> None:
        self._listeners.append(listener)

    async def _rooms(self, *names: str) -> list[str]:
        request = messages.ListRoomsRequest(names=names)
        found = await self._calls.call("ListRooms", LIST, request, messages.ListRoomsResponse, repeat=True)
        return [room.name for room in found.rooms]


def _admin(room: str) -> dict[str, bool | str]:
    return {"roomAdmin": True, "room": room}


def _participant(one: ParticipantInfo) -> MediaParticipant:
    milliseconds = one.joined_at_ms or one.joined_at * 1000
    return MediaParticipant(
        identity=one.identity,
        sid=one.sid,
        name=one.name,
        joined_at=datetime.fromtimestamp(milliseconds / 1000, UTC),
        publishing=len(one.tracks) > 0,
    )

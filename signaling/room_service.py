"""LiveKit's RoomService over Twirp: ``POST /twirp/livekit.RoomService/<method>``, JSON or protobuf.

https://docs.livekit.io/reference/server/server-apis/ and https://twitchtv.github.io/twirp/docs/spec_v7.html
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from aiohttp import web
from google.protobuf import json_format
from google.protobuf.message import DecodeError, Message
from livekit.protocol import room as messages
from livekit.protocol.models import DataPacket, ParticipantInfo
from livekit.protocol.models import Room as RoomInfo

from rooms.livekit_key import TokenRefused
from rooms.media import MediaUnavailable
from sfu.access_token import MAX_NAME, Claims
from sfu.data import DataRefused, from_server
from sfu.membership import Membership
from sfu.participant import TooLarge, permission_from
from sfu.publication import named_tracks
from sfu.room import Room, RoomLimits
from sfu.server import EmbeddedMediaServer
from signaling.security import read_body

log = structlog.get_logger()

MAX_BODY = 256 * 1024
MAX_TIMEOUT = 24 * 3600
UNIMPLEMENTED = frozenset({"ForwardParticipant", "MoveParticipant", "PerformRpc"})
"""Of LiveKit's: there is one node, a meeting's people stay in it, and nobody but people acts in it."""
_STATUS = {
    "bad_route": 404,
    "deadline_exceeded": 408,
    "failed_precondition": 412,
    "internal": 500,
    "invalid_argument": 400,
    "malformed": 400,
    "not_found": 404,
    "permission_denied": 403,
    "resource_exhausted": 429,
    "unauthenticated": 401,
    "unavailable": 503,
    "unimplemented": 501,
}


class TwirpError(Exception):
    """For the other program. code: one of Twirp's."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code

    def response(self) -> web.Response:
        return web.json_response({"code": self.code, "msg": str(self)}, status=_STATUS[self.code])


def routes(server: EmbeddedMediaServer) -> list[web.RouteDef]:
    service = RoomService(server)
    return [web.post("/twirp/livekit.RoomService/{method}", service.call)]


class RoomService:
    """Each method checks the token's grants itself: nothing is allowed by being here."""

    def __init__(self, server: EmbeddedMediaServer) -> None:
        self._server = server
        self.calls = server.traffic.calls
        self._methods: dict[str, tuple[type[Message], Callable[[Claims, Any], Message]]] = {
            "CreateRoom": (messages.CreateRoomRequest, self._create_room),
            "ListRooms": (messages.ListRoomsRequest, self._list_rooms),
            "DeleteRoom": (messages.DeleteRoomRequest, self._delete_room),
            "ListParticipants": (messages.ListParticipantsRequest, self._list_participants),
            "GetParticipant": (messages.RoomParticipantIdentity, self._get_participant),
            "RemoveParticipant": (messages.RoomParticipantIdentity, self._remove_participant),
            "MutePublishedTrack": (messages.MuteRoomTrackRequest, self._mute_published_track),
            "UpdateParticipant": (messages.UpdateParticipantRequest, self._update_participant),
            "UpdateSubscriptions": (messages.UpdateSubscriptionsRequest, self._update_subscriptions),
            "SendData": (messages.SendDataRequest, self._send_data),
            "UpdateRoomMetadata": (messages.UpdateRoomMetadataRequest, self._update_room_metadata),
        }

    async def call(self, request: web.Request) -> web.Response:
        method = request.match_info["method"]
        try:
            response = await self._call(request)
        except TwirpError as error:
            if method in self._methods:
                self.calls[method, "failure", error.code] += 1
            return error.response()
        self.calls[method, "success", "ok"] += 1
        return response

    async def _call(self, request: web.Request) -> web.Response:
        if (method := request.match_info["method"]) in UNIMPLEMENTED:
            raise TwirpError("unimplemented", f"{method} is not part of this server")
        kind, handler = self._methods.get(method, (None, None))
        if kind is None or handler is None:
            raise TwirpError("bad_route", "no such method")
        claims = self._claims(request)
        if not (claims.room_create or claims.room_list or claims.room_admin):
            raise TwirpError("permission_denied", "the token administrates nothing")
        is_json = request.content_type == "application/json"
        if not is_json and request.content_type != "application/protobuf":
            raise TwirpError("bad_route", "content type must be application/json or application/protobuf")
        message = _parse(kind(), await _body(request), is_json=is_json)
        try:
            result = handler(claims, message)
        except (TooLarge, DataRefused) as error:
            raise TwirpError("invalid_argument", str(error)) from None
        except MediaUnavailable as error:
            raise TwirpError("unavailable", str(error)) from None
        if is_json:
            return web.json_response(json_format.MessageToDict(result, preserving_proto_field_name=True))
        return web.Response(body=result.SerializeToString(), content_type="application/protobuf")

    def _claims(self, request: web.Request) -> Claims:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            raise TwirpError("unauthenticated", "no access token")
        try:
            return self._server.key.verify(token, self._server.clock())
        except TokenRefused as refused:
            raise TwirpError("unauthenticated", str(refused)) from None

    # What a token must allow

    def _room(self, claims: Claims, name: str) -> Room:
        """The room, for a token that may administrate it."""
        if not claims.room_admin or not claims.room or claims.room != name:
            raise TwirpError("permission_denied", "the token does not administrate this room")
        if (room := self._server.rooms.get(name)) is None:
            raise TwirpError("not_found", "room does not exist")
        return room

    def _member(self, claims: Claims, room: str, identity: str) -> Membership:
        self._room(claims, room)
        if (membership := self._server.member(room, identity)) is None:
            raise TwirpError("not_found", "participant does not exist")
        return membership

    # Methods

    def _create_room(self, claims: Claims, message: messages.CreateRoomRequest) -> RoomInfo:
        if not claims.room_create:
            raise TwirpError("permission_denied", "the token does not allow creating rooms")
        if not message.name or len(message.name) > MAX_NAME:
            raise TwirpError("invalid_argument", f"name must have 1 to {MAX_NAME} characters")
        limits = RoomLimits()
        limits = RoomLimits(
            max_participants=message.max_participants,
            empty_timeout=_seconds(message.empty_timeout) or limits.empty_timeout,
            departure_timeout=_seconds(message.departure_timeout) or limits.departure_timeout,
        )
        room = self._server.open_room(message.name, limits)
        if message.metadata:
            room.set_metadata(message.metadata)
        return room.info()

    def _list_rooms(self, claims: Claims, message: messages.ListRoomsRequest) -> Message:
        if not claims.room_list:
            raise TwirpError("permission_denied", "the token does not allow listing rooms")
        names = set(message.names)
        found = [room.info() for name, room in self._server.rooms.items() if not names or name in names]
        return messages.ListRoomsResponse(rooms=found)

    def _delete_room(self, claims: Claims, message: messages.DeleteRoomRequest) -> Message:
        if not claims.room_create and not (claims.room_admin and claims.room == message.room):
            raise TwirpError("permission_denied", "the token does not allow deleting this room")
        if not self._server.finish(message.room):
            raise TwirpError("not_found", "room does not exist")
        return messages.DeleteRoomResponse()

    def _list_participants(self, claims: Claims, message: messages.ListParticipantsRequest) -> Message:
        room = self._room(claims, message.room)
        return messages.ListParticipantsResponse(participants=[p.info() for p in room.participants.values()])

    def _get_participant(self, claims: Claims, message: messages.RoomParticipantIdentity) -> ParticipantInfo:
        return self._member(claims, message.room, message.identity).participant.info()

    def _remove_participant(self, claims: Claims, message: messages.RoomParticipantIdentity) -> Message:
        """With revoke_token_ts (seconds), tokens made until then are of no use any more."""
        self._member(claims, message.room, message.identity)
        until = datetime.fromtimestamp(message.revoke_token_ts, UTC) if 0 < message.revoke_token_ts < 2**33 else None
        self._server.remove(message.room, message.identity, until)
        return messages.RemoveParticipantResponse()

    def _mute_published_track(self, claims: Claims, message: messages.MuteRoomTrackRequest) -> Message:
        membership = self._member(claims, message.room, message.identity)
        publication = membership.participant.publications.get(message.track_sid)
        if publication is None:
            raise TwirpError("not_found", "track does not exist")
        if not message.muted:
            raise TwirpError("failed_precondition", "nobody's microphone or camera is switched on from outside")
        membership.room.mute_by_server(membership.participant, publication)
        return messages.MuteRoomTrackResponse(track=publication.info)

    def _update_participant(self, claims: Claims, message: messages.UpdateParticipantRequest) -> ParticipantInfo:
        membership = self._member(claims, message.room, message.identity)
        participant = membership.participant
        participant.describe(
            name=message.name or None, metadata=message.metadata or None, attributes=dict(message.attributes)
        )
        if message.HasField("permission"):
            membership.room.permit(participant, permission_from(message.permission))
        self._server.changed_from_outside(membership)
        return participant.info()

    def _update_subscriptions(self, claims: Claims, message: messages.UpdateSubscriptionsRequest) -> Message:
        membership = self._member(claims, message.room, message.identity)
        sids = named_tracks(list(message.track_sids), list(message.participant_tracks))
        membership.room.subscribe(membership.participant, sids, message.subscribe)
        return messages.UpdateSubscriptionsResponse()

    def _send_data(self, claims: Claims, message: messages.SendDataRequest) -> Message:
        room = self._room(claims, message.room)
        by_sid = {participant.sid: participant.identity for participant in room.participants.values()}
        identities = [*message.destination_identities, *(by_sid.get(sid, "") for sid in message.destination_sids)]
        if identities and not any(identities):
            return messages.SendDataResponse()
        topic = message.topic if message.HasField("topic") else None
        reliable = message.kind == DataPacket.RELIABLE
        room.deliver(from_server(message.data, topic=topic, identities=[i for i in identities if i], reliable=reliable))
        return messages.SendDataResponse()

    def _update_room_metadata(self, claims: Claims, message: messages.UpdateRoomMetadataRequest) -> RoomInfo:
        room = self._room(claims, message.room)
        room.set_metadata(message.metadata)
        return room.info()


def _seconds(value: int) -> timedelta | None:
    return timedelta(seconds=min(value, MAX_TIMEOUT)) if value else None


async def _body(request: web.Request) -> bytes:
    try:
        return await read_body(request, MAX_BODY)
    except web.HTTPRequestEntityTooLarge:
        raise TwirpError("resource_exhausted", f"request larger than {MAX_BODY} bytes") from None
    except web.HTTPRequestTimeout:
        raise TwirpError("deadline_exceeded", "the request did not come in time") from None


def _parse(message: Message, body: bytes, *, is_json: bool) -> Message:
    try:
        if is_json:
            json_format.Parse(body or b"{}", message, ignore_unknown_fields=True, max_recursion_depth=32)
        else:
            message.ParseFromString(body)
    except (DecodeError, json_format.ParseError, UnicodeDecodeError, RecursionError):
        raise TwirpError("malformed", "the request is not this method's message") from None
    return message

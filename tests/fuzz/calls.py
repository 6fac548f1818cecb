"""What comes by HTTP and WebSocket, in the hands of the code that reads it: requests, descriptions, tokens, bodies."""

import asyncio
import base64
import contextlib
import hashlib
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from unittest.mock import Mock

import jwt
from aiohttp import web
from aiohttp.streams import StreamReader
from aiohttp.test_utils import make_mocked_request
from google.protobuf.message import DecodeError
from livekit import api
from livekit.protocol.rtc import SignalRequest

from auth.errors import Refusal
from auth.identity_number import IdentityNumber, InvalidIdentityNumber
from rooms.bodies import ChangeBody, CoHostBody, DenyBody, HomeBody, InvitationBody, JoinBody, MeetingBody, ReadyBody
from rooms.drafts import check_home, check_invitation, check_meeting
from rooms.livekit_key import LiveKitKey, TokenRefused
from sfu.access_token import TokenKey
from sfu.negotiation import answer, remote_transport
from sfu.placement import Announced, Forwarded, Layout
from sfu.room import Room, RoomLimits
from sfu.sdp import SdpError, parse, write
from sfu.server import EmbeddedMediaServer
from sfu.server_offer import OfferLayout, offer, settle
from signaling import meeting_socket
from signaling.api import auth as auth_api
from signaling.api.livekit_webhook import media_event, verified
from signaling.api.meeting_bodies import read
from signaling.join_request import BadJoinRequest, read_v0, read_v1
from signaling.room_service import RoomService
from tests.fuzz.media import pieces
from tests.sfu.fakes import OPUS, VP8, camera, microphone
from tests.sfu.offers import LOCAL
from tests.signaling.test_livekit_session import Client

NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
SECRET = "a secret of at least thirty-two bytes"
WANTED = [
    Forwarded("TR_a", "PA_other", "audio", OPUS, 1001),
    Forwarded("TR_v", "PA_other", "video", VP8, 1002, 1003),
]
ANNOUNCED = [Announced("TR_mic", "audio", ("mic",)), Announced("TR_cam", "video", ("cam",), ("video/vp8",))]


def descriptions(data: bytes) -> None:
    """A client's SDP: as an offer in both forms of connection, and as the answer to ours."""
    text = data.decode("utf-8", "replace")
    try:
        description = parse(text)
    except SdpError:
        return
    with contextlib.suppress(SdpError):  # half of a pair of lines is read, and written as half
        again = parse(write(description))
        assert parse(write(again)) == again, "what is written reads the same"
    layout = Layout()
    for _ in range(2):  # offered again, on what then stands
        try:
            remote_transport(description)
            layout = answer(description, layout, LOCAL, ANNOUNCED, WANTED).layout
        except SdpError:
            break
    offered = offer(OfferLayout(), WANTED, LOCAL)
    with contextlib.suppress(SdpError):
        settle(description, offered.layout)


def requests(data: bytes) -> None:
    """LiveKit's signalling: several requests of one client, in a room with another."""
    room = Room("room", "RM_1", now=NOW, limits=RoomLimits())
    other, client = Client(room, "other"), Client(room, "me")
    other.ask(add_track=microphone())
    other.ask(add_track=camera())
    for piece in pieces(data):
        try:
            request = SignalRequest.FromString(piece)
        except DecodeError:
            continue
        client.session.receive(request)
    for message in (*client.inbox, *other.inbox):
        message.SerializeToString()


def join_requests(data: bytes) -> None:
    """The query of a client's first request."""
    text = data.decode("utf-8", "replace")
    pairs = dict(pair.partition("=")[::2] for pair in text.split("&"))
    with contextlib.suppress(BadJoinRequest):
        read_v0(pairs)
    for parameter in (text, base64.urlsafe_b64encode(data).decode()):
        with contextlib.suppress(BadJoinRequest):
            read_v1(parameter)


def tokens(data: bytes) -> None:
    """Access tokens: any text, and any claims signed with the right key."""
    key = TokenKey("key", SECRET)
    text = data.decode("utf-8", "replace")
    candidates = [text]
    try:
        claims = json.loads(text)
    except (ValueError, RecursionError):
        claims = None
    if isinstance(claims, dict):
        signed = {"iss": "key", "nbf": int(NOW.timestamp()), "exp": int(NOW.timestamp()) + 60, **claims}
        # What cannot be made cannot come.
        with contextlib.suppress(TypeError, ValueError, UnicodeError, RecursionError):
            candidates.append(jwt.encode(signed, SECRET, algorithm="HS256"))
    for token in candidates:
        try:
            found = key.verify(token, NOW)
        except TokenRefused:
            continue
        key.renew(found, NOW, timedelta(minutes=1))


def webhooks(data: bytes) -> None:
    """A genuine cluster's words, and words as of one."""
    key = LiveKitKey("key", SECRET)
    digest = base64.b64encode(hashlib.sha256(data).digest()).decode()
    token = key.sign({"sha256": digest}, NOW, timedelta(minutes=1))
    for authorization in (token, data.decode("latin-1")):
        try:
            event = verified(key, authorization, data, NOW)
        except Refusal:
            continue
        media_event(event)


@cache
def _room_service() -> tuple[EmbeddedMediaServer, RoomService]:
    server = EmbeddedMediaServer(TokenKey("key", SECRET), clock=lambda: NOW)
    server._running = True
    return server, RoomService(server)


def room_calls(data: bytes) -> None:
    """RoomService: the method by the first byte, then its message as protobuf or JSON."""
    if not data:
        return
    server, service = _room_service()
    server.rooms.clear()
    server.open_room("r", RoomLimits())
    names = sorted(service._methods)
    method = names[data[0] % len(names)]
    kind = "application/json" if data[0] & 0x80 else "application/protobuf"
    grants = api.VideoGrants(room_admin=True, room="r", room_create=True, room_list=True)
    claims = {"video": {"roomAdmin": True, "room": grants.room, "roomCreate": True, "roomList": True}}
    token = server.key.sign(claims, NOW, timedelta(minutes=1))
    headers = {"Content-Type": kind, "Authorization": f"Bearer {token}"}
    status = _answer(service.call, data[1:], headers, {"method": method})
    assert status < 500, f"{method} answered {status}"


def _answer(
    handler: Callable[[web.Request], Any], body: bytes, headers: dict[str, str], match: dict[str, str] | None = None
) -> int:
    """The status an aiohttp handler answers a body with."""

    async def work() -> int:
        reader = StreamReader(Mock(_reading_paused=False), 2**16, loop=asyncio.get_running_loop())
        reader.feed_data(body)
        reader.feed_eof()
        request = make_mocked_request("POST", "/", headers=headers, match_info=match or {}, payload=reader)
        return int((await handler(request)).status)

    loop = asyncio.new_event_loop()
    try:
        return loop.run_until_complete(work())
    finally:
        loop.close()


def _check(body: object) -> None:
    """What the meeting makes of a body of the right shape."""
    match body:
        case MeetingBody():
            check_meeting(body.draft(), NOW)
        case InvitationBody():
            check_invitation(body.draft())
        case HomeBody():
            check_home(body.named())
        case ChangeBody():
            body.change()


BODIES = (ChangeBody, CoHostBody, DenyBody, HomeBody, InvitationBody, JoinBody, MeetingBody, ReadyBody)


def bodies(data: bytes) -> None:
    """JSON bodies of the meeting interface, each as every kind, and of an identification's start."""

    async def meeting(request: web.Request) -> web.Response:
        for kind in BODIES:
            try:
                _check(await read(request, kind))
            except Refusal:
                continue
        return web.Response()

    async def start(request: web.Request) -> web.Response:
        try:
            await auth_api._body(request)
        except Refusal:
            return web.Response(status=400)
        return web.Response()

    for handler in (meeting, start):
        _answer(handler, data, {"Content-Type": "application/json"})


def page_messages(data: bytes) -> None:
    """What a page says on the meeting socket."""
    meeting_socket._read(data.decode("utf-8", "replace"))


def identity_numbers(data: bytes) -> None:
    """Identity numbers as people write them."""
    with contextlib.suppress(InvalidIdentityNumber):
        IdentityNumber.parse(data.decode("utf-8", "replace"))

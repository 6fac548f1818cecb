"""The client's tokens and refusals; a whole meeting of clients is made in test_load."""

import base64
import time
from datetime import UTC, datetime

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from aiortc.rtcdtlstransport import RTCCertificate
from livekit.protocol import models, rtc

from bench.client import Access, Client, Refused, identity, socket_url
from bench.connection import Poller
from sfu.access_token import TokenKey

SECRET = "s" * 32


def test_tokens_are_livekit_tokens() -> None:
    now = datetime(2026, 11, 24, 9, tzinfo=UTC)
    token = Access("http://127.0.0.1:1", "key", SECRET).token("bench-1", "room", now.timestamp())
    claims = TokenKey("key", SECRET).verify(token, now)
    assert (claims.identity, claims.room, claims.room_join) == ("bench-1", "room", True)


def test_names() -> None:
    assert identity(3) == "bench-3"
    assert socket_url(Access("http://127.0.0.1:1", "", "")) == "ws://127.0.0.1:1"


async def serve(handler: web.Application) -> TestServer:
    server = TestServer(handler)
    await server.start_server()
    return server


@pytest.fixture
def client() -> Client:
    return Client(1, "room", RTCCertificate.generateCertificate(), Poller())


async def test_a_server_that_refuses(client: Client) -> None:
    async def refuse(_: web.Request) -> web.Response:
        return web.Response(status=401)

    app = web.Application()
    app.router.add_get("/rtc/v1", refuse)
    server = await serve(app)
    async with aiohttp.ClientSession() as http:
        with pytest.raises(Refused, match="401"):
            await client.join(http, Access(str(server.make_url("/")).rstrip("/"), "key", SECRET), time.time())
    await server.close()


async def test_the_first_message_holds_tracks_and_offer_and_leave_is_told(client: Client) -> None:
    requests: list[rtc.JoinRequest] = []

    async def answer(request: web.Request) -> web.WebSocketResponse:
        encoded = request.query["join_request"]
        wrapped = rtc.WrappedJoinRequest.FromString(base64.urlsafe_b64decode(encoded))
        requests.append(rtc.JoinRequest.FromString(wrapped.join_request))
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        leave = rtc.LeaveRequest(reason=models.ROOM_DELETED)
        await socket.send_bytes(rtc.SignalResponse(leave=leave).SerializeToString())
        return socket

    app = web.Application()
    app.router.add_get("/rtc/v1", answer)
    server = await serve(app)
    async with aiohttp.ClientSession() as http:
        await client.join(http, Access(str(server.make_url("/")).rstrip("/"), "key", SECRET), time.time())
        with pytest.raises(Refused, match="ROOM_DELETED"):
            await client.read()
        await client.leave()
    await server.close()
    (request,) = requests
    assert [track.cid for track in request.add_track_requests] == ["audio-1", "video-1"]
    assert request.publisher_offer.sdp.count("a=sendonly") == 2

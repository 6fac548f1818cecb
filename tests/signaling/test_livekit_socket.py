"""The signalling socket against hostile and unlucky clients: malformed, silent, flooding, slow, lost, refused."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import WSMsgType, web
from livekit.protocol.models import DUPLICATE_IDENTITY, STATE_MISMATCH, ParticipantInfo
from livekit.protocol.rtc import (
    LeaveRequest,
    SessionDescription,
    SignalRequest,
    SignalResponse,
    UpdateParticipantMetadata,
)

from sfu.access_token import Claims, TokenKey
from sfu.server import EmbeddedMediaServer
from signaling import livekit_socket
from signaling.livekit_socket import AdmissionRefused
from signaling.media import application
from signaling.turn import TurnServers
from tests.sfu.sdk_client import KEY, SECRET, MediaHost, eventually, media_host


@pytest.fixture
async def host() -> AsyncIterator[MediaHost]:
    async with media_host() as running:
        yield running


@pytest.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as session:
        yield session


class Line:
    """A bare client of the signalling protocol."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket

    async def say(self, **request: Any) -> None:
        await self.socket.send_bytes(SignalRequest(**request).SerializeToString())

    async def hear(self, kind: str) -> Any:
        """The next message of a kind; others are passed over."""
        async with asyncio.timeout(30):
            while True:
                message = await self.socket.receive()
                assert message.type is WSMsgType.BINARY, message
                response = SignalResponse.FromString(message.data)
                if response.WhichOneof("message") == kind:
                    return getattr(response, kind)

    async def end(self) -> int | None:
        """Read until the server closes. Its close code."""
        async with asyncio.timeout(30):
            while True:
                message = await self.socket.receive()
                if message.type in (WSMsgType.CLOSE, WSMsgType.CLOSED, WSMsgType.CLOSING, WSMsgType.ERROR):
                    return self.socket.close_code


async def connect(
    http: aiohttp.ClientSession, host: MediaHost, identity: str, path: str = "/rtc", **query: str
) -> Line:
    parameters = {"access_token": host.token(identity), **query}
    return Line(await http.ws_connect(f"{host.url}{path}", params=parameters, autoping=False))


async def test_join_and_ping(http: aiohttp.ClientSession, host: MediaHost) -> None:
    line = await connect(http, host, "anna")
    join = await line.hear("join")
    assert join.participant.identity == "anna"
    token = await line.hear("refresh_token")
    assert host.server.key.verify(token, host.server.clock()).room == "r"
    await line.say(ping=1)
    assert await line.hear("pong") > 0
    await line.say(leave=LeaveRequest())
    assert await line.end() == 1000
    assert not host.server.memberships


async def test_malformed_messages_are_tolerated_but_not_for_ever(http: aiohttp.ClientSession, host: MediaHost) -> None:
    line = await connect(http, host, "anna")
    await line.socket.send_bytes(b"\xff\xff\xff")
    await line.socket.send_str('{"ping": 1}')
    await line.say(offer=SessionDescription(type="offer", sdp="rubbish"))
    response = await line.hear("request_response")
    assert "v=0" in response.message
    await line.say(ping=1)
    assert await line.hear("pong")
    for _ in range(30):
        await line.socket.send_bytes(b"\xff")
    assert await line.end() == 1003


async def test_a_flood_is_cut(http: aiohttp.ClientSession, host: MediaHost) -> None:
    line = await connect(http, host, "anna")
    with contextlib.suppress(ConnectionError):
        for _ in range(400):
            await line.say(ping=1)
    assert await line.end() == 1008


async def test_a_huge_message_is_cut(http: aiohttp.ClientSession, host: MediaHost) -> None:
    line = await connect(http, host, "anna")
    with contextlib.suppress(ConnectionError):
        await line.say(update_metadata=UpdateParticipantMetadata(metadata="x" * 3_000_000))
    assert await line.end() in {1009, 1006, None}
    await eventually(lambda: host.server.member("r", "anna") is not None)


async def test_a_silent_client_is_cut_and_may_resume(
    http: aiohttp.ClientSession, host: MediaHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(livekit_socket, "HELLO_TIMEOUT", 0.3)
    line = await connect(http, host, "anna")
    sid = (await line.hear("join")).participant.sid
    await line.end()
    monkeypatch.setattr(livekit_socket, "HELLO_TIMEOUT", 5)
    again = await connect(http, host, "anna", reconnect="1", sid=sid)
    first = SignalResponse.FromString((await again.socket.receive()).data)
    assert first.WhichOneof("message") == "reconnect"
    assert (await again.hear("update")).participants[0].sid == sid


async def test_nothing_is_missed_over_a_lost_socket(http: aiohttp.ClientSession, host: MediaHost) -> None:
    line = await connect(http, host, "anna")
    sid = (await line.hear("join")).participant.sid
    await line.hear("refresh_token")
    host.cut("anna")
    await line.end()
    bo = await connect(http, host, "bo")
    await bo.hear("join")
    await bo.say(leave=LeaveRequest())
    await bo.end()
    again = await connect(http, host, "anna", reconnect="1", sid=sid)
    states: list[int] = []
    while not states:
        states += [info.state for info in (await again.hear("update")).participants if info.identity == "bo"]
    assert states == [ParticipantInfo.DISCONNECTED], "bo came and went meanwhile: the newest is told"


async def test_an_old_line_gives_way_to_the_new(http: aiohttp.ClientSession, host: MediaHost) -> None:
    old = await connect(http, host, "anna")
    sid = (await old.hear("join")).participant.sid
    new = await connect(http, host, "anna", reconnect="1", sid=sid)
    await new.hear("reconnect")
    await old.end()
    await new.say(ping=1)
    assert await new.hear("pong")
    assert len(host.server.memberships) == 1


async def test_what_cannot_be_resumed_is_joined_anew(http: aiohttp.ClientSession, host: MediaHost) -> None:
    line = await connect(http, host, "anna", reconnect="1", sid="PA_unknown")
    leave = await line.hear("leave")
    assert (leave.reason, leave.action) == (STATE_MISMATCH, LeaveRequest.RECONNECT)
    assert await line.end() == 1000


async def test_who_must_join_anew_still_has_its_token(http: aiohttp.ClientSession) -> None:
    """After the server's restart: the question that comes to nothing must not spend a token that is good once."""
    asked: list[str] = []

    async def once(claims: Claims, request: web.Request) -> None:
        if claims.identity in asked:
            raise AdmissionRefused("used")
        asked.append(claims.identity)

    async with media_host(admit=once) as host:
        line = await connect(http, host, "anna", reconnect="1", sid="PA_before")
        assert (await line.hear("leave")).action == LeaveRequest.RECONNECT
        assert asked == []
        await (await connect(http, host, "anna")).hear("join")


async def test_turn_servers_are_told_at_joining_and_at_coming_back(
    http: aiohttp.ClientSession, host: MediaHost
) -> None:
    server = EmbeddedMediaServer(TokenKey(KEY, SECRET), auto_create=True)
    turn = TurnServers(["turns:turn.example.se:443?transport=tcp"], "s" * 32)
    runner = web.AppRunner(application(server, turn=turn), shutdown_timeout=1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host.url = f"ws://127.0.0.1:{runner.addresses[0][1]}"
    line = await connect(http, host, "anna")
    join = await line.hear("join")
    (told,) = join.ice_servers
    expiry, _, holder = told.username.partition(":")
    assert 290 < int(expiry) - time.time() <= 300
    assert holder not in (join.participant.sid, "anna")
    again = await connect(http, host, "anna", reconnect="1", sid=join.participant.sid)
    (renewed,) = (await again.hear("reconnect")).ice_servers
    assert renewed.username.endswith(f":{holder}")
    assert int(renewed.username.partition(":")[0]) >= int(expiry)
    await runner.cleanup()


async def test_a_second_device_is_told_to_the_first(http: aiohttp.ClientSession, host: MediaHost) -> None:
    first = await connect(http, host, "anna")
    await first.hear("join")
    second = await connect(http, host, "anna", path="/rtc/v1")
    await second.hear("join")
    leave = await first.hear("leave")
    assert (leave.reason, leave.action) == (DUPLICATE_IDENTITY, LeaveRequest.DISCONNECT)
    assert await first.end() == 1000


async def test_a_slow_consumer_is_let_go(http: aiohttp.ClientSession, host: MediaHost) -> None:
    line = await connect(http, host, "anna")
    await line.hear("join")
    member = host.server.member("r", "anna")
    assert member is not None
    for _ in range(80):
        member.participant.send(SignalResponse(refresh_token="x" * 20_000))
    assert await line.end() == 1013
    again = await connect(http, host, "anna", reconnect="1", sid=member.participant.sid)
    assert (await again.hear("leave")).action == LeaveRequest.RECONNECT, "it missed something"


@pytest.mark.parametrize(
    ("path", "query", "refusal"),
    [
        ("/rtc", {}, (401, "no access token")),
        ("/rtc/v1", {"access_token": "a.b.c"}, (401, "access token not valid")),
        ("/rtc/v1", {"join_request": "!!!"}, (400, "join_request malformed")),
        ("/rtc", {"protocol": "x"}, (400, "protocol is not a number")),
    ],
)
async def test_refusals_in_plain_words(
    http: aiohttp.ClientSession, host: MediaHost, path: str, query: dict[str, str], refusal: tuple[int, str]
) -> None:
    for suffix in ("", "/validate"):
        async with http.get(f"{host.http}{path}{suffix}", params=query) as response:
            assert response.content_type == "text/plain"
            assert (response.status, await response.text()) == refusal


async def test_the_admission_hook_refuses_and_knows_a_resume(http: aiohttp.ClientSession) -> None:
    asked: list[tuple[bool, bool]] = []

    async def admit(claims: Claims, request: web.Request) -> None:
        asked.append((request["livekit_resume"], request.get("livekit_validate", False)))
        if claims.identity == "eve":
            raise AdmissionRefused("this token belongs to another browser")

    async with media_host(admit=admit) as host:
        for path in ("/rtc", "/rtc/v1/validate"):
            async with http.get(f"{host.http}{path}", params={"access_token": host.token("eve")}) as response:
                assert (response.status, await response.text()) == (403, "this token belongs to another browser")
        line = await connect(http, host, "anna")
        sid = (await line.hear("join")).participant.sid
        await (await connect(http, host, "anna", reconnect="1", sid=sid)).hear("reconnect")
    assert asked == [(False, False), (False, True), (False, False), (True, False)]


async def test_a_room_that_is_full_or_ended(http: aiohttp.ClientSession, host: MediaHost) -> None:
    line = await connect(http, host, "anna")
    await line.hear("join")
    room = host.server.rooms["r"]
    room.limits = type(room.limits)(max_participants=1)
    async with http.get(f"{host.http}/rtc/validate", params={"access_token": host.token("bo")}) as response:
        assert (response.status, await response.text()) == (403, "the room is full")
    await host.server.remove_participant("r", "anna")
    assert (await line.hear("leave")).reason == 4
    async with http.get(f"{host.http}/rtc/validate", params={"access_token": host.token("anna")}) as response:
        assert response.status == 403
        assert "removed" in await response.text()

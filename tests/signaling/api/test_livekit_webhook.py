"""What a cluster may tell us: signed with our key, over this very body, fresh, and once."""

import base64
import hashlib
import json
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from livekit.protocol.webhook import WebhookEvent

from auth.errors import Refusal
from rooms.livekit_key import LiveKitKey
from rooms.media import Grant, MediaEvent, MediaEventKind
from signaling import problems
from signaling.api.livekit_webhook import MAX_AGE, MAX_BODY, media_event, routes
from tests.conftest import FrozenClock
from tests.one_time import FreshOnce

Client = TestClient[web.Request, web.Application]
KEY = LiveKitKey("key", "a secret of at least thirty-two bytes")
HOUR = timedelta(hours=1)


@pytest.fixture
def heard() -> list[MediaEvent]:
    return []


@pytest.fixture
async def client(clock: FrozenClock, heard: list[MediaEvent]) -> AsyncIterator[Client]:
    async def hear(event: MediaEvent) -> None:
        heard.append(event)

    def page(request: web.Request, refusal: Refusal) -> web.Response:
        return web.Response(status=refusal.status)

    @web.middleware
    async def swedish(request: web.Request, handler: Any) -> web.StreamResponse:
        request["language"] = "sv"
        answer: web.StreamResponse = await handler(request)
        return answer

    app = web.Application(middlewares=[swedish, problems.middleware(page)])
    app.add_routes(routes(KEY, FreshOnce(), hear, clock))
    async with TestClient(TestServer(app)) as client:
        yield client


def event(clock: FrozenClock, **changes: Any) -> bytes:
    """As livekit-server writes it: protobuf's JSON, 64-bit numbers as text."""
    values = {
        "event": "participant_left",
        "id": "EV_1",
        "createdAt": str(int(clock().timestamp())),
        "room": {"name": "r", "sid": "RM_1"},
        "participant": {"identity": "p", "disconnectReason": "CLIENT_INITIATED", "newField": 1},
        **changes,
    }
    return json.dumps(values).encode()


def signed(clock: FrozenClock, body: bytes, *, key: LiveKitKey = KEY, lifetime: timedelta = HOUR) -> dict[str, str]:
    digest = base64.b64encode(hashlib.sha256(body).digest()).decode()
    token = key.sign({"sha256": digest}, clock(), lifetime)
    return {"Authorization": token, "Content-Type": "application/webhook+json"}


async def send(client: Client, body: bytes, headers: dict[str, str]) -> tuple[int, str]:
    answer = await client.post("/livekit/webhook", data=body, headers=headers)
    return answer.status, (await answer.json()).get("code", "")


async def test_news_is_heard_once(client: Client, clock: FrozenClock, heard: list[MediaEvent]) -> None:
    body = event(clock)
    assert await send(client, body, signed(clock, body)) == (200, "")
    assert heard == [MediaEvent(MediaEventKind.PARTICIPANT_LEFT, "r", "p", "client_initiated")]
    assert await send(client, body, signed(clock, body)) == (409, "webhook-repeated")
    clock.advance(seconds=MAX_AGE.total_seconds() - 1)
    assert await send(client, body, signed(clock, body)) == (409, "webhook-repeated")
    clock.advance(seconds=2)
    assert await send(client, body, signed(clock, body)) == (403, "webhook-too-old")
    assert len(heard) == 1


async def test_a_bearer_token_is_the_same(client: Client, clock: FrozenClock, heard: list[MediaEvent]) -> None:
    body = event(clock)
    headers = signed(clock, body)
    assert await send(client, body, headers | {"Authorization": f"Bearer {headers['Authorization']}"}) == (200, "")


async def test_only_our_key_over_this_body_counts(client: Client, clock: FrozenClock, heard: list[MediaEvent]) -> None:
    body = event(clock)
    other = LiveKitKey("key", "another secret of thirty-two bytes!!")
    stranger = LiveKitKey("stranger", "a secret of at least thirty-two bytes")
    past = signed(clock, body, lifetime=-HOUR)
    wrong = [
        {},
        {"Authorization": "x"},
        signed(clock, body, key=other),
        signed(clock, body, key=stranger),
        signed(clock, body + b" "),
        past,
        {"Authorization": KEY.mint(Grant("r", "p", "n"), clock())},
        {"Authorization": KEY.sign({"sha256": 7}, clock(), HOUR)},
        {"Authorization": KEY.sign({"sha256": "not base64"}, clock(), HOUR)},
    ]
    for headers in wrong:
        assert await send(client, body, headers) == (401, "webhook-unsigned")
    assert heard == []
    assert await send(client, body, signed(clock, body)) == (200, ""), "a refused one spends nothing"


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]x", b"\xff\xfe", b'{"id": 7', b'{"event": "room_finished"}', b'{"id": "' + b"x" * 200 + b'"}'],
)
async def test_what_is_no_event_is_refused(
    client: Client, clock: FrozenClock, heard: list[MediaEvent], body: bytes
) -> None:
    assert await send(client, body, signed(clock, body)) == (400, "webhook-malformed")
    assert heard == []


@pytest.mark.parametrize("created_at", ["0", "-1", "9223372036854775807"])
async def test_impossible_times_are_refused(client: Client, clock: FrozenClock, created_at: str) -> None:
    body = event(clock, createdAt=created_at)
    status, code = await send(client, body, signed(clock, body))
    assert (status, code) in {(403, "webhook-too-old"), (400, "webhook-malformed")}


async def test_news_from_the_future_is_refused(client: Client, clock: FrozenClock) -> None:
    body = event(clock, createdAt=str(int(clock().timestamp()) + 120))
    assert await send(client, body, signed(clock, body)) == (403, "webhook-too-old")


async def test_a_large_body_is_refused(client: Client, clock: FrozenClock) -> None:
    body = b"x" * (MAX_BODY + 1)
    assert await send(client, body, signed(clock, body)) == (413, "too-large")

    async def in_pieces() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b"x" * (MAX_BODY // 2)

    answer = await client.post("/livekit/webhook", data=in_pieces(), headers=signed(clock, body))
    assert answer.status == 413


@pytest.mark.parametrize(
    ("told", "news"),
    [
        ({"event": "participant_joined"}, MediaEvent(MediaEventKind.PARTICIPANT_JOINED, "r", "p")),
        ({"event": "participant_connection_aborted"}, MediaEvent(MediaEventKind.PARTICIPANT_LEFT, "r", "p")),
        ({"event": "room_finished"}, MediaEvent(MediaEventKind.ROOM_FINISHED, "r")),
        ({"event": "track_published"}, None),
        ({"event": "something new"}, None),
        ({"event": "room_finished", "room": {"name": ""}}, None),
        ({"event": "participant_left", "participant": {"identity": ""}}, None),
        (
            {"event": "participant_left", "participant": {"identity": "p", "disconnect_reason": 999}},
            MediaEvent(MediaEventKind.PARTICIPANT_LEFT, "r", "p"),
        ),
    ],
)
def test_what_meetings_listen_to(told: dict[str, Any], news: MediaEvent | None) -> None:
    values = {"room": {"name": "r"}, "participant": {"identity": "p"}, **told}
    assert media_event(WebhookEvent(**values)) == news

"""What every media server behind `rooms.media.MediaServer` does, with a real client in the room.

A new engine joins the suite by adding its factory to ENGINES.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import cast

import jwt
import pytest
from aiohttp import web
from livekit import rtc

from rooms.livekit_cluster import LiveKitCluster
from rooms.livekit_key import LiveKitKey
from rooms.media import Grant, MediaEvent, MediaEventKind, MediaServer
from signaling.api.livekit_webhook import routes
from tests.livekit_server import KEY, SECRET, livekit_nodes, needed
from tests.one_time import FreshOnce
from tests.redis_server import redis_on_tcp
from tests.sfu.sdk_client import MediaHost, SdkClient, eventually, media_host

pytestmark = pytest.mark.timeout(240)


@dataclass
class Engine:
    """A running media server and where its clients connect.

    revokes: whether the server itself keeps a removed person's token out; else `rooms.presence` has to.
    urls: of every node; all carry the same rooms.
    """

    media: MediaServer
    urls: list[str]
    revokes: bool

    def client(self, identity: str, *, node: int = 0) -> SdkClient:
        # The client asks its host for nothing but the address, since the token is ours.
        return SdkClient(cast(MediaHost, SimpleNamespace(url=self.urls[node])), identity)


@asynccontextmanager
async def embedded() -> AsyncIterator[Engine]:
    async with media_host(auto_create=False) as host:
        yield Engine(host.server, [host.url], revokes=True)


def now() -> datetime:
    return datetime.now(UTC)


@asynccontextmanager
async def cluster(nodes: int = 1, redis: str | None = None) -> AsyncIterator[Engine]:
    """Real livekit-servers, whose webhooks reach us as they would in the service."""
    needed()
    key = LiveKitKey(KEY, SECRET)
    heard: list[LiveKitCluster] = []

    async def hear(event: MediaEvent) -> None:
        for media in heard:
            await media.hear(event)

    app = web.Application()
    app.add_routes(routes(key, FreshOnce(), hear, now))
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        webhook = f"http://127.0.0.1:{runner.addresses[0][1]}/livekit/webhook"
        async with livekit_nodes(nodes, webhook=webhook, redis=redis) as urls:
            media = LiveKitCluster(urls[0], key, now)
            heard.append(media)
            try:
                yield Engine(media, urls, revokes=False)
            finally:
                await media.close()
    finally:
        await runner.cleanup()


ENGINES: dict[str, Callable[[], AbstractAsyncContextManager[Engine]]] = {"embedded": embedded, "livekit": cluster}


@pytest.fixture(params=list(ENGINES))
async def engine_host(request: pytest.FixtureRequest) -> AsyncIterator[Engine]:
    async with ENGINES[request.param]() as engine:
        await engine.media.create_room("meeting", max_participants=3, empty_timeout=timedelta(minutes=5))
        yield engine


def grant(identity: str, **changes: object) -> Grant:
    values = {"room": "meeting", "identity": identity, "name": f"Name of {identity}", **changes}
    return Grant(**values)  # type: ignore[arg-type]  # passed on as they are


async def join(engine: Engine, identity: str, **changes: object) -> SdkClient:
    client = engine.client(identity)
    await client.connect(engine.media.access_token(grant(identity, **changes), datetime.now(UTC)))
    return client


async def test_a_token_writes_every_permission_out(engine_host: Engine) -> None:
    token = engine_host.media.access_token(grant("p", can_publish=False, attributes={"role": "r"}), now())
    claims = jwt.decode(token, options={"verify_signature": False})
    assert (claims["sub"], claims["name"], claims["attributes"]) == ("p", "Name of p", {"role": "r"})
    assert claims["exp"] - claims["nbf"] == 60
    video = claims["video"]
    assert (video["room"], video["roomJoin"], video["canPublish"]) == ("meeting", True, False)
    assert video["canSubscribe"] is video["canPublishData"] is True
    assert not any(video[name] for name in ("roomAdmin", "roomCreate", "roomList", "canUpdateOwnMetadata"))


async def test_rooms_and_who_is_in_them(engine_host: Engine) -> None:
    media = engine_host.media
    assert list(await media.list_rooms()) == ["meeting"]
    await media.create_room("meeting", max_participants=3, empty_timeout=timedelta(minutes=5))
    assert list(await media.list_rooms()) == ["meeting"], "asking twice makes one room"
    anna = await join(engine_host, "anna")
    (seen,) = await media.list_participants("meeting")
    assert (seen.identity, seen.name, seen.publishing) == ("anna", "Name of anna", False)
    assert abs(datetime.now(UTC) - seen.joined_at) < timedelta(seconds=30)
    await anna.publish_audio()
    for _ in range(900):
        if (await media.list_participants("meeting"))[0].publishing:
            break
        await asyncio.sleep(0.05)
    assert (await media.list_participants("meeting"))[0].publishing
    await anna.close()


async def test_events_tell_who_comes_and_goes(engine_host: Engine) -> None:
    heard: list[MediaEvent] = []

    async def listen(event: MediaEvent) -> None:
        heard.append(event)

    engine_host.media.listen(listen)
    anna = await join(engine_host, "anna")
    await eventually(lambda: MediaEvent(MediaEventKind.PARTICIPANT_JOINED, "meeting", "anna") in heard)
    await anna.close()
    left = MediaEvent(MediaEventKind.PARTICIPANT_LEFT, "meeting", "anna", "client_initiated")
    await eventually(lambda: left in heard)
    await engine_host.media.delete_room("meeting")
    await eventually(lambda: MediaEvent(MediaEventKind.ROOM_FINISHED, "meeting") in heard)


async def test_a_removed_person_stays_out(engine_host: Engine) -> None:
    anna = await join(engine_host, "anna")
    token = engine_host.media.access_token(grant("anna"), datetime.now(UTC))
    await engine_host.media.remove_participant("meeting", "anna")
    await eventually(lambda: any(event.startswith("disconnected") for event in anna.events), what="out")
    await gone(engine_host, "anna")
    await anna.close()
    again = engine_host.client("anna")
    if engine_host.revokes:
        with pytest.raises(rtc.ConnectError):
            await again.connect(token)
        return
    heard: list[MediaEvent] = []

    async def listen(event: MediaEvent) -> None:
        heard.append(event)

    engine_host.media.listen(listen)
    await again.connect(token)
    back = MediaEvent(MediaEventKind.PARTICIPANT_JOINED, "meeting", "anna")
    await eventually(lambda: back in heard, what="told, so that the meeting puts her out again")
    await engine_host.media.remove_participant("meeting", "anna")
    await eventually(lambda: any(event.startswith("disconnected") for event in again.events), what="out again")
    await again.close()


async def gone(engine: Engine, identity: str) -> None:
    """A cluster's list may lag behind by a moment."""
    for _ in range(900):
        if identity not in {one.identity for one in await engine.media.list_participants("meeting")}:
            return
        await asyncio.sleep(0.05)
    raise AssertionError("still listed")


async def test_muting_a_microphone(engine_host: Engine) -> None:
    anna, bo = await join(engine_host, "anna"), await join(engine_host, "bo")
    await anna.publish_audio()
    await eventually(lambda: bo.loudest.get("anna", 0) > 5000, what="sound")
    await engine_host.media.mute_microphone("meeting", "anna")
    await eventually(lambda: any("track_muted" in event for event in bo.events), what="mute is told")
    await anna.close()
    await bo.close()


async def test_describing_a_participant_anew(engine_host: Engine) -> None:
    anna, bo = await join(engine_host, "anna"), await join(engine_host, "bo")
    await engine_host.media.update_participant("meeting", "anna", name="Hemma hos Anna", attributes={"home": "1"})
    seen = bo.room.remote_participants["anna"]
    await eventually(lambda: (seen.name, seen.attributes) == ("Hemma hos Anna", {"home": "1"}), what="new name")
    await anna.close()
    await bo.close()


async def test_data_from_the_meeting(engine_host: Engine) -> None:
    anna, bo = await join(engine_host, "anna"), await join(engine_host, "bo")
    await engine_host.media.send_data("meeting", b"all", topic="notice")
    await engine_host.media.send_data("meeting", b"bo", topic="notice", identities=["bo"])
    await eventually(lambda: len(bo.data) == 2, what="data")
    assert {payload for _, payload, _ in bo.data} == {b"all", b"bo"}
    await eventually(lambda: anna.data == [(None, b"all", "notice")], what="data")
    await anna.close()
    await bo.close()


async def test_a_full_room_and_one_that_does_not_exist(engine_host: Engine) -> None:
    clients = [await join(engine_host, name) for name in ("a", "b", "c")]
    for room, identity in (("meeting", "d"), ("nowhere", "a")):
        with pytest.raises(rtc.ConnectError):
            await join(engine_host, identity, room=room)
    for client in clients:
        await client.close()


async def test_unknown_rooms_and_participants_are_no_error(engine_host: Engine) -> None:
    media = engine_host.media
    await media.delete_room("nowhere")
    await media.remove_participant("nowhere", "nobody")
    await media.remove_participant("meeting", "nobody")
    await media.mute_microphone("meeting", "nobody")
    await media.update_participant("meeting", "nobody", name="", attributes={})
    await media.send_data("nowhere", b"x", topic="t")
    assert not await media.list_participants("nowhere")
    assert not await media.is_full()


@pytest.mark.redis
async def test_two_livekit_nodes_are_one_media_server() -> None:
    """The adapter asks one node about a room another may carry; people on both hear each other."""
    needed()
    with redis_on_tcp() as redis:
        async with cluster(2, redis) as engine:
            await engine.media.create_room("meeting", max_participants=3, empty_timeout=timedelta(minutes=5))
            anna, bo = engine.client("anna", node=0), engine.client("bo", node=1)
            for client in (anna, bo):
                await client.connect(engine.media.access_token(grant(client.identity), now()))
            await anna.publish_audio()
            await bo.publish_audio()
            await eventually(lambda: bo.loudest.get("anna", 0) > 5000, what="sound from one node to the other")
            await eventually(lambda: anna.loudest.get("bo", 0) > 5000, what="and back")
            assert {one.identity for one in await engine.media.list_participants("meeting")} == {"anna", "bo"}
            await engine.media.remove_participant("meeting", "bo")
            await eventually(lambda: any(event.startswith("disconnected") for event in bo.events), what="out")
            await engine.media.delete_room("meeting")
            await eventually(lambda: any(event.startswith("disconnected") for event in anna.events), what="room ended")
            assert not await engine.media.list_rooms()
            await anna.close()
            await bo.close()

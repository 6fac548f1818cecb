"""What every media server behind `rooms.media.MediaServer` does, with a real client in the room.

A new engine joins the suite by adding its factory to ENGINES.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import jwt
import pytest
from livekit import rtc

from rooms.media import Grant, MediaEvent, MediaEventKind, MediaServer
from tests.sfu.sdk_client import MediaHost, SdkClient, eventually, media_host

pytestmark = pytest.mark.timeout(60)


@dataclass
class Engine:
    """A running media server and where its clients connect."""

    media: MediaServer
    host: MediaHost


@asynccontextmanager
async def embedded() -> AsyncIterator[Engine]:
    async with media_host(auto_create=False) as host:
        yield Engine(host.server, host)


ENGINES: dict[str, Callable[[], AbstractAsyncContextManager[Engine]]] = {"embedded": embedded}


@pytest.fixture(params=list(ENGINES))
async def engine_host(request: pytest.FixtureRequest) -> AsyncIterator[Engine]:
    async with ENGINES[request.param]() as engine:
        await engine.media.create_room("meeting", max_participants=3, empty_timeout=timedelta(minutes=5))
        yield engine


def grant(identity: str, **changes: object) -> Grant:
    values = {"room": "meeting", "identity": identity, "name": f"Name of {identity}", **changes}
    return Grant(**values)  # type: ignore[arg-type]  # passed on as they are


async def join(engine: Engine, identity: str, **changes: object) -> SdkClient:
    client = SdkClient(engine.host, identity)
    await client.connect(engine.media.access_token(grant(identity, **changes), datetime.now(UTC)))
    return client


def test_a_token_writes_every_permission_out() -> None:
    async def check() -> None:
        for factory in ENGINES.values():
            async with factory() as engine:
                now = datetime.now(UTC)
                token = engine.media.access_token(grant("p", can_publish=False, attributes={"role": "r"}), now)
                claims = jwt.decode(token, options={"verify_signature": False})
                assert (claims["sub"], claims["name"], claims["attributes"]) == ("p", "Name of p", {"role": "r"})
                assert claims["exp"] - claims["nbf"] == 60
                video = claims["video"]
                assert (video["room"], video["roomJoin"], video["canPublish"]) == ("meeting", True, False)
                assert video["canSubscribe"] is video["canPublishData"] is True
                assert not any(video[name] for name in ("roomAdmin", "roomCreate", "roomList", "canUpdateOwnMetadata"))

    asyncio.run(check())


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
    for _ in range(200):
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
    assert not await engine_host.media.list_participants("meeting")
    with pytest.raises(rtc.ConnectError):
        await SdkClient(engine_host.host, "anna").connect(token)
    await anna.close()


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

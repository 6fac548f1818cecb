"""The unmodified npm livekit-client in real Chromium and Firefox against the embedded media server."""

import asyncio
import json
import os
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager

import pytest
from livekit.protocol.models import VIDEO

from tests.sfu.browsers import CHROMIUM, CLIENT, FIREFOX, Chromium, Firefox, Tab, chromium, firefox, page_routes, until
from tests.sfu.sdk_client import MediaHost, SdkClient, eventually, media_host

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(360),
    pytest.mark.skipif(not CLIENT.exists(), reason="livekit-client is not in web/node_modules: npm ci"),
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed"),
]
needs_firefox = pytest.mark.skipif(FIREFOX is None, reason="Debian's firefox-esr is not installed")


@pytest.fixture
async def host() -> AsyncIterator[MediaHost]:
    async with media_host(extra=page_routes()) as running:
        yield running


@asynccontextmanager
async def two(host: MediaHost, *browsers: str) -> AsyncIterator[tuple[Tab, Tab]]:
    """Two pages, in one Chromium or in the browsers named."""
    async with AsyncExitStack() as stack:
        opened: dict[str, Chromium | Firefox] = {}
        tabs = []
        for name in browsers:
            if name not in opened:
                opened[name] = await stack.enter_async_context(chromium() if name == "chromium" else firefox())
            tabs.append(await opened[name].open(f"{host.http}/page"))
        yield tabs[0], tabs[1]


async def join(host: MediaHost, tab: Tab, identity: str, room: str = "r", **options: object) -> None:
    state = await tab.call(f"join({json.dumps(host.token(identity, room))}, {json.dumps(options)})")
    assert state == "connected"


async def sees_and_hears(tab: Tab, identity: str) -> None:
    """Decoded frames and sound with energy in it: what a person would notice."""
    await until(
        tab, f"received({identity!r}).then((r) => (r.video?.frames ?? 0) > 10 && (r.audio?.energy ?? 0) > 0.001)"
    )


async def frames(tab: Tab, identity: str) -> int:
    return int(await tab.call(f"received({identity!r}).then((r) => r.video?.frames ?? 0)"))


async def stands_still(tab: Tab, identity: str) -> None:
    """Wait until a whole second has brought no picture: those that were under way when it was turned off still come."""
    async with asyncio.timeout(45):
        before, count = -1, await frames(tab, identity)
        while before != count:
            await asyncio.sleep(1)
            before, count = count, await frames(tab, identity)


def cases() -> Iterator[object]:
    for browsers in (("chromium", "chromium"), ("chromium", "firefox")):
        for single in (True, False):
            marks = needs_firefox if "firefox" in browsers else ()
            yield pytest.param(browsers, single, id=f"{browsers[1]}-{'v1' if single else 'v0'}", marks=marks)


@pytest.mark.parametrize(("browsers", "single"), list(cases()))
async def test_two_pages_see_and_hear_each_other(host: MediaHost, browsers: tuple[str, str], single: bool) -> None:
    async with two(host, *browsers) as (anna, bo):
        options = {"singlePeerConnection": single}
        await join(host, anna, "anna", options=options)
        await join(host, bo, "bo", options=options)
        await sees_and_hears(anna, "bo")
        await sees_and_hears(bo, "anna")
        sdk = SdkClient(host, "sdk")
        await sdk.connect()
        await sdk.publish_audio()
        await sdk.publish_video()
        for name in ("anna", "bo"):
            await eventually(lambda n=name: sdk.frames.get(n, 0) > 5 and sdk.loudest.get(n, 0) > 500, what=name)
        for tab in (anna, bo):
            await sees_and_hears(tab, "sdk")
            await until(tab, "seen.speakers.includes('sdk')")
        await sdk.close()
        await until(bo, "seen.events.includes('ParticipantDisconnected:sdk')")


async def test_leave_rejoin_mute_unpublish_republish(host: MediaHost) -> None:
    async with two(host, "chromium", "chromium") as (anna, bo):
        await join(host, anna, "anna")
        await join(host, bo, "bo")
        await sees_and_hears(bo, "anna")
        await anna.call("room.localParticipant.setCameraEnabled(false)")
        await until(bo, "room.remoteParticipants.get('anna').isCameraEnabled === false")
        await anna.call("room.localParticipant.setCameraEnabled(true)")
        count = await frames(bo, "anna")
        await until(bo, f"received('anna').then((r) => r.video?.frames > {count + 5})")
        await anna.call(
            "room.localParticipant.unpublishTrack([...room.localParticipant.trackPublications.values()]"
            ".find((p) => p.kind === 'video').track)"
        )
        await until(bo, "seen.events.includes('TrackUnpublished:anna')")
        await anna.call("room.localParticipant.setCameraEnabled(true)")
        await until(bo, "received('anna').then((r) => (r.video?.frames ?? 0) > 5)")
        await anna.call("room.disconnect()")
        await until(bo, "room.remoteParticipants.size === 0")
        await join(host, anna, "anna")
        await sees_and_hears(bo, "anna")
        await sees_and_hears(anna, "bo")


async def test_each_subscriber_gets_the_layer_it_asks_for(host: MediaHost) -> None:
    async with two(host, "chromium", "chromium") as (anna, bo):
        await join(host, anna, "anna")
        await join(host, bo, "bo", publish=False)
        await until(anna, "sending().then((layers) => layers.filter((l) => l.width > 0).length === 3)")
        for quality, width in (("LOW", 320), ("HIGH", 1280), ("MEDIUM", 640)):
            await bo.call(f"publicationOf('anna', 'video').setVideoQuality(VideoQuality.{quality})")
            await until(bo, f"received('anna').then((r) => r.video?.width === {width})")
        await bo.call("publicationOf('anna', 'video').setEnabled(false)")
        await stands_still(bo, "anna")
        count = await frames(bo, "anna")
        await bo.call("publicationOf('anna', 'video').setEnabled(true)")
        await until(bo, f"received('anna').then((r) => r.video?.frames > {count + 10})")
        await bo.call("publicationOf('anna', 'video').setSubscribed(false)")
        await until(bo, "seen.events.includes('TrackUnsubscribed:anna') || !publicationOf('anna', 'video').track")
        await bo.call("publicationOf('anna', 'video').setSubscribed(true)")
        await until(bo, "received('anna').then((r) => (r.video?.frames ?? 0) > 5)")


@pytest.mark.parametrize(("codec", "mode"), [("h264", ""), ("vp9", "L3T3_KEY"), ("av1", "L3T3")])
async def test_each_subscriber_gets_the_layer_it_asks_for_in_other_codecs(
    host: MediaHost, codec: str, mode: str
) -> None:
    """By simulcast or, with a mode, as spatial layers of one stream."""
    async with two(host, "chromium", "chromium") as (anna, bo):
        defaults = {"videoCodec": codec, "backupCodec": False} | ({"scalabilityMode": mode} if mode else {})
        await join(host, anna, "anna", options={"publishDefaults": defaults})
        await join(host, bo, "bo", publish=False)
        for quality, width in (("HIGH", 1280), ("LOW", 320), ("HIGH", 1280)):
            await bo.call(f"publicationOf('anna', 'video').setVideoQuality(VideoQuality.{quality})")
            await until(bo, f"received('anna').then((r) => r.video?.width === {width})")
        [info] = [one for one in host.server.rooms["r"].participants["anna"].info().tracks if one.type == VIDEO]
        assert info.mime_type == f"video/{codec}"


async def test_who_cannot_decode_the_first_codec_gets_the_second(host: MediaHost) -> None:
    async with two(host, "chromium", "chromium") as (anna, bo):
        await bo.call("lack('VP9')")
        await join(host, bo, "bo", publish=False)
        defaults = {"videoCodec": "vp9", "scalabilityMode": "L1T1", "backupCodec": {"codec": "vp8"}}
        await join(host, anna, "anna", options={"publishDefaults": defaults})
        await until(bo, "received('anna').then((r) => (r.video?.frames ?? 0) > 10)")
        [info] = [one for one in host.server.rooms["r"].participants["anna"].info().tracks if one.type == VIDEO]
        assert [codec.mime_type for codec in info.codecs] == ["video/vp9", "video/vp8"]


async def test_data_text_streams_and_remote_calls(host: MediaHost) -> None:
    async with two(host, "chromium", "chromium") as (anna, bo):
        await join(host, anna, "anna", publish=False)
        await join(host, bo, "bo", publish=False)
        send = "room.localParticipant.publishData(new TextEncoder().encode('%s'), %s)"
        await anna.call(send % ("all", "{reliable: true}"))
        await anna.call(send % ("quick", "{reliable: false}"))
        await anna.call(send % ("for cleo", "{reliable: true, destinationIdentities: ['cleo']}"))
        await anna.call(send % ("for bo", "{reliable: true, destinationIdentities: ['bo']}"))
        await until(bo, "seen.data.length >= 3")
        assert sorted(await bo.call("seen.data")) == [["anna", "all"], ["anna", "for bo"], ["anna", "quick"]]
        await anna.call("room.localParticipant.sendText('långt '.repeat(20000), {topic: 'text'}).then(() => 1)")
        await until(bo, "seen.streams.anna?.length === 120000")
        await bo.call("room.registerRpcMethod('greet', async (call) => `${call.callerIdentity}: ${call.payload}`)")
        perform = "room.localParticipant.performRpc({destinationIdentity: 'bo', method: 'greet', payload: 'hej'})"
        assert await anna.call(perform) == "anna: hej"


@pytest.mark.parametrize("single", [True, False], ids=["v1", "v0"])
async def test_resume_and_full_reconnect(host: MediaHost, single: bool) -> None:
    async with two(host, "chromium", "chromium") as (anna, bo):
        options = {"singlePeerConnection": single}
        await join(host, anna, "anna", options=options)
        await join(host, bo, "bo", options=options)
        await sees_and_hears(anna, "bo")
        before = host.server.member("r", "bo")
        assert host.cut("bo")
        await until(bo, "seen.events.some((e) => e.startsWith('Reconnect') || e.startsWith('SignalReconnecting'))")
        await until(bo, "room.state === 'connected'")
        assert host.server.member("r", "bo") is before
        count_a, count_b = await frames(anna, "bo"), await frames(bo, "anna")
        await until(anna, f"received('bo').then((r) => r.video?.frames > {count_a + 10})")
        await until(bo, f"received('anna').then((r) => r.video?.frames > {count_b + 10})")
        await bo.call("seen.events.splice(0)")
        await bo.call("room.simulateScenario('full-reconnect')")
        await until(bo, "seen.events.some((e) => e.startsWith('Reconnected'))")
        assert host.server.member("r", "bo") is not before
        await sees_and_hears(anna, "bo")
        await sees_and_hears(bo, "anna")


async def test_hostile_datagrams_and_the_newest_device_wins(host: MediaHost) -> None:
    async with two(host, "chromium", "chromium") as (anna, bo):
        await join(host, anna, "anna")
        await join(host, bo, "bo")
        await sees_and_hears(bo, "anna")
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for _ in range(300):
                for datagram in (b"", b"\x16\xfe\xff" + os.urandom(64), b"\x80\x60" + os.urandom(64), os.urandom(9)):
                    sender.sendto(datagram, ("127.0.0.1", host.server.port.number))
        count = await frames(bo, "anna")
        await until(bo, f"received('anna').then((r) => r.video?.frames > {count + 10})")
        newer = SdkClient(host, "anna")
        await newer.connect()
        await until(anna, "seen.events.includes('Disconnected:2')")  # DUPLICATE_IDENTITY
        await newer.close()


async def test_a_refused_token_is_told_clearly(host: MediaHost) -> None:
    async with two(host, "chromium", "chromium") as (anna, _):
        failed = "join('nonsense').catch((error) => [error.status, error.message])"
        status, message = await anna.call(failed)
        assert status == 401
        assert "access token not valid" in message

"""Data between unmodified clients, npm livekit-client in Chromium and the Python SDK: data tracks, streams, calls."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import pytest
from livekit import rtc
from livekit.rtc.participant import PublishDataTrackError

from tests.sfu.browsers import CHROMIUM, CLIENT, chromium, page_routes, until
from tests.sfu.sdk_client import MediaHost, SdkClient, eventually, media_host
from tests.sfu.test_browsers import join

pytestmark = pytest.mark.timeout(240)
browser = [
    pytest.mark.browser,
    pytest.mark.skipif(not CLIENT.exists(), reason="livekit-client is not in web/node_modules: npm ci"),
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed"),
]


@pytest.fixture
async def host() -> AsyncIterator[MediaHost]:
    async with media_host(extra=page_routes()) as running:
        yield running


class Watcher(SdkClient):
    """Subscribes to every data track it is told of. frames_of: payloads by the publisher's identity."""

    def __init__(self, host: MediaHost, identity: str, *, single: bool = True) -> None:
        super().__init__(host, identity, single=single)
        self.frames_of: dict[str, list[bytes]] = {}
        self.room.on("data_track_published", lambda track: self._start(self._read(track)))
        self.room.on("data_track_unpublished", lambda sid: self.events.append(f"data_track_unpublished:{sid}"))

    async def _read(self, track: rtc.RemoteDataTrack) -> None:
        async for frame in track.subscribe():
            self.frames_of.setdefault(track.publisher_identity, []).append(frame.payload)


async def push_until(track: rtc.LocalDataTrack, payload: bytes, done: list[list[bytes]]) -> None:
    """A data track is lossy, and what was sent before its subscription stood is not sent again."""
    for _ in range(900):
        track.try_push(rtc.DataTrackFrame(payload=payload))
        await asyncio.sleep(0.05)
        if all(payload in frames for frames in done):
            return
    raise AssertionError("the frame did not come")


@pytest.mark.parametrize("single", [True, False], ids=["v1", "v0"])
async def test_data_tracks_between_sdks(host: MediaHost, single: bool) -> None:
    anna, bo, late = (Watcher(host, name, single=single) for name in ("anna", "bo", "late"))
    await anna.connect()
    await bo.connect()
    track = await anna.room.local_participant.publish_data_track(name="position")
    await push_until(track, b"one", [bo.frames_of.setdefault("anna", [])])
    await late.connect()
    # Several packets: one frame is larger than what fits a packet.
    large = bytes(range(256)) * 200
    both = [one.frames_of.setdefault("anna", []) for one in (bo, late)]
    await push_until(track, large, both)
    with pytest.raises(PublishDataTrackError):
        await anna.room.local_participant.publish_data_track(name="position")
    await track.unpublish()
    await eventually(lambda: f"data_track_unpublished:{track.info.sid}" in bo.events, what="unpublishing is told")
    for client in (late, bo, anna):
        await client.close()


@pytest.mark.parametrize("single", ["true", "false"], ids=["v1", "v0"])
@pytest.mark.browser
async def test_data_tracks_between_pages_and_an_sdk(host: MediaHost, single: str) -> None:
    async with AsyncExitStack() as stack:
        opened = await stack.enter_async_context(chromium())
        anna, bo = await opened.open(f"{host.http}/page"), await opened.open(f"{host.http}/page")
        options = {"singlePeerConnection": single == "true"}
        for tab, name in ((anna, "anna"), (bo, "bo")):
            await join(host, tab, name, publish=False, options=options)
        sdk = Watcher(host, "sdk")
        await sdk.connect()
        await bo.call(
            "room.on('dataTrackPublished', async (track) => { for await (const frame of track.subscribe())"
            " (seen.data).push([track.publisherIdentity, frame.payload.length]); }) && 1"
        )
        await anna.call(
            "room.localParticipant.publishDataTrack({name: 'position'}).then((track) => { window.track = track; "
            "setInterval(() => track.tryPush({payload: new Uint8Array(40000)}), 50); })"
        )
        await until(bo, "seen.data.some(([who, size]) => who === 'anna' && size === 40000)")
        await eventually(
            lambda: any(len(one) == 40000 for one in sdk.frames_of.get("anna", [])), what="frame at the SDK"
        )
        twice = "room.localParticipant.publishDataTrack({name: 'position'}).catch((error) => error.reasonName)"
        assert await anna.call(twice) == "DuplicateName"
        sdk_track = await sdk.room.local_participant.publish_data_track(name="answer")
        for _ in range(450):
            sdk_track.try_push(rtc.DataTrackFrame(payload=b"12345"))
            await asyncio.sleep(0.05)
            if await bo.call("seen.data.some(([who, size]) => who === 'sdk' && size === 5)"):
                break
        assert await bo.call("seen.data.some(([who, size]) => who === 'sdk' && size === 5)")
        await anna.call("track.unpublish()")
        await until(bo, "room.remoteParticipants.get('anna').dataTracks.size === 0")
        await sdk.close()


async def test_large_streams_and_calls(host: MediaHost) -> None:
    """Megabytes of bytes and a call larger than one packet: all of it, in order, once."""
    anna, bo = SdkClient(host, "anna"), SdkClient(host, "bo")
    await anna.connect()
    await bo.connect()
    got: list[bytes] = []

    async def read(reader: rtc.ByteStreamReader) -> None:
        got.append(b"".join([chunk async for chunk in reader]))

    bo.room.register_byte_stream_handler("file", lambda reader, _who: bo._start(read(reader)))
    file = b"".join(number.to_bytes(4, "big") for number in range(1_000_000))
    writer = await anna.room.local_participant.stream_bytes("scan.pdf", topic="file", total_size=len(file))
    await writer.write(file)
    await writer.aclose()
    await eventually(lambda: got == [file], seconds=60, what="four megabytes")

    async def reverse(call: rtc.RpcInvocationData) -> str:
        return call.payload[::-1]

    bo.room.local_participant.register_rpc_method("reverse", reverse)
    question = "åäö" * 2000
    answer = await anna.room.local_participant.perform_rpc(
        destination_identity="bo", method="reverse", payload=question
    )
    assert answer == question[::-1]
    await anna.close()
    await bo.close()

"""The Python SDK behind a poor path: sound stays, video yields, and comes back by itself. Over a real UDP relay."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable

import numpy as np
import pytest
from livekit import rtc

from sfu.down_track import DownTrack
from tests.sfu.relay import Relay
from tests.sfu.sdk_client import MediaHost, SdkClient, eventually, media_host

pytestmark = [pytest.mark.timeout(300), pytest.mark.stand_in]

SIZE = (640, 360)


@pytest.fixture
async def host() -> AsyncIterator[MediaHost]:
    async with media_host() as running:
        yield running


async def noise(source: rtc.VideoSource) -> None:
    """A picture that takes bits."""
    dice = np.random.default_rng(1)
    width, height = SIZE
    frames = []
    for _ in range(8):
        coarse = dice.integers(0, 255, (height // 8, width // 8, 4), np.uint8)
        frames.append(np.kron(coarse, np.ones((8, 8, 1), np.uint8)).tobytes())
    step = 0
    while True:
        frame = rtc.VideoFrame(width, height, rtc.VideoBufferType.RGBA, frames[step % 8])
        source.capture_frame(frame)
        step += 1
        await asyncio.sleep(0.05)


async def publish_noise(client: SdkClient) -> None:
    source = rtc.VideoSource(*SIZE)
    track = rtc.LocalVideoTrack.create_video_track("camera", source)
    options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_CAMERA, simulcast=True)
    client._start(noise(source))
    await client.room.local_participant.publish_track(track, options)


async def within(seconds: float, check: Callable[[], bool], what: str) -> float:
    began = time.monotonic()
    await eventually(check, seconds=seconds, what=what)
    return time.monotonic() - began


@pytest.mark.parametrize("single", [True, False], ids=["v1", "v0"])
async def test_video_yields_sound_stays_and_video_comes_back(host: MediaHost, single: bool) -> None:
    anna, bo = SdkClient(host, "anna"), SdkClient(host, "bo", single=single)
    await anna.connect()
    await publish_noise(anna)
    await anna.publish_audio()
    relay = Relay(host)
    await relay.open()
    relay.stand_between()
    await bo.connect()
    await eventually(lambda: bo.frames.get("anna", 0) > 5 and bo.loudest.get("anna", 0) > 5000, what="anna")
    member = host.server.member("r", "bo")
    assert member is not None
    peer = member.connection._subscriber.peer
    tracks: list[DownTrack] = list(peer._down_tracks.values())
    video = next(track for track in tracks if track.up_track.kind == "video")
    audio = next(track for track in tracks if track.up_track.kind == "audio")
    assert video.is_numbered
    assert audio.is_numbered
    await within(20, lambda: peer.outlet.bandwidth.has_feedback, "transport-wide feedback")
    best = max(layer.quality for layer in video.up_track.layers)
    await within(30, lambda: video.current_quality == best, "the best layer")

    relay.rate = 150_000.0
    yielded = await within(10, lambda: video.current_quality != best, "video yields")
    await asyncio.sleep(1.0)
    relay.dropped.clear()
    relay.passed.clear()
    await asyncio.sleep(4.0)
    lost = relay.dropped[audio.ssrc] / (relay.dropped[audio.ssrc] + relay.passed[audio.ssrc])
    estimate = peer.outlet.bandwidth.estimate

    relay.rate = None
    returned = await within(25, lambda: video.current_quality == best, "video comes back")
    print(f"yielded {yielded:.1f} s, sound lost {lost:.1%}, estimate {estimate:.0f}, back {returned:.1f} s")  # noqa: T201
    assert yielded < 3.0 + 2.0, "with room for a busy machine"
    assert lost < 0.02
    assert estimate < 400_000
    seen = bo.frames["anna"]
    await eventually(lambda: bo.frames["anna"] > seen + 10, what="picture goes on")
    for client in (bo, anna):
        await client.close()
    await relay.close()

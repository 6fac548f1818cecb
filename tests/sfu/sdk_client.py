"""The real Python SDK as a participant, with a moving picture and a tone, for end-to-end tests."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
from aiohttp import web
from livekit import api, rtc

from sfu.access_token import Claims, TokenKey
from sfu.server import EmbeddedMediaServer
from signaling.livekit_socket import Admit, admit_everyone
from signaling.media import application

KEY, SECRET = "devkey", "a secret of at least thirty-two bytes"

# Sound is handed over in long pieces: the SDK wakes every reader in the process for each piece, and with the usual
# 10 ms six participants in one process spend a whole core on that alone, and starve the server beside them.
FRAME_MS = 100
FRAME = 48 * FRAME_MS


class MediaHost:
    """A media server on free ports of this machine."""

    def __init__(self, server: EmbeddedMediaServer, port: int, requests: list[tuple[str, web.Request]]) -> None:
        self.server = server
        self.port = port
        self._requests = requests
        self.url = f"ws://127.0.0.1:{port}"
        self.http = f"http://127.0.0.1:{port}"

    def cut(self, identity: str) -> int:
        """Cut the signalling sockets of a participant, as if the network had: no close frame. How many there were."""
        cut = 0
        for holder, request in self._requests:
            if holder == identity and request.transport is not None:
                request.transport.abort()
                cut += 1
        return cut

    def token(self, identity: str, room: str = "r", **grants: Any) -> str:
        allowed = api.VideoGrants(**{"room_join": True, "room": room, **grants})
        return (
            api.AccessToken(KEY, SECRET)
            .with_identity(identity)
            .with_name(identity.title())
            .with_grants(allowed)
            .to_jwt()
        )


@asynccontextmanager
async def media_host(
    *, admit: Admit = admit_everyone, extra: list[web.RouteDef] | None = None, auto_create: bool = True
) -> AsyncIterator[MediaHost]:
    server = EmbeddedMediaServer(TokenKey(KEY, SECRET), auto_create=auto_create)
    requests: list[tuple[str, web.Request]] = []

    async def remember(claims: Claims, request: web.Request) -> None:
        requests.append((claims.identity, request))
        await admit(claims, request)

    app = application(server, remember)
    app.add_routes(extra or [])
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        yield MediaHost(server, port, requests)
    finally:
        await runner.cleanup()


async def eventually(check: Any, *, seconds: float = 45, what: str = "") -> None:
    """Wait until `check()` is true."""
    deadline = asyncio.get_running_loop().time() + seconds
    while not check():
        assert asyncio.get_running_loop().time() < deadline, f"not in {seconds} s: {what}"
        await asyncio.sleep(0.05)


async def silent(client: "SdkClient", publisher: str, *, seconds: float = 0.5) -> None:
    """Wait until no tone of the publisher has come for so long: what came last, the client's decoder fades out."""
    now = asyncio.get_running_loop().time
    heard, since = client.tones.get(publisher, 0), now()

    def is_silent() -> bool:
        nonlocal heard, since
        if client.tones.get(publisher, 0) != heard:
            heard, since = client.tones[publisher], now()
        return now() - since >= seconds

    await eventually(is_silent, what=f"{client.identity} no longer hears {publisher}")


class SdkClient:
    """What one participant publishes and what it has seen. frames, bars, loudest, tones: by the publisher's identity.

    bars, tones: how much of it was what a client like this one publishes, and not what noise decodes to.
    """

    def __init__(self, host: MediaHost, identity: str, *, single: bool = True) -> None:
        self.host = host
        self.identity = identity
        self.single = single
        self.room = rtc.Room()
        self.frames: dict[str, int] = {}
        self.bars: dict[str, int] = {}
        self.sizes: dict[str, tuple[int, int]] = {}
        self.loudest: dict[str, int] = {}
        self.tones: dict[str, int] = {}
        self.data: list[tuple[str | None, bytes, str | None]] = []
        self.events: list[str] = []
        self.speakers: list[str] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._sources: list[Any] = []

    async def connect(
        self, token: str | None = None, *, auto_subscribe: bool = True, encryption: rtc.E2EEOptions | None = None
    ) -> None:
        self.room.on("track_subscribed", self._subscribed)
        self.room.on("data_received", self._data)
        self.room.on("active_speakers_changed", self._speaking)
        for name in (
            "participant_connected",
            "participant_disconnected",
            "track_published",
            "track_unpublished",
            "track_unsubscribed",
            "track_muted",
            "track_unmuted",
            "disconnected",
            "reconnecting",
            "reconnected",
        ):
            self.room.on(name, lambda *what, name=name: self.events.append(f"{name}:{_named(what)}"))
        options = rtc.RoomOptions(
            auto_subscribe=auto_subscribe, single_peer_connection=self.single, encryption=encryption
        )
        await self.room.connect(self.host.url, token or self.host.token(self.identity), options)

    async def publish_video(self, *, simulcast: bool = False, size: tuple[int, int] = (320, 240)) -> Any:
        source = rtc.VideoSource(*size)
        track = rtc.LocalVideoTrack.create_video_track("camera", source)
        options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_CAMERA, simulcast=simulcast)
        self._start(self._picture(source, size))
        return await self.room.local_participant.publish_track(track, options)

    async def publish_audio(self) -> Any:
        source = rtc.AudioSource(48000, 1)
        track = rtc.LocalAudioTrack.create_audio_track("microphone", source)
        options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
        self._start(self._tone(source))
        return await self.room.local_participant.publish_track(track, options)

    async def publish_screen(self) -> None:
        """A screen and its sound."""
        video, audio = rtc.VideoSource(320, 180), rtc.AudioSource(48000, 1)
        self._start(self._picture(video, (320, 180)))
        self._start(self._tone(audio))
        for track, source in (
            (rtc.LocalVideoTrack.create_video_track("screen", video), rtc.TrackSource.SOURCE_SCREENSHARE),
            (rtc.LocalAudioTrack.create_audio_track("sound", audio), rtc.TrackSource.SOURCE_SCREENSHARE_AUDIO),
        ):
            await self.room.local_participant.publish_track(track, rtc.TrackPublishOptions(source=source))

    async def close(self) -> None:
        await self.room.disconnect()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _start(self, work: Any) -> None:
        self._tasks.append(asyncio.get_running_loop().create_task(work))

    def _subscribed(self, track: Any, _publication: Any, participant: Any) -> None:
        self.events.append(f"track_subscribed:{participant.identity}")
        watch = self._watch if track.kind == rtc.TrackKind.KIND_VIDEO else self._hear
        self._start(watch(track, participant.identity))

    def _data(self, packet: Any) -> None:
        self.data.append((packet.participant.identity if packet.participant else None, packet.data, packet.topic))

    def _speaking(self, speakers: list[Any]) -> None:
        self.speakers = [speaker.identity for speaker in speakers]

    async def _watch(self, track: Any, identity: str) -> None:
        async for event in rtc.VideoStream(track, format=rtc.VideoBufferType.I420):
            self.frames[identity] = self.frames.get(identity, 0) + 1
            frame = event.frame
            self.sizes[identity] = (frame.width, frame.height)
            luma = np.frombuffer(frame.data, np.uint8, count=frame.width * frame.height)
            self.bars[identity] = self.bars.get(identity, 0) + is_bar(luma.reshape(frame.height, frame.width))

    async def _hear(self, track: Any, identity: str) -> None:
        async for event in rtc.AudioStream(track, frame_size_ms=FRAME_MS):
            samples = np.frombuffer(event.frame.data, dtype=np.int16)
            loudest = int(np.abs(samples.astype(np.int32)).max()) if len(samples) else 0
            self.loudest[identity] = max(self.loudest.get(identity, 0), loudest)
            self.tones[identity] = self.tones.get(identity, 0) + _is_tone(samples)

    async def _picture(self, source: Any, size: tuple[int, int]) -> None:
        width, height = size
        step = 0
        while True:
            frame = np.zeros((height, width, 4), np.uint8)
            frame[:, :, 3] = 255
            frame[:, (step * 8) % width : (step * 8) % width + 40, 1] = 255
            source.capture_frame(rtc.VideoFrame(width, height, rtc.VideoBufferType.RGBA, frame.tobytes()))
            step += 1
            await asyncio.sleep(0.066)

    async def _tone(self, source: Any) -> None:
        phase = 0
        while True:
            wave = np.sin(2 * np.pi * 440 * (np.arange(FRAME) + phase) / 48000) * 12000
            phase += FRAME
            await source.capture_frame(rtc.AudioFrame(wave.astype(np.int16).tobytes(), 48000, 1, FRAME))


def is_bar(luma: Any) -> bool:
    """Whether it is what `publish_video` sends, one upright bar: every row of the luma plane is like the next."""
    rows = luma.astype(float)
    return bool(rows.std(axis=0).mean() < 5 and rows.std(axis=1).mean() > 5)


def _is_tone(samples: Any) -> bool:
    """Whether it is what `publish_audio` sends, and not noise: 440 Hz, a tenth of a kilohertz to either side."""
    power = np.abs(np.fft.rfft(samples.astype(float))) ** 2
    near = np.abs(np.fft.rfftfreq(len(samples), 1 / 48000) - 440) <= 110 if len(samples) else power > 0
    return bool(power.sum() > 1e6 and power[near].sum() > 0.8 * power.sum())


def _named(things: tuple[Any, ...]) -> str:
    return ":".join(str(getattr(thing, "identity", getattr(thing, "sid", thing))) for thing in things)

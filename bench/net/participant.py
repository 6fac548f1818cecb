"""One participant in a namespace: ``python -m bench.net.participant <url> <token> [large]``, the Python SDK unmodified.

Publishes a small moving picture, or with ``large`` one of two simulcast layers, and a tone, receives everybody, and
writes what happens as lines of JSON. Times are of the machine's monotonic clock, the same in every process. A line
``stats`` on the standard input asks for sound figures.
"""

import asyncio
import contextlib
import json
import logging
import sys
import time
from typing import Any

import numpy as np
from livekit import rtc

SMALL, LARGE = (160, 120), (640, 360)
FRAMES_PER_SECOND = 15
AUDIBLE = 1000  # of 32767: a tone, not the last of a concealed one


def tell(event: str, **values: object) -> None:
    sys.stdout.write(json.dumps({"event": event, "at": time.monotonic(), **values}) + "\n")
    sys.stdout.flush()


class Participant:
    def __init__(self, *, single: bool = True, size: tuple[int, int] = SMALL) -> None:
        self.room = rtc.Room()
        self._size = size
        self._single = single
        self._heard: list[Any] = []
        self._tasks: set[asyncio.Task[None]] = set()
        self.room.on("track_subscribed", self._subscribed)
        for name in ("reconnecting", "reconnected", "disconnected"):
            self.room.on(name, lambda *_, name=name: tell(name))

    async def join(self, url: str, token: str) -> None:
        tell("connecting")
        # Our pages send only the layers that are asked for; so does this one where it sends layers. And it receives
        # only after that: before its first large picture the SDK changes the format of all sections, also of those it
        # receives, and where a packet comes while libwebrtc makes their streams anew, that stream shows nothing more
        # (its log: "SetSink ... nullptr"). Three meetings in a hundred, with livekit-server just as with ours.
        large = self._size == LARGE
        how = rtc.RoomOptions(single_peer_connection=self._single, dynacast=large, auto_subscribe=not large)
        await self.room.connect(url, token, how)
        tell("connected")
        picture, sound = rtc.VideoSource(*self._size), rtc.AudioSource(48000, 1)
        video = rtc.LocalVideoTrack.create_video_track("camera", picture)
        audio = rtc.LocalAudioTrack.create_audio_track("microphone", sound)
        self._start(self._picture(picture))
        self._start(self._tone(sound))
        simulcast = self._size == LARGE
        camera = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_CAMERA, simulcast=simulcast)
        microphone = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
        for track, options in ((audio, microphone), (video, camera)):
            # After a lost path a track may take some seconds; that is what is measured.
            with contextlib.suppress(rtc.room.ConnectError):
                await self.room.local_participant.publish_track(track, options)
        if large:
            self.room.on("track_published", lambda publication, _: publication.set_subscribed(True))
            for other in self.room.remote_participants.values():
                for publication in other.track_publications.values():
                    publication.set_subscribed(True)
        tell("published")

    async def stats(self) -> None:
        concealed = total = lost = came = 0
        for track in self._heard:
            for report in await track.get_stats():
                if report.HasField("inbound_rtp"):
                    concealed += report.inbound_rtp.inbound.concealed_samples
                    total += report.inbound_rtp.inbound.total_samples_received
                    lost += report.inbound_rtp.received.packets_lost
                    came += report.inbound_rtp.received.packets_received
        tell("stats", concealed=concealed, total=total, lost=lost, came=came)

    def _start(self, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def _subscribed(self, track: Any, _publication: Any, participant: Any) -> None:
        if track.kind == rtc.TrackKind.KIND_VIDEO:
            self._start(self._watch(track, participant.identity))
        else:
            self._heard.append(track)
            self._start(self._hear(track, participant.identity))

    async def _watch(self, track: Any, identity: str) -> None:
        async for _ in rtc.VideoStream(track):
            tell("picture", of=identity)

    async def _hear(self, track: Any, identity: str) -> None:
        told = 0.0
        async for event in rtc.AudioStream(track):
            samples = np.frombuffer(event.frame.data, dtype=np.int16)
            now = time.monotonic()
            if now - told > 0.05 and len(samples) and int(np.abs(samples.astype(np.int32)).max()) > AUDIBLE:
                told = now
                tell("sound", of=identity)

    async def _picture(self, source: Any) -> None:
        width, height = self._size
        dice = np.random.default_rng(1)
        self._noise = dice.integers(0, 255, (8, height // 3, width, 3), np.uint8)
        step = 0
        while True:
            frame = np.zeros((height, width, 4), np.uint8)
            frame[:, :, 3] = 255
            frame[:, (step * 8) % width : (step * 8) % width + 30, 1] = 255
            if self._size == LARGE:
                # Something to spend bits on: a moving strip of noise.
                frame[: height // 3, :, :3] = self._noise[step % len(self._noise)]
            source.capture_frame(rtc.VideoFrame(width, height, rtc.VideoBufferType.RGBA, frame.tobytes()))
            step += 1
            await asyncio.sleep(1 / FRAMES_PER_SECOND)

    async def _tone(self, source: Any) -> None:
        phase = 0
        while True:
            wave = np.sin(2 * np.pi * 440 * (np.arange(480) + phase) / 48000) * 12000
            phase += 480
            await source.capture_frame(rtc.AudioFrame(wave.astype(np.int16).tobytes(), 48000, 1, 480))


async def main(url: str, token: str, size: tuple[int, int]) -> None:
    participant = Participant(size=size)
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    await participant.join(url, token)
    while line := await reader.readline():
        if line.strip() == b"stats":
            await participant.stats()
    await participant.room.disconnect()


if __name__ == "__main__":
    logging.getLogger("livekit").setLevel(logging.CRITICAL)
    asyncio.run(main(sys.argv[1], sys.argv[2], LARGE if "large" in sys.argv[3:] else SMALL))

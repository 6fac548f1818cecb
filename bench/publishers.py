"""Participants that publish real pictures and sound, by LiveKit's Python SDK: a browser each would starve the rest.

Their encoder and decoder are those of the browsers (libwebrtc): VP8 and Opus.
"""

import asyncio
import math
import struct
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from livekit import rtc

from bench.client import Access, socket_url
from db.tasks import Tasks

_SAMPLE_RATE = 48_000
# A tenth of a second is handed over at a time: the SDK wakes every waiter in the process for each block, and with
# blocks of 10 ms that alone took most of a core from what is measured. Opus packets are of 20 ms all the same.
_BLOCK = _SAMPLE_RATE // 10
_TONE = 440


class NotPublished(Exception):
    """For the operator: the publishers do not receive each other."""


@dataclass(frozen=True, slots=True)
class Video:
    """The made-up camera. bitrate: bit/s at most."""

    width: int = 320
    height: int = 180
    rate: int = 10
    bitrate: int = 150_000

    def frame(self, number: int) -> bytes:
        """I420 with a bright bar that moves on with each number."""
        rows = []
        bar = number * 8 % self.width
        row = bytearray(b"\x40" * self.width)
        row[bar : bar + 16] = b"\xc0" * min(16, self.width - bar)
        rows.append(bytes(row) * self.height)
        rows.append(b"\x80" * (self.width * self.height // 2))
        return b"".join(rows)


def tone_blocks() -> Iterator[bytes]:
    """0.1 s of 16-bit samples each, without end and without a pause: sound is heard as soon as it can be."""
    second = [int(8000 * math.sin(2 * math.pi * _TONE * i / _SAMPLE_RATE)) for i in range(_SAMPLE_RATE)]
    blocks = [struct.pack(f"<{_BLOCK}h", *second[at : at + _BLOCK]) for at in range(0, _SAMPLE_RATE, _BLOCK)]
    while True:
        yield from blocks


@asynccontextmanager
async def publishing(access: Access, room: str, count: int, video: Video, limit: float = 20.0) -> AsyncIterator[None]:
    """So many participants in the room, who all publish and receive each other. Raises NotPublished."""
    sources = Tasks()
    rooms = [rtc.Room() for _ in range(count)]
    try:
        try:
            async with asyncio.timeout(limit):
                for number, joining in enumerate(rooms):
                    token = access.token(f"publisher-{number}", room, time.time())
                    await joining.connect(socket_url(access), token)
                    await _publish(joining, video, sources)
                # The SDK tells of each track by an event; asking ten times a second says the same in two lines.
                while not all(tracks(joined) >= 2 * (count - 1) for joined in rooms):  # noqa: ASYNC110
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise NotPublished(f"tracks received by each publisher: {[tracks(joined) for joined in rooms]}") from None
        yield
    finally:
        await sources.close()
        for joined in rooms:
            await joined.disconnect()


def tracks(room: rtc.Room) -> int:
    """How many tracks of others are received."""
    others = room.remote_participants.values()
    return sum(publication.track is not None for other in others for publication in other.track_publications.values())


async def _publish(room: rtc.Room, video: Video, sources: Tasks) -> None:
    camera, microphone = rtc.VideoSource(video.width, video.height), rtc.AudioSource(_SAMPLE_RATE, 1)
    await room.local_participant.publish_track(
        rtc.LocalVideoTrack.create_video_track("camera", camera),
        rtc.TrackPublishOptions(
            source=rtc.TrackSource.SOURCE_CAMERA,
            video_codec=rtc.VideoCodec.VP8,
            video_encoding=rtc.VideoEncoding(max_bitrate=video.bitrate, max_framerate=video.rate),
        ),
    )
    await room.local_participant.publish_track(
        rtc.LocalAudioTrack.create_audio_track("microphone", microphone),
        rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE),
    )
    sources.start(_film(camera, video), name="camera")
    sources.start(_sound(microphone), name="microphone")


async def _film(camera: rtc.VideoSource, video: Video) -> None:
    number = 0
    while True:
        picture = video.frame(number)
        camera.capture_frame(rtc.VideoFrame(video.width, video.height, rtc.VideoBufferType.I420, picture))
        number += 1
        await asyncio.sleep(1 / video.rate)


async def _sound(microphone: rtc.AudioSource) -> None:
    for block in tone_blocks():
        await microphone.capture_frame(rtc.AudioFrame(block, _SAMPLE_RATE, 1, _BLOCK))

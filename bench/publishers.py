"""Participants that publish real pictures and sound and cost next to nothing: what they send was encoded beforehand.

They are the load generator's clients. What they are sent they receive, report on and drop undecoded: the joining
browser shall not wait for five encoders and twenty decoders that in truth stand on other machines.
"""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from bench.client import Access, Client
from bench.load import Load, joined, room_name
from bench.packets import Kind, Stream, vp8_descriptor
from bench.recording import SAMPLE_RATE, SOUND_RATE, Camera, film, tone
from db.tasks import Tasks

ROOM = room_name(0)

Seal = Callable[[Kind, bytes], bytes]
"""Makes of an encoded frame what is sent."""

_PAYLOAD = 1100
_VIDEO_CLOCK = 90_000


class Playback(Stream):
    """Plays encoded frames round and round; a wanted key frame is the first one, from which it goes on.

    rate: frames a second. The next frame is due when it is due, as with an encoder that is asked for a key frame. seal:
    what is done to each frame; none: it is sent as it is.
    """

    def __init__(self, kind: Kind, frames: list[bytes], rate: int, *, seal: Seal | None = None, **stream: Any) -> None:
        super().__init__(kind, **stream)
        self._seal = seal
        self._recording = frames
        self._rate = rate
        self._next = 0
        self._pictures = 0

    @property
    def interval(self) -> float:
        return 1 / self._rate

    def burst(self, now: int) -> list[bytes]:
        self.at = now
        if self.key_frame_wanted:
            self.key_frame_wanted = False
            self._next = 0
        frame = self._recording[self._next]
        self._next = (self._next + 1) % len(self._recording)
        if self._seal is not None:
            frame = self._seal(self.kind, frame)
        clock = _VIDEO_CLOCK if self.kind == "video" else SAMPLE_RATE
        self.timestamp = (self.timestamp + clock // self._rate) & 0xFFFFFFFF
        if self.kind == "audio":
            return [self.packet(frame, now, marker=self.packets == 0)]
        picture, self._pictures = self._pictures, self._pictures + 1
        parts = [frame[at : at + _PAYLOAD] for at in range(0, len(frame), _PAYLOAD)]
        return [
            self.packet(
                vp8_descriptor(first=index == 0, picture_id=picture, base_layer_index=picture) + part,
                now,
                marker=index == len(parts) - 1,
            )
            for index, part in enumerate(parts)
        ]


@asynccontextmanager
async def publishing(
    access: Access, count: int, camera: Camera, new_client: Callable[..., Client] = Client
) -> AsyncIterator[Load]:
    """So many participants in ROOM, who all publish and receive each other. Raises Refused or NotConnected."""
    frames, sound = film(camera), tone()

    def playback(kind: Kind, **stream: Any) -> Playback:
        if kind == "audio":
            return Playback(kind, sound, SOUND_RATE, **stream)
        return Playback(kind, frames, camera.rate, **stream)

    publisher = partial(new_client, new_stream=playback, size=(camera.width, camera.height))
    async with joined(access, 1, count, participant=publisher, feedback=True) as load:
        sending = Tasks()
        sending.start(load.keep_sending(), name="publishers")
        try:
            yield load
        finally:
            await sending.close()

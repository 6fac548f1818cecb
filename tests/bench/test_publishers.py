"""Made-up pictures and sound."""

import struct
from itertools import islice

from livekit import rtc

from bench.publishers import Video, tone_blocks, tracks


def test_a_frame_is_i420_and_moves() -> None:
    video = Video(width=64, height=32)
    frame = video.frame(1)
    assert len(frame) == 64 * 32 * 3 // 2
    assert frame != video.frame(2)
    assert all(len(video.frame(number)) == len(frame) for number in range(9))


def test_the_tone_has_no_pause() -> None:
    blocks = list(islice(tone_blocks(), 25))
    assert {len(block) for block in blocks} == {9600}
    assert all(max(struct.unpack("<4800h", block)) > 7000 for block in blocks)


async def test_tracks_of_a_room_nobody_joined() -> None:
    assert tracks(rtc.Room()) == 0

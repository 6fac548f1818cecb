"""What is encoded once is what a decoder takes for pictures and sound."""

from fractions import Fraction

import av
import numpy as np
import pytest

from bench.recording import SOUND_RATE, Camera, film, tone

CAMERA = Camera(width=64, height=36, seconds=1)


@pytest.fixture(scope="module")
def frames() -> list[bytes]:
    return film(CAMERA)


def test_one_frame_for_each_picture_and_the_first_alone_is_a_key_frame(frames: list[bytes]) -> None:
    assert len(frames) == CAMERA.rate
    # RFC 6386, 9.1: the frame tag's lowest bit is 0 in key frames.
    assert [number for number, frame in enumerate(frames) if not frame[0] & 1] == [0]


def test_the_film_decodes_and_moves_and_may_begin_anew_at_any_time(frames: list[bytes]) -> None:
    decoder = av.CodecContext.create("vp8", "r")
    pictures = []
    for frame in frames[:7] + frames[:7]:
        pictures += [picture.to_ndarray() for picture in decoder.decode(av.Packet(frame))]
    assert len(pictures) == 14
    assert pictures[0].shape == (36 * 3 // 2, 64)
    bars = [int(picture[18].argmax()) for picture in pictures]
    assert bars[0] < 16 <= bars[4]
    assert bars[7] < 16 <= bars[11]


def test_the_tone_is_a_second_of_sound_without_a_pause() -> None:
    packets = tone()
    assert len(packets) == SOUND_RATE
    decoder = av.CodecContext.create("libopus", "r")
    decoder.sample_rate, decoder.layout = 48_000, "mono"
    sound = []
    for number, payload in enumerate(packets + packets):
        packet = av.Packet(payload)
        packet.pts, packet.time_base = number * 960, Fraction(1, 48_000)
        sound += [frame.to_ndarray().astype(np.float64).ravel() for frame in decoder.decode(packet)]
    assert all(np.abs(block).max() > 0 for block in sound[2:])
    loudness = [float(np.sqrt((block**2).mean())) for block in sound[2:]]
    assert min(loudness) > max(loudness) / 2

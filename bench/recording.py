"""A camera's picture in VP8 and a tone in Opus, encoded once: publishers play them, which costs next to nothing.

The encoders are those of the browsers (libvpx, libopus), by PyAV, which aiortc brings along.
"""

from dataclasses import dataclass
from fractions import Fraction

import av
import numpy as np

SAMPLE_RATE = 48_000
SOUND_RATE = 50
"""Packets of sound a second."""

_TONE = 440
_LOUDNESS = 8000
_SOUND_BITRATE = 32_000


@dataclass(frozen=True, slots=True)
class Camera:
    """The made-up camera: livekit-client's preset h180. rate: pictures a second; bitrate: bit/s; seconds: of film."""

    width: int = 320
    height: int = 180
    rate: int = 20
    bitrate: int = 160_000
    seconds: int = 20

    def picture(self, number: int) -> av.VideoFrame:
        """Grey noise that stands still, as a room does, and a bright bar that moves on with each number."""
        rows = np.random.default_rng(1).integers(56, 72, (self.height * 3 // 2, self.width), dtype=np.uint8)
        rows[self.height :] = 128
        bar = number * 8 % self.width
        rows[: self.height, bar : bar + 16] = 192
        picture = av.VideoFrame.from_ndarray(rows, format="yuv420p")
        picture.pts = number
        return picture


def film(camera: Camera) -> list[bytes]:
    """VP8 frames, of which only the first is a key frame: browsers send no other where nobody asks for one."""
    encoder = av.CodecContext.create("libvpx", "w")
    encoder.width, encoder.height, encoder.pix_fmt = camera.width, camera.height, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, camera.rate), Fraction(camera.rate)
    encoder.bit_rate = camera.bitrate
    encoder.gop_size = camera.rate * camera.seconds
    # As libwebrtc has it: nothing is held back, and each picture becomes one frame.
    encoder.options = {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "0", "auto-alt-ref": "0"}
    pictures = [camera.picture(number) for number in range(camera.rate * camera.seconds)]
    return [bytes(packet) for picture in [*pictures, None] for packet in encoder.encode(picture)]


def tone() -> list[bytes]:
    """A second of Opus packets of 20 ms, without a pause, which may be played round and round."""
    encoder = av.CodecContext.create("libopus", "w")
    encoder.sample_rate, encoder.layout, encoder.format = SAMPLE_RATE, "mono", "s16"
    encoder.bit_rate = _SOUND_BITRATE
    encoder.options = {"frame_duration": str(1000 // SOUND_RATE), "application": "voip"}
    wave = _LOUDNESS * np.sin(2 * np.pi * _TONE * np.arange(2 * SAMPLE_RATE) / SAMPLE_RATE)
    sound = av.AudioFrame.from_ndarray(wave.astype(np.int16).reshape(1, -1), format="s16", layout="mono")
    sound.sample_rate, sound.time_base, sound.pts = SAMPLE_RATE, Fraction(1, SAMPLE_RATE), 0
    packets = [bytes(packet) for frame in (sound, None) for packet in encoder.encode(frame)]
    # The second second: in the first the encoder finds its way from silence.
    return packets[SOUND_RATE : 2 * SOUND_RATE]

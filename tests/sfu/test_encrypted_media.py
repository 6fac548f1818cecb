"""What the media server has in hand when clients encrypt end to end: packets it forwards and nobody can decode."""

from collections.abc import Callable
from typing import Any

import av
import numpy as np
import pytest
from livekit import rtc
from livekit.rtc._proto.e2ee_pb2 import KeyDerivationFunction

from sfu.codecs import _vp8_descriptor_length
from sfu.rtp import RtpPacket
from sfu.up_track import UpTrack
from tests.sfu.sdk_client import SdkClient, eventually, is_bar, media_host

pytestmark = pytest.mark.timeout(240)


def options() -> rtc.E2EEOptions:
    made = rtc.E2EEOptions()
    made.key_provider_options.key_derivation_function = KeyDerivationFunction.HKDF
    return made


def use(client: SdkClient, identity: str, key: bytes) -> None:
    provider = client.room.e2ee_manager.key_provider
    assert provider is not None
    provider.set_key(identity, key, 0)


@pytest.mark.parametrize("encrypted", [False, True], ids=["as a control, in the clear", "encrypted"])
async def test_what_the_server_forwards(monkeypatch: pytest.MonkeyPatch, *, encrypted: bool) -> None:
    """Bo sees and hears Anna either way; what came to the server is her picture and tone only in the clear."""
    took: dict[str, list[RtpPacket]] = {"video": [], "audio": []}
    gather: Callable[..., bool] = UpTrack.gather

    def remember(track: UpTrack, layer: Any, packet: RtpPacket, *rest: Any) -> bool:
        took[str(track.kind)].append(packet)
        return gather(track, layer, packet, *rest)

    monkeypatch.setattr(UpTrack, "gather", remember)
    async with media_host() as host:
        anna, bo = SdkClient(host, "anna"), SdkClient(host, "bo")
        for client in (anna, bo):
            await client.connect(encryption=options() if encrypted else None)
            if encrypted:
                use(client, "anna", b"a sender key of thirty-two bytes")
        await anna.publish_video()
        source = rtc.AudioSource(48000, 1)
        anna._start(anna._tone(source))
        track = rtc.LocalAudioTrack.create_audio_track("microphone", source)
        await anna.room.local_participant.publish_track(track, rtc.TrackPublishOptions(red=False, dtx=False))
        await eventually(lambda: bo.bars.get("anna", 0) > 10 and bo.tones.get("anna", 0) > 3, what="both arrive")
        await eventually(lambda: len(took["audio"]) > 100 and len(took["video"]) > 20, what="enough to look at")
        await anna.close()
        await bo.close()
    pictures, tones = alike(pictures_of(took["video"]), is_hers), alike(sounds_of(took["audio"]), is_tone)
    if encrypted:
        assert (pictures, tones) == (0, 0)
    else:
        assert min(pictures, tones) > 5


def alike(made: list[Any], check: Callable[[Any], bool]) -> int:
    return sum(check(one) for one in made)


def decoded(codec: str, frames: list[bytes]) -> list[Any]:
    """What a decoder makes of them, errors left out."""
    context: Any = av.CodecContext.create(codec, "r")
    out: list[Any] = []
    for frame in frames:
        try:
            out += [one.to_ndarray() for one in context.decode(av.Packet(frame))]
        except av.FFmpegError:
            continue
    return out


def pictures_of(packets: list[RtpPacket]) -> list[Any]:
    frames, part = [], b""
    for packet in sorted(packets, key=lambda one: one.sequence_number):
        if not packet.payload:
            continue  # padding, to measure the line
        part += packet.payload[_vp8_descriptor_length(packet.payload) :]
        if packet.marker:
            frames.append(part)
            part = b""
    return decoded("vp8", frames)


def sounds_of(packets: list[RtpPacket]) -> list[Any]:
    return decoded("opus", [packet.payload for packet in sorted(packets, key=lambda one: one.sequence_number)])


def is_hers(picture: Any) -> bool:
    return is_bar(picture[: picture.shape[0] * 2 // 3])  # the luma plane


def is_tone(sound: Any) -> bool:
    """440 Hz and next to nothing else."""
    power = np.abs(np.fft.rfft(sound[0].astype(float))) ** 2
    near = np.abs(np.fft.rfftfreq(sound.shape[1], 1 / 48000) - 440) < 60
    return bool(power.sum() > 0 and power[near].sum() > 0.8 * power.sum())

"""Publishers play recordings: packets as browsers send them, and key frames where they are asked for."""

import asyncio
from itertools import pairwise
from pathlib import Path

from bench.media_server import Command, running
from bench.packets import Kind, TransportSequence, header, is_key_frame
from bench.publishers import Playback, Seal, publishing
from bench.recording import Camera
from tests.bench.test_packets import IDS, payload

KEY, DELTA = b"\x10" + bytes(2999), b"\x11" + bytes(99)


def playback(kind: Kind, frames: list[bytes], rate: int, seal: Seal | None = None) -> Playback:
    return Playback(
        kind,
        frames,
        rate,
        seal=seal,
        sender=1,
        ssrc=0xDEADBEEF,
        payload_type=96,
        mid="0",
        extensions=IDS,
        transport=TransportSequence(),
    )


def test_a_frame_is_cut_into_packets_and_put_together_again() -> None:
    packets = playback("video", [KEY, DELTA], 20).burst(1)
    assert [packet[1] >> 7 for packet in packets] == [0, 0, 1]
    assert [bool(payload(packet)[0] & 0x10) for packet in packets] == [True, False, False]
    assert b"".join(payload(packet)[6:] for packet in packets) == KEY
    assert all(len(packet) < 1200 for packet in packets)


def test_a_sealed_frame_is_cut_like_any_other() -> None:
    video = playback("video", [KEY], 20, seal=lambda kind, frame: frame[:10] + kind.encode() + frame[10:])
    parts = [payload(packet)[6:] for packet in video.burst(1)]
    assert b"".join(parts) == KEY[:10] + b"video" + KEY[10:]


def test_time_stamps_and_picture_ids_go_on_over_the_end() -> None:
    video = playback("video", [KEY, DELTA], 20)
    firsts = [video.burst(number)[0] for number in range(5)]
    stamps = [header(packet).timestamp for packet in firsts]
    assert {later - earlier for earlier, later in pairwise(stamps)} == {90_000 // 20}
    assert [int.from_bytes(payload(packet)[2:4], "big") & 0x7FFF for packet in firsts] == list(range(5))
    assert [payload(packet)[4] for packet in firsts] == list(range(5))
    assert [is_key_frame(payload(packet)) for packet in firsts] == [True, False, True, False, True]


def test_a_wanted_key_frame_is_the_next_one_and_the_film_goes_on_from_there() -> None:
    video = playback("video", [KEY, *[DELTA] * 9], 20)
    for _ in range(4):
        video.burst(0)
    video.key_frame_wanted = True
    keys = [is_key_frame(payload(video.burst(0)[0])) for _ in range(11)]
    assert keys == [True, *[False] * 9, True]


def test_sound() -> None:
    sound = playback("audio", [b"\xd8one", b"\xd8two"], 50)
    packets = [sound.burst(0)[0] for _ in range(3)]
    assert [payload(packet) for packet in packets] == [b"\xd8one", b"\xd8two", b"\xd8one"]
    stamps = [header(packet).timestamp for packet in packets]
    assert stamps[2] - stamps[0] == 2 * 960
    assert [packet[1] >> 7 for packet in packets] == [1, 0, 0]
    assert sound.interval == 0.02


async def test_everybody_gets_everybody(tmp_path: Path) -> None:
    camera = Camera(width=64, height=36, seconds=1)
    async with running(Command(), tmp_path / "log") as server, publishing(server.access, 3, camera) as load:
        receptions = [reception for client in load.clients for reception in client.connection.receptions.values()]
        assert len(receptions) == 3 * 4
        before = [reception.packets for reception in receptions]
        async with asyncio.timeout(30):
            while any(one.packets < then + 10 for one, then in zip(receptions, before, strict=True)):  # noqa: ASYNC110
                await asyncio.sleep(0.05)

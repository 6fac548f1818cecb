"""Packets of the load generator, read by the media server's own readers where it has them."""

import struct

from bench.packets import (
    AUDIO_PAYLOAD,
    KEY_FRAME_EVERY,
    PACKETS_A_FRAME,
    VIDEO_PAYLOAD,
    ExtensionIds,
    Kind,
    Stamp,
    Stream,
    TransportSequence,
    header,
    is_key_frame,
    is_media,
    is_rtcp,
    read_stamp,
    vp8_descriptor,
    vp8_frame_header,
)

IDS = ExtensionIds(mid=4, absolute_send_time=2, transport_wide=3, audio_level=1)


def stream(kind: Kind, transport: TransportSequence | None = None, extensions: ExtensionIds = IDS) -> Stream:
    return Stream(
        kind,
        sender=7,
        ssrc=0xDEADBEEF,
        payload_type=96,
        mid="0",
        extensions=extensions,
        transport=transport or TransportSequence(),
    )


def extensions(packet: bytes) -> dict[int, bytes]:
    profile, words = struct.unpack_from("!HH", packet, 12)
    assert profile == 0xBEDE
    found, at, end = {}, 16, 16 + 4 * words
    while at < end:
        if packet[at] == 0:
            at += 1
            continue
        length = (packet[at] & 15) + 1
        found[packet[at] >> 4] = packet[at + 1 : at + 1 + length]
        at += 1 + length
    return found


def payload(packet: bytes) -> bytes:
    return packet[16 + 4 * struct.unpack_from("!H", packet, 14)[0] :]


def test_a_video_frame() -> None:
    video = stream("video")
    packets = video.burst(10**9)
    assert len(packets) == PACKETS_A_FRAME
    heads = [header(packet) for packet in packets]
    assert {head.ssrc for head in heads} == {0xDEADBEEF}
    assert len({head.timestamp for head in heads}) == 1
    assert [head.sequence - heads[0].sequence for head in heads] == [0, 1, 2, 3]
    assert [packet[1] >> 7 for packet in packets] == [0, 0, 0, 1]
    assert [len(payload(packet)) for packet in packets] == [VIDEO_PAYLOAD] * 4
    assert [is_key_frame(payload(packet)) for packet in packets] == [True, False, False, False]
    assert video.packets == 4
    assert video.octets == 4 * VIDEO_PAYLOAD


def test_key_frames_come_now_and_then_and_when_wanted() -> None:
    video = stream("video")
    keys = [is_key_frame(payload(video.burst(0)[0])) for _ in range(KEY_FRAME_EVERY + 1)]
    assert [index for index, key in enumerate(keys) if key] == [0, KEY_FRAME_EVERY]
    video.key_frame_wanted = True
    assert is_key_frame(payload(video.burst(0)[0]))
    assert not is_key_frame(payload(video.burst(0)[0]))


def test_time_stamps_advance_by_the_clock_of_the_codec() -> None:
    for kind, step in (("video", 3600), ("audio", 960)):
        source = stream("video" if kind == "video" else "audio")
        first, second = header(source.burst(0)[0]), header(source.burst(0)[0])
        assert second.timestamp - first.timestamp == step


def test_an_audio_packet() -> None:
    audio = stream("audio")
    (first,) = audio.burst(0)
    (second,) = audio.burst(0)
    assert len(payload(first)) == AUDIO_PAYLOAD
    assert (first[1] >> 7, second[1] >> 7) == (1, 0)  # RFC 3551, 4.1: the first of a talk spurt
    assert extensions(first)[1][0] & 0x80


def test_extensions_and_their_absence() -> None:
    transport = TransportSequence()
    (audio,), video = stream("audio", transport).burst(0), stream("video", transport).burst(2 * 10**9)
    assert extensions(audio)[3] == b"\x00\x00"
    assert [extensions(packet)[3] for packet in video] == [b"\x00\x01", b"\x00\x02", b"\x00\x03", b"\x00\x04"]
    assert extensions(video[0])[4] == b"0"
    assert extensions(video[0])[2] == (2 << 18).to_bytes(3, "big")
    assert 1 not in extensions(video[0])
    assert extensions(stream("video", extensions=ExtensionIds()).burst(0)[0]) == {}


def test_the_mid_is_left_out_after_a_while() -> None:
    audio = stream("audio")
    present = [4 in extensions(audio.burst(0)[0]) for _ in range(60)]
    assert present == [True] * 50 + [False] * 10


def test_stamps() -> None:
    (packet,) = stream("audio").burst(123)
    assert read_stamp(packet) == Stamp(7, "audio", 123)
    assert read_stamp(stream("video").burst(5)[2]) == Stamp(7, "video", 5)
    assert read_stamp(packet[:-1]) is None
    assert read_stamp(b"short") is None


def test_telling_datagrams_apart() -> None:
    (packet,) = stream("audio").burst(0)
    report = struct.pack("!BBHII", 0x80, 201, 2, 1, 2)
    assert is_media(packet)
    assert not is_rtcp(packet)
    assert is_media(report)
    assert is_rtcp(report)
    assert not is_media(b"\x16\xfe\xfd" + bytes(20))
    assert not is_media(b"")


def test_vp8_headers() -> None:
    assert vp8_descriptor(first=True, picture_id=0x7FFF + 2, base_layer_index=257) == b"\x90\xe0\x80\x01\x01\x20"
    assert vp8_frame_header(key=True, size=1)[3:] == b"\x9d\x01\x2a\x80\x02\x68\x01"
    assert vp8_frame_header(key=False, size=1)[0] & 1

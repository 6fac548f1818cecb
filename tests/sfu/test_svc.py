"""Streams with spatial layers as they come in: the place of each packet, and what each layer costs."""

import pytest

from sfu.dependency_descriptor import NOT_PRESENT, SWITCH
from sfu.svc import UNKNOWN, Frame, Layering
from sfu.up_layer import UpLayer
from tests.sfu.layered import AV1_FULL, VP9_KEY, Sent


def read(layering: Layering, packets: list[Sent], *, described: bool = True) -> list[Frame]:
    frames = []
    for number, packet in enumerate(packets):
        descriptor = packet.dependencies if described else None
        frame = layering.read(packet.payload, descriptor, 100, 10.0 + number / 100)
        assert frame is not None
        frames.append(frame)
    return frames


def test_frames_by_their_dependencies() -> None:
    layering = Layering("video/av1", UpLayer(7, 90000))
    frames = read(layering, AV1_FULL)
    assert [layer.quality for layer in layering.layers] == [0, 1, 2]
    assert all(layer.ssrc == 7 for layer in layering.layers)
    assert [frame.brings_structure for frame in frames[:2]] == [True, False]
    assert (frames[5].number, frames[5].references) == (5, (2, 4))
    assert (frames[0].active, len(frames[0].targets)) == (0b111111111, 9)


def test_vp9_tells_the_same_without_them() -> None:
    layering = Layering("video/vp9", UpLayer(7, 90000))
    frames = read(layering, VP9_KEY, described=False)
    assert [frame.spatial for frame in frames] == [0, 1, 1, 2, 2, 2, 0, 1, 2, 2, 0, 1, 2, 2, 2, 0]
    assert frames[0].indications == (SWITCH,) * 3
    assert frames[1].references == (frames[0].number,)
    assert frames[6].indications[1:] == (NOT_PRESENT,) * 2, "no layer above needs it"
    assert all(frame.narrow is None for frame in frames)


def test_what_each_layer_costs_is_all_that_its_subscribers_get() -> None:
    full, separate = Layering("video/av1", UpLayer(7, 90000)), Layering("video/vp9", UpLayer(7, 90000))
    read(full, AV1_FULL)
    read(separate, VP9_KEY)
    assert [layer.packets for layer in full.layers] == [5, 10, 16]
    assert [layer.packets for layer in separate.layers] == [4, 5, 11], "only key pictures hang together"


def test_a_layer_that_is_no_longer_sent_is_not_live() -> None:
    layering = Layering("video/vp9", UpLayer(7, 90000))
    read(layering, VP9_KEY)
    assert all(layer.is_live(10.2) for layer in layering.layers)
    narrow = read(layering, VP9_KEY[:1])[0].narrow
    assert narrow is not None
    layering.read(b"x", narrow.to(0b111), 100, 10.2)
    assert [layer.is_live(10.2) for layer in layering.layers] == [True, False, False]


def test_key_frames_are_asked_of_the_whole_stream_and_not_too_often() -> None:
    layering = Layering("video/vp9", UpLayer(7, 90000))
    read(layering, VP9_KEY)
    assert layering.layers[0].want_key_frame(20.0)
    assert not layering.layers[2].want_key_frame(20.1)


@pytest.mark.parametrize("descriptor", [b"", b"\xff\x00\x01"])
def test_a_packet_that_does_not_tell_is_for_nobody(descriptor: bytes) -> None:
    layering = Layering("video/av1", UpLayer(7, 90000))
    assert layering.read(b"x", descriptor, 1, 10.0) is None, "nothing is known of layers yet"
    read(layering, AV1_FULL)
    assert layering.read(b"x", descriptor, 1, 10.0) is UNKNOWN


def test_one_spatial_layer_is_no_layering() -> None:
    layering = Layering("video/vp9", UpLayer(7, 90000))
    assert layering.read(bytes((0x88, 0x12)), None, 1, 10.0) is None
    assert layering.layers == []

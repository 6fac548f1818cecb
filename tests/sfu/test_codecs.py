"""Key frames as they look on the wire, and VP8's counters over a change of source."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfu.codecs import Vp8Rewriter, is_key_frame, parse_vp8

WIDE_KEY = bytes.fromhex("90f0") + bytes.fromhex("8005") + bytes.fromhex("0703") + b"\x10picture"
WIDE_DELTA = bytes.fromhex("90f0") + bytes.fromhex("8006") + bytes.fromhex("0803") + b"\x11picture"


@pytest.mark.parametrize(
    ("mime_type", "payload", "expected"),
    [
        ("video/vp8", WIDE_KEY, True),
        ("video/vp8", WIDE_DELTA, False),
        ("video/vp8", b"\x10\x10", True),  # no extension
        ("video/vp8", b"\x00\x10", False),  # not the start of a partition
        ("video/vp8", b"\x11\x10", False),  # not the first partition
        ("video/vp8", b"\x90\x80\x05\x10", True),  # narrow picture id
        ("video/vp8", b"\x90", False),
        ("video/vp9", b"\x88\x05", True),
        ("video/vp9", b"\xc8\x05", False),  # predicted
        ("video/vp9", b"\x80\x05", False),  # not the beginning
        ("video/vp9", b"\xa8\x80\x05\x00", True),  # spatial layer 0
        ("video/vp9", b"\xa8\x05\x02", False),  # spatial layer 1
        ("video/h264", b"\x65slice", True),
        ("video/h264", b"\x67parameters", True),
        ("video/h264", b"\x41slice", False),
        ("video/h264", b"\x18\x00\x02\x09\x00\x00\x02\x67\x00", True),  # STAP-A, delimiter first
        ("video/h264", b"\x18\x00\x02\x41\x00", False),
        ("video/h264", b"\x7c\x85", True),  # FU-A, start
        ("video/h264", b"\x7c\x05", False),  # FU-A, middle
        ("video/av1", b"\x18", True),
        ("video/av1", b"\x10", False),
        ("video/vp8", b"", False),
        ("video/h264", b"", False),
        ("video/unheard-of", b"anything", True),
    ],
)
def test_key_frames(mime_type: str, payload: bytes, expected: bool) -> None:
    assert is_key_frame(mime_type, payload) is expected


def test_the_dependency_descriptor_tells_when_the_payload_cannot() -> None:
    encrypted = b"\xff\xff\xff"
    assert is_key_frame("video/av1", encrypted, bytes.fromhex("80000180"))
    assert not is_key_frame("video/av1", encrypted, bytes.fromhex("00000180"))  # not the start of a frame
    assert not is_key_frame("video/av1", encrypted, bytes.fromhex("800002"))


@given(st.sampled_from(["video/vp8", "video/vp9", "video/h264", "video/av1"]), st.binary(max_size=30))
def test_any_payload_has_an_answer(mime_type: str, payload: bytes) -> None:
    is_key_frame(mime_type, payload)
    parse_vp8(payload)


@given(st.binary(max_size=12))
def test_a_rewritten_descriptor_keeps_its_length_and_form(payload: bytes) -> None:
    descriptor = parse_vp8(payload)
    if descriptor is None:
        return
    rewriter = Vp8Rewriter()
    rewriter.splice(descriptor, None)
    assert rewriter.rewrite(payload, descriptor) == payload[: descriptor.length]


def vp8(picture: int, tl0: int, key: int, *, wide: bool = True) -> bytes:
    number = (0x8000 | picture & 0x7FFF).to_bytes(2, "big") if wide else bytes((picture & 0x7F,))
    return b"\x90\xf0" + number + bytes((tl0 & 0xFF, key & 0x1F)) + b"\x10"


def test_counters_go_on_over_switches() -> None:
    dice = random.Random(1)
    rewriter = Vp8Rewriter()
    seen: list[tuple[int, int, int]] = []
    last = None
    for source in range(40):
        picture, tl0, key = dice.randrange(0x8000), dice.randrange(256), dice.randrange(32)
        for frame in range(dice.randrange(1, 400)):
            payload = vp8(picture + frame, tl0 + frame, key)
            descriptor = parse_vp8(payload)
            assert descriptor is not None
            if frame == 0:
                rewriter.splice(descriptor, last)
            last = descriptor
            out = parse_vp8(rewriter.rewrite(payload, descriptor))
            assert out is not None
            assert out.picture_id is not None
            assert out.tl0_picture is not None
            assert out.key_index is not None
            now = (out.picture_id, out.tl0_picture, out.key_index)
            if seen:
                before = seen[-1]
                assert (now[0] - before[0]) & 0x7FFF == 1
                assert (now[1] - before[1]) & 0xFF == 1
                assert (now[2] - before[2]) & 0x1F == (1 if frame == 0 and source else 0)
            seen.append(now)

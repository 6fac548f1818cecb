"""Redundant audio: packets made and read again, bounds, and every kind of torn header."""

import random

import pytest

from sfu.red import GOOD_FOR, MOST_BLOCKS, MOST_LENGTH, MOST_OCTETS, Block, History, LossyPath, build, parse
from sfu.rtp import MalformedPacket


def test_a_packet_of_libwebrtc() -> None:
    # Payload type 111, 960 samples earlier, five bytes; then the packet's own four (RFC 2198 section 3).
    packet = bytes.fromhex("ef 0f0005 6f") + b"older" + b"this"
    assert parse(packet, 111) == (b"this", [Block(960, b"older")])
    assert build(b"this", [Block(960, b"older")], 111) == packet


def test_a_packet_without_redundancy_is_its_own_sound() -> None:
    assert parse(b"\x6fsound", 111) == (b"sound", [])


def test_bounds_of_the_fields() -> None:
    blocks = [Block(0x3FFF, bytes(MOST_LENGTH)), Block(1, b"")]
    assert parse(build(b"", blocks, 96), 96) == (b"", blocks)


@pytest.mark.parametrize(
    "packet",
    [
        b"",
        bytes.fromhex("ef"),
        bytes.fromhex("ef0f00"),
        bytes.fromhex("ef0f0005"),
        bytes.fromhex("ef0f0005 6f") + b"olde",
        bytes.fromhex("ef0f0005 60") + b"older",
        bytes.fromhex("60") + b"comfort noise",
        bytes.fromhex("ef0f0000") * (MOST_BLOCKS + 1) + b"\x6f",
    ],
)
def test_what_is_refused(packet: bytes) -> None:
    with pytest.raises(MalformedPacket):
        parse(packet, 111)


def test_any_bytes_are_read_or_refused() -> None:
    dice = random.Random(1)
    for _ in range(3000):
        packet = bytes(dice.choice((0x6F, 0xEF, 0, dice.randrange(256))) for _ in range(dice.randrange(40)))
        try:
            own, blocks = parse(packet, 111)
        except MalformedPacket:
            continue
        assert len(own) + sum(len(block.payload) + 4 for block in blocks) + 1 == len(packet)


def spoken(history: History, numbers: range, length: int = 5) -> None:
    for number in numbers:
        history.put(number & 0xFFFF, number * 960, bytes((number & 0xFF,)) * length)


def wrapped(history: History, number: int, distance: int, timestamp: int | None = None) -> list[Block]:
    stamp = number * 960 if timestamp is None else timestamp
    own, blocks = parse(history.wrap(number & 0xFFFF, stamp, b"own", payload_type=111, distance=distance), 111)
    assert own == b"own"
    return blocks


def test_history_gives_the_packets_before_over_the_wrap() -> None:
    history = History()
    spoken(history, range(65533, 65538))
    assert wrapped(history, 65537, 2) == [Block(1920, b"\xff" * 5), Block(960, b"\x00" * 5)]
    assert wrapped(history, 65537, 1) == [Block(960, b"\x00" * 5)]


def test_history_stops_at_gaps_silence_and_size() -> None:
    history = History()
    assert wrapped(history, 10, 2) == []
    spoken(history, range(5, 8))
    spoken(history, range(9, 10))
    assert [block.offset for block in wrapped(history, 10, 3)] == [960], "8 was lost"
    assert wrapped(history, 10, 2, timestamp=9 * 960 + 0x4000) == [], "a silence longer than the field"
    spoken(history, range(20, 24), length=MOST_LENGTH + 1)
    assert wrapped(history, 24, 2) == []
    spoken(history, range(30, 34), length=MOST_OCTETS // 2)
    assert len(wrapped(history, 34, 3)) == 1
    history.clear()
    assert wrapped(history, 34, 3) == []


def test_a_lossy_path_is_remembered_for_a_while() -> None:
    path = LossyPath()
    path.report(0.03, 1.0)
    assert (path.is_lossy, path.distance) == (False, 1)
    path.report(0.1, 2.0)
    assert (path.is_lossy, path.distance) == (True, 2)
    path.report(0.02, 10.0)
    path.report(0.0, 9.9 + GOOD_FOR)
    assert path.is_lossy, "what is repeated hides the losses"
    path.report(0.0, 10.0 + GOOD_FOR)
    assert not path.is_lossy

"""RTP packets: round trips, and everything malformed ends in MalformedPacket."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfu.rtp import MalformedPacket, RtpPacket, forward_distance, is_rtcp, parse, write

ELEMENTS = st.lists(st.tuples(st.integers(1, 255), st.binary(max_size=40)), max_size=6)
PACKETS = st.builds(
    RtpPacket,
    payload_type=st.integers(0, 127),
    marker=st.booleans(),
    sequence_number=st.integers(0, 0xFFFF),
    timestamp=st.integers(0, 0xFFFFFFFF),
    ssrc=st.integers(0, 0xFFFFFFFF),
    payload=st.binary(max_size=200),
    extensions=ELEMENTS,
    padding=st.integers(0, 255),
)


@given(PACKETS)
def test_what_is_written_is_read(packet: RtpPacket) -> None:
    assert parse(write(packet)) == packet


@given(st.binary(max_size=120))
def test_any_bytes_are_a_packet_or_malformed(data: bytes) -> None:
    with contextlib.suppress(MalformedPacket):
        parse(data)


@given(PACKETS, st.data())
def test_a_damaged_packet_is_a_packet_or_malformed(packet: RtpPacket, data: st.DataObject) -> None:
    whole = bytearray(write(packet))
    whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    cut = bytes(whole[: data.draw(st.integers(0, len(whole)))])
    with contextlib.suppress(MalformedPacket):
        parse(cut)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x80" * 11,
        b"\x40" + bytes(11),  # version 1
        b"\x8f" + bytes(11),  # fifteen sources, none there
        b"\x90" + bytes(11),  # extension bit, no extension
        b"\x90" + bytes(11) + b"\xbe\xde\x00\x01",  # a word of extensions, none there
        b"\x90" + bytes(11) + b"\xbe\xde\x00\x01\x1f\x00\x00\x00",  # an element longer than its block
        b"\x90" + bytes(11) + b"\x10\x00\x00\x01\x00\x00\x00\x07",  # an element without length
        b"\x90" + bytes(11) + b"\x10\x00\x00\x01\x07\x09\x00\x00",  # an element longer than its block
        b"\xa0" + bytes(11),  # padding of none
        b"\xa0" + bytes(11) + b"\x09",  # padding longer than the packet
    ],
)
def test_malformed(data: bytes) -> None:
    with pytest.raises(MalformedPacket):
        parse(data)


def test_one_byte_form_as_chrome_writes_it() -> None:
    block = bytes.fromhex("bede0002" + "10ff" + "00" + "3111aa00" + "f0")
    packet = parse(b"\x90\x6f\x00\x01" + bytes(8) + block + b"rest")
    assert packet.extensions == [(1, b"\xff"), (3, b"\x11\xaa")]  # 15 stops the reading
    assert packet.payload == b"rest"


def test_an_unknown_profile_has_no_elements() -> None:
    packet = parse(b"\x90\x6f\x00\x01" + bytes(8) + b"\x12\x34\x00\x01abcd" + b"rest")
    assert packet.extensions == []
    assert packet.payload == b"rest"


def test_rtcp_is_told_apart() -> None:
    assert is_rtcp(b"\x80\xc8")
    assert not is_rtcp(b"\x80\xef")  # marker and payload type 111


@pytest.mark.parametrize(
    ("older", "newer", "distance"), [(1, 2, 1), (2, 1, -1), (65535, 0, 1), (0, 65535, -1), (5, 5, 0)]
)
def test_distance(older: int, newer: int, distance: int) -> None:
    assert forward_distance(older, newer) == distance

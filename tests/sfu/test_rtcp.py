"""RTCP packets: round trips of every kind, known bytes, and malformed ones."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfu import rtcp
from sfu.rtp import MalformedPacket

SSRC = st.integers(0, 0xFFFFFFFF)
BLOCKS = st.lists(
    st.builds(rtcp.ReportBlock, SSRC, st.integers(0, 255), st.integers(-0x800000, 0x7FFFFF), SSRC, SSRC, SSRC, SSRC),
    max_size=31,
).map(tuple)
DELTAS = st.lists(st.one_of(st.none(), st.integers(-32768, 32767)), min_size=1, max_size=300).map(tuple)
PACKETS = st.one_of(
    st.builds(rtcp.SenderReport, SSRC, st.integers(0, 2**64 - 1), SSRC, SSRC, SSRC, BLOCKS),
    st.builds(rtcp.ReceiverReport, SSRC, BLOCKS),
    st.builds(rtcp.SourceDescription, SSRC, st.text("abcåäö-1", max_size=60)),
    st.builds(rtcp.PictureLossIndication, SSRC, SSRC),
    st.builds(rtcp.FullIntraRequest, SSRC, st.lists(st.tuples(SSRC, st.integers(0, 255)), max_size=5).map(tuple)),
    st.builds(
        rtcp.TransportFeedback,
        SSRC,
        SSRC,
        st.integers(0, 0xFFFF),
        st.integers(0, 0xFFFFFF),
        st.integers(0, 255),
        DELTAS,
    ),
)


@given(st.lists(PACKETS, max_size=4))
def test_what_is_built_is_read(packets: list[rtcp.Packet]) -> None:
    assert rtcp.parse(rtcp.build(*packets)) == packets


@given(st.lists(st.integers(0, 0xFFFF), unique=True, max_size=100))
def test_every_lost_number_is_asked_for_once(lost: list[int]) -> None:
    [nack] = rtcp.parse(rtcp.build(rtcp.Nack(1, 2, tuple(lost))))
    assert isinstance(nack, rtcp.Nack)
    assert len(nack.lost) == len(lost)
    assert set(nack.lost) == set(lost)


@given(st.integers(0, 2**40), st.lists(SSRC, max_size=3))
def test_estimate_keeps_eighteen_bits(bitrate: int, ssrcs: list[int]) -> None:
    [estimate] = rtcp.parse(rtcp.build(rtcp.ReceiverEstimate(1, bitrate, tuple(ssrcs))))
    assert isinstance(estimate, rtcp.ReceiverEstimate)
    assert estimate.ssrcs == tuple(ssrcs)
    assert 0 <= bitrate - estimate.bitrate <= bitrate >> 17


@given(st.binary(max_size=200))
def test_any_bytes_are_packets_or_malformed(data: bytes) -> None:
    with contextlib.suppress(MalformedPacket):
        rtcp.parse(data)


@given(PACKETS, st.data())
def test_a_damaged_packet_is_packets_or_malformed(packet: rtcp.Packet, data: st.DataObject) -> None:
    whole = bytearray(rtcp.build(packet))
    for _ in range(3):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(MalformedPacket):
        rtcp.parse(bytes(whole))


@pytest.mark.parametrize(
    "data",
    [
        b"\x80",
        b"\x80\xc8\x00\x09" + bytes(8),  # longer than the datagram
        b"\x00\xc8\x00\x00",  # version 0
        b"\x81\xc9\x00\x01" + bytes(4),  # a block, none there
        b"\xa0\xc9\x00\x01" + bytes(4),  # padding of none
        b"\x8f\xcd\x00\x04" + bytes(8) + b"\x00\x00\xff\xff" + bytes(4),  # 65,535 statuses
        b"\x8f\xcd\x00\x04" + bytes(8) + b"\x00\x00\x00\x09" + bytes(4),  # no chunks
        b"\x80\xc9\x00\x00" * 65,  # endless compound
        b"\x8f\xce\x00\x03" + bytes(8) + b"REMB",
    ],
)
def test_malformed(data: bytes) -> None:
    with pytest.raises(MalformedPacket):
        rtcp.parse(data)


def test_a_nack_as_written_in_a_capture() -> None:
    assert rtcp.parse(bytes.fromhex("81cd0003000000010000002a00640005")) == [rtcp.Nack(1, 42, (100, 101, 103))]


def test_unknown_kinds_are_passed_over() -> None:
    assert rtcp.parse(b"\x80\xcc\x00\x02" + bytes(8) + rtcp.build(rtcp.PictureLossIndication(1, 2))) == [
        rtcp.PictureLossIndication(1, 2)
    ]


def test_transport_wide_feedback_beyond_what_is_allowed_is_passed_over() -> None:
    tells_much = bytes.fromhex("8fcd0005 00000001 00000000 00001000 00000100 10000000")  # 4,096 not received
    assert len(rtcp.parse(tells_much * 50, 3 * 5000)) == 3
    assert rtcp.parse(tells_much + rtcp.build(rtcp.PictureLossIndication(1, 2)), 0) == [
        rtcp.PictureLossIndication(1, 2)
    ]


def test_a_nack_asks_for_so_many_at_most() -> None:
    nack = rtcp.Nack(1, 2, tuple(range(17 * 300)))
    (read,) = rtcp.parse(rtcp.build(nack))
    assert isinstance(read, rtcp.Nack)
    assert rtcp.MOST_LOST <= len(read.lost) < rtcp.MOST_LOST + 17

"""Counting what arrives, and the reports made of it."""

import struct

import pytest
from aiortc.rtp import RtcpPacket, RtcpRrPacket, RtcpSdesPacket, RtcpSrPacket

from bench.rtcp import (
    Arrivals,
    Reception,
    Sent,
    key_frames_wanted,
    parts,
    receiver_report,
    sender_report,
    source_description,
)
from sfu import rtcp


def test_reception_over_a_wrap_with_loss_and_disorder() -> None:
    reception = Reception(1)
    assert (reception.expected, reception.lost) == (0, 0)
    for sequence in (65533, 65534, 0, 65535, 3):
        reception.count(sequence)
    assert reception.packets == 5
    assert reception.expected == 7
    assert reception.lost == 2


def test_fraction_lost_is_of_the_time_since_the_last_report() -> None:
    reception = Reception(9)
    for sequence in (0, 1, 3):
        reception.count(sequence)
    assert struct.unpack("!IIIIII", reception.block())[1] == 64 << 24 | 1
    reception.count(4)
    assert struct.unpack("!IIIIII", reception.block())[1:3] == (1, 4)
    assert struct.unpack("!IIIIII", reception.block())[1] >> 24 == 0


def test_reports_are_read_by_aiortc() -> None:
    reception = Reception(5)
    reception.count(17)
    compound = (
        sender_report(Sent(1, 900, 10, 2000, 1.5))
        + source_description(1, "bench")
        + receiver_report(2, [reception] * 40)
    )
    sender, description, receiver = RtcpPacket.parse(compound)
    assert isinstance(sender, RtcpSrPacket)
    assert sender.sender_info.packet_count == 10
    assert sender.sender_info.ntp_timestamp == (2_208_988_801 << 32) + 2**31
    assert isinstance(description, RtcpSdesPacket)
    assert description.chunks[0].items == [(1, b"bench")]
    assert isinstance(receiver, RtcpRrPacket)
    assert len(receiver.reports) == 31
    assert receiver.reports[0].highest_sequence == 17


def test_key_frames_wanted() -> None:
    picture_loss = struct.pack("!BBHII", 0x81, 206, 2, 1, 77)
    intra = struct.pack("!BBHIIIIII", 0x84, 206, 6, 1, 0, 88, 0, 99, 0)
    nack = struct.pack("!BBHIII", 0x81, 205, 3, 1, 66, 0)
    assert key_frames_wanted(nack + picture_loss + intra) == {77, 88, 99}
    assert key_frames_wanted(picture_loss[:-1]) == set()


def test_parts_stop_at_what_is_torn() -> None:
    good = struct.pack("!BBHI", 0x80, 201, 1, 5)
    assert list(parts(good + b"\x80\xc9\x00\x09abcd")) == [(201, 0, b"\x00\x00\x00\x05")]
    assert list(parts(b"\x00\xc9\x00\x00")) == []


def test_arrivals_are_told_as_the_server_reads_them() -> None:
    arrivals = Arrivals()
    assert arrivals.feedback(7) is None
    for number, at in ((65534, 10.0), (65535, 10.001), (1, 10.5), (2, 10.4999)):
        block = bytes((0x30,)) + b"x" + bytes((0x51,)) + number.to_bytes(2, "big") + bytes(3)
        arrivals.take(bytes((0x90, 96)) + bytes(10) + b"\xbe\xde\x00\x02" + block, 5, at)
    arrivals.take(bytes((0x80, 96)) + bytes(10), 5, 11.0)
    told = arrivals.feedback(7)
    assert told is not None
    [feedback] = rtcp.parse(told)
    assert isinstance(feedback, rtcp.TransportFeedback)
    assert (feedback.sender_ssrc, feedback.base_sequence) == (7, 65534)
    deltas = feedback.deltas
    assert [delta is None for delta in deltas] == [False, False, True, False, False]
    assert [deltas[1], deltas[4]] == [4, -1]
    last = sum(delta or 0 for delta in deltas) * 0.00025 + feedback.reference_time * 0.064
    assert last == pytest.approx(10.4999, abs=3e-4)
    assert arrivals.feedback(7) is None

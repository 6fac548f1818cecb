"""What all subscribers of a packet share, and the two ways it is written: one by one, and in runs."""

import pytest

from sfu import rtp
from sfu.arrived import NUMBER_AT, Arrived, Run, shape
from sfu.codecs import Vp8Rewriter
from sfu.rtp import ABS_SEND_TIME, AUDIO_LEVEL, DEPENDENCY_DESCRIPTOR, RtpPacket, parse_extensions
from sfu.up_layer import UpLayer
from tests.sfu.streams import NOTHING, Source

LAYER = UpLayer(3, 90000)


def arrived(number: int = 1, payload: bytes = b"x", descriptor: bytes | None = None) -> Arrived:
    return Arrived(LAYER, RtpPacket(96, True, number, 2, 3, payload), (b"\x10", None, descriptor), 1.0)


def test_the_extensions_are_written_once_per_shape() -> None:
    descriptor = bytes(20)  # more than the one-byte form holds
    packet = arrived(descriptor=descriptor)
    small = shape({ABS_SEND_TIME: 3, AUDIO_LEVEL: 1}, 0)
    block, number_at = packet.extensions(small)
    assert number_at == 0
    assert parse_extensions(block, 0xBEDE, 4, len(block)) == [(3, b"\x04\x00\x00"), (1, b"\x10")]
    assert packet.extensions(small)[0] is block
    assert packet.extensions(small, 2.0)[0] != block, "a fresh send time"
    large, number_at = packet.extensions(shape({DEPENDENCY_DESCRIPTOR: 9}, 5))
    assert number_at == NUMBER_AT + 1
    assert parse_extensions(large, 0x1000, 4, len(large)) == [(5, b"\0\0"), (9, descriptor)]


def test_equal_shapes_are_one() -> None:
    assert shape({AUDIO_LEVEL: 1}, 5) is shape({AUDIO_LEVEL: 1}, 5)
    assert shape({AUDIO_LEVEL: 1}, 5) is not shape({AUDIO_LEVEL: 1}, 5, (b"m", b"m"))


@pytest.mark.parametrize(
    ("numbers", "plain"), [((5, 6, 9), True), ((65535, 0), True), ((5, 4), False), ((5, 5), False)]
)
def test_a_run_is_plain_when_each_packet_is_ahead(numbers: tuple[int, ...], plain: bool) -> None:
    run = Run(arrived(numbers[0]))
    for number in numbers[1:]:
        run.add(arrived(number))
    assert run.is_plain is plain
    assert run.octets == len(numbers)


def test_padding_is_not_plain() -> None:
    run = Run(arrived())
    run.add(arrived(2, b""))
    assert not run.is_plain
    assert not Run(arrived(1, b"")).is_plain


@pytest.mark.parametrize("mid", [b"", b"\x407", b"\x4112"])
@pytest.mark.parametrize("passed", [NOTHING, (b"\x10", None, None), (b"\x10", b"\1", None), (b"\x10\x11", None, None)])
@pytest.mark.parametrize("level_id", [0, 1])
def test_a_form_holds_what_write_writes(mid: bytes, passed: tuple[bytes | None, ...], level_id: int) -> None:
    run: Run | None = None
    for packet in Source(7, 7).picture_packets(key=True):
        one = Arrived(LAYER, packet, passed, 1.5)
        one.is_vp8()
        if run is None:
            run = Run(one)
        else:
            run.add(one)
    assert run is not None
    wanted = shape({ABS_SEND_TIME: 3, AUDIO_LEVEL: level_id}, 5, (mid, b""))
    form = run.form(wanted)
    assert form is run.form(wanted)
    rewriter = Vp8Rewriter()
    rewriter.offsets = (100, 3, 1)
    octets = 0
    for index, (first, sequence, timestamp, header, element, rest, size, sent) in enumerate(form.packets):
        made = bytearray(12) + header.to_bytes(4, "big") + bytes((element, 0, 0)) + rest
        rtp.HEADER.pack_into(made, 0, 0x90, first & 0x80 | 96, sequence, timestamp, 9)
        form.rewrite(index, made, 0, rewriter)
        expected, number_at = run.packets[index].write(wanted, 96, sequence, timestamp, 9, vp8=rewriter.offsets)
        assert (bytes(made), number_at, size) == (expected, NUMBER_AT, len(expected))
        assert sent[0] == run.now
        octets += sent[1]
    assert form.octets == octets
    assert len(form.packets) == 2


def test_there_is_no_form_without_numbers_in_their_place() -> None:
    assert not Run(arrived()).form(shape({ABS_SEND_TIME: 3}, 0)).is_numbered
    two_byte = Run(arrived(descriptor=bytes(20))).form(shape({DEPENDENCY_DESCRIPTOR: 9}, 5))
    assert not two_byte.is_numbered

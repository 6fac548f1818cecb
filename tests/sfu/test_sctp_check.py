"""Unsound SCTP packets are refused; sound ones pass."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfu.sctp_check import is_sound

HEAD = bytes(12)


@pytest.mark.parametrize(
    "chunks",
    [
        "00030015" + "000000010000000000000033" + "6162636465" + "000000",  # DATA
        "03000010" + "000000010001000000000000",  # SACK
        "03000014" + "000000010001000000010000" + "00020005",  # SACK with a gap
        "01000014" + "0000000100010000ffffffff00000001",  # INIT
        "0400000c" + "0001000800000000",  # HEARTBEAT
        "0b000004",  # COOKIE ACK
        "c000000800000001",  # FORWARD TSN
    ],
)
def test_sound(chunks: str) -> None:
    assert is_sound(HEAD + bytes.fromhex(chunks))


@pytest.mark.parametrize(
    "chunks",
    [
        "",
        "00030003",  # shorter than its head
        "00030080" + "00" * 12,  # longer than the packet
        "00030010" + "00" * 12,  # DATA of nothing
        "82000008000d0000",  # a parameter of length 0
        "82000008000d0050",  # a parameter longer than its chunk
        "03000010" + "000000010001000000040000",  # gaps that are not there
        "03000014" + "000000010001000000010000" + "00050002",  # ends before it begins
        "03000018" + "000000010001000000020000" + "0001ffff" * 2,  # a billion numbers
        "0b000004" + "01000014" + "00" * 16,  # INIT in company
        "c000000a0000000100000000",  # half a stream
        "0b000004" * 65,
    ],
)
def test_unsound(chunks: str) -> None:
    assert not is_sound(HEAD + bytes.fromhex(chunks))


@given(st.binary(max_size=300))
def test_any_bytes_have_an_answer(data: bytes) -> None:
    is_sound(data)

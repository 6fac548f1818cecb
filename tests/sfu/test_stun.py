"""Connectivity checks, against the test vectors of RFC 5769."""

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sfu import stun
from sfu.rtp import MalformedPacket

# RFC 5769 section 2.1.
REQUEST = bytes.fromhex(
    "000100582112a442b7e7a701bc34d686fa87dfae802200105354554e207465737420636c69656e74002400046e0001ff"
    "80290008932ff9b151263b36000600096576746a3a68367659202020000800149aeaa70cbfd8cb56781ef2b5b2d3f249"
    "c1b571a280280004e57a3bcf"
)
PASSWORD = "VOkJxbRl1RmTxUk/WvJxBt"
# RFC 5769 sections 2.2 and 2.3.
RESPONSE = bytes.fromhex(
    "0101003c2112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f7220002000080001a147e112a643"
    "000800142b91f599fd9e90c38c7489f92af9ba53f06be7d780280004c07d4c96"
)
RESPONSE_6 = bytes.fromhex(
    "010100482112a442b7e7a701bc34d686fa87dfae8022000b7465737420766563746f7220002000140002a1470113a9fa"
    "a5d3f179bc25f4b5bed2b9d900080014a382954e4be67bf11784c97c8292c275bfe3ed4180280004c8fb0b4c"
)


def test_the_sample_request() -> None:
    request = stun.parse_request(REQUEST)
    assert request.username == "evtj:h6vY"
    assert request.local_ufrag == "evtj"
    assert request.priority == 0x6E0001FF
    assert request.role == "controlled"
    assert not request.use_candidate
    assert request.is_authentic(PASSWORD)
    assert not request.is_authentic("wrong")


def test_the_sample_responses() -> None:
    assert stun.parse_mapped_address(RESPONSE) == ("192.0.2.1", 32853)
    assert stun.parse_mapped_address(RESPONSE_6) == ("2001:db8:1234:5678:11:2233:4455:6677", 32853)


@pytest.mark.parametrize(
    ("address", "port", "sample"),
    [("192.0.2.1", 32853, RESPONSE), ("2001:db8:1234:5678:11:2233:4455:6677", 32853, RESPONSE_6)],
)
def test_our_responses_carry_the_sample_address(address: str, port: int, sample: bytes) -> None:
    answer = stun.success(stun.parse_request(REQUEST), address, port, PASSWORD)
    assert stun.parse_mapped_address(answer) == (address, port)
    attribute = b"\x00\x20\x00" + (b"\x08" if "." in address else b"\x14")
    size = 12 if "." in address else 24
    assert answer[20 : 20 + size] == sample[sample.index(attribute) :][:size]


def test_a_request_of_our_own_and_its_answers() -> None:
    whole = stun.write_request(b"0123456789ab", "here:there", "secret")
    request = stun.parse_request(whole)
    assert (request.role, request.use_candidate) == ("controlling", True)
    assert request.is_authentic("secret")
    conflict = stun.role_conflict(request, "secret")
    assert conflict[:2] == b"\x01\x11"
    assert b"\x04\x57" in conflict  # class 4, number 87


@pytest.mark.parametrize("where", range(len(REQUEST)))
def test_a_request_with_one_changed_byte_is_refused(where: int) -> None:
    damaged = bytearray(REQUEST)
    damaged[where] ^= 0x01
    with pytest.raises(MalformedPacket):  # the fingerprint covers everything
        stun.parse_request(bytes(damaged))


def test_integrity_is_demanded() -> None:
    with pytest.raises(MalformedPacket):
        stun.parse_request(RESPONSE)
    with pytest.raises(MalformedPacket):
        stun.parse_request(REQUEST[:2] + b"\x00\x38" + REQUEST[4:76])


@given(st.binary(max_size=200))
def test_any_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(MalformedPacket):
        stun.parse_request(data)


@given(st.binary(max_size=200))
def test_any_response_is_an_address_or_malformed(data: bytes) -> None:
    with contextlib.suppress(MalformedPacket):
        stun.parse_mapped_address(data)

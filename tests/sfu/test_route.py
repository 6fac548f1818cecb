"""What a negotiated section settles for a subscription."""

import pytest

from sfu import rtp
from sfu.negotiated import SendSection
from sfu.route import number_id, route
from tests.sfu.streams import NUMBERED, VP8


@pytest.mark.parametrize(
    ("codec", "identifier", "expected"), [(NUMBERED, 5, 5), (VP8, 5, 0), (NUMBERED, 15, 0), (NUMBERED, 0, 0)]
)
def test_numbers_only_for_who_tells_of_them(codec: object, identifier: int, expected: int) -> None:
    assert isinstance(codec, type(VP8))
    extensions = {rtp.TRANSPORT_CC: identifier} if identifier else {}
    assert number_id(SendSection("7", "video", codec, extensions)) == expected


def test_what_has_no_way_of_its_own_is_sent_again_as_all_else() -> None:
    sent: list[tuple[bytes, int]] = []
    made = route(SendSection("7", "video", VP8, {rtp.MID: 4}), lambda *one: sent.append(one), lambda _told: None)
    assert made.repair(b"again", 17)
    assert sent == [(b"again", 17)]
    assert (made.mid, made.payload_type, made.rtx_payload_type) == ("7", 96, 97)


@pytest.mark.parametrize(
    ("identifier", "one_byte", "two_byte"), [(0, b"", b""), (4, b"\x40\x37", b"\x04\x017"), (15, b"", b"\x0f\x017")]
)
def test_the_mid_in_each_form_it_can_have(identifier: int, one_byte: bytes, two_byte: bytes) -> None:
    extensions = {rtp.MID: identifier} if identifier else {}
    made = route(SendSection("7", "video", VP8, extensions), lambda *_: None, lambda _told: None)
    assert made.shape(is_known=False, distance=1).mid == (one_byte, two_byte)
    assert made.shape(is_known=True, distance=1).mid == (b"", b"")

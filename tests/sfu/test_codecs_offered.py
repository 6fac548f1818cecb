"""Reading codecs off a section, and finding the one that carries a track unchanged."""

import pytest

from sfu.codecs_offered import choose, codecs_of, fitting, identity, parameters
from sfu.negotiated import Codec
from tests.sfu.offers import Offer


def h264(fmtp: str, payload_type: int = 102) -> Codec:
    return Codec("video/h264", payload_type, 90000, fmtp=fmtp)


def test_only_supported_codecs_with_their_repair() -> None:
    codecs = codecs_of(Offer().video())
    assert [(codec.mime_type, codec.payload_type, codec.rtx_payload_type) for codec in codecs] == [
        ("video/vp8", 96, 97),
        ("video/h264", 102, 103),
        ("video/vp9", 98, 99),
    ]
    (opus,) = codecs_of(Offer().audio())
    assert (opus.mime_type, opus.channels, opus.clock_rate) == ("audio/opus", 2, 48000)
    assert opus.red_payload_type == 63


@pytest.mark.parametrize("blocks", ["111/110", "110/110", "", "red/red"])
def test_redundancy_of_something_else_is_not_taken(blocks: str) -> None:
    section = Offer().audio()
    section.fmtps[63] = blocks
    (opus,) = codecs_of(section)
    assert opus.red_payload_type is None


def test_baseline_in_fragments_is_chosen_among_h264() -> None:
    awkward = h264("packetization-mode=0;profile-level-id=42e01f", 1)
    high = h264("packetization-mode=1;profile-level-id=640032", 2)
    best = h264("profile-level-id=42e01f;packetization-mode=1", 3)
    assert choose([awkward, high, best], ["video/h264"]) is best
    assert choose([awkward], ["video/vp8"]) is None
    ten_bit = Codec("video/vp9", 1, 90000, fmtp="profile-id=2")
    assert choose([ten_bit, Codec("video/vp9", 2, 90000, fmtp="profile-id=0")], ["video/vp9"]).payload_type == 2  # type: ignore[union-attr]  # there is one


@pytest.mark.parametrize(
    ("one", "other", "fits"),
    [
        ("packetization-mode=1;profile-level-id=42e01f", "profile-level-id=42e034;packetization-mode=1", True),
        ("packetization-mode=1;profile-level-id=42e01f", "packetization-mode=1;profile-level-id=42c01f", True),
        ("packetization-mode=1;profile-level-id=42e01f", "packetization-mode=0;profile-level-id=42e01f", False),
        ("packetization-mode=1;profile-level-id=42e01f", "packetization-mode=1;profile-level-id=64001f", False),
        ("", "packetization-mode=0;profile-level-id=42e01f", True),
    ],
)
def test_h264_fits_by_mode_and_profile_not_by_level(one: str, other: str, fits: bool) -> None:
    assert (fitting([h264(one)], h264(other)) is not None) is fits


def test_parameters_and_identity() -> None:
    assert parameters("A=1; b=X;;c") == {"a": "1", "b": "x", "c": ""}
    assert identity(Codec("video/vp8", 96, 90000)) == ("video/vp8",)
    assert identity(Codec("video/av1", 45, 90000, fmtp="profile=1")) == ("video/av1", "1")

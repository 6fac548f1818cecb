"""VP9 payload descriptors of Chromium, hand-made ones, and torn ones."""

import pytest

from sfu.vp9 import Vp9Descriptor, parse_vp9
from tests.sfu.layered import VP9_KEY


def test_a_key_picture_of_chromium() -> None:
    lowest, above = (parse_vp9(VP9_KEY[index].payload) for index in (0, 1))
    assert lowest == Vp9Descriptor(
        first=True,
        last=True,
        picture_id=0x25BB,
        wide=True,
        spatial=0,
        temporal=0,
        predicted=False,
        from_below=False,
        aside=False,
        layers=3,
    )
    assert above is not None
    assert (above.spatial, above.from_below, above.predicted, above.layers) == (1, True, False, None)
    assert (above.first, above.last) == (True, False)
    assert not above.aside, "the layer above is predicted from it in this picture alone"


def test_the_pictures_after_it() -> None:
    below, above, top = (parse_vp9(VP9_KEY[index].payload) for index in (6, 7, 8))
    assert below is not None
    assert above is not None
    assert top is not None
    assert [one.spatial for one in (below, above, top)] == [0, 1, 2]
    assert all(one.predicted and one.aside and not one.from_below and one.temporal == 2 for one in (below, above, top))


@pytest.mark.parametrize(
    ("payload", "picture_id", "spatial", "layers"),
    [
        (bytes((0x88, 0x12)), 0x12, 0, None),  # a picture id of seven bits
        (bytes((0xB8, 0x80, 0x07, 0x03)), 7, 1, None),  # flexible: no TL0PICIDX
        (bytes((0xF8, 0x05, 0x04, 0x03, 0x02)), 5, 2, None),  # two references
        (bytes((0x0A, 0x38)), None, 0, 2),  # a structure of two layers
    ],
)
def test_optional_fields(payload: bytes, picture_id: int | None, spatial: int, layers: int | None) -> None:
    descriptor = parse_vp9(payload)
    assert descriptor is not None
    assert (descriptor.picture_id, descriptor.spatial, descriptor.layers) == (picture_id, spatial, layers)


@pytest.mark.parametrize("payload", [b"", b"\x80", b"\x80\x80", b"\xa0\x01", b"\xd0\x01\x03\x03\x03\x02", b"\x02"])
def test_what_cannot_be_read(payload: bytes) -> None:
    assert parse_vp9(payload) is None

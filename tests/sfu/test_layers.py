"""The choice of layer: caps, what is live, and no flicker upwards."""

import pytest

from sfu.layers import choose, quality_of


@pytest.mark.parametrize(
    ("rid", "rids", "quality"),
    [
        ("q", ("q", "h", "f"), 0),
        ("h", ("q", "h", "f"), 1),
        ("f", ("q", "h", "f"), 2),
        ("h", ("q", "h"), 1),
        ("", (), 2),
        ("hi", ("hi",), 2),
        ("2", ("1", "2", "3"), 1),
        ("9", ("1", "2"), 2),
    ],
)
def test_quality_of_rid(rid: str, rids: tuple[str, ...], quality: int) -> None:
    assert quality_of(rid, rids) == quality


@pytest.mark.parametrize(
    ("live", "maximum", "current", "steady", "chosen"),
    [
        ([], 2, None, [], None),
        ([], 2, 1, [], None),
        ([0, 1, 2], 2, None, [], 2),  # the first choice need not wait
        ([0, 1, 2], 1, None, [], 1),
        ([0, 1, 2], 0, 2, [0, 1, 2], 0),  # down at once
        ([1, 2], 0, None, [], 1),  # nothing small enough: the smallest
        ([0, 1, 2], 2, 0, [0, 1], 1),  # up only to what is steady
        ([0, 1, 2], 2, 0, [0], 0),
        ([0, 1], 2, 2, [0, 1], 1),  # the current one has gone
    ],
)
def test_choice(live: list[int], maximum: int, current: int | None, steady: list[int], chosen: int | None) -> None:
    assert choose(live, maximum, current, steady) == chosen

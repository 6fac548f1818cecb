"""Connection quality follows loss, delay, layers and silence, without flicker."""

import pytest

from sfu.quality import Conditions, Quality, rate


@pytest.mark.parametrize(
    ("conditions", "quality"),
    [
        (Conditions(), Quality.EXCELLENT),
        (Conditions(up_expected=1000, up_lost=20, round_trip=0.05), Quality.EXCELLENT),
        (Conditions(up_expected=1000, up_lost=100), Quality.GOOD),
        (Conditions(up_expected=1000, up_lost=300), Quality.POOR),
        (Conditions(down_loss=0.08), Quality.GOOD),
        (Conditions(round_trip=0.5), Quality.GOOD),
        (Conditions(round_trip=1.0), Quality.POOR),
        (Conditions(missing_layers=2), Quality.GOOD),
        (Conditions(silent_for=20), Quality.LOST),
    ],
)
def test_rating(conditions: Conditions, quality: Quality) -> None:
    assert rate(conditions) is quality


def test_it_falls_at_once_and_rises_past_a_margin() -> None:
    borderline = Conditions(down_loss=0.045)  # 82 points
    assert rate(borderline, Quality.EXCELLENT) is Quality.EXCELLENT
    assert rate(borderline, Quality.GOOD) is Quality.GOOD
    assert rate(Conditions(down_loss=0.01), Quality.POOR) is Quality.EXCELLENT


def test_two_connections_count_as_one() -> None:
    both = Conditions(up_expected=10, up_lost=1, silent_for=1) + Conditions(down_loss=0.5, round_trip=0.1, silent_for=3)
    assert both == Conditions(up_expected=10, up_lost=1, down_loss=0.5, round_trip=0.1, silent_for=3)
    assert (Conditions() + Conditions()).down_loss is None


def test_video_given_up_is_poor_and_made_smaller_is_good() -> None:
    assert rate(Conditions(withheld=1)) is Quality.POOR
    assert rate(Conditions(reduced=2)) is Quality.GOOD
    assert (Conditions(withheld=1) + Conditions(reduced=1)).withheld == 1

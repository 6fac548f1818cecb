"""How good one participant's connection is, in LiveKit's words: from loss, round trip and what was expected to come."""

from dataclasses import dataclass
from enum import IntEnum


class Quality(IntEnum):
    """Numbered as LiveKit's ConnectionQuality."""

    POOR = 0
    GOOD = 1
    EXCELLENT = 2
    LOST = 3


@dataclass(frozen=True, slots=True)
class Conditions:
    """One window of measurement of one connection.

    up_expected, up_lost: packets of the client's own tracks. down_loss: share of 0..1 that its receiver reports, None
    before any report. round_trip: seconds, None before any. silent_for: seconds since its last authenticated check.
    missing_layers: video layers it announced, that subscribers want, and that do not come. withheld, reduced: videos
    for which its own path has no room, or not for all that its page has use for.
    """

    up_expected: int = 0
    up_lost: int = 0
    down_loss: float | None = None
    round_trip: float | None = None
    silent_for: float = 0.0
    missing_layers: int = 0
    withheld: int = 0
    reduced: int = 0

    def __add__(self, other: "Conditions") -> "Conditions":
        """Both connections of a v0 client as one: sums of counts, the worst of the rest."""
        return Conditions(
            up_expected=self.up_expected + other.up_expected,
            up_lost=self.up_lost + other.up_lost,
            down_loss=_worst(self.down_loss, other.down_loss),
            round_trip=_worst(self.round_trip, other.round_trip),
            silent_for=max(self.silent_for, other.silent_for),
            missing_layers=self.missing_layers + other.missing_layers,
            withheld=self.withheld + other.withheld,
            reduced=self.reduced + other.reduced,
        )


def _worst(one: float | None, other: float | None) -> float | None:
    return max(one or 0.0, other or 0.0) if one is not None or other is not None else None


MOST_WITHHELD, MOST_REDUCED = 35.0, 75.0  # points: poor where video is given up, good where it is smaller
LOST_AFTER = 8.0  # seconds without a check; browsers send one at least every five


def score(conditions: Conditions) -> float:
    """0 to 100, in the manner of LiveKit's score: loss counts four times its percentage, and delay past 150 ms."""
    up_loss = conditions.up_lost / conditions.up_expected if conditions.up_expected > 0 else 0.0
    loss = max(up_loss, conditions.down_loss or 0.0)
    delay = max(0.0, (conditions.round_trip or 0.0) - 0.15)
    points = 100 - 400 * loss - 100 * delay - 15 * conditions.missing_layers
    most = MOST_WITHHELD if conditions.withheld else MOST_REDUCED if conditions.reduced else 100.0
    return max(0.0, min(most, points))


def rate(conditions: Conditions, previous: Quality | None = None) -> Quality:
    """The quality of a window. It falls at once and rises only past a margin, so that it does not flicker."""
    if conditions.silent_for > LOST_AFTER:
        return Quality.LOST
    points = score(conditions)
    margin = 5 if previous in (Quality.GOOD, Quality.POOR, Quality.LOST) else 0
    if points >= 80 + margin:
        return Quality.EXCELLENT
    if points >= 40 + (margin if previous in (Quality.POOR, Quality.LOST) else 0):
        return Quality.GOOD
    return Quality.POOR

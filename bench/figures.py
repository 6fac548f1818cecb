"""Statistics of a handful of measurements."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass


def percentile(values: Sequence[float], percent: float) -> float:
    """Nearest-rank percentile: always a value that was measured, never one in between.

    Raises ValueError without values or outside 0-100.
    """
    if not values:
        raise ValueError("no values")
    if not 0 <= percent <= 100:
        raise ValueError("percent must be between 0 and 100")
    rank = max(1, math.ceil(len(values) * percent / 100))
    return sorted(values)[rank - 1]


@dataclass(frozen=True, slots=True)
class Spread:
    """How measurements of one thing lie, in the unit of the measurements."""

    count: int
    low: float
    median: float
    p95: float
    high: float

    @property
    def noise(self) -> float:
        """Half the distance from lowest to highest, as a share of the median: 0.05 reads "±5 %"."""
        return (self.high - self.low) / 2 / self.median if self.median else 0.0


def spread(values: Sequence[float]) -> Spread:
    """Raises ValueError without values."""
    return Spread(
        count=len(values),
        low=percentile(values, 0),
        median=statistics.median(values),
        p95=percentile(values, 95),
        high=max(values),
    )

"""Which simulcast layer one subscriber gets: a pure choice from what is live, what is wanted and what is allowed.

Qualities are LiveKit's: 0 low, 1 medium, 2 high.
"""

from collections.abc import Iterable

LOW, MEDIUM, HIGH = 0, 1, 2

SILENT_AFTER = (
    1.5  # seconds without packets: a layer is no longer live; a shared screen that stands still sends each second
)
HOLD_UP = 1.0  # seconds a better layer must have been live before anyone moves up to it

_QUALITY_OF_RID = {"q": LOW, "h": MEDIUM, "f": HIGH}


def quality_of(rid: str, rids: tuple[str, ...]) -> int:
    """The quality a restriction id stands for: LiveKit's q, h, f; others by their place; without simulcast high."""
    if not rid or (len(rids) < 2 and rid not in _QUALITY_OF_RID):
        return HIGH
    if rid in _QUALITY_OF_RID:
        return _QUALITY_OF_RID[rid]
    return min(rids.index(rid), HIGH) if rid in rids else HIGH


def choose(live: Iterable[int], maximum: int, current: int | None, steady: Iterable[int]) -> int | None:
    """The layer to aim at, None when nothing is live.

    live: qualities that send now. maximum: the most this subscriber may get, by its own settings and its bandwidth.
    current: what it gets now. steady: those live for at least HOLD_UP; only to them one moves up, so that a publisher
    that flickers does not make everyone switch. When even the lowest live layer is above the maximum, that one.
    """
    there = sorted(set(live))
    if not there:
        return None
    allowed = [quality for quality in there if quality <= maximum] or there[:1]
    best = allowed[-1]
    if current is None or current not in allowed or best == current:
        return best
    better = [quality for quality in allowed if quality > current and quality in set(steady)]
    return better[-1] if better else current

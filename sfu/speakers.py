"""Who speaks: from the audio levels that clients put in a header extension (RFC 6464), smoothed as LiveKit does."""

from collections.abc import Iterable
from dataclasses import dataclass

ACTIVE_LEVEL = 35  # -dBov: louder than this is speech
LEAST_SHARE = 0.4  # of an interval that must be loud
INTERVAL = 0.4  # seconds between updates
SMOOTHING = 0.5  # weight of the newest interval
STEPS = 8  # levels told are rounded to eighths, or every breath would be an update


class AudioLevel:
    """Collects one track's levels over an interval."""

    def __init__(self) -> None:
        self._packets = 0
        self._loud = 0
        self._loudest = 127
        self._smoothed = 0.0

    def observe(self, level: int) -> None:
        """level: 0 loudest to 127 silent, of one packet."""
        self._packets += 1
        if level <= ACTIVE_LEVEL:
            self._loud += 1
            self._loudest = min(self._loudest, level)

    def take(self) -> float:
        """Close the interval: how loud its speaker was, smoothed over earlier ones, 0 (silent) to 1."""
        active = self._loud > 0 and self._loud >= LEAST_SHARE * self._packets
        linear = 10 ** (-self._loudest / 20) if active else 0.0
        # A square root brings speech (-35 to -5 dBov) into the upper part of the scale, as people hear it.
        self._smoothed += (linear**0.5 - self._smoothed) * SMOOTHING
        self._packets = self._loud = 0
        self._loudest = 127
        return self._smoothed


@dataclass(frozen=True, slots=True)
class Speaker:
    """level: 0 to 1."""

    identifier: str
    level: float
    active: bool


class ActiveSpeakers:
    """Turns levels into what is to be told to a room: only what has changed since the last time."""

    def __init__(self) -> None:
        self._told: dict[str, float] = {}

    def update(self, levels: Iterable[tuple[str, float]]) -> list[Speaker]:
        """levels: (participant, level) of everyone who sends audio, once every INTERVAL.

        Loudest first; those that fell silent or left come last with active False.
        """
        now: dict[str, float] = {}
        for identifier, level in levels:
            rounded = round(level * STEPS) / STEPS
            if rounded > 0:
                now[identifier] = max(rounded, now.get(identifier, 0.0))
        changed = [Speaker(who, level, True) for who, level in now.items() if self._told.get(who) != level]
        changed.sort(key=lambda speaker: -speaker.level)
        changed += [Speaker(who, 0.0, False) for who in self._told if who not in now]
        self._told = now
        return changed

    @property
    def active(self) -> list[Speaker]:
        """Everyone who speaks, loudest first: for those who join now."""
        return sorted((Speaker(who, level, True) for who, level in self._told.items()), key=lambda one: -one.level)

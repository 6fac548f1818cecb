"""Which layer of each video one subscriber gets out of what its path carries. Pure.

Sound comes first and is never withheld. Then every video gets its smallest layer, by rank; then they are raised: those
at the front of the page all the way, the rest one step each in turn, so that one large picture starves nobody.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

MARGIN = 1.15  # to go up, this much more than needed must be there
STAY = 0.95  # to stay, this share of what is needed is enough: a layer's rate moves about
HOLD = 1.5  # seconds after a fall before anything goes up
MOST_HOLD = 6.0  # after several in short succession
FLAP = 5.0  # seconds within which a fall after a rise is held against it


@dataclass(frozen=True, slots=True)
class Video:
    """One video as its subscriber wants it.

    rank: the smaller goes first; equal ranks by place. layers: quality -> bit/s, no more than the page has use for.
    front: pinned, or who speaks: raised before any other. current: the quality granted last, None while withheld.
    """

    sid: str
    rank: tuple[float, ...]
    layers: Mapping[int, float]
    front: bool = False
    current: int | None = None


@dataclass(frozen=True, slots=True)
class Division:
    """granted: sid -> quality, None where nothing of it fits. wanted: bit/s at which the next step would fit, or 0."""

    granted: Mapping[str, int | None]
    used: float
    wanted: float


def divide(budget: float, audio: float, videos: Sequence[Video], *, may_rise: bool = True) -> Division:
    """budget: bit/s of the path. audio: what sound takes of it. may_rise: False after a fall, for a while."""
    ordered = sorted((video for video in videos if video.layers), key=lambda video: video.rank)
    left = budget - audio
    granted: dict[str, int | None] = {}
    wanted: list[float] = []
    used = audio

    def cost(video: Video, quality: int) -> float:
        before = granted.get(video.sid)
        return video.layers[quality] - (video.layers[before] if before is not None else 0.0)

    def grant(video: Video, quality: int) -> bool:
        nonlocal left, used
        extra = cost(video, quality)
        rises = video.current is None or quality > video.current
        needed = extra * MARGIN if rises else extra * STAY
        if (rises and not may_rise) or needed > left:
            # What is short: by how much the path must grow before this step fits.
            wanted.append(used + extra * MARGIN)
            return False
        granted[video.sid] = quality
        left -= extra
        used += extra
        return True

    for video in ordered:
        granted[video.sid] = None
    starved = False
    for video in ordered:
        # Nobody of lower rank is shown while a higher one is dark, or pictures would come and go across the page.
        starved = starved or not grant(video, min(video.layers))
    for video in ordered:
        for quality in sorted(video.layers) if video.front else ():
            so_far = granted[video.sid]
            if so_far is not None and quality > so_far and not grant(video, quality):
                break
    moving = True
    while moving:
        moving = False
        for video in ordered:
            reached = granted[video.sid]
            above = [other for other in video.layers if reached is not None and other > reached]
            if above and grant(video, min(above)):
                moving = True
    return Division(granted, used, min(wanted, default=0.0))


@dataclass(slots=True)
class Allocator:
    """Remembers what one subscriber was granted, and holds rises back after falls."""

    granted: dict[str, int | None] = field(default_factory=dict)
    hold: float = HOLD
    _fell_at: float = -1e9
    _rose_at: float = -1e9

    def allocate(self, budget: float, audio: float, videos: Sequence[Video], now: float) -> Division:
        """videos: `current` is filled in here. A track seen for the first time is granted what fits at once."""
        known = [
            Video(one.sid, one.rank, one.layers, one.front, self.granted.get(one.sid, self._first(one)))
            for one in videos
        ]
        may_rise = now - self._fell_at >= self.hold
        division = divide(budget, audio, known, may_rise=may_rise)
        before = self.granted
        after = dict(division.granted)
        shared = [sid for sid in after if sid in before]
        fell = any(_level(after[sid]) < _level(before[sid]) for sid in shared if _was_possible(before[sid], sid, known))
        rose = any(_level(after[sid]) > _level(before[sid]) for sid in shared)
        if fell:
            flaps = now - self._rose_at < FLAP
            self.hold = min(MOST_HOLD, self.hold * 2) if flaps else HOLD
            self._fell_at = now
        if rose:
            self._rose_at = now
        self.granted = after
        return division

    def _first(self, video: Video) -> int | None:
        return min(video.layers) if video.layers and video.sid not in self.granted else None


def _level(quality: int | None) -> int:
    return -1 if quality is None else quality


def _was_possible(quality: int | None, sid: str, videos: Sequence[Video]) -> bool:
    """A layer that is no longer there, or no longer wanted by the page, did not fall for lack of room."""
    return any(video.sid == sid and (quality is None or quality in video.layers) for video in videos)

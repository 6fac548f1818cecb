"""One subscriber's videos and the path to it: who gets which layer now, what is withheld, and what its client is told.

The choice itself is `sfu.allocator`; this gathers what it needs and obeys it.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from livekit.protocol.models import SCREEN_SHARE
from livekit.protocol.rtc import SignalResponse, StreamState, StreamStateInfo, StreamStateUpdate

from sfu.allocator import Allocator, Video
from sfu.down_track import DownTrack
from sfu.publication import Publication, TrackSettings
from sfu.red import MOST_REPEATED

INTERVAL = 0.2  # seconds between two divisions, unless the estimate falls
FALL = 0.9  # of the estimate last divided: at once
URGENT = 0.8  # the estimate as a share of what flows: what is too much stops before the smaller layer has come
LEAST_AUDIO = 40_000.0  # bit/s kept for each sound that flows, however still it is now
USUAL_RATE = {0: 160_000.0, 1: 500_000.0, 2: 1_800_000.0}  # bit/s of a layer nobody has told or measured
UNRANKED = 256  # after every priority a client can give
PROBE_PAST = 1.1
SOUND_SHARE = 0.5  # of the estimate, for sound with all that is sent twice


class Path(Protocol):
    """What carries the tracks; `sfu.peer.Peer` is one."""

    @property
    def estimate(self) -> float | None:
        """bit/s, None where no limit is known."""

    @property
    def is_measured(self) -> bool:
        """Whether the estimate is more than a guess."""

    def probe(self, rate: float, now: float) -> None: ...
    def discard(self, ssrc: int) -> None: ...


class Narrowed:
    """A path of which no more than a limit is used, in bit/s. Nothing is probed for: more would be of no use."""

    is_measured = True

    def __init__(self, path: Path, limit: float) -> None:
        self._path = path
        self._limit = limit

    @property
    def estimate(self) -> float:
        estimate = self._path.estimate
        return self._limit if estimate is None else min(estimate, self._limit)

    def probe(self, rate: float, now: float) -> None:
        """Not past the limit."""

    def discard(self, ssrc: int) -> None:
        self._path.discard(ssrc)


class Forwarding(Protocol):
    """One track on its way to the subscriber. stream: its publisher's sid."""

    @property
    def publication(self) -> Publication: ...
    @property
    def stream(self) -> str: ...
    @property
    def down_track(self) -> DownTrack: ...
    @property
    def settings(self) -> TrackSettings: ...


@dataclass(frozen=True, slots=True)
class Shortage:
    """Videos not sent at all, and sent smaller than the page has use for, for lack of bandwidth."""

    withheld: int = 0
    reduced: int = 0


class Downstream:
    """speaking: sids of the participants who speak now, set by the owner."""

    def __init__(self, send: Callable[[SignalResponse], None]) -> None:
        self.speaking: frozenset[str] = frozenset()
        self.shortage = Shortage()
        self._send = send
        self._allocator = Allocator()
        self._paused: dict[str, str] = {}  # track sid -> its publisher's, as the client was told
        self._divided_at = -1e9
        self._divided = 0.0

    def divide(self, forwardings: Iterable[Forwarding], path: Path, now: float) -> None:
        """To be called often; works when it is time or the estimate has fallen."""
        estimate = path.estimate
        if now - self._divided_at < INTERVAL and (estimate is None or estimate >= FALL * self._divided):
            return
        self._divided_at = now
        self._divided = estimate or 0.0
        everything = list(forwardings)
        videos = {one.publication.sid: one for one in everything if one.publication.kind == "video"}
        if estimate is None:
            for one in everything:
                one.down_track.set_most_repeated(MOST_REPEATED)
            self._obey(dict.fromkeys(videos, 2), videos, path, urgent=False)
            self.shortage = Shortage()
            return
        audio = sum(_audio_rate(one, now) for one in everything if one.publication.kind == "audio")
        wishes = [wish for one in videos.values() if (wish := self._wish(one, now)) is not None]
        copies = _copies(estimate, audio)
        for one in everything:
            one.down_track.set_most_repeated(copies)
        division = self._allocator.allocate(estimate, audio, wishes, now)
        granted = dict(division.granted)
        if not path.is_measured:
            # Nobody waits in the dark while the path is being found out.
            granted = {wish.sid: _or_smallest(granted[wish.sid], wish) for wish in wishes}
        flows = audio + sum(_flowing(one.down_track) for one in videos.values())
        self._obey(granted, videos, path, urgent=estimate < URGENT * flows)
        self.shortage = _shortage(wishes, granted)
        if division.wanted:
            path.probe(PROBE_PAST * division.wanted, now)

    def _wish(self, one: Forwarding, now: float) -> Video | None:
        """None for what takes no place: disabled by the page, not negotiated, muted."""
        track = one.down_track
        if one.settings.disabled or track.mid is None:
            return None
        told = {int(layer.quality): float(layer.bitrate) for layer in one.publication.info.layers}
        rates = {
            quality: rate or told.get(quality) or USUAL_RATE[quality]
            for quality, rate in track.up_track.layer_rates(now).items()
        }
        if not rates:
            return None
        # Even where the page has use for less than the smallest layer, that one is what it gets.
        useful = {q: rate for q, rate in rates.items() if q <= track.page_quality} or {min(rates): rates[min(rates)]}
        settings, info = one.settings, one.publication.info
        is_screen = info.source == SCREEN_SHARE
        speaks = one.stream in self.speaking
        priority = settings.priority or UNRANKED
        rank = (float(priority), float(not is_screen), float(not speaks), -float(settings.width * settings.height))
        return Video(one.publication.sid, rank, useful, is_screen or speaks or settings.priority > 0)

    def _obey(
        self, granted: Mapping[str, int | None], videos: Mapping[str, Forwarding], path: Path, *, urgent: bool
    ) -> None:
        for sid, quality in granted.items():
            track = videos[sid].down_track
            if track.grant(quality, at_once=urgent):
                path.discard(track.ssrc)
        now = {sid: videos[sid].stream for sid in videos if videos[sid].down_track.is_withheld}
        changes = [(sid, stream, StreamState.PAUSED) for sid, stream in now.items() if sid not in self._paused]
        changes += [(sid, stream, StreamState.ACTIVE) for sid, stream in self._paused.items() if sid not in now]
        self._paused = now
        if changes:
            infos = [StreamStateInfo(track_sid=sid, participant_sid=who, state=state) for sid, who, state in changes]
            self._send(SignalResponse(stream_state_update=StreamStateUpdate(stream_states=infos)))


def _or_smallest(granted: int | None, wish: Video) -> int:
    return min(wish.layers) if granted is None else granted


def _audio_rate(one: Forwarding, now: float) -> float:
    layers = [layer for layer in one.down_track.up_track.layers if layer.packets and layer.is_live(now)]
    return sum(max(layer.rate or 0.0, LEAST_AUDIO) for layer in layers)


def _copies(estimate: float, audio: float) -> int:
    """How often each sound may be sent again, so that all of it takes no more than its share of the path."""
    return max(0, min(MOST_REPEATED, int(SOUND_SHARE * estimate / audio) - 1)) if audio else MOST_REPEATED


def _flowing(track: DownTrack) -> float:
    quality = track.current_quality
    return sum(layer.rate or 0.0 for layer in track.up_track.choices if layer.quality == quality)


def _shortage(wishes: Sequence[Video], granted: Mapping[str, int | None]) -> Shortage:
    got = [(granted.get(wish.sid), max(wish.layers)) for wish in wishes]
    return Shortage(
        withheld=sum(quality is None for quality, _ in got),
        reduced=sum(quality is not None and quality < best for quality, best in got),
    )

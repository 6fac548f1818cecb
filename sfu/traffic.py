"""What has passed through the media server, counted for its operator in LiveKit's terms; never by person or meeting.

Tracks count for themselves; this adds up, every SAMPLE_INTERVAL, what has been added since. What a track did in its
last two seconds is not in the sums.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from typing import NamedTuple

from livekit.protocol.models import TrackSource, TrackType

from sfu.down_track import DownTrack
from sfu.membership import Membership
from sfu.publication import Publication
from sfu.quality import Quality
from sfu.up_layer import UpLayer

SAMPLE_INTERVAL = 2.0  # seconds

# LiveKit's own bounds, so that figures of both engines can be laid together.
PERCENT = (0.0, 0.1, 0.3, 0.5, 0.7, 1, 5, 10, 40, 100)
JITTER = (1e3, 1e4, 3e4, 5e4, 7e4, 1e5, 3e5, 6e5, 1e6)  # microseconds
ROUND_TRIP = (50, 100, 150, 200, 250, 500, 750, 1000, 5000, 10000)  # milliseconds
ROOM_DURATION = (5, 10, 60, 300, 600, 1800, 3600, 7200, 18000, 36000)  # seconds
QUALITY = (0, 1, 2)


def _spread(low: float, high: float, count: int = 15) -> tuple[float, ...]:
    """Bounds growing by the same factor from low to high."""
    return tuple(low * (high / low) ** (step / (count - 1)) for step in range(count))


SESSION_START = _spread(100, 10_000)  # milliseconds
SESSION_DURATION = _spread(100, 4 * 3600 * 1000)  # milliseconds


class Histogram:
    """bounds: upper and inclusive. counts: of each, and of what lies above all."""

    def __init__(self, bounds: Sequence[float]) -> None:
        self.bounds = tuple(bounds)
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, value: float) -> None:
        self.counts[bisect_left(self.bounds, value)] += 1
        self.total += value


class Stream(NamedTuple):
    """direction: ``incoming`` or ``outgoing``; source and kind in LiveKit's words: ``CAMERA``, ``VIDEO``."""

    direction: str
    source: str
    kind: str


class Traffic:
    """packets, octets: by direction and ``initial`` or ``retransmit``. nacks (packets), plis: by direction.

    joins: by ``signal_connected``, ``rtc_connected``, ``rtc_failure``. publications: by kind, ``attempt``, ``success``.
    calls: of RoomService, by method, ``success`` or ``failure``, and Twirp's code. data_dropped: by reason.
    faults: of clients that have left, by kind.
    """

    def __init__(self) -> None:
        self.packets: Counter[tuple[str, str]] = Counter()
        self.octets: Counter[tuple[str, str]] = Counter()
        self.nacks: Counter[str] = Counter()
        self.plis: Counter[str] = Counter()
        self.data_dropped: Counter[str] = Counter()
        self.faults: Counter[str] = Counter()
        self.lost: Counter[Stream] = Counter()
        self.joins: Counter[str] = Counter()
        self.publications: Counter[tuple[str, str]] = Counter()
        self.calls: Counter[tuple[str, str, str]] = Counter()
        self.loss: dict[Stream, Histogram] = {}
        self.jitter: dict[Stream, Histogram] = {}
        self.round_trip: dict[Stream, Histogram] = {}
        self.quality = Histogram(QUALITY)
        self.room_duration = Histogram(ROOM_DURATION)
        self.session_start = Histogram(SESSION_START)
        self.session_duration = Histogram(SESSION_DURATION)
        self._seen: dict[Hashable, tuple[int, ...]] = {}
        self._announced: set[str] = set()
        self._live: set[str] = set()
        self._sampled_at = -1e9

    def sample(self, memberships: Iterable[Membership], now: float) -> None:
        """May be called often; works when it is time."""
        if now - self._sampled_at < SAMPLE_INTERVAL:
            return
        self._sampled_at = now
        before, self._seen = self._seen, {}
        announced, live = set(), set()
        for membership in memberships:
            for publication in membership.participant.publications.values():
                announced.add(publication.sid)
                if publication.live:
                    live.add(publication.sid)
                if publication.sid not in self._announced:
                    self.publications[_kind(publication), "attempt"] += 1
                if publication.live and publication.sid not in self._live:
                    self.publications[_kind(publication), "success"] += 1
                for layer in publication.up_track.layers if publication.up_track is not None else ():
                    self._add_up(publication, layer, before.get(layer))
            for publication, down_track in membership.connection.subscriptions:
                self._add_down(publication, down_track, before.get(down_track))
            if membership.participant.quality is not None:
                self.quality.observe(membership.participant.quality.value % Quality.LOST)
        self._announced, self._live = announced, live

    def _add_up(self, publication: Publication, layer: UpLayer, before: tuple[int, ...] | None) -> None:
        now = (layer.packets, layer.octets, layer.key_frames_asked, layer.expected)
        self._seen[layer] = now
        packets, octets, asked, expected = _grown(now, before)
        stream = _stream("incoming", publication)
        self.packets["incoming", "initial"] += packets
        self.octets["incoming", "initial"] += octets
        self.plis["outgoing"] += asked
        lost = max(0, expected - packets)
        self.lost[stream] += lost
        if expected > 0:
            self.loss.setdefault(stream, Histogram(PERCENT)).observe(100 * lost / expected)
            self.jitter.setdefault(stream, Histogram(JITTER)).observe(1e6 * layer.jitter / layer.clock_rate)

    def _add_down(self, publication: Publication, down_track: DownTrack, before: tuple[int, ...] | None) -> None:
        statistics = down_track.statistics
        now = (
            statistics.packets,
            statistics.octets,
            statistics.resent,
            statistics.nacked,
            statistics.key_frame_requests,
        )
        self._seen[down_track] = now
        packets, octets, resent, nacked, asked = _grown(now, before)
        stream = _stream("outgoing", publication)
        self.packets["outgoing", "initial"] += packets
        self.octets["outgoing", "initial"] += octets
        self.packets["outgoing", "retransmit"] += resent
        self.nacks["incoming"] += nacked
        self.plis["incoming"] += asked
        if packets and statistics.fraction_lost is not None:
            self.loss.setdefault(stream, Histogram(PERCENT)).observe(100 * statistics.fraction_lost)
        if packets and statistics.round_trip is not None:
            self.round_trip.setdefault(stream, Histogram(ROUND_TRIP)).observe(1000 * statistics.round_trip)


def _grown(now: tuple[int, ...], before: tuple[int, ...] | None) -> tuple[int, ...]:
    return now if before is None else tuple(max(0, new - old) for new, old in zip(now, before, strict=True))


def _kind(publication: Publication) -> str:
    return TrackType.Name(publication.info.type)


def _stream(direction: str, publication: Publication) -> Stream:
    source = publication.info.source
    name = TrackSource.Name(source) if source in TrackSource.values() else "UNKNOWN"
    return Stream(direction, name, _kind(publication))

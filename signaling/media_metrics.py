"""The embedded media server's figures for Prometheus, under the names that livekit-server 1.13 gives to the same.

Left out of LiveKit's: what counts its own nodes and message bus (``livekit_node_*`` but for RoomService), countries,
forwarding latency (a benchmark measures it), and what lies inside data streams, which may be encrypted.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import accumulate
from typing import TypeVar

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from db.tasks import Tasks
from sfu.server import EmbeddedMediaServer
from sfu.traffic import Histogram, Stream

Key = TypeVar("Key", bound=tuple[str, ...])

_STREAM = ("direction", "source", "type")


class MediaMetrics(Collector):
    def __init__(self, server: EmbeddedMediaServer) -> None:
        self._server = server

    def collect(self) -> Iterable[Metric]:
        traffic = self._server.traffic
        yield from self._now()
        yield _counts("livekit_packet", "Packets.", ("direction", "transmission"), traffic.packets)
        yield _untyped("livekit_packet_bytes", "Their bytes.", ("direction", "transmission"), traffic.octets)
        yield _counts("livekit_nack", "Packets asked for again.", ("direction",), _keyed(traffic.nacks))
        yield _counts("livekit_pli", "Requests for key frames.", ("direction",), _keyed(traffic.plis))
        yield _counts("livekit_packet_loss", "Packets that did not come.", _STREAM, traffic.lost)
        yield _histograms("livekit_packet_loss_percent", "Loss of each stream.", traffic.loss)
        yield _histograms("livekit_jitter_us", "Jitter of each stream.", traffic.jitter)
        yield _histograms("livekit_rtt_ms", "Round trip of each stream.", traffic.round_trip)
        yield _histogram("livekit_quality_rating", "0 poor or lost, 1 good, 2 excellent.", traffic.quality)
        yield _counts("livekit_participant_join", "Joins, by how far they came.", ("state",), _keyed(traffic.joins))
        yield _untyped("livekit_track_publish_counter", "Tracks.", ("kind", "state"), traffic.publications)
        yield _histogram("livekit_session_start_time_ms", "From joining to media.", traffic.session_start)
        yield _histogram("livekit_session_duration_ms", "How long stays were.", traffic.session_duration)
        yield _histogram("livekit_room_duration_seconds", "How long rooms stood.", traffic.room_duration)
        calls = {("RoomService", *key): count for key, count in traffic.calls.items()}
        labels = ("service", "method", "status", "code")
        yield _untyped("livekit_node_twirp_request_status", "Calls of RoomService.", labels, calls)
        drops = _keyed(self._server.port.drops)
        yield _counts("hemmaplan_datagrams_dropped", "Datagrams not processed.", ("reason",), drops)
        tcp = _keyed(self._server.tcp.drops) if self._server.tcp is not None else {}
        yield _counts("hemmaplan_tcp_dropped", "Connections cut, datagrams not sent.", ("reason",), tcp)
        faults = _keyed(traffic.faults)
        yield _counts("hemmaplan_client_faults", "What clients sent that was of no use.", ("kind",), faults)
        data = _keyed(traffic.data_dropped)
        yield _counts("hemmaplan_data_dropped", "Data messages that did not reach somebody.", ("reason",), data)
        lost = self._server.lost_events
        yield CounterMetricFamily("hemmaplan_media_events_lost", "Events listeners were too slow for.", value=lost)
        yield CounterMetricFamily("hemmaplan_tasks_failed", "Background tasks that broke.", value=Tasks.failed)

    def _now(self) -> Iterable[Metric]:
        rooms = self._server.rooms.values()
        yield GaugeMetricFamily("livekit_room_total", "Rooms now.", value=len(rooms))
        people = sum(len(room.participants) for room in rooms)
        yield GaugeMetricFamily("livekit_participant_total", "Participants in rooms now.", value=people)
        published: Counter[str] = Counter()
        subscribed: Counter[str] = Counter()
        for membership in self._server.memberships.values():
            published.update(one.kind.upper() for one in membership.participant.publications.values() if one.live)
            subscribed.update(publication.kind.upper() for publication, _ in membership.connection.subscriptions)
        for name, counts in (("published", published), ("subscribed", subscribed)):
            gauge = GaugeMetricFamily(f"livekit_track_{name}_total", f"Tracks {name} now.", labels=["kind"])
            for kind in ("AUDIO", "VIDEO"):
                gauge.add_metric([kind], counts[kind])
            yield gauge


def _keyed(counts: Mapping[str, int]) -> dict[tuple[str, ...], int]:
    return {(key,): count for key, count in counts.items()}


def _counts(name: str, told: str, labels: tuple[str, ...], counts: Mapping[Key, int]) -> Metric:
    metric = CounterMetricFamily(name, told, labels=labels)
    for key, count in counts.items():
        metric.add_metric(key, count)
    return metric


def _untyped(name: str, told: str, labels: tuple[str, ...], counts: Mapping[Key, int]) -> Metric:
    """A counter whose name at LiveKit lacks the ``_total`` that this library would put there."""
    metric = Metric(name, told, "unknown")
    for key, count in counts.items():
        metric.add_sample(name, dict(zip(labels, key, strict=True)), count)
    return metric


def _histograms(name: str, told: str, by_stream: Mapping[Stream, Histogram]) -> Metric:
    metric = HistogramMetricFamily(name, told, labels=_STREAM)
    for stream, histogram in by_stream.items():
        metric.add_metric(stream, *_buckets(histogram))
    return metric


def _histogram(name: str, told: str, histogram: Histogram) -> Metric:
    buckets, total = _buckets(histogram)
    return HistogramMetricFamily(name, told, buckets=buckets, sum_value=total)


def _buckets(histogram: Histogram) -> tuple[list[tuple[str, float]], float]:
    bounds = [f"{bound:g}" for bound in histogram.bounds] + ["+Inf"]
    return list(zip(bounds, map(float, accumulate(histogram.counts)), strict=True)), histogram.total

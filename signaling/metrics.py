"""Figures for Prometheus, under LiveKit's names where they mean the same. Never a person, an address or a meeting."""

from collections.abc import Awaitable, Callable, Iterable
from time import monotonic

from aiohttp import web
from prometheus_client import CollectorRegistry, Counter, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from audit.log import Log
from auth.credentials import Credentials
from sfu.server import EmbeddedMediaServer
from signaling.media_metrics import MediaMetrics
from signaling.security import route_template

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class _Audit(Collector):
    def __init__(self, log: Log) -> None:
        self._log = log

    def collect(self) -> Iterable[Metric]:
        yield CounterMetricFamily("hemmaplan_audit_records", "Records stored by this process.", value=self._log.written)
        yield CounterMetricFamily(
            "hemmaplan_audit_refused", "Records that could not be stored.", value=self._log.refused
        )
        writable = 1.0 if self._log.writable else 0.0
        yield GaugeMetricFamily("hemmaplan_audit_writable", "Whether the last record was stored.", value=writable)


class _Certificate(Collector):
    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    def collect(self) -> Iterable[Metric]:
        yield GaugeMetricFamily(
            "hemmaplan_bankid_certificate_usable",
            "Whether the newest certificate files could be read; 0: an older certificate is at work.",
            value=float(self._credentials.usable),
        )
        yield GaugeMetricFamily(
            "hemmaplan_bankid_certificate_expires_timestamp_seconds",
            "When the BankID certificate at work ends.",
            value=self._credentials.expires.timestamp(),
        )


def register(
    registry: CollectorRegistry, server: EmbeddedMediaServer | None, log: Log, credentials: Credentials
) -> None:
    """server: the embedded media server, None where a cluster carries the media and counts for itself."""
    if server is not None:
        registry.register(MediaMetrics(server))
    registry.register(_Audit(log))
    registry.register(_Certificate(credentials))


def middleware(registry: CollectorRegistry) -> Callable[..., Awaitable[web.StreamResponse]]:
    """Counts requests and their time by route template: a path could hold a personal link's token."""
    requests = Counter("hemmaplan_requests", "Answers.", ["method", "route", "status"], registry=registry)
    seconds = Histogram("hemmaplan_request_seconds", "Time to answer.", ["route"], registry=registry)

    @web.middleware
    async def count(request: web.Request, handler: Handler) -> web.StreamResponse:
        began = monotonic()
        response = await handler(request)
        route = route_template(request)
        requests.labels(request.method, route, str(response.status)).inc()
        if not isinstance(response, web.WebSocketResponse):
            seconds.labels(route).observe(monotonic() - began)
        return response

    return count

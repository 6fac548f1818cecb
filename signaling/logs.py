"""Logs: one JSON object a line. Events are fixed words; only listed fields pass, so no personal data can slip in.

Text that comes through a library's own logger (aiohttp, asyncio) is dropped: logger, level and exception type stay.
"""

import logging
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

# What may stand in a log line besides time, level and event.
FIELDS = frozenset(
    {
        "request", "method", "route", "status", "failure", "task", "logger", "level", "timestamp", "event", "code",
        "setting", "port", "udp_port", "reason", "room", "participant", "kind", "transaction", "place", "dropped",
        "session", "meetings", "entries", "rows", "current", "held", "expires", "granted", "wanted", "dual", "channel",
        "event_name", "most", "compiled",
    }
)  # fmt: skip


def keep_listed_fields(logger: WrappedLogger, name: str, event: EventDict) -> EventDict:  # noqa: ARG001
    """Drop every field that is not on the list, and say how many were."""
    kept = {key: value for key, value in event.items() if key in FIELDS}
    if len(kept) < len(event):
        kept["dropped"] = len(event) - len(kept)
    return kept


class _LibraryHandler(logging.Handler):
    """Turns records of the standard library's loggers into our lines, without their text."""

    def emit(self, record: logging.LogRecord) -> None:
        failure = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else None
        fields: dict[str, Any] = {"logger": record.name, "place": f"{record.module}:{record.lineno}"}
        if failure:
            fields["failure"] = failure
        structlog.get_logger().log(record.levelno, "library message", **fields)


def configure(log_format: str, *, quiet: bool = False) -> None:
    """json for collectors, console for people. quiet: warnings and worse alone."""
    renderer: Processor = (
        structlog.processors.JSONRenderer(ensure_ascii=False)
        if log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=False)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            keep_listed_fields,
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING if quiet else logging.INFO),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.handlers = [_LibraryHandler(logging.WARNING)]
    root.setLevel(logging.WARNING)

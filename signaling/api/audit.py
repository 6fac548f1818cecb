"""The log over HTTP: an auditor's search, and what anyone needs to check that the log was not rewritten."""

from base64 import b64encode
from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated, Any

from aiohttp import web
from pydantic import AfterValidator, Field, PlainValidator, StringConstraints, WithJsonSchema
from pydantic_core import PydanticCustomError

from audit.canonical import Scalar
from audit.entries import written_actor
from audit.events import Event, EventType, Record, written_time
from audit.log import Log
from audit.tree import BadRange
from auth.fields import FieldError, InvalidFields
from auth.people import Permission
from rooms.bodies import Body
from rooms.meeting import Meeting
from rooms.review import Review
from rooms.view import iso
from signaling.api.meeting_bodies import read
from signaling.i18n import ZONE
from signaling.security import require

LONGEST_WORD = 200
LONGEST_REASON = 500
LONGEST_ID = 64
LARGEST_PAGE = 500
PAGE = 100
LARGEST_NUMBER = 2**31 - 1
LAST_YEAR = 9999


def _line(text: str) -> str:
    text = text.strip()
    if not text.isprintable():
        raise PydanticCustomError("line", "not one line of text")
    return text


def _written_reason(text: str) -> str:
    if not text:
        raise PydanticCustomError("missing", "no reason")
    return text


def _day_or_moment(value: Any) -> datetime | date:
    try:
        if isinstance(value, str) and len(value) == len("2026-11-24"):
            day = date.fromisoformat(value)
            if day.year < LAST_YEAR:  # so that a day and a zone can be added
                return day
        elif isinstance(value, str):
            moment = datetime.fromisoformat(value)
            if moment.tzinfo is not None:
                return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise PydanticCustomError("datetime_parsing", "neither a day nor a date and time with its zone")


Line = Annotated[str, StringConstraints(strict=True), AfterValidator(_line)]
DayOrMoment = Annotated[
    datetime | date,
    PlainValidator(_day_or_moment),
    WithJsonSchema({"type": "string", "anyOf": [{"format": "date-time"}, {"format": "date"}]}),
]


class SearchBody(Body):
    """What is looked for in the log, and why: nobody reads it without a reason.

    meeting: an id; actor: a person's id or part of a name; from, to: RFC 3339, or a day in Sweden, both included;
    after: the `next` of the page before.
    """

    meeting: Annotated[Line, Field(max_length=LONGEST_ID)] = ""
    actor: Annotated[Line, Field(max_length=LONGEST_WORD, repr=False)] = ""
    reason: Annotated[Line, Field(max_length=LONGEST_REASON), AfterValidator(_written_reason)]
    since: DayOrMoment | None = Field(None, alias="from")
    until: DayOrMoment | None = Field(None, alias="to")
    limit: Annotated[int, Field(strict=True, ge=1, le=LARGEST_PAGE)] = PAGE
    after: Annotated[int, Field(strict=True, ge=0, le=LARGEST_NUMBER)] | None = None


def routes(log: Log, review: Review, clock: Callable[[], datetime]) -> list[web.RouteDef]:
    """clock: aware UTC."""

    async def events(request: web.Request) -> web.Response:
        """Records of the auditor's own organisation, in order; the search itself is logged before it is answered.
        Of a meeting that another organisation owns, what concerns the auditor's own (`rooms.review`).

        What is looked for is in the body: a name in an address would be kept by histories and proxies.
        """
        session = require(request, Permission.AUDITOR)
        assert session.staff is not None
        organisation = session.staff.organisation.id
        wanted = await read(request, SearchBody)
        meeting, who = wanted.meeting or None, wanted.actor or None
        since, until = _moment(wanted.since), _moment(wanted.until, ends_day=True)
        details: dict[str, Scalar] = {
            "reason": wanted.reason,
            "actor": wanted.actor,
            "from": written_time(since) if since else "",
            "to": written_time(until) if until else "",
        }
        await log.append(Event(EventType.AUDIT_READ, session.actor, organisation, meeting, details=details))
        found = await review.search(
            session, meeting=meeting, who=who, since=since, until=until, limit=wanted.limit, after=wanted.after
        )
        return web.json_response(
            {
                "events": [_written(record) for record in found.records],
                "next": found.last if found.more else None,
                "read_at": written_time(clock()),
                "meeting": _held(found.meeting) if found.meeting else None,
            }
        )

    async def checkpoint(request: web.Request) -> web.Response:  # noqa: ARG001 - the same for everyone
        """The last signed checkpoint, as text (C2SP tlog-checkpoint)."""
        return web.Response(text=await log.checkpoint(), content_type="text/plain", charset="utf-8")

    async def proof(request: web.Request) -> web.Response:
        """With seq: that an entry is in the tree of `size`. With old: that the tree of `size` continues the one of
        `old`.

        size: default the last checkpoint's. Hashes are base64, in RFC 9162's order, and show nothing of any entry.
        """
        query = _Query(request)
        seq = query.number("seq", 0, LARGEST_NUMBER)
        old = query.number("old", 1, LARGEST_NUMBER)
        size = query.number("size", 1, LARGEST_NUMBER)
        if (seq is None) == (old is None):
            query.wrong("seq", "Ange antingen seq eller old.", "Give either seq or old.")
        query.refuse_if_wrong()
        latest = await log.latest()
        size = size or latest.size
        try:
            if seq is not None:
                made = await log.inclusion_proof(seq, size)
                body: dict[str, Any] = {"seq": seq, "size": size, "leaf": _base64(made.leaf)}
                hashes = made.hashes
            else:
                assert old is not None
                hashes = await log.consistency_proof(old, size)
                body = {"old": old, "size": size}
        except BadRange:
            query.wrong("size", "Så stor är inte loggen.", "The log is not that large.")
            query.refuse_if_wrong()
            raise
        return web.json_response({**body, "hashes": [_base64(digest) for digest in hashes], "checkpoint": latest.note})

    return [
        web.post("/api/v1/audit/events", events),
        web.get("/api/v1/audit/checkpoint", checkpoint),
        web.get("/api/v1/audit/proof", proof),
    ]


class _Query:
    """Reads a request's query and collects what is wrong with it."""

    def __init__(self, request: web.Request) -> None:
        self._query = request.query
        self._problems: list[FieldError] = []

    def wrong(self, field: str, swedish: str, english: str) -> None:
        self._problems.append(FieldError(field, swedish, english))

    def refuse_if_wrong(self) -> None:
        if self._problems:
            raise InvalidFields(self._problems)

    def number(self, name: str, least: int, most: int) -> int | None:
        value = self._query.get(name, "")
        if not value:
            return None
        if not (value.isascii() and value.isdigit() and len(value) <= 10 and least <= int(value) <= most):
            self.wrong(name, f"Ange ett tal från {least} till {most}.", f"Give a number from {least} to {most}.")
            return None
        return int(value)


def _moment(wanted: datetime | date | None, *, ends_day: bool = False) -> datetime | None:
    """UTC; of a day, its beginning or end in Sweden."""
    if wanted is None or isinstance(wanted, datetime):
        return wanted and wanted.astimezone(UTC)
    return datetime.combine(wanted + timedelta(days=ends_day), time(), ZONE).astimezone(UTC)


def _written(record: Record) -> dict[str, Any]:
    event = record.event
    return {
        "seq": record.seq,
        "time": written_time(record.time),
        "type": record.type.value,
        "erased": record.erased,
        "intact": record.intact,
        "organisation": event.organisation if event else None,
        "meeting": event.meeting if event else None,
        "actor": written_actor(event.actor) if event else None,
        "subject": written_actor(event.subject) if event else None,
        "details": dict(event.details) if event else {},
    }


def _held(meeting: Meeting) -> dict[str, Any]:
    """When it was, and whose: what every organisation that took part may know."""
    return {
        "id": meeting.id,
        "organisation": meeting.organisation_name,
        "status": meeting.status.value,
        "starts_at": iso(meeting.starts_at),
        "ends_at": iso(meeting.ends_at),
        "started_at": iso(meeting.started_at),
        "ended_at": iso(meeting.ended_at),
    }


def _base64(digest: bytes) -> str:
    return b64encode(digest).decode()

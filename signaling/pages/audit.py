"""The auditor's pages. A search and a reading need a reason and are themselves in the log before anything is shown.

What is searched for is sent by POST: a name does not belong in an address.
"""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from aiohttp import web

from audit.canonical import Scalar
from audit.events import Event, EventType, Record
from audit.log import Log
from audit.timeline import timeline
from auth.people import Permission, Staff
from auth.sessions import Session
from rooms.errors import MeetingUnknown
from rooms.meeting import MEETING_TYPES, Meeting
from rooms.review import Hit, Review
from signaling.i18n import ZONE, clock_time, full_day, gettext_of, language_of
from signaling.pages import log_words, plan_form
from signaling.pages.plan_form import Form
from signaling.pages.templates import render
from signaling.pages.timeline_picture import picture
from signaling.security import require

FIELDS = ("name", "since", "until", "reason")
MOST_RECORDS = 500
MOST_NAMED = 25
"""Hits that show whose meeting it is: each is a look-up of its own."""
FIRST_RECORDS = 5
"""That it was planned, and for whom, is the first that is written of a meeting."""
REASONS = ("extract", "review", "incident", "complaint")


class AuditPages:
    def __init__(self, log: Log, review: Review, clock: Callable[[], datetime]) -> None:
        self._log = log
        self._review = review
        self._clock = clock

    async def search_page(self, request: web.Request) -> web.StreamResponse:
        auditor(request)
        return page(request, self._fresh())

    async def search(self, request: web.Request) -> web.StreamResponse:
        session, staff = auditor(request)
        form = await sent(request)
        if not self._check(request, form, name_needed=True):
            return page(request, form)
        found = await self._find(session, staff, form, record=True)
        whose = await self._whose(request, staff, found)
        return page(request, form, found=[hit.found for hit in found], whose=whose)

    async def meeting_page(self, request: web.Request) -> web.StreamResponse:
        """By a link: asks why before anything is shown."""
        auditor(request)
        return page(request, self._fresh(), asked=request.match_info["id"])

    async def meeting(self, request: web.Request) -> web.StreamResponse:
        session, staff = auditor(request)
        form = await sent(request)
        meeting = request.match_info["id"]
        if not self._check(request, form, name_needed=False):
            return page(request, form, asked=meeting)
        known = await self._review.search(session, meeting=meeting, limit=1)
        if not known.records and known.meeting is None:
            raise MeetingUnknown
        await self._record(session, staff, meeting=meeting, reason=form.value("reason"))
        read = await self._review.search(session, meeting=meeting, limit=MOST_RECORDS)
        found = await self._find(session, staff, form, record=False) if form.value("name") else None
        whose = await self._whose(request, staff, found or [])
        verdict = await self._log.check(meeting)
        case = case_of(request, meeting, read.records, self._clock())
        if read.meeting is not None and not read.whole:
            case |= partner_case(request, read.meeting)
        return page(
            request,
            form,
            found=[hit.found for hit in found] if found is not None else None,
            whose=whose,
            case={**case, "verdict": verdict, "note": verdict.checkpoint.note},
        )

    def _fresh(self) -> Form:
        today = self._clock().astimezone(ZONE)
        since = today - timedelta(days=30)
        return Form(values={"since": since.strftime("%Y-%m-%d"), "until": today.strftime("%Y-%m-%d")})

    def _check(self, request: web.Request, form: Form, *, name_needed: bool) -> bool:
        _ = gettext_of(request)
        if name_needed and len(form.value("name").strip()) < 2:
            form.errors["name"] = _("Skriv minst två bokstäver av namnet.")
        if name_needed or form.value("name"):
            for name in ("since", "until"):
                if plan_form.moment(form.value(name), "0:00") is None:
                    form.errors[name] = _("Skriv dagen som år, månad och dag, till exempel 2026-11-24.")
        if form.value("reason") not in REASONS:
            form.errors["reason"] = _("Välj varför du läser loggen.")
        return not form.errors

    async def _find(self, session: Session, staff: Staff, form: Form, *, record: bool) -> list[Hit]:
        since = plan_form.moment(form.value("since"), "0:00")
        until = plan_form.moment(form.value("until"), "0:00")
        assert since is not None
        assert until is not None
        name = form.value("name").strip()
        if record:
            await self._record(
                session,
                staff,
                actor=name,
                since=form.value("since"),
                until=form.value("until"),
                reason=form.value("reason"),
            )
        return await self._review.meetings(session, who=name, since=since, until=until + timedelta(days=1))

    async def _whose(self, request: web.Request, staff: Staff, found: list[Hit]) -> dict[str, str]:
        """Meeting to the name of the person it is about, in the auditor's own organisation; where its log tells.
        To whose meeting it was, in another."""
        _ = gettext_of(request)
        named = {
            hit.found.meeting: _("Möte hos %(organisation)s") % {"organisation": hit.owner}
            for hit in found
            if hit.owner
        }
        for hit in [one for one in found if not one.owner][:MOST_NAMED]:
            records = await self._log.search(
                organisation=staff.organisation.id, meeting=hit.found.meeting, limit=FIRST_RECORDS
            )
            if person := person_of(records):
                named[hit.found.meeting] = person
        return named

    async def _record(self, session: Session, staff: Staff, meeting: str | None = None, **details: Scalar) -> None:
        event = Event(EventType.AUDIT_READ, session.actor, staff.organisation.id, meeting, details=details)
        await self._log.append(event)


def routes(log: Log, review: Review, clock: Callable[[], datetime]) -> list[web.RouteDef]:
    pages = AuditPages(log, review, clock)
    return [
        web.get("/audit", pages.search_page),
        web.post("/audit", pages.search),
        web.get("/audit/meetings/{id}", pages.meeting_page),
        web.post("/audit/meetings/{id}", pages.meeting),
    ]


def auditor(request: web.Request) -> tuple[Session, Staff]:
    """Raises Unidentified, Forbidden."""
    session = require(request, Permission.AUDITOR)
    assert session.staff is not None, "only staff hold permissions"
    return session, session.staff


async def sent(request: web.Request) -> Form:
    form = await request.post()
    return Form(values={name: str(form.get(name, ""))[:200] for name in FIELDS})


def page(
    request: web.Request,
    form: Form,
    *,
    found: list[Any] | None = None,
    case: dict[str, Any] | None = None,
    whose: Mapping[str, str] | None = None,
    asked: str = "",
) -> web.Response:
    _ = gettext_of(request)
    words = {
        "extract": _("Patienten har begärt utdrag"),
        "review": _("Återkommande loggkontroll"),
        "incident": _("Misstanke om obehörig läsning"),
        "complaint": _("Klagomål eller avvikelse"),
    }
    reasons = [("", _("Välj")), *((name, words[name]) for name in REASONS)]
    status = 422 if form.errors else 200
    shown = {"form": form, "reasons": reasons, "found": found, "whose": whose or {}, "case": case, "asked": asked}
    return render(request, "audit.html", status=status, **shown)


def person_of(records: Iterable[Record]) -> str:
    """Whom the meeting of these records is about; "" where none of them says so."""
    told = next((record.event for record in records if record.event and record.event.details.get("person")), None)
    return str(told.details["person"]) if told else ""


def partner_case(request: web.Request, meeting: Meeting) -> dict[str, str]:
    """The heading of a meeting that another organisation owns: when it was, and whose."""
    _, language = gettext_of(request), language_of(request)
    began, ended = meeting.started_at or meeting.starts_at, meeting.ended_at or meeting.ends_at
    subtitle = f"{full_day(began, language)}, {_('kl.')} {clock_time(began, language)}–{clock_time(ended, language)}."
    return {
        "title": _("Möte hos %(organisation)s") % {"organisation": meeting.organisation_name},
        "subtitle": subtitle[:1].upper() + subtitle[1:],
        "owner": meeting.organisation_name,
    }


def case_of(request: web.Request, meeting: str, records: list[Record], now: datetime) -> dict[str, Any]:
    """One meeting as the page shows it."""
    _, language = gettext_of(request), language_of(request)
    own = [record for record in records if record.type is not EventType.AUDIT_READ]
    person = person_of(own) or _("Okänd person")
    planned = next((record.event for record in own if record.type is EventType.MEETING_PLANNED and record.event), None)
    kind = MEETING_TYPES.get(str(planned.details.get("type"))) if planned else None
    title = _("Möte") if kind is None else kind.english if language == "en" else kind.swedish
    drawn = timeline(own, now)
    began = next((record for record in own if record.type is EventType.MEETING_STARTED), None)
    ended = next((record for record in reversed(own) if record.type is EventType.MEETING_ENDED), None)
    first = began or next(iter(records), None)
    day = first.time if first else now
    times = clock_time(day, language) + (f"–{clock_time(ended.time, language)}" if ended else "")
    subtitle = f"{full_day(day, language)}, {_('kl.')} {times}."
    subtitle = subtitle[:1].upper() + subtitle[1:]
    if began and began.event and began.event.actor and began.event.actor.name:
        actor = began.event.actor
        led = _("Värd: %(name)s, %(organisation)s.") % {"name": actor.name, "organisation": actor.organisation}
        subtitle = f"{subtitle} {led}"
    return {
        "id": meeting,
        "title": f"{title}, {person}",
        "subtitle": subtitle,
        "day": day,
        "owner": "",
        "picture": picture(drawn, language, _) if drawn and drawn.rows else None,
        "rows": [
            {
                "time": clock_time(record.time, language, seconds=True),
                "mark": log_words.mark(record, _),
                "removed": record.type is EventType.PARTICIPANT_REMOVED,
                "what": log_words.happened(record, _),
                "who": log_words.who(record, _),
                "method": log_words.method_name(
                    record.event.actor.method if record.event and record.event.actor else "", _
                ),
                "seq": f"{record.seq:,}".replace(",", "\u00a0"),
            }
            for record in records
        ],
    }

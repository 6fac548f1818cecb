"""Pages of those who plan and lead: the day, the list, planning, and one meeting as its leader sees it."""

from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from aiohttp import web

from auth.fields import InvalidFields
from auth.identity import Method
from auth.one_time import OneTimeStore
from auth.people import Permission
from auth.randomness import new_id
from auth.sessions import ABSOLUTE, Session
from rooms import view
from rooms.assurance_rule import Audience, Rule
from rooms.assurance_store import Key
from rooms.consents import Standing
from rooms.drafts import MeetingChange
from rooms.errors import ConsentMissing, NotYourPost
from rooms.invitations import Link
from rooms.lifecycle import START_BEFORE
from rooms.meeting import MEETING_TYPES
from rooms.meetings import Meetings
from rooms.state import State
from signaling.i18n import ZONE, gettext_of, language_of, translations
from signaling.pages import plan_form
from signaling.pages.assurance import asked_of
from signaling.pages.plan_form import Form, PlanForm
from signaling.pages.templates import render
from signaling.security import session_of

LISTED_AHEAD = timedelta(days=60)
LISTED_BACK = timedelta(days=14)
SOON = timedelta(hours=3)
OVER = ("ended", "cancelled")


class StaffPages:
    """meetings: the acts; one_time: forms that have been sent; clock: aware UTC."""

    def __init__(self, meetings: Meetings, one_time: OneTimeStore, clock: Callable[[], datetime]) -> None:
        self._meetings = meetings
        self._one_time = one_time
        self._clock = clock

    async def _states(self, session: Session, since: datetime, until: datetime) -> list[State]:
        states = await self._meetings.listed(session, since, until)
        return sorted(states, key=lambda item: str(item["meeting"]["starts_at"]))

    async def today(self, request: web.Request) -> web.StreamResponse:
        now = self._clock()
        states = await self._states(planner(request), *today_of(now))
        todo = to_do(states, now, language_of(request))
        return render(request, "today.html", now=now, meetings=states, next_id=next_of(states, now), todo=todo)

    async def listing(self, request: web.Request) -> web.StreamResponse:
        now = self._clock()
        states = await self._states(planner(request), now - LISTED_BACK, now + LISTED_AHEAD)
        past = [item for item in states if item["meeting"]["status"] in OVER]
        coming = [item for item in states if item["meeting"]["status"] not in OVER]
        return render(request, "meetings.html", now=now, days=by_day(coming), past=by_day(past)[::-1])

    async def new(self, request: web.Request) -> web.StreamResponse:
        session = planner(request)
        return await self._plan_page(request, session, plan_form.begun(self._clock(), at_once="now" in request.query))

    async def plan(self, request: web.Request) -> web.StreamResponse:
        """One step of the form, sent. Whatever is pressed, all that was written comes back."""
        session = planner(request)
        sent = await request.post()
        form = plan_form.read(sent)
        go = str(sent.get("go", "next"))
        if go == "back":
            form.step = max(1, form.step - 1)
        elif go == "add":
            form.add_person()
        elif go.startswith("remove-") and go.removeprefix("remove-").isdecimal():
            form.remove_person(int(go.removeprefix("remove-")))
        elif go == "create" and form.step == plan_form.STEPS:
            return await self._create(request, session, form)
        elif form.step < plan_form.STEPS and plan_form.check(form, self._clock(), language_of(request)):
            form.step += 1
        return await self._plan_page(request, session, form)

    async def _plan_page(self, request: web.Request, session: Session, form: PlanForm) -> web.Response:
        return plan_page(request, form, await self._meetings.assurance.table(session))

    async def _create(self, request: web.Request, session: Session, form: PlanForm) -> web.StreamResponse:
        language = language_of(request)
        if plan_form.check(form, self._clock(), language, whole=True):
            if not await self._one_time.spend(f"plan:{session.person.id}:{form.id}", ABSOLUTE):
                return await self._sent_already(request, session, form)
            try:
                planned = await self._meetings.planning.plan(session, plan_form.draft_of(form))
            except InvalidFields as invalid:
                form.errors = plan_form.faults_of(form, invalid, language)
                form.id = new_id()
            else:
                gathering = planned.gathering
                if form.now:
                    # Where somebody's consent is missing the page says so, beside the links, which are shown this once.
                    with suppress(ConsentMissing):
                        gathering = await self._meetings.hosting.start(session, gathering.meeting.id)
                state = view.state(gathering, session, self._clock())
                consent = await self._meetings.consents.standing_in(session, gathering)
                sms = await self._meetings.assurance.allows_sms(gathering.meeting.id)
                request["made"] = f"/meetings/{gathering.meeting.id}"
                return meeting_page(request, state, self._clock(), consent, links=planned.links, made=True, sms=sms)
        form.step = plan_form.step_of(form.errors)
        return await self._plan_page(request, session, form)

    async def _sent_already(self, request: web.Request, session: Session, form: PlanForm) -> web.Response:
        """Reloaded, or pressed twice: no second meeting with links of its own. Nothing is lost, and whoever wants one
        more, or saw the first fail, sends it again."""
        _ = gettext_of(request)
        form.id = new_id()
        form.errors = {"create": _("Det här har redan skickats. Se först i listan över möten om mötet finns.")}
        return await self._plan_page(request, session, form)

    async def start(self, request: web.Request) -> web.StreamResponse:
        meeting = request.match_info["id"]
        await self._meetings.hosting.start(session_of(request), meeting)
        return see_other(f"/meetings/{meeting}/room")

    async def end(self, request: web.Request) -> web.StreamResponse:
        meeting = request.match_info["id"]
        await self._meetings.hosting.end(session_of(request), meeting)
        return see_other(f"/meetings/{meeting}")

    async def revoke(self, request: web.Request) -> web.StreamResponse:
        meeting = request.match_info["id"]
        await self._meetings.invitations.revoke(session_of(request), meeting, request.match_info["invitation"])
        return see_other(f"/meetings/{meeting}")

    async def renew(self, request: web.Request) -> web.StreamResponse:
        meeting = request.match_info["id"]
        link = await self._meetings.invitations.renew(session_of(request), meeting, request.match_info["invitation"])
        return await self.shown(request, links=(link,))

    async def invite(self, request: web.Request) -> web.StreamResponse:
        form = sent_form(await request.post())
        meeting = request.match_info["id"]
        try:
            draft = plan_form.invitation_of(form)
            link = await self._meetings.invitations.invite(session_of(request), meeting, draft)
        except InvalidFields as invalid:
            names = {"relation": "role", "kind": "party"}
            faults = invalid.fields(language_of(request))
            form.errors = {names.get(fault["field"], fault["field"]): fault["message"] for fault in faults}
            return await self.shown(request, form=form, opened="invite")
        return await self.shown(request, links=(link,))

    async def change(self, request: web.Request) -> web.StreamResponse:
        form = sent_form(await request.post())
        meeting = request.match_info["id"]
        _ = gettext_of(request)
        starts_at = plan_form.moment(form.value("date"), form.value("starts"))
        ends_at = plan_form.moment(form.value("date"), form.value("ends"))
        if starts_at is None or ends_at is None:
            form.errors = {"date": _("Skriv dag och klockslag, till exempel 2026-11-24 och 10.00.")}
            return await self.shown(request, form=form, opened="change")
        changed = MeetingChange(
            place=form.value("place"), purpose=form.value("purpose"), starts_at=starts_at, ends_at=ends_at
        )
        try:
            await self._meetings.planning.change(session_of(request), meeting, changed)
        except InvalidFields as invalid:
            names = {"starts_at": "starts", "ends_at": "ends"}
            faults = invalid.fields(language_of(request))
            form.errors = {names.get(fault["field"], fault["field"]): fault["message"] for fault in faults}
            return await self.shown(request, form=form, opened="change")
        return see_other(f"/meetings/{meeting}")

    async def shown(self, request: web.Request, **context: Any) -> web.Response:
        """The leader's page as it is now, with what `meeting_page` takes beside."""
        session, meeting = session_of(request), request.match_info["id"]
        state = await self._meetings.state_for(session, meeting)
        consent = await self._meetings.consents.standing(session, meeting)
        sms = await self._meetings.assurance.allows_sms(meeting)
        return meeting_page(request, state, self._clock(), consent, sms=sms, **context)


def routes(pages: StaffPages) -> list[web.RouteDef]:
    return [
        web.get("/today", pages.today),
        web.get("/meetings", pages.listing),
        web.get("/meetings/new", pages.new),
        web.post("/meetings/new", pages.plan),
        web.post("/meetings/{id}/start", pages.start),
        web.post("/meetings/{id}/end", pages.end),
        web.post("/meetings/{id}/change", pages.change),
        web.post("/meetings/{id}/invitations", pages.invite),
        web.post("/meetings/{id}/invitations/{invitation}/renew", pages.renew),
        web.post("/meetings/{id}/invitations/{invitation}/revoke", pages.revoke),
    ]


def see_other(path: str) -> web.Response:
    """After a form: the next page, by GET."""
    return web.Response(status=303, headers={"Location": path})


def planner(request: web.Request) -> Session:
    """The caller's session, where it may plan or lead. Raises Unidentified, NotYourPost."""
    session = session_of(request)
    staff = session.staff
    if staff is None or not (staff.may(Permission.HOST) or staff.may(Permission.PLANNER)):
        raise NotYourPost
    return session


def plan_page(request: web.Request, form: PlanForm, table: Mapping[Key, Rule]) -> web.Response:
    """table: which e-legitimation the organisation demands; the last step says it, the second asks by it."""
    language = language_of(request)
    types = [
        (name, kind.english if language == "en" else kind.swedish)
        for name, kind in MEETING_TYPES.items()
        if name != "practice"
    ]
    last, kind_chosen = form.step == plan_form.STEPS, form.value("type")
    visitors = table.get((kind_chosen, Audience.VISITOR))
    return render(
        request,
        "plan.html",
        status=422 if form.errors else 200,
        form=form,
        types=types,
        draft=plan_form.draft_of(form) if last else None,
        asked=asked_of(request, table, kind_chosen) if last else [],
        sms=visitors is not None and Method.SMS in visitors.methods,
    )


def meeting_page(
    request: web.Request,
    state: State,
    now: datetime,
    consent: Standing,
    *,
    links: tuple[Link, ...] = (),
    made: bool = False,
    form: Form | None = None,
    opened: str = "",
    sms: bool = False,
) -> web.Response:
    """The leader's page. consent: whose is needed, and how it stands. links: just made, shown this once; form: what
    was sent, with its errors; sms: whether one without e-legitimation can be invited."""
    meeting = state["meeting"]
    starts = datetime.fromisoformat(meeting["starts_at"]).astimezone(ZONE)
    ends = datetime.fromisoformat(meeting["ends_at"]).astimezone(ZONE)
    values = {
        "date": starts.strftime("%Y-%m-%d"),
        "starts": starts.strftime("%H:%M"),
        "ends": ends.strftime("%H:%M"),
        "place": meeting["place"],
        "purpose": meeting["purpose"] or "",
        "party": "kommun",
    }
    sent = form or Form()
    merged = Form(values={**values, **sent.values}, errors=sent.errors)
    status = 422 if merged.errors else 200
    context = {"consent": consent, "links": links, "made": made, "form": merged, "opened": opened, "sms": sms}
    return render(request, "meeting.html", status=status, now=now, **context, **state)


def sent_form(sent: Any) -> Form:
    """The short forms of the meeting's page; values cut at a length that no field accepts."""
    names = (*plan_form.PERSON_FIELDS, "date", "starts", "ends", "place", "purpose")
    return Form(values={name: str(sent.get(name, ""))[: plan_form.LONGEST_VALUE] for name in names if name in sent})


def day_of(now: datetime) -> datetime:
    """Midnight in Sweden, as it was at the beginning of this day."""
    return now.astimezone(ZONE).replace(hour=0, minute=0, second=0, microsecond=0)


def today_of(now: datetime) -> tuple[datetime, datetime]:
    """This day in Sweden, and late in the evening also what can be started already though it begins after midnight."""
    since = day_of(now)
    return since, max(since + timedelta(days=1), now + START_BEFORE)


def next_of(states: list[State], now: datetime) -> str | None:
    """The meeting that stands unfolded: the one under way, else the next that has not ended."""
    for item in states:
        if item["meeting"]["status"] == "open":
            return str(item["meeting"]["id"])
    for item in states:
        if item["meeting"]["status"] == "planned" and datetime.fromisoformat(item["meeting"]["ends_at"]) > now:
            return str(item["meeting"]["id"])
    return None


def by_day(states: list[State]) -> list[tuple[datetime, list[State]]]:
    def day(item: State) -> datetime:
        return day_of(datetime.fromisoformat(item["meeting"]["starts_at"]))

    return [(moment, list(items)) for moment, items in groupby(states, key=day)]


def to_do(states: list[State], now: datetime, language: str) -> list[dict[str, Any]]:
    """What in the day's meetings waits for a hand, the most pressing first."""
    found = translations(language)
    _, ngettext = found.gettext, found.ngettext
    items = []
    for state in states:
        meeting = state["meeting"]
        if meeting["status"] != "planned":
            continue
        starts = datetime.fromisoformat(meeting["starts_at"])
        name, href = meeting["person"]["name"], f"/meetings/{meeting['id']}"
        if starts < now:
            text = _("Starta det, ändra tiden eller ställ in det.")
            title = _("%(name)s: mötet har inte börjat") % {"name": name}
            items.append({"when": _("Sent"), "soon": True, "href": href, "title": title, "text": text})
            continue
        hosts = {guest["invitation"] for guest in state["invited"] if guest["host"]}
        unopened = [
            link["name"]
            for link in state["invitations"]
            if link["opened_at"] is None and link["revoked_at"] is None and link["invitation"] not in hosts
        ]
        if unopened:
            title = ngettext(
                "%(name)s: en har inte öppnat sin inbjudan",
                "%(name)s: %(num)s har inte öppnat sin inbjudan",
                len(unopened),
            ) % {"name": name, "num": len(unopened)}
            text = ", ".join(unopened) + "."
            items.append({"when": "", "soon": starts - now < SOON, "href": href, "title": title, "text": text})
    return items

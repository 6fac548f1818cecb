"""The travel laptop's home page: one meeting, one button; later patients' names stay hidden until their time."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta

from aiohttp import web

from auth.commissions import choice
from auth.errors import Refusal
from rooms import view
from rooms.errors import ConsentMissing, MeetingUnknown
from rooms.meetings import Meetings
from rooms.state import State
from signaling.i18n import gettext_of, language_of
from signaling.pages.staff import see_other, today_of
from signaling.pages.templates import render, type_name
from signaling.security import session_of

MOST_LATER = 3
NAMED_BEFORE = timedelta(minutes=30)
"""The laptop stands in somebody else's kitchen until then."""

_ID = re.compile(r"[A-Za-z0-9_-]{1,64}", re.ASCII)


def routes(meetings: Meetings, clock: Callable[[], datetime]) -> list[web.RouteDef]:
    async def page(request: web.Request, refusal: Refusal | None = None) -> web.Response:
        """refusal: why the start that was pressed did not work."""
        session = session_of(request)
        now = clock()
        found = await meetings.planning.meetings_for(session, *today_of(now))
        mine = mine_of([view.state(item, session, now) for item in found])
        first = first_of(mine, now, show_early="show" in request.query)
        later = [later_of(item, now, language_of(request)) for item in mine[1 : 1 + MOST_LATER]]
        problem = ""
        if first is not None and first["meeting"]["status"] == "planned":
            gathering = next(item for item in found if item.meeting.id == first["meeting"]["id"])
            # Seen before the press, and for as long as it is so.
            if (await meetings.consents.needed(gathering)).missing:
                problem = words_of(ConsentMissing(), request)
        return render(
            request,
            "kiosk.html",
            status=refusal.status if refusal else 200,
            now=now,
            next=first,
            later=later,
            early=early(mine),
            problem=problem,
            refused=words_of(refusal, request) if refusal else "",
        )

    async def home(request: web.Request) -> web.StreamResponse:
        session = session_of(request)
        if session.staff is None and session.several:
            return see_other(choice("/kiosk"))
        return await page(request)

    async def start(request: web.Request) -> web.StreamResponse:
        meeting = str((await request.post()).get("meeting", ""))
        try:
            if not _ID.fullmatch(meeting):  # PostgreSQL takes no NUL, and UTF-8 no half of a surrogate pair
                raise MeetingUnknown
            started = await meetings.hosting.start(session_of(request), meeting)
        except Refusal as refusal:
            return await page(request, refusal)
        return see_other(f"/kiosk/meetings/{started.meeting.id}")

    return [web.get("/kiosk", home), web.post("/kiosk", start)]


def words_of(problem: Refusal, request: web.Request) -> str:
    """Whose consent is missing stands on no screen in the patient's kitchen."""
    _ = gettext_of(request)
    if isinstance(problem, ConsentMissing):
        return f"{ConsentMissing().text(language_of(request))} {_('På mötets sida ser du vems.')}"
    return problem.text(language_of(request))


def mine_of(states: list[State]) -> list[State]:
    """Those the nurse may start and that are not over, in order of time."""
    kept = [
        item for item in states if "start" in item["me"]["may"] and item["meeting"]["status"] in ("planned", "open")
    ]
    return sorted(kept, key=lambda item: (item["meeting"]["status"] != "open", item["meeting"]["starts_at"]))


def first_of(mine: list[State], now: datetime, *, show_early: bool = False) -> State | None:
    """The meeting that is shown by name: under way, or soon; an earlier one only when the nurse asks for it."""
    if not mine:
        return None
    return mine[0] if show_early or named(mine[0], now) else None


def early(mine: list[State]) -> State | None:
    """The next meeting, whether or not it is shown by name yet."""
    return mine[0] if mine else None


def named(item: State, now: datetime) -> bool:
    meeting = item["meeting"]
    starts = datetime.fromisoformat(meeting["starts_at"])
    return meeting["status"] == "open" or starts - NAMED_BEFORE <= now


def later_of(item: State, now: datetime, language: str) -> dict[str, object]:
    meeting = item["meeting"]
    starts = datetime.fromisoformat(meeting["starts_at"])
    return {
        "starts_at": starts,
        "shown_at": starts - NAMED_BEFORE,
        "type_name": type_name(meeting, language),
        "place": meeting["place"],
        "name": meeting["person"]["name"] if named(item, now) else "",
    }

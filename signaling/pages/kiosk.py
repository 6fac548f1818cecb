"""The travel laptop's home page: one meeting, one button; later patients' names stay hidden until their time."""

from collections.abc import Callable
from datetime import datetime, timedelta

from aiohttp import web

from auth.errors import Refusal
from auth.sessions import Session
from rooms import view
from rooms.errors import ConsentMissing
from rooms.meetings import Meetings
from rooms.state import State
from signaling.i18n import gettext_of, language_of
from signaling.pages.staff import today_of
from signaling.pages.templates import render, type_name
from signaling.security import session_of

MOST_LATER = 3
NAMED_BEFORE = timedelta(minutes=30)
"""The laptop stands in somebody else's kitchen until then."""


def routes(meetings: Meetings, clock: Callable[[], datetime]) -> list[web.RouteDef]:
    async def page(request: web.Request, problem: str = "", status: int = 200) -> web.Response:
        session = session_of(request)
        now = clock()
        found = await meetings.planning.meetings_for(session, *today_of(now))
        mine = mine_of([view.state(item, session, now) for item in found])
        first = first_of(mine, now, show_early="show" in request.query)
        later = [later_of(item, now, language_of(request)) for item in mine[1 : 1 + MOST_LATER]]
        shown = {"next": first, "later": later, "problem": problem, "early": early(mine)}
        # It also answers a start that did not work, and no login leads back to that address.
        return render(request, "kiosk.html", status=status, path="/kiosk", now=now, **shown)

    async def home(request: web.Request) -> web.StreamResponse:
        return await page(request)

    async def start(request: web.Request) -> web.StreamResponse:
        meeting = request.match_info["id"]
        session: Session = session_of(request)
        try:
            await meetings.hosting.start(session, meeting)
        except ConsentMissing as refusal:  # whose it is stands on no screen in the patient's kitchen
            _ = gettext_of(request)
            words = (ConsentMissing().text(language_of(request)), _("På mötets sida ser du vems."))
            return await page(request, " ".join(words), refusal.status)
        except Refusal as refusal:
            return await page(request, refusal.text(language_of(request)), refusal.status)
        return web.Response(status=303, headers={"Location": f"/kiosk/meetings/{meeting}"})

    return [web.get("/kiosk", home), web.post("/kiosk/meetings/{id}/start", start)]


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

"""The meeting page: device check, waiting room, room and end in one document, driven by web/src/pages/room.ts.

The page holds STATE as it was when it was made; the script follows it on `/api/v1/meetings/{id}/events`.
"""

from typing import Protocol

from aiohttp import web

from auth.sessions import Session
from rooms.state import State
from signaling.pages.templates import SUPPORT_PHONE, render, static
from signaling.security import login_address, session_of


class States(Protocol):
    """`rooms.meetings.Meetings`, as far as this page needs it."""

    async def vouching_key(self, meeting: str) -> str:
        """What the meeting's vouchings are checked with."""
        ...

    async def consent_due(self, viewer: Session, meeting: str) -> bool:
        """Whether the viewer should first say if they consent."""
        ...

    async def read(self, viewer: Session, meeting: str) -> State:
        """STATE, once the reading is logged; raises MeetingUnknown, also for a stranger to the meeting."""
        ...


def routes(meetings: States) -> list[web.RouteDef]:
    """`/meetings/{id}/room` and the travel laptop's `/kiosk/meetings/{id}`; `?home=1` takes the home's seat."""

    async def room(request: web.Request) -> web.Response:
        return await _show(meetings, request, kiosk=False, home=request.query.get("home") == "1")

    async def kiosk(request: web.Request) -> web.Response:
        return await _show(meetings, request, kiosk=True, home=True)

    return [web.get("/meetings/{id}/room", room), web.get("/kiosk/meetings/{id}", kiosk)]


async def _show(meetings: States, request: web.Request, *, kiosk: bool, home: bool) -> web.Response:
    meeting, session = request.match_info["id"], session_of(request)
    # Their own page asks for it; whoever waited in the lobby without having answered would wait in vain.
    if "check" not in request.query and await meetings.consent_due(session, meeting):
        return web.Response(status=303, headers={"Location": f"/meetings/{meeting}#consent"})
    state = await meetings.read(session, meeting)
    data = {
        "meeting": meeting,
        "kiosk": kiosk,
        "home": home,
        "phone": state["meeting"]["phone"] or request.app.get(SUPPORT_PHONE, ""),
        "start": login_address(request) if session.works else "/?ended",
        "vouching_key": await meetings.vouching_key(meeting),
        "encryption_worker": static("encryption_worker.js"),
        "state": state,
    }
    return render(request, "room.html", data=data)

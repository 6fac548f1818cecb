"""``/api/v1/sessions``: one's own logins; and an administrator's way to end those of the organisation's staff."""

from typing import Any

from aiohttp import web

from auth.people import Permission, Staff
from auth.sessions import Session, Sessions
from auth.store import People
from rooms.view import iso
from signaling.security import Forbidden, require, session_of


class StaffUnknown(Forbidden):
    """Not of the administrator's organisation, or not at all: which of the two is not told."""


def routes(sessions: Sessions, people: People) -> list[web.RouteDef]:
    async def listing(request: web.Request) -> web.Response:
        viewer = session_of(request)
        found = [describe(session, viewer) for session in await sessions.all_of(viewer)]
        return web.json_response({"sessions": found})

    async def end(request: web.Request) -> web.Response:
        await sessions.end_one(session_of(request), request.match_info["session"])
        return web.Response(status=204)

    async def end_all(request: web.Request) -> web.Response:
        return web.json_response({"ended": await sessions.end_everywhere(session_of(request))})

    async def end_staff(request: web.Request) -> web.Response:
        ended = await log_out_staff(request, sessions, people)
        return web.json_response({"ended": ended})

    return [
        web.get("/api/v1/sessions", listing),
        web.delete("/api/v1/sessions/{session}", end),
        web.delete("/api/v1/sessions", end_all),
        web.post("/api/v1/organisations/{organisation}/staff/{staff}/logout", end_staff),
    ]


async def log_out_staff(request: web.Request, sessions: Sessions, people: People) -> int:
    """End what the member of staff of the path is logged in to for that organisation; tells how many.

    For its own administrators alone. Raises Unidentified, Forbidden.
    """
    viewer = require(request, Permission.ADMIN)
    organisation = request.match_info["organisation"]
    post: Staff | None = await people.staff(request.match_info["staff"])
    own = viewer.staff is not None and viewer.staff.organisation.id == organisation
    if not own or post is None or post.organisation.id != organisation:
        raise StaffUnknown
    return await sessions.end_for_post(post, viewer)


def describe(session: Session, viewer: Session) -> dict[str, Any]:
    """As a page may know it: neither cookie nor identity number is in it."""
    return {
        "id": session.id,
        "this": session.id == viewer.id,
        "method": session.method.value,
        "authenticated_at": iso(session.authenticated_at),
        "device": session.device,
        "confirmed_on": session.confirmed_on,
        "organisation": session.staff.organisation.name if session.staff is not None else None,
    }

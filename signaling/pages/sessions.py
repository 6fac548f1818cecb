"""*Mina inloggningar*: where one is logged in, and out of each or all of them."""

from aiohttp import web

from auth.browsers import Device
from auth.sessions import Session, Sessions
from auth.store import People
from signaling.api.sessions import log_out_staff
from signaling.i18n import gettext_of
from signaling.pages.staff import see_other
from signaling.pages.templates import render
from signaling.security import session_of

ICONS = {
    Device.IPHONE: "smartphone",
    Device.ANDROID_PHONE: "smartphone",
    Device.IPAD: "tablet",
    Device.ANDROID_TABLET: "tablet",
    Device.UNKNOWN: "app-window",
}


def routes(sessions: Sessions, people: People, cookie: str) -> list[web.RouteDef]:
    """cookie: the session cookie's name, dropped where this login ends too."""

    def out(viewer: Session) -> web.Response:
        answer = see_other("/login" if viewer.works else "/?ended")
        answer.del_cookie(cookie, path="/", secure=cookie.startswith("__Host-"), httponly=True, samesite="Lax")
        return answer

    async def page(request: web.Request) -> web.StreamResponse:
        viewer = session_of(request)
        names = device_names(request)
        rows = [
            {
                "session": session,
                "this": session.id == viewer.id,
                "device": names.get(session.device, names[Device.UNKNOWN]),
                "icon": ICONS.get(Device(session.device) if session.device in names else Device.UNKNOWN, "monitor"),
            }
            for session in await sessions.all_of(viewer)
        ]
        again = f"/login?next=/sessions&with={viewer.method.value}" if viewer.works else ""
        return render(
            request,
            "sessions.html",
            rows=sorted(rows, key=lambda row: not row["this"]),
            stale=len(rows) > 1 and not sessions.fresh(viewer),
            again=again,
        )

    async def end(request: web.Request) -> web.StreamResponse:
        viewer = session_of(request)
        session = request.match_info["session"]
        await sessions.end_one(viewer, session)
        return out(viewer) if session == viewer.id else see_other("/sessions")

    async def end_all(request: web.Request) -> web.StreamResponse:
        viewer = session_of(request)
        await sessions.end_everywhere(viewer)
        return out(viewer)

    async def end_staff(request: web.Request) -> web.StreamResponse:
        ended = await log_out_staff(request, sessions, people)
        page = f"/organisations/{request.match_info['organisation']}/staff/{request.match_info['staff']}"
        return see_other(f"{page}?logged-out={'yes' if ended else 'none'}")

    return [
        web.get("/sessions", page),
        web.post("/sessions/end", end_all),
        web.post("/sessions/{session}/end", end),
        web.post("/organisations/{organisation}/staff/{staff}/logout", end_staff),
    ]


def device_names(request: web.Request) -> dict[str, str]:
    """Each kind of device as its owner would call it."""
    _ = gettext_of(request)
    return {
        Device.IPHONE: "iPhone",
        Device.IPAD: "iPad",
        Device.ANDROID_PHONE: _("Mobil med Android"),
        Device.ANDROID_TABLET: _("Platta med Android"),
        Device.MAC: _("Dator, Mac"),
        Device.WINDOWS: _("Dator med Windows"),
        Device.CHROMEBOOK: "Chromebook",
        Device.LINUX: _("Dator med Linux"),
        Device.UNKNOWN: _("Okänd enhet"),
    }

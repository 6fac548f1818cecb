"""Pages for everybody: the start, one meeting as an invited person sees it, logging out."""

from collections.abc import Callable
from datetime import datetime, timedelta

from aiohttp import web

from auth.commissions import home_of
from auth.people import Permission
from auth.sessions import Session, Sessions
from rooms.assurance import in_words
from rooms.meeting import MeetingStatus
from rooms.meetings import Meetings
from rooms.state import State
from signaling.i18n import gettext_of
from signaling.pages.staff import meeting_page, see_other
from signaling.pages.templates import message, render
from signaling.security import on_travel_laptop, session_of

NEAR = timedelta(days=400)


def routes(meetings: Meetings, sessions: Sessions, clock: Callable[[], datetime], cookie: str) -> list[web.RouteDef]:
    """cookie: the session cookie's name, dropped at logging out."""

    async def start(request: web.Request) -> web.StreamResponse:
        session: Session | None = request.get("session")
        if session is None:
            return ended_page(request) if "ended" in request.query else see_other("/login")
        if session.staff is not None:
            return see_other(home_of(session.staff))
        if session.several:
            return see_other("/commissions")
        now = clock()
        found = await meetings.planning.meetings_for(session, now - timedelta(days=1), now + NEAR)
        coming = [item.meeting for item in found if item.meeting.status in (MeetingStatus.OPEN, MeetingStatus.PLANNED)]
        if coming:
            return see_other(f"/meetings/{min(coming, key=lambda meeting: meeting.starts_at).id}")
        _ = gettext_of(request)
        return message(
            request,
            _("Du har inget möte"),
            first=_("Inget möte väntar på dig just nu."),
            rest=_("Väntade du dig ett, öppna länken i din inbjudan eller ring den som bjöd in dig."),
        )

    async def meeting(request: web.Request) -> web.StreamResponse:
        session = session_of(request)
        state = await meetings.read(session, request.match_info["id"])
        below = await meetings.assurance.below(session, request.match_info["id"])
        consent = await meetings.consents.standing(session, request.match_info["id"])
        may = state["me"]["may"]
        if "see_invitations" in may:
            sms = await meetings.assurance.allows_sms(request.match_info["id"])
            return meeting_page(request, state, clock(), consent, sms=sms)
        if "join" not in may and session.staff is not None and session.staff.may(Permission.AUDITOR):
            return see_other(f"/audit/meetings/{request.match_info['id']}")
        if state["meeting"]["status"] in ("ended", "cancelled"):
            return over_page(request, state)
        if state["me"]["state"] in ("removed", "denied"):
            return out_page(request, state)
        if below is not None:
            return below_page(request, state, in_words(below))
        return render(request, "invitation.html", now=clock(), consent=consent, **state)

    async def logout(request: web.Request) -> web.StreamResponse:
        session: Session | None = request.get("session")
        if session is not None:
            await sessions.end(session)
        invited = session is not None and not session.works
        kiosk = on_travel_laptop(request)
        answer = see_other("/login?next=/kiosk" if kiosk else "/?ended" if invited else "/login")
        answer.del_cookie(cookie, path="/", secure=cookie.startswith("__Host-"), httponly=True, samesite="Lax")
        return answer

    return [
        web.get("/", start),
        web.get("/meetings/{id}", meeting),
        web.post("/logout", logout),
    ]


def ended_page(request: web.Request) -> web.Response:
    """The login of an invited person has ended, by itself or because they logged out, perhaps after the meeting: their
    link is the way back, and we keep no link."""
    _ = gettext_of(request)
    return message(
        request,
        _("Du är inte inloggad längre"),
        first=_("Vill du tillbaka till mötet?"),
        rest=_("Öppna din personliga länk igen och visa vem du är."),
        body=_("Hittar du inte länken, ring den som bjöd in dig."),
    )


def below_page(request: web.Request, state: State, ways: str) -> web.Response:
    """The login is not enough for this meeting: what is, and how to get there."""
    _ = gettext_of(request)
    session, here = session_of(request), f"/meetings/{state['meeting']['id']}"
    again = {"href": f"/login?with=&next={here}", "text": _("Visa vem du är på nytt")}
    return message(
        request,
        _("Mötet kräver en säkrare e-legitimation"),
        status=403,
        kind="wait",
        first=_("Det här räcker: %(ways)s.") % {"ways": ways},
        rest="" if session.staff else _("Öppna din personliga länk igen och välj ett av de sätten."),
        body=_("Har du ingen sådan, ring den som bjöd in dig."),
        phone=state["meeting"]["phone"],
        action=again if session.staff else None,
    )


def out_page(request: web.Request, state: State) -> web.Response:
    """The person was put out, or not let in, and stays out until invited again."""
    _ = gettext_of(request)
    removed = state["me"]["state"] == "removed"
    return message(
        request,
        _("Du är inte längre med i mötet") if removed else _("Du släpptes inte in"),
        status=403,
        first=_("Den som leder mötet har avslutat din medverkan.") if removed else _("Den som leder mötet sade nej."),
        rest=_("Blev det fel? Ring %(organisation)s, så kan du få en ny inbjudan.")
        % {"organisation": state["meeting"]["organisation"]},
        phone=state["meeting"]["phone"],
    )


def over_page(request: web.Request, state: State) -> web.Response:
    """The meeting is held, or was called off."""
    _ = gettext_of(request)
    meeting = state["meeting"]
    ended = meeting["status"] == "ended"
    return message(
        request,
        _("Tack för i dag") if ended else _("Mötet är inställt"),
        symbol="check" if ended else "info",
        kind="ok" if ended else "",
        first=_("Mötet är slut.") if ended else _("Mötet blir inte av."),
        rest=_("Du kan stänga sidan. Undrar du något, ring %(organisation)s.")
        % {"organisation": meeting["organisation"]},
        phone=meeting["phone"],
    )

"""Show who you are: by personal link or as staff, with the e-legitimation one has."""

from urllib.parse import urlencode

from aiohttp import web

from auth.commissions import home_of
from auth.errors import REFUSALS, AssuranceTooLow
from auth.identity import Method
from auth.sessions import Session
from rooms.meetings import Meetings
from signaling.cookies import method_of
from signaling.i18n import language_of
from signaling.pages.staff import see_other
from signaling.pages.templates import render
from signaling.security import way_back

STAFF_WAYS = (Method.SITHS, Method.BANKID, Method.FREJA)
VISITOR_WAYS = (Method.BANKID, Method.FREJA)
_PROBLEMS = {kind.code: kind for kind in REFUSALS}


def routes(meetings: Meetings, methods: frozenset[Method]) -> list[web.RouteDef]:
    """methods: those that are set up, BankID among them."""

    async def login(request: web.Request) -> web.StreamResponse:
        wanted = way_back(request) or None
        session: Session | None = request.get("session")
        if session is not None and not _begun(request):
            return see_other(wanted or (home_of(session.staff) if session.staff is not None else "/"))
        kiosk = wanted is not None and wanted.startswith("/kiosk")
        ways = [way for way in STAFF_WAYS if way in methods]
        # On the travel laptop the code is read with one's own mobile; a card reader it has none.
        way = _chosen(request, ways, Method.BANKID if kiosk else ways[0])
        return _page(request, ways, way, kiosk=kiosk, next_path=wanted)

    async def link(request: web.Request) -> web.StreamResponse:
        token = request.match_info["token"]
        greeting = await meetings.invitations.greeting(token)
        session: Session | None = request.get("session")
        if session is not None and not _begun(request):
            opened = await meetings.invitations.opened_by(token, session)
            if opened is not None and await meetings.assurance.below(session, opened.meeting) is None:
                return see_other(opened.next)
        known = STAFF_WAYS if greeting.staff else VISITOR_WAYS
        # None of them where the organisation asks for one that is not set up here: then all, and a no with its reason.
        ways = [way for way in known if way in methods & greeting.methods] or [way for way in known if way in methods]
        invited = {"starts_at": greeting.starts_at, "organisation": greeting.organisation, "phone": greeting.phone}
        no_e_id = f"/i/{token}/sms" if greeting.by_sms else None
        return _page(request, ways, _chosen(request, ways, ways[0]), invited=invited, token=token, no_e_id=no_e_id)

    return [web.get("/login", login), web.get("/i/{token}", link)]


def _begun(request: web.Request) -> bool:
    """Whether somebody, also one who is logged in, has begun to identify on this page."""
    return not request.query.keys().isdisjoint({"with", "problem", "transaction"})


def _chosen(request: web.Request, ways: list[Method], otherwise: Method) -> Method:
    """The way asked for, else the one used last in this browser."""
    used = method_of(request)
    if request.query.get("problem") == AssuranceTooLow.code:
        used = None  # it was not enough: do not hold it out again
    named = request.query.get("with", used)
    return next((way for way in ways if way.value == named), otherwise)


def _page(
    request: web.Request,
    ways: list[Method],
    way: Method,
    *,
    kiosk: bool = False,
    invited: dict[str, object] | None = None,
    token: str | None = None,
    next_path: str | None = None,
    no_e_id: str | None = None,
) -> web.Response:
    problem = _PROBLEMS.get(request.query.get("problem", ""))
    onwards = {"invitation": token} if token is not None else {"next": next_path} if next_path is not None else {}
    back = {"next": next_path} if next_path is not None else {}
    return render(
        request,
        "identify.html",
        invited=invited,
        kiosk=kiosk,
        data={"invitation": token, "next": next_path, "kiosk": kiosk} if token is None else {"invitation": token},
        way=way.value,
        no_e_id=no_e_id,
        ways=[(other.value, f"?{urlencode({**back, 'with': other.value})}") for other in ways],
        start=f"/auth/oidc/{way.value}/start" + (f"?{urlencode(onwards)}" if onwards else ""),
        problem=problem().text(language_of(request)) if problem is not None else "",
        ended="ended" in request.query,
    )

"""A code by SMS, for an invited person who has no e-legitimation: two short forms that need no script."""

from urllib.parse import urlencode

from aiohttp import web

from auth.errors import CookiesBlocked, InvitationRefused, Refusal
from auth.randomness import new_secret
from auth.sessions import Session, Sessions
from auth.sms_codes import SMS_REFUSALS, SmsCodes, SmsNotAllowed, SpentCode, WrongCode
from rooms.meetings import Meetings
from signaling.api.sms import browser_of
from signaling.cookies import Cookies
from signaling.i18n import language_of
from signaling.pages.plan_form import Form
from signaling.pages.staff import see_other
from signaling.pages.templates import render

_KNOWN: tuple[type[Refusal], ...] = (*SMS_REFUSALS, CookiesBlocked)
_PROBLEMS = {kind.code: kind for kind in _KNOWN}


def routes(meetings: Meetings, codes: SmsCodes, sessions: Sessions, *, secure: bool) -> list[web.RouteDef]:
    """secure: whether the public address is https."""
    cookies = Cookies(secure=secure)

    async def show(request: web.Request) -> web.StreamResponse:
        """sent: the transaction, once a code is on its way; without it the page offers to send one."""
        token = request.match_info["token"]
        greeting = await meetings.invitations.greeting(token)
        if not greeting.by_sms:
            raise SmsNotAllowed
        problem = _PROBLEMS.get(request.query.get("problem", ""))
        told = problem().text(language_of(request)) if problem is not None else ""
        sent = request.query.get("sent", "")
        spent = problem is SpentCode
        form = Form(errors={"code": told} if problem is WrongCode else {})
        return render(
            request,
            "sms.html",
            status=422 if form.errors else 200,
            token=token,
            sent="" if spent else sent,
            problem=told,
            form=form,
            phone=greeting.phone,
        )

    async def send(request: web.Request) -> web.StreamResponse:
        token = request.match_info["token"]
        flow = cookies.flow_of(request) or new_secret()
        try:
            sent = await codes.start(browser_of(request, flow), token)
        except Refusal as refusal:
            return _again(token, refusal)
        answer = _see(token, sent=sent)
        cookies.keep_flow(answer, flow)
        return answer

    async def verify(request: web.Request) -> web.StreamResponse:
        token = request.match_info["token"]
        form = await request.post()
        sent, code = str(form.get("sent", ""))[:64], str(form.get("code", ""))[:20]
        flow = cookies.flow_of(request)
        try:
            if flow is None:
                raise CookiesBlocked
            logged_in = await codes.verify(sent, browser_of(request, flow), token, code.replace(" ", ""))
        except Refusal as refusal:
            return _again(token, refusal, sent=sent)
        before: Session | None = request.get("session")
        if before is not None:
            await sessions.replace(before, logged_in.session)
        answer = see_other(logged_in.next)
        cookies.keep_session(answer, logged_in.secret)
        return answer

    async def post(request: web.Request) -> web.StreamResponse:
        return await (verify if "code" in await request.post() else send)(request)

    return [
        web.get("/i/{token}/sms", show),
        web.post("/i/{token}/sms", post),
    ]


def _again(token: str, refusal: Refusal, **query: str) -> web.Response:
    """Back to the form with the words; a link that does not open has a page of its own."""
    if isinstance(refusal, InvitationRefused) or type(refusal) not in _PROBLEMS.values():
        raise refusal
    return _see(token, problem=refusal.code, **query)


def _see(token: str, **query: str) -> web.Response:
    return see_other(f"/i/{token}/sms?{urlencode(query)}")

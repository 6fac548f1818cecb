"""``/auth/oidc``: to SITHS eID or Freja, and back. Navigations, not calls: each answer leads the browser on.

Both are GET: a form's answer may not lead to another host (CSP, form-action), and the provider leads back by GET.
"""

import re
from urllib.parse import urlencode

from aiohttp import web

from auth.errors import AssuranceTooLow, CookiesBlocked, Refusal
from auth.flow import Browser, start_page
from auth.identity import Method
from auth.oidc import Back, OidcLogins
from auth.randomness import new_secret
from auth.sessions import Session, Sessions
from signaling.cookies import Cookies
from signaling.i18n import language_of
from signaling.problems import BadRequest, NotFound
from signaling.security import NEXT

START, CALLBACK = "/auth/oidc/{provider}/start", "/auth/oidc/{provider}/callback"
_LINK = re.compile(r"[A-Za-z0-9_-]{1,128}", re.ASCII)


def routes(logins: OidcLogins, sessions: Sessions, *, secure: bool) -> list[web.RouteDef]:
    """secure: whether the public address is https."""
    api = OidcApi(logins, sessions, secure=secure)
    return [web.get(START, api.start), web.get(CALLBACK, api.callback)]


class OidcApi:
    """The handlers."""

    def __init__(self, logins: OidcLogins, sessions: Sessions, *, secure: bool) -> None:
        self._logins = logins
        self._sessions = sessions
        self._cookies = Cookies(secure=secure)

    async def start(self, request: web.Request) -> web.Response:
        """303 to the provider. Query: ``invitation``, the token of a personal link, or ``next``, where staff want to
        go. A refusal leads back to the page the person came from, which says it."""
        method = self._method(request)
        link, wanted = request.query.get("invitation"), request.query.get("next")
        if (link is not None and _LINK.fullmatch(link) is None) or (wanted is not None and not NEXT.fullmatch(wanted)):
            raise BadRequest
        flow = self._cookies.flow_of(request) or new_secret()
        user_agent = request.headers.get("User-Agent", "")[:256]
        browser = Browser(flow, request["address"], user_agent, language_of(request))
        try:
            location = await self._logins.start(method, browser, link=link, next_path=wanted)
        except Refusal as refused:
            return see_problem(start_page(link, wanted), refused)
        response = web.Response(status=303, headers={"Location": location})
        self._cookies.keep_flow(response, flow)
        return response

    async def callback(self, request: web.Request) -> web.Response:
        """The provider leads here: 303 to where the person was going, or back with a ``problem`` and no session."""
        method = self._method(request)
        # A parameter given twice is no answer of a provider's (RFC 6749, 3.1).
        answer = {name: request.query[name] for name in request.query if len(request.query.getall(name)) == 1}
        back = await self._logins.finish(method, answer, self._cookies.flow_of(request))
        if isinstance(back.problem, CookiesBlocked):
            raise back.problem  # nothing tells whether they came by a link or as staff: not the staff's login
        if back.problem is not None:
            return see_problem(back.page, back.problem, tried=method)
        response = web.Response(status=303, headers={"Location": back.page})
        await self._log_in(request, response, back)
        return response

    def _method(self, request: web.Request) -> Method:
        found = next((item for item in self._logins.methods if item.value == request.match_info["provider"]), None)
        if found is None:
            raise NotFound
        return found

    async def _log_in(self, request: web.Request, response: web.Response, back: Back) -> None:
        assert back.session is not None, "no problem, so a session"
        assert back.cookie is not None, "it comes with the session"
        before: Session | None = request.get("session")
        if before is not None:
            await self._sessions.replace(before, back.session)
        self._cookies.keep_session(response, back.cookie)
        self._cookies.keep_method(response, back.session.method)


def see_problem(page: str, refusal: Refusal, *, tried: Method | None = None) -> web.Response:
    """Back to the page that offers every way, with words for what happened. tried: the way that was not enough stays
    chosen, unless it never can be."""
    query = {"problem": refusal.code}
    if tried is not None and not isinstance(refusal, AssuranceTooLow):
        query["with"] = tried.value
    return web.Response(status=303, headers={"Location": f"{page}{'&' if '?' in page else '?'}{urlencode(query)}"})

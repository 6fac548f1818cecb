"""``/auth``: identification in a browser, the session, and leaving.

The flow cookie's value is a lasting secret of the browser, so that a new tab finds its way back.
"""

from typing import Any
from urllib.parse import urlencode

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from auth.errors import CookiesBlocked, IdentificationUnknown
from auth.flow import Browser, Status
from auth.identification import Identifications
from auth.people import Staff
from auth.randomness import new_secret
from auth.return_path import RETURN_PATH, app_address
from auth.sessions import Session, Sessions
from signaling.api.answers import SessionDescription, SessionLiving, SessionStaff
from signaling.cookies import Cookies
from signaling.i18n import language_of
from signaling.problems import BadRequest
from signaling.security import LIVING, NEXT, session_of


class StartBody(BaseModel):
    """Body of a start. invitation: token of a personal link; next: where staff want to go. touch: the page has several
    touch points, which tells an iPad from a Mac."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, strict=True)

    invitation: str | None = Field(None, min_length=1, max_length=128, pattern=r"^[A-Za-z0-9_-]+$", repr=False)
    next: str | None = Field(None, max_length=200, pattern=f"^{NEXT.pattern}$")
    same_device: bool = False
    touch: bool = False


def routes(identifications: Identifications, sessions: Sessions, *, secure: bool) -> list[web.RouteDef]:
    """secure: whether the public address is https."""
    api = AuthApi(identifications, sessions, secure=secure)
    return [
        web.post("/auth/bankid/start", api.start),
        web.get(RETURN_PATH, api.came_back),
        web.get("/auth/bankid/{transaction}", api.status),
        web.post("/auth/bankid/{transaction}/cancel", api.cancel),
        web.get("/auth/session", api.session),
        web.get(LIVING, api.living),
        web.post("/auth/session/extend", api.extend),
        web.post("/auth/logout", api.log_out),
    ]


class AuthApi:
    """The handlers."""

    def __init__(self, identifications: Identifications, sessions: Sessions, *, secure: bool) -> None:
        self._identifications = identifications
        self._sessions = sessions
        self._cookies = Cookies(secure=secure)

    async def start(self, request: web.Request) -> web.Response:
        """200 ``{transaction, autoStartToken, app, qr}``; app: the link that opens BankID on the device that asks."""
        body = await _body(request)
        flow = self._cookies.flow_of(request) or new_secret()
        user_agent = request.headers.get("User-Agent", "")[:256]
        browser = Browser(flow, request["address"], user_agent, language_of(request), body.touch)
        started = await self._identifications.start(
            browser, link=body.invitation, next_path=body.next, same_device=body.same_device
        )
        response = web.json_response(
            {
                "transaction": started.transaction,
                "autoStartToken": started.auto_start_token,
                "app": app_address(started.auto_start_token, user_agent, touch=body.touch),
                "qr": started.qr,
            }
        )
        self._cookies.keep_flow(response, flow)
        return response

    async def status(self, request: web.Request) -> web.Response:
        """200 ``{status, hintCode, message, qr}``, ``next`` when complete, ``problem`` (a code) when refused."""
        flow = self._cookies.flow_of(request)
        if flow is None:  # every start sets it
            raise CookiesBlocked
        status = await self._identifications.status(request.match_info["transaction"], flow, language_of(request))
        body: dict[str, Any] = {
            "status": status.status,
            "hintCode": status.hint,
            "message": status.message,
            "qr": status.qr,
        }
        if status.next is not None:
            body["next"] = status.next
        if status.problem is not None:
            body["problem"] = status.problem
        response = web.json_response(body)
        await self._log_in(request, response, status)
        return response

    async def cancel(self, request: web.Request) -> web.Response:
        """204, also where it was finished already."""
        await self._identifications.cancel(request.match_info["transaction"], self._cookies.flow_of(request) or "")
        return web.Response(status=204)

    async def came_back(self, request: web.Request) -> web.Response:
        """The app on the same device leads here, in a new tab on iOS: on to where the person was going, or back to
        the page that goes on asking. In another browser than the one that started: to the login page, which says so."""
        transaction, nonce = request.query.get("transaction", ""), request.query.get("nonce", "")
        try:
            status, page = await self._identifications.returned(
                transaction, nonce, self._cookies.flow_of(request) or "", language_of(request)
            )
        except IdentificationUnknown as unknown:  # a person waits for a page, not for problem details
            return web.Response(status=303, headers={"Location": f"/login?problem={unknown.code}"})
        location = status.next or f"{page}{'&' if '?' in page else '?'}{urlencode({'transaction': transaction})}"
        response = web.Response(status=303, headers={"Location": location})
        await self._log_in(request, response, status)
        return response

    async def session(self, request: web.Request) -> web.Response:
        """200 ``{"session": null}`` or who is logged in, how and in which post."""
        session: Session | None = request.get("session")
        return web.json_response({"session": describe(session) if session is not None else None})

    async def log_out(self, request: web.Request) -> web.Response:
        """204. The flow cookie stays: it knows nobody."""
        session: Session | None = request.get("session")
        if session is not None:
            await self._sessions.end(session)
        response = web.Response(status=204)
        self._cookies.drop_session(response)
        return response

    async def living(self, request: web.Request) -> web.Response:
        """200 ``{"living"}`` and for how long: whether the cookie stands for a login, which this does not lengthen."""
        return web.json_response(await self._living(request))

    async def extend(self, request: web.Request) -> web.Response:
        """The same once the idle time has begun anew, as with every request of one who is logged in; 401 where the
        login is over. The absolute limit stays where it is."""
        session_of(request)  # the guard has found it, and kept it by that
        return web.json_response(await self._living(request))

    async def _living(self, request: web.Request) -> SessionLiving:
        left = await self._sessions.remaining(self._cookies.session_of(request))
        if left is None:
            return {"living": False}
        return {
            "living": True,
            "person": left.person,
            "staff": left.staff,
            "assurance_level": int(left.assurance_level),
            "idle_seconds": int(left.idle.total_seconds()),
            "absolute_seconds": int(left.absolute.total_seconds()),
        }

    async def _log_in(self, request: web.Request, response: web.Response, status: Status) -> None:
        if status.cookie is None or status.session is None:
            return
        before: Session | None = request.get("session")
        if before is not None and before.id != status.session.id:
            await self._sessions.replace(before, status.session)
        self._cookies.keep_session(response, status.cookie)
        self._cookies.keep_method(response, status.session.method)


def describe(session: Session) -> SessionDescription:
    """A session as a page may know it; no identity number is in it."""
    return {
        "id": session.id,
        "person": {
            "id": session.person.id,
            "name": session.person.name,
            "given_name": session.person.given_name,
        },
        "method": session.method.value,
        "assurance_level": int(session.assurance_level),
        "authenticated_at": session.authenticated_at.isoformat(),
        "language": session.language,
        "staff": _describe_staff(session.staff) if session.staff is not None else None,
    }


def _describe_staff(staff: Staff) -> SessionStaff:
    return {
        "id": staff.id,
        "title": staff.title,
        "unit": staff.unit,
        "organisation": {"id": staff.organisation.id, "name": staff.organisation.name},
        "permissions": sorted(staff.permissions),
    }


async def _body(request: web.Request) -> StartBody:
    if request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType
    try:
        return StartBody.model_validate_json(await request.read())
    except ValidationError:
        raise BadRequest from None

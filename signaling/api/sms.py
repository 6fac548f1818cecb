"""``/auth/sms``: a code by SMS for a personal link that allows it. Cookies as in `signaling.api.auth`."""

from typing import TypeVar

from aiohttp import web
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from auth.errors import CookiesBlocked
from auth.flow import Browser
from auth.randomness import new_secret
from auth.sessions import Session, Sessions
from auth.sms_codes import SmsCodes
from auth.sms_simulator import SmsSimulator
from signaling.api.answers import SmsLoggedIn, SmsStarted
from signaling.cookies import Cookies
from signaling.i18n import language_of
from signaling.problems import BadRequest


class SmsStartBody(BaseModel):
    """invitation: token of a personal link."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True, strict=True)

    invitation: str = Field(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9_-]+$", repr=False)


class SmsVerifyBody(SmsStartBody):
    """transaction: as the start answered. code: six digits; spaces among them do no harm."""

    transaction: str = Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_-]+$")
    code: str = Field(max_length=20, repr=False)


Body = TypeVar("Body", bound=BaseModel)


def routes(codes: SmsCodes, sessions: Sessions, *, secure: bool) -> list[web.RouteDef]:
    """secure: whether the public address is https."""
    cookies = Cookies(secure=secure)

    async def start(request: web.Request) -> web.Response:
        """200 ``{transaction}``: a code is on its way to the telephone that the invitation names."""
        body = await _read(request, SmsStartBody)
        flow = cookies.flow_of(request) or new_secret()
        started: SmsStarted = {"transaction": await codes.start(browser_of(request, flow), body.invitation)}
        response = web.json_response(started)
        cookies.keep_flow(response, flow)
        return response

    async def verify(request: web.Request) -> web.Response:
        """200 ``{next}`` with the session's cookie."""
        body = await _read(request, SmsVerifyBody)
        flow = cookies.flow_of(request)
        if flow is None:  # every start sets it
            raise CookiesBlocked
        code = body.code.replace(" ", "")
        logged_in = await codes.verify(body.transaction, browser_of(request, flow), body.invitation, code)
        before: Session | None = request.get("session")
        if before is not None:
            await sessions.replace(before, logged_in.session)
        answer: SmsLoggedIn = {"next": logged_in.next}
        response = web.json_response(answer)
        cookies.keep_session(response, logged_in.secret)
        return response

    return [web.post("/auth/sms/start", start), web.post("/auth/sms/verify", verify)]


def browser_of(request: web.Request, flow: str) -> Browser:
    """Who asks. flow: the value of the flow cookie."""
    user_agent = request.headers.get("User-Agent", "")[:256]
    return Browser(flow, request["address"], user_agent, language_of(request))


def simulator_routes(simulator: SmsSimulator) -> list[web.RouteDef]:
    """Added to the application in the demo alone."""

    async def outbox(request: web.Request) -> web.Response:  # noqa: ARG001
        """200: messages sent, newest first."""
        return web.json_response(
            [
                {"sentAt": sms.sent_at.isoformat(), "to": sms.to, "from": sms.sender, "text": sms.text}
                for sms in reversed(simulator.outbox)
            ]
        )

    return [web.get("/simulator/sms/outbox", outbox)]


async def _read(request: web.Request, model: type[Body]) -> Body:
    if request.content_type != "application/json":
        raise web.HTTPUnsupportedMediaType
    try:
        return model.model_validate_json(await request.read())
    except ValidationError:
        raise BadRequest from None

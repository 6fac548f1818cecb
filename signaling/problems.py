"""Every error becomes an answer here, in the reader's language: RFC 9457 for programs, a page for people.

What was unexpected is logged by type and place alone; its text may hold input.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import structlog
from aiohttp import web

from audit.log import AuditUnavailable
from auth.errors import NotLogged, Refusal
from db.engine import DatabaseFailure
from rooms.media import MediaUnavailable
from signaling.bus import BusUnavailable
from signaling.i18n import language_of
from signaling.security import Unidentified, login_address, on_travel_laptop, route_template

log = structlog.get_logger()

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

# Addresses that programs call; the rest are pages.
PROGRAM_PATHS = ("/api/", "/auth/", "/rtc", "/twirp/", "/livekit/", "/healthz", "/readyz", "/metrics")
# Below them, what a browser is led to.
NAVIGATIONS = ("/auth/oidc/",)


class Unavailable(Refusal):
    """Something behind us does not answer: database, bus or media server."""

    code = "unavailable"
    status = 503
    swedish = "Det går inte just nu. Inget har gått förlorat. Vänta en stund och försök igen."
    english = "That does not work right now. Nothing is lost. Wait a while and try again."


class Unexpected(Refusal):
    code = "unexpected"
    status = 500
    swedish = "Något gick fel hos oss. Försök igen. Händer det igen, ring hjälpen."
    english = "Something went wrong on our side. Try again. If it happens again, call the help line."


class NotFound(Refusal):
    code = "not-found"
    status = 404
    swedish = "Sidan finns inte. Kontrollera adressen, eller öppna länken i din inbjudan igen."
    english = "There is no such page. Check the address, or open the link in your invitation again."


class MethodNotAllowed(Refusal):
    code = "method-not-allowed"
    status = 405
    swedish = "Det går inte att göra så på den här adressen."
    english = "That cannot be done at this address."


class TooLarge(Refusal):
    code = "too-large"
    status = 413
    swedish = "Det där var för stort för att ta emot. Korta texten och försök igen."
    english = "That was too large to receive. Shorten the text and try again."


class BadRequest(Refusal):
    code = "bad-request"
    status = 400
    swedish = "Vi kunde inte läsa det som skickades."
    english = "We could not read what was sent."


class UnsupportedMedia(Refusal):
    code = "unsupported-media-type"
    status = 415
    swedish = "Skicka innehållet som JSON (application/json)."
    english = "Send the content as JSON (application/json)."


# aiohttp's own errors, by status; others are a bad request or unexpected.
HTTP_REFUSALS: dict[int, type[Refusal]] = {
    kind.status: kind for kind in (NotFound, MethodNotAllowed, TooLarge, UnsupportedMedia)
}

REFUSED = (401, 403, 429)
"""Worth a line of its own in the log: somebody was kept from something (OWASP ASVS 5.0, 16.3.2 and 16.3.3)."""


def refusal_of(error: Exception) -> Refusal:
    """What the reader is told of an error."""
    match error:
        case Refusal():
            return error
        case AuditUnavailable():
            return NotLogged()
        case MediaUnavailable() | BusUnavailable() | DatabaseFailure() | TimeoutError() | ConnectionError():
            return Unavailable(retry_after=5)
        case web.HTTPException() if error.status >= 500:
            return Unexpected()
        case web.HTTPException():
            return HTTP_REFUSALS.get(error.status, BadRequest)()
        case _:
            return Unexpected()


def problem(refusal: Refusal, language: str, headers: dict[str, str] | None = None) -> web.Response:
    """RFC 9457 problem details. `code` is for programs, `detail` for the person behind them."""
    body: dict[str, Any] = {
        "type": f"/problems/{refusal.code}",
        "title": refusal.text(language),
        "status": refusal.status,
        "detail": refusal.text(language),
        "code": refusal.code,
    }
    if (errors := fields_of(refusal, language)) is not None:
        body["errors"] = errors
    return web.json_response(body, status=refusal.status, headers=headers, content_type="application/problem+json")


def fields_of(refusal: Refusal, language: str) -> Sequence[dict[str, str]] | None:
    """The wrong fields of a form or body, each with its words, where the refusal names them."""
    describe = getattr(refusal, "fields", None)
    return describe(language) if callable(describe) else None


def wants_page(request: web.Request) -> bool:
    """Whether a person waits for a page rather than a program for JSON."""
    program = request.path.startswith(PROGRAM_PATHS) and not request.path.startswith(NAVIGATIONS)
    if program or request.content_type == "application/json":
        return False
    return "text/html" in request.headers.get("Accept", "") or "Sec-Fetch-Dest" in request.headers


def middleware(
    error_page: Callable[[web.Request, Refusal], web.Response],
) -> Callable[..., Awaitable[web.StreamResponse]]:
    """error_page: draws a refusal as a page (`signaling.pages`)."""

    @web.middleware
    async def answer_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except web.HTTPException as error:
            if error.status < 400:
                raise
            caught: Exception = error
        except Exception as error:  # noqa: BLE001 - this is where everything ends
            caught = error
        refusal = refusal_of(caught)
        if refusal.status >= 500:
            frames = caught.__traceback__
            while frames is not None and frames.tb_next is not None:
                frames = frames.tb_next
            place = f"{frames.tb_frame.f_code.co_name}:{frames.tb_lineno}" if frames else ""
            failure = type(caught).__name__
            log.error("request failed", route=route_template(request), code=refusal.code, failure=failure, place=place)
        elif refusal.status in REFUSED:
            log.warning("request refused", route=route_template(request), status=refusal.status, code=refusal.code)
        # On the travel laptop nothing is typed that would be lost, and there is one window.
        led = request.method in ("GET", "HEAD") or on_travel_laptop(request)
        if isinstance(refusal, Unidentified) and wants_page(request) and led:
            return web.Response(status=303, headers={"Location": login_address(request)})
        headers = {name: caught.headers[name] for name in ("Allow",) if name in getattr(caught, "headers", {})}  # type: ignore[attr-defined]
        if refusal.retry_after is not None:
            headers["Retry-After"] = str(refusal.retry_after)
        if wants_page(request):
            page = error_page(request, refusal)
            page.headers.update(headers)
            return page
        return problem(refusal, language_of(request), headers)

    return answer_errors

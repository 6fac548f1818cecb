"""What every request passes: its address, its session, who may call it, where it came from, and what its answer allows.

Nothing fails open: a route that is not on the short public list demands identity, a changing request must come from
our own pages (or from a program, which sends no Fetch-Metadata), and a database that cannot be read refuses.
"""

import asyncio
import hashlib
import ipaddress
import re
import secrets
from collections.abc import Awaitable, Callable, Sequence
from urllib.parse import urlencode, urlsplit

import structlog
from aiohttp import web

from auth.errors import Refusal
from auth.people import Permission
from auth.sessions import Session, Sessions, cookie_name

log = structlog.get_logger()

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

# Routes anyone may call, by route template. Everything else demands an identified person.
PUBLIC = frozenset(
    {
        "/",
        "/login",
        "/logout",  # also with a session that has ended: the answer leads to the login
        "/i/{token}",
        "/i/{token}/sms",
        "/language",
        "/help",
        "/easy-read",
        "/privacy",
        "/accessibility",
        "/about",
        "/static/{path}",
        "/favicon.ico",
        "/healthz",
        "/readyz",
        "/metrics",  # answers chosen networks only, see signaling.health
        "/auth/bankid/start",
        "/auth/bankid/{transaction}",
        "/auth/bankid/{transaction}/cancel",
        "/auth/bankid/return",
        "/auth/sms/start",
        "/auth/sms/verify",
        "/auth/oidc/{provider}/start",
        "/auth/oidc/{provider}/callback",
        "/auth/session",
        "/auth/session/living",
        "/auth/logout",
        "/.well-known/jwks.json",
        "/api/v1/openapi.json",
        "/api/v1/audit/checkpoint",
        "/api/v1/vouching-key",
        # LiveKit's own: each demands its own access token
        "/rtc",
        "/rtc/v1",
        "/rtc/validate",
        "/rtc/v1/validate",
        "/twirp/livekit.RoomService/{method}",
        # A LiveKit cluster's news, each signed with its key
        "/livekit/webhook",
        # The simulators exist in the demo alone
        "/simulator",
        "/simulator/people",
        "/simulator/bankid/orders",
        "/simulator/bankid/approve",
        "/simulator/bankid/deny",
        "/simulator/sms/outbox",
        "/simulator/oidc/{provider}",
    }
)

# Called by programs with a token of their own in a header or query, never with our cookie: no page can misuse it.
TOKEN_ROUTES = frozenset({"/twirp/livekit.RoomService/{method}", "/livekit/webhook"})

FORMS = frozenset({"application/x-www-form-urlencoded", "multipart/form-data"})
BODY_SECONDS = 10.0
"""A body is at most 64 KiB: a mobile network at its worst needs less."""

NEXT = re.compile(
    r"/(kiosk|today|audit|meetings|organisations|sessions|assurance|consent-rules)(/[A-Za-z0-9_-]{1,64}){0,3}(\?(home|check)=1)?",
    re.ASCII,
)
"""Where a login may lead to; anything else is refused, so that no link of ours leads elsewhere."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f]")
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


class Unidentified(Refusal):
    """Identify first. Pages are led to the login instead."""

    code = "unidentified"
    status = 401
    swedish = "Visa vem du är först."
    english = "Show who you are first."


class Forbidden(Refusal):
    """Identified, yet not allowed here."""

    code = "forbidden"
    status = 403
    swedish = "Du har inte behörighet till den här sidan. Fråga din chef om du behöver den."
    english = "You do not have access to this page. Ask your manager if you need it."


class ForeignRequest(Refusal):
    """A changing request that did not come from our own pages (cross-site request forgery)."""

    code = "foreign-request"
    status = 403
    swedish = "Det där kom från en annan webbplats, så vi gjorde ingenting. Gå till startsidan och försök igen."
    english = "That came from another website, so we did nothing. Go to the start page and try again."


def session_of(request: web.Request) -> Session:
    """The caller's session; raises Unidentified."""
    session: Session | None = request.get("session")
    if session is None:
        raise Unidentified
    return session


def require(request: web.Request, permission: Permission) -> Session:
    """The caller's session where its staff record holds `permission`; raises Unidentified or Forbidden."""
    session = session_of(request)
    if session.staff is None or permission not in session.staff.permissions:
        raise Forbidden
    return session


def route_template(request: web.Request) -> str:
    """The route's own pattern, fit for logs and metrics: a path may hold a personal link's token."""
    resource = request.match_info.route.resource
    return resource.canonical if resource is not None else "unknown"


FORWARDING = ("Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP", "Via")
"""What a proxy adds (RFC 7239, RFC 9110 7.6.3, and custom)."""


class Networks:
    """Reads the caller's address; X-Forwarded-For counts only when the peer is a trusted proxy."""

    def __init__(self, trusted: Sequence[str]) -> None:
        self._trusted = tuple(ipaddress.ip_network(network) for network in trusted)
        self._warned = False

    def _trusts(self, address: str) -> bool:
        try:
            parsed = ipaddress.ip_address(address)
        except ValueError:
            return False
        return any(parsed in network for network in self._trusted)

    def hidden(self, request: web.Request) -> bool:
        """Whether the caller stands behind a proxy that is not declared: the peer's address then says nothing of who
        asks. Told to the operator once: until it is declared, everybody has one address and shares its limits."""
        behind = any(name in request.headers for name in FORWARDING) and not self._trusts(request.remote or "")
        if behind and not self._warned:
            self._warned = True
            log.warning("forwarded by a peer that is no trusted proxy", setting="HEMMAPLAN_TRUSTED_PROXIES")
        return behind

    def client_address(self, request: web.Request) -> str:
        """IPv4 or IPv6 text: the rightmost forwarded address that is no proxy of ours (others can be made up)."""
        address = request.remote or "0.0.0.0"  # noqa: S104 - no peer, for example a unix socket
        if not self._trusts(address):
            return address
        # A proxy may add a line of its own instead of lengthening the one that came: all of them count, in order.
        forwarded = ",".join(request.headers.getall("X-Forwarded-For", ()))
        for candidate in reversed(forwarded.split(",")):
            candidate_address = candidate.strip()
            try:
                ipaddress.ip_address(candidate_address)
            except ValueError:
                return address
            if not self._trusts(candidate_address):
                return candidate_address
            address = candidate_address
        return address


def address_binding(address: str) -> str:
    """What a program's join token is bound to (`rooms.media.Grant.binding`)."""
    return "address:" + hashlib.sha256(address.encode()).hexdigest()


def session_binding(session: Session) -> str:
    """What a browser's join token is bound to."""
    return "session:" + hashlib.sha256(session.id.encode()).hexdigest()


def is_browser(request: web.Request) -> bool:
    """Browsers send Fetch-Metadata on every request, and no page script can leave it out (W3C Fetch Metadata, 2)."""
    return "Sec-Fetch-Site" in request.headers


def comes_from_us(request: web.Request, origin: str) -> bool:
    """Whether a browser made this from our own pages; programs send neither header and hold no ambient cookie."""
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None and site not in ("same-origin", "none"):
        return False
    sent = request.headers.get("Origin")
    return sent is None or sent == origin or _same_host(sent, request)


def _same_host(sent: str, request: web.Request) -> bool:
    # 127.0.0.1 and localhost are both used to open the demo; the Host header cannot be set by a page.
    host = urlsplit(sent).netloc  # none in "null", which a sandboxed page sends
    return bool(host) and host == request.host


def content_security_policy(origin: str, media_url: str | None = None) -> str:
    """No inline script or style. Media and signalling stay with us (https for /rtc/validate, wss for the socket).

    media_url: a LiveKit cluster's ``ws(s)://host[:port]``, which pages then also connect to.
    """
    scheme, _, host = origin.partition("://")
    sockets = f"{'wss' if scheme == 'https' else 'ws'}://{host}"
    if media_url is not None:
        sockets += f" {media_url} http{media_url.removeprefix('ws')}"
    return "; ".join(
        (
            "default-src 'none'",
            "object-src 'none'",  # as default-src says; written out for those who look for it (OWASP ASVS 5.0, 3.4.3)
            "script-src 'self'",
            "style-src 'self'",
            "img-src 'self' data:",
            "font-src 'self'",
            "media-src 'self' blob: mediastream:",
            "worker-src 'self'",
            f"connect-src 'self' {sockets}",
            "form-action 'self'",
            "frame-ancestors 'none'",
            "base-uri 'none'",
            "manifest-src 'self'",
        )
    )


def security_headers(secure: bool) -> dict[str, str]:
    """Headers of every answer (OWASP ASVS 5.0, 3.4) but the content security policy, which depends on the host."""
    headers = {
        "Server": "Hemmaplan",  # and not which versions of what
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "camera=(self), microphone=(self), display-capture=(self), fullscreen=(self), "
        "speaker-selection=(self), geolocation=(), payment=(), usb=()",
    }
    if secure:
        headers["Strict-Transport-Security"] = "max-age=63072000; includeSubDomains"
    return headers


LIVING = "/auth/session/living"
"""Asked by pages that stand open: it must not keep a login from going idle, as every other request does (WCAG 2.2.1
is met by a warning and ``/auth/session/extend``)."""


def middleware(sessions: Sessions, networks: Networks, origin: str) -> Callable[..., Awaitable[web.StreamResponse]]:
    """The outermost check of a request; errors are turned into answers by `signaling.problems`."""
    cookie = cookie_name(origin.startswith("https:"))

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        template = route_template(request)
        request["address"], request["hidden"] = networks.client_address(request), networks.hidden(request)
        request["session"] = None
        if request.match_info.http_exception is not None:
            return await handler(request)  # 404 and 405 need no session
        if any(_CONTROL.search(value) for value in request.match_info.values()):
            raise web.HTTPNotFound  # nothing of ours is called so, and PostgreSQL takes no NUL
        if request.method not in SAFE_METHODS and template not in TOKEN_ROUTES and not comes_from_us(request, origin):
            raise ForeignRequest
        if request.headers.get("Upgrade", "").lower() == "websocket" and not comes_from_us(request, origin):
            raise ForeignRequest
        if template != LIVING and (secret := request.cookies.get(cookie)) is not None:
            request["session"] = await sessions.get(secret)
        if template not in PUBLIC and request["session"] is None:
            raise Unidentified
        if template not in TOKEN_ROUTES and request.can_read_body:
            await _take_body(request)
        return await handler(request)

    return guard


async def read_body(request: web.Request, most: int) -> bytes:
    """A body that nobody has read yet, within a size and BODY_SECONDS. Raises 413 and 408."""
    if request.content_length is not None and request.content_length > most:
        raise web.HTTPRequestEntityTooLarge(most, request.content_length)
    body = b""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while chunk := await request.content.readany():
                body += chunk
                if len(body) > most:
                    raise web.HTTPRequestEntityTooLarge(most, len(body))
    except TimeoutError:
        raise web.HTTPRequestTimeout from None
    return body


async def _take_body(request: web.Request) -> None:
    """Read the body now, so that one that trickles or cannot be read as the form it claims to be is refused here."""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            if request.content_type != "multipart/form-data":
                await request.read()
            if request.content_type in FORMS:
                await request.post()
    except TimeoutError:
        raise web.HTTPRequestTimeout from None
    except (ValueError, LookupError):  # no boundary, no such character set
        raise web.HTTPBadRequest from None


def headers_middleware(origin: str, media_url: str | None = None) -> Callable[..., Awaitable[web.StreamResponse]]:
    """Outside of everything: each answer, errors too, gets its headers, and the request one line in the log."""
    fixed = security_headers(origin.startswith("https:"))

    @web.middleware
    async def dress(request: web.Request, handler: Handler) -> web.StreamResponse:
        request["request_id"] = secrets.token_hex(8)
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request=request["request_id"])
        response = await handler(request)
        if not response.prepared:
            for name, value in fixed.items():
                response.headers.setdefault(name, value)
            scheme = origin.partition("://")[0]
            response.headers.setdefault(
                "Content-Security-Policy", content_security_policy(f"{scheme}://{request.host}", media_url)
            )
            if "Cache-Control" not in response.headers:
                response.headers["Cache-Control"] = "no-store"
        log.info("request", method=request.method, route=route_template(request), status=response.status)
        return response

    return dress


def page_path(request: web.Request) -> str:
    """The path that the page is got by. An answer to a form may stand at one that takes the form alone: then it is the
    nearest above it that is got, or the page of what was `made`."""
    if "made" in request:
        return str(request["made"])
    path, template = request.path, route_template(request)
    if request.method not in SAFE_METHODS:
        routes = request.app.router.routes()
        got = {route.resource.canonical for route in routes if route.method == "GET" and route.resource is not None}
        while template.startswith("/") and template not in got:
            path, template = path.rpartition("/")[0], template.rpartition("/")[0]
    return path or "/"


def way_back(request: web.Request) -> str:
    """Where a login leads to from this page: to the page itself, else where it is a step to, by its `next`. From each
    of the travel laptop's to the laptop. Empty where it may lead to neither: the token of a personal link, above all,
    stands in no `next`."""
    path = page_path(request)
    asked = request.query.items() if path == request.path else ()
    step = "/kiosk" if f"{path}/".startswith("/kiosk/") else request.query.get("next", "")
    ways = (*(f"{path}?{name}={value}" for name, value in asked), path, step)
    return next((way for way in ways if NEXT.fullmatch(way)), "")


def on_travel_laptop(request: web.Request) -> bool:
    """Whether this is one of the travel laptop's pages, or a step to one: nothing on it leads to the day's list."""
    return way_back(request).startswith("/kiosk")


def login_address(request: web.Request) -> str:
    """Where a page visitor without a session is led, and back again afterwards."""
    back = way_back(request)
    return f"/login?{urlencode({'next': back}, safe='/')}" if back else "/login"

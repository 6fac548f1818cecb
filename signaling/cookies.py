"""Our cookies: one holds a browser's identifications before anyone is known (the flow), one the session, one the way
that was used last.

All are ``__Host-`` and Secure under https, HttpOnly and SameSite=Lax.
"""

from aiohttp import web

from auth.identity import Method
from auth.randomness import looks_like_secret
from auth.sessions import cookie_name

FLOW_SECONDS = 30 * 24 * 3600
METHOD_SECONDS = 365 * 24 * 3600
METHOD_COOKIE = "hemmaplan-method"
"""Which way was used last, for the next visit's page; tells nothing of who."""


def method_of(request: web.Request) -> str | None:
    """The way that was used last in this browser, by its value."""
    return request.cookies.get("__Host-" + METHOD_COOKIE) or request.cookies.get(METHOD_COOKIE)


class Cookies:
    """secure: whether the public address is https."""

    def __init__(self, *, secure: bool) -> None:
        self._secure = secure
        self.session = cookie_name(secure)
        self.flow = cookie_name(secure) + "-flow"
        self.method = "__Host-" + METHOD_COOKIE if secure else METHOD_COOKIE

    def flow_of(self, request: web.Request) -> str | None:
        """The browser's lasting secret; None before its first identification, or where it keeps no cookies."""
        value = request.cookies.get(self.flow, "")
        return value if looks_like_secret(value) else None

    def session_of(self, request: web.Request) -> str:
        return request.cookies.get(self.session, "")

    def keep_flow(self, response: web.StreamResponse, flow: str) -> None:
        self._set(response, self.flow, flow, FLOW_SECONDS)

    def keep_session(self, response: web.StreamResponse, secret: str) -> None:
        """Without an age: gone when the browser is closed, which counts on a shared computer."""
        self._set(response, self.session, secret, None)

    def keep_method(self, response: web.StreamResponse, method: Method) -> None:
        self._set(response, self.method, method.value, METHOD_SECONDS)

    def drop_session(self, response: web.StreamResponse) -> None:
        self._set(response, self.session, "", 0)

    def _set(self, response: web.StreamResponse, name: str, value: str, max_age: int | None) -> None:
        response.set_cookie(name, value, max_age=max_age, path="/", secure=self._secure, httponly=True, samesite="Lax")

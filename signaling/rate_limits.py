"""How often one caller may ask: a person by session, everybody by address. (OWASP ASVS 5.0, 2.4.1 and 17.3.1.)

What is costly has limits of its own where it is done: identifications (`auth.identification.Limits`), messages on
sockets, log entries about a weak network. Each process counts for itself.
"""

import time
from collections.abc import Awaitable, Callable
from math import ceil

from aiohttp import web

from auth.errors import Refusal
from signaling.security import Networks, route_template

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

BURST_SECONDS = 10.0
"""A caller that has been quiet may ask for so many seconds' worth at once: a page with all its pictures, a new tab."""
PEOPLE_AT_ONE_ADDRESS = 20
"""A whole municipality can share one address."""
MOST_CALLERS = 20_000
FREE = frozenset({"/static/{path}", "/healthz", "/readyz", "/metrics"})


class TooManyRequests(Refusal):
    """Asked too often; retry_after tells when again."""

    code = "too-many-requests"
    status = 429
    swedish = "Det kom många förfrågningar på kort tid. Inget har gått förlorat. Vänta några sekunder och försök igen."
    english = "Many requests came in a short time. Nothing is lost. Wait a few seconds and try again."


class Allowance:
    """Token buckets by caller. rate: requests a second. The caller longest unheard of is forgotten first."""

    def __init__(self, rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._most = max(1.0, rate * BURST_SECONDS)
        self._clock = clock
        self._left: dict[str, tuple[float, float]] = {}  # caller -> requests left, and when that was

    def take(self, caller: str) -> float:
        """0 where the caller may go on, else seconds until it may."""
        now = self._clock()
        left, at = self._left.pop(caller, (self._most, now))
        left = min(self._most, left + (now - at) * self._rate)
        allowed = left >= 1.0
        self._left[caller] = (left - allowed, now)
        if len(self._left) > MOST_CALLERS:
            del self._left[next(iter(self._left))]
        return 0.0 if allowed else (1.0 - left) / self._rate


def by_address(rate: float, networks: Networks) -> Callable[..., Awaitable[web.StreamResponse]]:
    """In front of everything that asks the database. rate: requests a second of one person."""
    allowance = Allowance(rate * PEOPLE_AT_ONE_ADDRESS)
    return _middleware(allowance, networks.client_address)


def by_person(rate: float) -> Callable[..., Awaitable[web.StreamResponse]]:
    """Behind `signaling.security.middleware`, which knows the person. rate: requests a second."""

    def person(request: web.Request) -> str | None:
        session = request.get("session")
        return session.person.id if session is not None else None

    return _middleware(Allowance(rate), person)


def _middleware(
    allowance: Allowance, caller: Callable[[web.Request], str | None]
) -> Callable[..., Awaitable[web.StreamResponse]]:
    @web.middleware
    async def limit(request: web.Request, handler: Handler) -> web.StreamResponse:
        name = caller(request) if route_template(request) not in FREE else None
        if name is not None and (wait := allowance.take(name)) > 0:
            raise TooManyRequests(retry_after=ceil(wait))
        return await handler(request)

    return limit

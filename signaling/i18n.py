"""The visitor's language: Swedish, or English where it was chosen. Swedish text is the key of every translation.

Catalogs are read from `web/locales/<language>/LC_MESSAGES/hemmaplan.po` at the first use, so none can be stale.
"""

import gettext
import io
from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import cache
from pathlib import Path
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from aiohttp import web
from babel.dates import format_date, format_time
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po

LOCALES = Path(__file__).parent.parent / "web" / "locales"
LANGUAGES = ("sv", "en")
COOKIE = "hemmaplan-language"
SECURE: web.AppKey[bool] = web.AppKey("secure", bool)
"""Whether the public address is https; the cookie then is ``__Host-`` and Secure, also behind a proxy that ends TLS."""
ZONE = ZoneInfo("Europe/Stockholm")
YEAR_SECONDS = 365 * 24 * 3600

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@cache
def translations(language: str) -> gettext.NullTranslations:
    """The catalog of one of LANGUAGES; Swedish is the text itself."""
    if language == "sv":
        return gettext.NullTranslations()
    with (LOCALES / language / "LC_MESSAGES" / "hemmaplan.po").open("rb") as file:
        catalog = read_po(file, locale=language)
    compiled = io.BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return gettext.GNUTranslations(compiled)


def language_of(request: web.Request) -> str:
    """`sv` or `en`; Swedish where the middleware has not run (a request refused before it)."""
    return str(request.get("language") or chosen(request))


def chosen(request: web.Request) -> str:
    """The language the cookie names, else Swedish: Accept-Language is not asked, the switch is on every page."""
    cookie = request.cookies.get("__Host-" + COOKIE) or request.cookies.get(COOKIE, "")
    return cookie if cookie in LANGUAGES else "sv"


def gettext_of(request: web.Request) -> Callable[[str], str]:
    """The translating function for this request; name it `_` so that its texts are found."""
    return translations(language_of(request)).gettext


@web.middleware
async def language_middleware(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Sets `request["language"]`; `?lang=en` on a page keeps the choice in a cookie and leads back to the page."""
    request["language"] = chosen(request)
    wanted = request.query.get("lang")
    if wanted in LANGUAGES and request.method == "GET" and not request.path.startswith(("/api/", "/auth/")):
        rest = urlencode([(name, value) for name, value in request.query.items() if name != "lang"])
        answer = web.Response(status=303, headers={"Location": local_path(request.path) + (f"?{rest}" if rest else "")})
        remember(answer, wanted, secure=request.app.get(SECURE, False))
        return answer
    response = await handler(request)
    if not response.prepared and response.content_type == "text/html":
        response.headers.setdefault("Content-Language", str(request["language"]))
        response.headers.setdefault("Vary", "Cookie")
    return response


def remember(response: web.Response, language: str, *, secure: bool) -> None:
    """Keeps the choice for a year. The cookie names a language and nobody."""
    name = "__Host-" + COOKIE if secure else COOKIE
    response.set_cookie(name, language, max_age=YEAR_SECONDS, path="/", samesite="Lax", httponly=True, secure=secure)


def local_path(path: str) -> str:
    """A path on this server: `//host` would be another one (RFC 3986, 4.2), and so would a tab between the slashes,
    which browsers leave out (URL Standard, 4.4). What holds control characters leads to the start."""
    local = "/" + path.lstrip("/\\")
    return local if local.isprintable() else "/"


async def choose_language(request: web.Request) -> web.Response:
    """POST /language with `language` and `next`: the switch for a page that must not show its address."""
    form = await request.post()
    language = str(form.get("language", ""))
    answer = web.Response(status=303, headers={"Location": local_path(str(form.get("next", "/")))})
    if language in LANGUAGES:
        remember(answer, language, secure=request.app.get(SECURE, False))
    return answer


def routes() -> list[web.RouteDef]:
    return [web.post("/language", choose_language)]


def day(moment: datetime, language: str) -> str:
    """`tisdag 24 november`, in Swedish time."""
    pattern = "EEEE d MMMM" if moment.astimezone(ZONE).year == datetime.now(ZONE).year else "EEEE d MMMM y"
    return format_date(moment.astimezone(ZONE), pattern, locale=language)


def full_day(moment: datetime, language: str) -> str:
    """`tisdag 24 november 2026`, for the log."""
    return format_date(moment.astimezone(ZONE), "EEEE d MMMM y", locale=language)


def short_day(moment: datetime, language: str) -> str:
    """`24 nov`, for dense lists."""
    return format_date(moment.astimezone(ZONE), "d MMM", locale=language).rstrip(".")


def clock_time(moment: datetime, language: str, *, seconds: bool = False) -> str:
    """`10.00` in Swedish, `10:00` in English; in Swedish time."""
    mark = "." if language == "sv" else ":"
    pattern = f"HH'{mark}'mm" + (f"'{mark}'ss" if seconds else "")
    return format_time(moment.astimezone(ZONE), pattern, locale=language)

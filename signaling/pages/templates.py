"""Pages from Jinja templates: the visitor's language, icons, hashed file names and the texts a script needs."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from rooms.meeting import MEETING_TYPES
from signaling.i18n import clock_time, day, full_day, language_of, short_day, translations
from signaling.security import on_travel_laptop, page_path, way_back

WEB = Path(__file__).parent.parent.parent / "web"
STATIC = WEB / "static"

SUPPORT_PHONE: web.AppKey[str] = web.AppKey("support_phone", str)
"""The number in every page's footer; set by the composition root."""

DEMO: web.AppKey[bool] = web.AppKey("demo", bool)
"""Whether the pages say that this is a demo with made-up people."""


class NotBuilt(Exception):
    """For the operator: web/static is missing; run `make web`."""


@cache
def manifest() -> dict[str, Any]:
    """`files`: name -> hashed name; `preload`: script -> the parts it imports; `texts`: script -> texts it can show."""
    return dict(_built("manifest.json"))


@cache
def _icons() -> dict[str, str]:
    return dict(_built("icons.json"))


def _built(name: str) -> Any:
    try:
        return json.loads((STATIC / name).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise NotBuilt(f"web/static/{name} is missing: build the pages with `npm run build` in web/") from None


def static(name: str) -> str:
    """The address of a built file, by its source's name: `base.css`, `identify.js`, `kusten.svg`."""
    return f"/static/{manifest()['files'][name]}"


def preload(script: str) -> list[str]:
    """Addresses of the parts a script imports at once."""
    return [f"/static/{part}" for part in manifest()["preload"].get(script, [])]


def icon(name: str) -> Markup:
    """An icon by its Lucide name; hidden from screen readers: words stand beside it. KeyError if not built."""
    drawing = Markup(_icons()[name])  # noqa: S704 - lucide-static's own file, taken in by the build
    return Markup('<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">{}</svg>').format(drawing)


def embed(value: Any) -> Markup:
    """JSON for `<script type="application/json">`: `<` is escaped, so no value can end the element."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029"))  # noqa: S704


def script_texts(script: str, language: str) -> dict[str, Any]:
    """What `web/src/texts.ts` reads: the translations of the texts that `script` can show."""
    catalog: dict[Any, Any] = getattr(translations(language), "_catalog", {})
    messages: dict[str, Any] = {}
    for text in manifest()["texts"].get(script, []):
        if (text, 0) in catalog:
            messages[text] = [catalog[text, 0], catalog[text, 1]]
        elif text in catalog:
            messages[text] = catalog[text]
    return {"lang": language, "messages": messages}


@cache
def environment(language: str) -> Environment:
    """One Jinja environment a language. Everything is escaped; an unknown name is an error."""
    made = Environment(
        loader=FileSystemLoader(WEB / "templates"),
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    found = translations(language)
    made.install_gettext_callables(found.gettext, found.ngettext, newstyle=True)  # type: ignore[attr-defined]  # the extension adds it
    made.globals.update(icon=icon, static=static, preload=preload, embed=embed, lang=language)
    made.globals["script_texts"] = partial(script_texts, language=language)
    made.filters["day"] = partial(day, language=language)
    made.filters["full_day"] = partial(full_day, language=language)
    made.filters["short_day"] = partial(short_day, language=language)
    made.filters["clock"] = partial(clock_time, language=language)
    made.filters["clock_seconds"] = partial(clock_time, language=language, seconds=True)
    made.filters["moment"] = datetime.fromisoformat
    made.filters["until"] = partial(until, language=language)
    made.filters["type_name"] = partial(type_name, language=language)
    made.filters["meeting_title"] = partial(meeting_title, language=language)
    made.filters["telephone"] = telephone
    made.filters["in_order"] = in_order
    made.filters["first_up"] = lambda text: f"{text[:1].upper()}{text[1:]}"
    return made


def until(start: datetime, now: datetime, language: str) -> str:
    """How far off `start` is, in words: `om 8 minuter`, `nu`, `för 5 minuter sedan`; empty beyond a day."""
    found = translations(language)
    minutes = round((start - now) / timedelta(minutes=1))
    hours = round(minutes / 60)
    if minutes == 0:
        return found.gettext("nu")
    if 0 < minutes < 60:
        return found.ngettext("om %(num)s minut", "om %(num)s minuter", minutes) % {"num": minutes}
    if 60 <= minutes < 24 * 60:
        return found.ngettext("om %(num)s timme", "om %(num)s timmar", hours) % {"num": hours}
    if -60 < minutes < 0:
        return found.ngettext("för %(num)s minut sedan", "för %(num)s minuter sedan", -minutes) % {"num": -minutes}
    return ""


def type_name(meeting: Mapping[str, Any], language: str) -> str:
    """The kind of meeting in words; `meeting` as in STATE."""
    known = MEETING_TYPES.get(meeting["type"])
    if known is None:
        return str(meeting["type_name"])
    return known.english if language == "en" else known.swedish


def meeting_title(meeting: Mapping[str, Any], language: str) -> str:
    """`Gunnars planeringsmöte`, `Planning meeting with Gunnar`; `meeting` as in STATE."""
    if language == "sv":
        return str(meeting["title"])
    return f"{type_name(meeting, language)} with {meeting['person']['given_name']}"


def in_order(invited: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The people of STATE's `invited`: who leads first, then who can, then by name."""
    return sorted(invited, key=lambda guest: (not guest["host"], not guest["co_host"], guest["name"]))


def telephone(number: str) -> str:
    """A number as it stands in a tel: link (RFC 3966): `0980-31 92 10` -> `+46980319210`."""
    digits = "".join(character for character in number if character.isdigit() or character == "+")
    return f"+46{digits[1:]}" if digits.startswith("0") and not digits.startswith("00") else digits


def render(request: web.Request, name: str, *, status: int = 200, **context: Any) -> web.Response:
    """One page in the visitor's language; never cached.

    Always there: `session`, `now`, `support_phone`, `demo`; `back`, where a login leads to from here; `here`, the path
    of the page where a form was sent to another, else empty; `switch`, the page in the other language; `laptop`, which
    keeps a link on the travel laptop, empty on every other page.

    The referrer policy is strict-origin: no address, which may hold a personal link, is told to the next one; under
    no-referrer our own forms would carry `Origin: null` (Fetch, 3.2).
    """
    language = language_of(request)
    path = page_path(request)
    here = path if path != request.path else ""
    kept = [] if here else [(name, value) for name, value in request.query.items() if name != "lang"]
    context = {
        "session": request.get("session"),
        "back": way_back(request),
        "switch": f"{here}?{urlencode([*kept, ('lang', 'en' if language == 'sv' else 'sv')])}",
        "here": here,
        "laptop": "?next=/kiosk" if on_travel_laptop(request) else "",
        "now": datetime.now(UTC),
        "support_phone": request.app.get(SUPPORT_PHONE, "0980-31 92 10"),
        "demo": request.app.get(DEMO, False),
        **context,
    }
    text = environment(language).get_template(name).render(context)
    headers = {"Cache-Control": "no-store", "Referrer-Policy": "strict-origin"}
    return web.Response(text=text, status=status, content_type="text/html", charset="utf-8", headers=headers)


def message(request: web.Request, heading: str, *, status: int = 200, **said: Any) -> web.Response:
    """What happened and what to do. said: what `message.html` takes; what is not said is left out."""
    words = dict.fromkeys(("kind", "first", "rest", "body", "phone"), "")
    unsaid = {**words, "symbol": "info", "action": None, "reference": None}
    return render(request, "message.html", status=status, heading=heading, **unsaid | said)

"""Which e-legitimation is enough: an organisation's table for its administrator, and one meeting's for who leads it."""

from collections.abc import Iterable, Mapping

from aiohttp import web
from multidict import MultiMapping

from auth.errors import Refusal
from auth.fields import InvalidFields
from auth.identity import AssuranceLevel, Method
from auth.people import Permission
from rooms.assurance import NAMES
from rooms.assurance_rule import CHOICES, Audience, Rule, levels_for
from rooms.assurance_store import Key
from rooms.meeting import MEETING_TYPES
from rooms.meetings import Meetings
from signaling.i18n import gettext_of, language_of
from signaling.pages.templates import render
from signaling.problems import BadRequest
from signaling.security import require, session_of


def routes(meetings: Meetings) -> list[web.RouteDef]:
    async def table(request: web.Request) -> web.StreamResponse:
        session = require(request, Permission.ADMIN)
        return _table_page(request, await meetings.assurance.table(session))

    async def change_table(request: web.Request) -> web.StreamResponse:
        session = require(request, Permission.ADMIN)
        form = await request.post()
        sent = {
            (kind, audience): _sent(form, f"{kind}.{audience.value}", audience)
            for kind in MEETING_TYPES
            for audience in Audience
        }
        try:
            await meetings.assurance.change_table(session, sent)
        except InvalidFields as invalid:
            return _table_page(request, sent, invalid)
        return _saved("/assurance")

    async def of_meeting(request: web.Request) -> web.StreamResponse:
        gathering, floor, now = await meetings.assurance.of_meeting(session_of(request), request.match_info["id"])
        return _meeting_page(request, gathering.meeting.id, floor, now)

    async def raise_for(request: web.Request) -> web.StreamResponse:
        session, meeting = session_of(request), request.match_info["id"]
        form = await request.post()
        sent = {audience: _sent(form, audience.value, audience) for audience in Audience}
        try:
            await meetings.assurance.raise_for(session, meeting, sent)
        except InvalidFields as invalid:
            _, floor, _ = await meetings.assurance.of_meeting(session, meeting)
            return _meeting_page(request, meeting, floor, sent, invalid)
        return _saved(f"/meetings/{meeting}/assurance")

    return [
        web.get("/assurance", table),
        web.post("/assurance", change_table),
        web.get("/meetings/{id}/assurance", of_meeting),
        web.post("/meetings/{id}/assurance", raise_for),
    ]


def _saved(page: str) -> web.Response:
    return web.Response(status=303, headers={"Location": f"{page}?saved=1"})


def _sent(form: MultiMapping[object], field: str, audience: Audience) -> Rule:
    chosen = {str(value) for value in form.getall(f"{field}.methods", [])}
    try:
        level = AssuranceLevel(int(str(form.get(f"{field}.level", ""))))
    except ValueError:
        raise BadRequest from None
    return Rule(frozenset(method for method in CHOICES[audience] if method.value in chosen), level)


def _table_page(request: web.Request, table: Mapping[Key, Rule], invalid: InvalidFields | None = None) -> web.Response:
    english = language_of(request) == "en"
    groups = [
        (
            kind.english if english else kind.swedish,
            [_row(request, f"{name}.{audience.value}", audience, table[name, audience], None) for audience in Audience],
        )
        for name, kind in MEETING_TYPES.items()
    ]
    return _page(request, groups, invalid, action="/assurance", back="")


def _meeting_page(
    request: web.Request,
    meeting: str,
    floor: Mapping[Audience, Rule],
    now: Mapping[Audience, Rule],
    invalid: InvalidFields | None = None,
) -> web.Response:
    rows = [_row(request, audience.value, audience, now[audience], floor[audience]) for audience in Audience]
    return _page(request, [("", rows)], invalid, action=f"/meetings/{meeting}/assurance", back=f"/meetings/{meeting}")


def audience_words(request: web.Request) -> dict[Audience, str]:
    _ = gettext_of(request)
    return {
        Audience.LEADER: _("Den som leder mötet"),
        Audience.STAFF: _("Annan personal"),
        Audience.VISITOR: _("Närstående och andra"),
    }


def asked_of(request: web.Request, table: Mapping[Key, Rule], meeting_type: str) -> list[tuple[str, str]]:
    """Who, and what is enough for them, in words: for the page on which a meeting is planned."""
    _ = gettext_of(request)
    return [
        (words, _("%(ways)s, tillitsnivå %(level)s") % {"ways": ways(rule.methods, audience), "level": int(rule.level)})
        for audience, words in audience_words(request).items()
        if (rule := table.get((meeting_type, audience))) is not None
    ]


def ways(methods: Iterable[Method], audience: Audience) -> str:
    held = frozenset(methods)
    return ", ".join(NAMES[method] for method in CHOICES[audience] if method in held)


def _row(request: web.Request, field: str, audience: Audience, rule: Rule, floor: Rule | None) -> dict[str, object]:
    """floor: what the organisation demands; only what it allows can be chosen then."""
    _ = gettext_of(request)
    offered = [method for method in CHOICES[audience] if floor is None or method in floor.methods]
    levels = [level for level in levels_for(audience) if floor is None or level >= floor.level]
    return {
        "field": field,
        "words": audience_words(request)[audience],
        "methods": [
            (
                method.value,
                _("Kod med SMS, när ingen e-legitimation finns") if method is Method.SMS else NAMES[method],
                method in rule.methods,
            )
            for method in offered
        ],
        "levels": [(int(level), level == rule.level) for level in levels],
    }


def _page(
    request: web.Request,
    groups: list[tuple[str, list[dict[str, object]]]],
    invalid: Refusal | None,
    *,
    action: str,
    back: str,
) -> web.Response:
    wrong = invalid.fields(language_of(request)) if isinstance(invalid, InvalidFields) else []
    return render(
        request,
        "assurance.html",
        status=422 if invalid else 200,
        groups=groups,
        errors={fault["field"]: fault["message"] for fault in wrong},
        action=action,
        back=back,
        saved=not invalid and "saved" in request.query,
    )

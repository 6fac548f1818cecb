"""Pages of consent for children and represented people: the rules, a guardian's answer, a leader's registration."""

from collections.abc import Mapping

from aiohttp import web
from multidict import MultiMapping

from auth.fields import InvalidFields
from auth.people import Permission
from rooms.consent_rule import ADULT_DEMANDS, AGES, CHILD_DEMANDS, DEFAULT, EVERY, Demand, OwnRule
from rooms.drafts import MeetingChange
from rooms.meeting import MEETING_TYPES
from rooms.meetings import Meetings
from signaling.i18n import gettext_of, language_of
from signaling.pages.plan_form import LONGEST_VALUE, Form
from signaling.pages.staff import StaffPages, see_other
from signaling.pages.templates import render
from signaling.problems import BadRequest
from signaling.security import require, session_of

Choices = list[tuple[str, str, bool]]
"""Value, words, whether it is chosen."""


def routes(meetings: Meetings, staff: StaffPages) -> list[web.RouteDef]:
    """staff: whose page of a meeting is shown again with what was wrong."""

    async def rules(request: web.Request) -> web.StreamResponse:
        session = require(request, Permission.ADMIN)
        return rules_page(request, await meetings.consents.rules(session))

    async def change_rules(request: web.Request) -> web.StreamResponse:
        session = require(request, Permission.ADMIN)
        form = await request.post()
        await meetings.consents.change_rules(session, {kind: sent_rule(form, kind) for kind in (EVERY, *MEETING_TYPES)})
        return see_other("/consent-rules?saved=1")

    async def answer(request: web.Request) -> web.StreamResponse:
        said = (await request.post()).get("answer")
        if said not in ("yes", "no"):
            raise BadRequest
        meeting = request.match_info["id"]
        await meetings.consents.answer(session_of(request), meeting, yes=said == "yes")
        return see_other(f"/meetings/{meeting}?answered=1#consent")

    async def register(request: web.Request) -> web.StreamResponse:
        session, meeting = session_of(request), request.match_info["id"]
        invitation = request.match_info["invitation"]
        reason = str((await request.post()).get("reason", ""))[:LONGEST_VALUE]
        try:
            await meetings.consents.register(session, meeting, invitation, grounds=reason)
        except InvalidFields as invalid:
            field = f"reason.{invitation}"
            form = Form({field: reason}, {field: invalid.fields(language_of(request))[0]["message"]})
            return await staff.shown(request, form=form, opened=field)
        return see_other(f"/meetings/{meeting}#consent")

    async def sole_guardian(request: web.Request) -> web.StreamResponse:
        meeting = request.match_info["id"]
        await meetings.planning.change(session_of(request), meeting, MeetingChange(sole_guardian=True))
        return see_other(f"/meetings/{meeting}#consent")

    return [
        web.get("/consent-rules", rules),
        web.post("/consent-rules", change_rules),
        web.post("/meetings/{id}/consent", answer),
        web.post("/meetings/{id}/invitations/{invitation}/consent", register),
        web.post("/meetings/{id}/sole-guardian", sole_guardian),
    ]


def sent_rule(form: MultiMapping[object], kind: str) -> OwnRule:
    """One type's fields; an empty one is as for every type. Raises BadRequest for what no page sends."""
    child, represented, age, otherwise = (
        str(form.get(f"{kind}.{name}", "")) for name in ("child", "represented", "decides_from", "otherwise")
    )
    try:
        return OwnRule(
            Demand(child) if child else None,
            Demand(represented) if represented else None,
            int(age) if age else None,
            {"": None, "yes": True, "no": False}[otherwise],
        )
    except (ValueError, KeyError):
        raise BadRequest from None


def rules_page(request: web.Request, own: Mapping[str, OwnRule]) -> web.Response:
    english = language_of(request) == "en"
    _ = gettext_of(request)
    names = {kind: words.english if english else words.swedish for kind, words in MEETING_TYPES.items()}
    groups = [
        (kind, title, _fields(request, kind, own.get(kind, OwnRule())))
        for kind, title in {EVERY: _("Alla möten"), **names}.items()
    ]
    return render(request, "consent_rules.html", groups=groups, saved="saved" in request.query)


def _fields(request: web.Request, kind: str, rule: OwnRule) -> list[tuple[str, str, Choices]]:
    """(field, label, choices) of one meeting type. Every type's own row always says something; the others may not."""
    _ = gettext_of(request)
    every = kind == EVERY
    as_every = [] if every else [("", _("Som för alla möten"))]

    def field(name: str, label: str, options: list[tuple[str, str]], chosen: str) -> tuple[str, str, Choices]:
        return (f"{kind}.{name}", label, [(value, words, value == chosen) for value, words in [*as_every, *options]])

    child = rule.child or (DEFAULT.child if every else None)
    represented = rule.represented or (DEFAULT.represented if every else None)
    age = rule.decides_from or (DEFAULT.decides_from if every else None)
    otherwise = DEFAULT.otherwise if every and rule.otherwise is None else rule.otherwise
    words = {
        Demand.NONE: _("Inget samtycke här"),
        Demand.ONE_GUARDIAN: _("En vårdnadshavare räcker"),
        Demand.ALL_GUARDIANS: _("Alla vårdnadshavare, två tillsammans"),
        Demand.REPRESENTATIVE: _("God man och förvaltare"),
    }
    return [
        field("child", _("Möte om ett barn"), [(one.value, words[one]) for one in CHILD_DEMANDS], child or ""),
        field(
            "decides_from",
            _("Barnets eget ja räcker från"),
            [(str(one), _("%(age)s år") % {"age": one}) for one in AGES],
            str(age or ""),
        ),
        field(
            "represented",
            _("Vuxen med god man eller förvaltare"),
            [(one.value, words[one]) for one in ADULT_DEMANDS],
            represented or "",
        ),
        field(
            "otherwise",
            _("Ja på papper eller muntligt"),
            [("yes", _("Får registreras av den som leder mötet")), ("no", _("Räcker inte"))],
            {None: "", True: "yes", False: "no"}[otherwise],
        ),
    ]

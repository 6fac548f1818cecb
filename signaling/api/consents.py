"""Consent over JSON: an organisation's rules, one meeting's standing, one's own answer, one that was given on paper."""

from typing import Literal

from aiohttp import web
from pydantic import Field
from typing_extensions import TypedDict

from auth.errors import UnknownHere
from auth.sessions import Session
from rooms.bodies import Body, ConsentBody, ConsentRegisterBody, Text
from rooms.consent_rule import EVERY, Answer, Demand, OwnRule
from rooms.consents import Consents, Standing
from rooms.meeting import MEETING_TYPES
from rooms.view import iso
from signaling.api.meeting_bodies import read
from signaling.i18n import language_of
from signaling.security import session_of

RULES = "/api/v1/organisations/{organisation}/consent-rules"
MEETING = "/api/v1/meetings/{id}/consent"
REGISTER = "/api/v1/meetings/{id}/invitations/{invitation}/consent"


class OwnRuleBody(Body):
    """The rule for one meeting type, or for `every` one. null: as for every type, and there, as the service's own.

    decides_from: from which age the person's own yes is enough. otherwise: a leader may register one given on paper.
    """

    type: Text
    child: Literal["none", "one_guardian", "all_guardians"] | None = None
    represented: Literal["none", "representative"] | None = None
    decides_from: Literal[15, 16, 17, 18] | None = None
    otherwise: bool | None = None

    def rule(self) -> OwnRule:
        return OwnRule(
            Demand(self.child) if self.child else None,
            Demand(self.represented) if self.represented else None,
            self.decides_from,
            self.otherwise,
        )


class ConsentRulesBody(Body):
    """All rules of the organisation: a type left out is as every type, one given twice as the last says."""

    rules: list[OwnRuleBody] = Field(max_length=20)


class OwnRuleAnswer(TypedDict):
    """As `OwnRuleBody`."""

    type: str
    child: str | None
    represented: str | None
    decides_from: int | None
    otherwise: bool | None


class ConsentRulesAnswer(TypedDict):
    rules: list[OwnRuleAnswer]


class SpeakerAnswer(TypedDict):
    """One whose consent is asked for. said: given, refused, withdrawn, registered; null: not answered.

    missing: why it is not enough now, null where it is. grounds: of a registered one.
    """

    invitation: str
    name: str
    representation: str
    said: str | None
    at: str | None
    grounds: str
    missing: str | None


class ConsentAnswer(TypedDict):
    """A meeting's consent. organisations: whom it is for. complete: the meeting may start.

    mine: the caller's own answer, where `asked`. speakers, missing, message (in words) and may_register: for those who
    lead or plan the meeting, else empty.
    """

    demand: Literal["none", "one_guardian", "all_guardians", "representative"]
    organisations: list[str]
    complete: bool
    asked: bool
    mine: str | None
    may_register: bool
    speakers: list[SpeakerAnswer]
    missing: list[str]
    message: str


def routes(consents: Consents) -> list[web.RouteDef]:
    async def rules(request: web.Request) -> web.Response:
        return await answered(_own(request))

    async def set_rules(request: web.Request) -> web.Response:
        viewer = _own(request)
        sent = await read(request, ConsentRulesBody)
        await consents.change_rules(viewer, {one.type: one.rule() for one in sent.rules})
        return await answered(viewer)

    async def answered(viewer: Session) -> web.Response:
        own = await consents.rules(viewer)
        found = [rule_json(kind, own.get(kind, OwnRule())) for kind in (EVERY, *MEETING_TYPES)]
        return web.json_response(ConsentRulesAnswer(rules=found))

    async def standing(request: web.Request) -> web.Response:
        found = await consents.standing(session_of(request), request.match_info["id"])
        return web.json_response(consent_json(found, language_of(request)))

    async def answer(request: web.Request) -> web.Response:
        sent = await read(request, ConsentBody)
        await consents.answer(session_of(request), request.match_info["id"], yes=sent.yes)
        return await standing(request)

    async def register(request: web.Request) -> web.Response:
        sent = await read(request, ConsentRegisterBody)
        found = request.match_info
        await consents.register(session_of(request), found["id"], found["invitation"], grounds=sent.reason)
        return await standing(request)

    return [
        web.get(RULES, rules),
        web.put(RULES, set_rules),
        web.get(MEETING, standing),
        web.post(MEETING, answer),
        web.post(REGISTER, register),
    ]


def _own(request: web.Request) -> Session:
    """The caller, where the address names the organisation they work for. Raises UnknownHere."""
    viewer = session_of(request)
    if viewer.staff is None or viewer.staff.organisation.id != request.match_info["organisation"]:
        raise UnknownHere
    return viewer


def rule_json(kind: str, rule: OwnRule) -> OwnRuleAnswer:
    return {
        "type": kind,
        "child": rule.child.value if rule.child else None,
        "represented": rule.represented.value if rule.represented else None,
        "decides_from": rule.decides_from,
        "otherwise": rule.otherwise,
    }


def consent_json(found: Standing, language: str) -> ConsentAnswer:
    needed = found.needed
    whys = {one.invitation: one.why for one in needed.missing}
    speakers = [
        SpeakerAnswer(
            invitation=item.id,
            name=item.name,
            representation=item.representation.value,
            said=_said(answer),
            at=iso(answer.at) if answer else None,
            grounds=answer.grounds if answer else "",
            missing=why.value if (why := whys.get(item.id)) else None,
        )
        for item, answer in needed.speakers
    ]
    return {
        "demand": needed.demand.value,
        "organisations": list(needed.organisations) if found.whole or found.asked else [],
        "complete": not needed.missing,
        "asked": found.asked,
        "mine": _said(found.mine),
        "may_register": found.whole and needed.rule.otherwise,
        "speakers": speakers if found.whole else [],
        "missing": [one.why.value for one in needed.missing] if found.whole else [],
        "message": found.missing_in_words(language) if found.whole else "",
    }


def _said(answer: Answer | None) -> str | None:
    return answer.said.value if answer else None

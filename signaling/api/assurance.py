"""``/api/v1/meetings/{id}/assurance``: which e-legitimation is enough in one meeting, and asking for more."""

from typing import Annotated, Literal

from aiohttp import web
from pydantic import Field
from typing_extensions import TypedDict

from auth.identity import AssuranceLevel, Method
from rooms.assurance_rule import CHOICES, Audience, Rule
from rooms.bodies import Body
from rooms.meetings import Meetings
from signaling.api.meeting_bodies import read
from signaling.security import session_of

ONE = "/api/v1/meetings/{id}/assurance"


class RuleBody(Body):
    """methods: those that are to be enough. level: the least level of an e-legitimation."""

    methods: list[Literal["siths", "bankid", "freja", "sms"]] = Field(max_length=4)
    level: Annotated[int, Field(strict=True, ge=2, le=4)]

    def rule(self) -> Rule:
        return Rule(frozenset(map(Method, self.methods)), AssuranceLevel(self.level))


class AssuranceBody(Body):
    """What to ask for in this meeting, besides what the organisation does; for those left out only that."""

    leader: RuleBody | None = None
    staff: RuleBody | None = None
    visitor: RuleBody | None = None

    def rules(self) -> dict[Audience, Rule]:
        sent = {audience: getattr(self, audience.value) for audience in Audience}
        return {audience: body.rule() for audience, body in sent.items() if body is not None}


class RuleAnswer(TypedDict):
    methods: list[str]
    level: int


class AudienceAnswer(TypedDict):
    """floor: what the organisation demands. now: what is enough in this meeting, never less."""

    floor: RuleAnswer
    now: RuleAnswer


class AssuranceAnswer(TypedDict):
    """leader: host and co-hosts; staff: others of region and municipalities; visitor: everybody else."""

    leader: AudienceAnswer
    staff: AudienceAnswer
    visitor: AudienceAnswer


def routes(meetings: Meetings) -> list[web.RouteDef]:
    async def of_meeting(request: web.Request) -> web.Response:
        """200, for those who may change the meeting."""
        _, floor, now = await meetings.assurance.of_meeting(session_of(request), request.match_info["id"])

        def told(audience: Audience) -> AudienceAnswer:
            return {"floor": rule_json(floor[audience], audience), "now": rule_json(now[audience], audience)}

        answer: AssuranceAnswer = {
            "leader": told(Audience.LEADER),
            "staff": told(Audience.STAFF),
            "visitor": told(Audience.VISITOR),
        }
        return web.json_response(answer)

    async def raise_for(request: web.Request) -> web.Response:
        """The same, with what now holds; 422 where nothing would be enough."""
        rules = (await read(request, AssuranceBody)).rules()
        await meetings.assurance.raise_for(session_of(request), request.match_info["id"], rules)
        return await of_meeting(request)

    return [web.get(ONE, of_meeting), web.put(ONE, raise_for)]


def rule_json(rule: Rule, audience: Audience) -> RuleAnswer:
    return {
        "methods": [method.value for method in CHOICES[audience] if method in rule.methods],
        "level": int(rule.level),
    }

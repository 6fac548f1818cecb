"""``/api/v1/openapi.json``: the JSON interface described for other programs (OpenAPI 3.1), from the models.

A test holds it to the routes that exist: none left out, none made up.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.metadata import version
from typing import Any

from aiohttp import web
from pydantic import BaseModel, TypeAdapter

from auth.sessions import cookie_name
from rooms.bodies import (
    AdmitBody,
    ChangeBody,
    CoHostBody,
    ConsentBody,
    ConsentRegisterBody,
    DenyBody,
    HomeBody,
    InvitationBody,
    JoinBody,
    MeetingBody,
    NetworkBody,
    ReadyBody,
)
from rooms.state import State
from signaling.api.answers import (
    IdentificationProgress,
    IdentificationStarted,
    InLobby,
    Links,
    LogEvents,
    Logins,
    LoginsEnded,
    LogProof,
    MeetingList,
    NetworkNoted,
    PlannedMeeting,
    Seat,
    SessionAnswer,
    SessionLiving,
    SmsLoggedIn,
    SmsStarted,
    TooEarly,
    VouchingKey,
)
from signaling.api.assurance import AssuranceAnswer, AssuranceBody
from signaling.api.audit import LARGEST_NUMBER, SearchBody
from signaling.api.auth import StartBody
from signaling.api.consents import ConsentAnswer, ConsentRulesAnswer, ConsentRulesBody
from signaling.api.directory import (
    CommissionList,
    ImportAnswer,
    OrganisationAnswer,
    OrganisationBody,
    OrganisationChangeBody,
    OrganisationList,
    StaffAnswer,
    StaffBody,
    StaffChangeBody,
    StaffList,
    UnitAnswer,
    UnitBody,
    UnitList,
)
from signaling.api.sms import SmsStartBody, SmsVerifyBody

MEETING = "/api/v1/meetings/{id}"
INVITATION = f"{MEETING}/invitations/{{invitation}}"
PARTICIPANT = f"{MEETING}/participants/{{participant}}"
LOBBY = f"{MEETING}/lobby/{{participant}}"
ORGANISATION = "/api/v1/organisations/{organisation}"


Schema = Mapping[str, Any]
"""A JSON schema (draft 2020-12)."""


MOMENT: Schema = {"type": "string", "format": "date-time"}
FLAG: Schema = {"type": "string", "enum": ["0", "1"]}
IDENTIFIER: Schema = {"type": "string", "pattern": "^[A-Za-z0-9_-]{1,64}$"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a status means. shape: the answer's type, None for one without a body or that is not JSON."""

    text: str
    shape: Any = None
    content_type: str = "application/json"


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing a program can ask for. content_type: of a body that is not JSON. body_optional: all its fields have
    defaults. public: no session is needed."""

    summary: str
    answers: Mapping[int, Answer]
    body: type[BaseModel] | None = None
    body_optional: bool = False
    content_type: str | None = None
    query: Mapping[str, Schema] = field(default_factory=dict)
    public: bool = False


STATE = {200: Answer("The meeting as the caller may see it", State)}
CONSENT = {200: Answer("How the meeting's consent stands, as the caller may see it", ConsentAnswer)}
CONSENT_RULES = {200: Answer("What the organisation has set, for every type and for each", ConsentRulesAnswer)}
LINKS = {201: Answer("The link, shown this once", Links)}
OPERATIONS: dict[tuple[str, str], Operation] = {
    ("POST", "/auth/bankid/start"): Operation(
        "Begin an identification", {200: Answer("Begun", IdentificationStarted)}, StartBody, public=True
    ),
    ("GET", "/auth/bankid/{transaction}"): Operation(
        "Follow it", {200: Answer("How it stands", IdentificationProgress)}, public=True
    ),
    ("POST", "/auth/bankid/{transaction}/cancel"): Operation("Give it up", {204: Answer("Given up")}, public=True),
    ("POST", "/auth/sms/start"): Operation(
        "Send a code to an invited person who has no e-legitimation",
        {200: Answer("It is on its way", SmsStarted)},
        SmsStartBody,
        public=True,
    ),
    ("POST", "/auth/sms/verify"): Operation(
        "Log in with that code, for this one meeting",
        {200: Answer("Logged in", SmsLoggedIn)},
        SmsVerifyBody,
        public=True,
    ),
    ("GET", "/auth/session"): Operation("Who the caller is", {200: Answer("The session", SessionAnswer)}, public=True),
    ("GET", "/auth/session/living"): Operation(
        "Whether the caller is logged in, without lengthening it",
        {200: Answer("Yes or no, and for how long yet", SessionLiving)},
        public=True,
    ),
    ("POST", "/auth/session/extend"): Operation(
        "Begin the idle time of the caller's login anew", {200: Answer("For how long yet", SessionLiving)}
    ),
    ("POST", "/auth/logout"): Operation("Log out", {204: Answer("Logged out")}, public=True),
    ("GET", "/api/v1/sessions"): Operation("Where the caller is logged in", {200: Answer("Newest first", Logins)}),
    ("DELETE", "/api/v1/sessions"): Operation("Log out everywhere", {200: Answer("Ended", LoginsEnded)}),
    ("DELETE", "/api/v1/sessions/{session}"): Operation("Log out one", {204: Answer("Logged out")}),
    ("POST", "/api/v1/organisations/{organisation}/staff/{staff}/logout"): Operation(
        "Log out a member of one's organisation, for its administrators", {200: Answer("Ended", LoginsEnded)}
    ),
    ("GET", "/api/v1/meetings"): Operation(
        "Meetings of the caller",
        {200: Answer("Today's and those of the coming sixty days, or of the time asked for", MeetingList)},
        query={"from": MOMENT, "to": MOMENT},
    ),
    ("POST", "/api/v1/meetings"): Operation(
        "Plan a meeting", {201: Answer("STATE and links, shown this once", PlannedMeeting)}, MeetingBody
    ),
    ("GET", MEETING): Operation("One meeting", STATE),
    ("PATCH", MEETING): Operation("Change a planned meeting", STATE, ChangeBody),
    ("POST", f"{MEETING}/start"): Operation("Open the meeting", STATE),
    ("POST", f"{MEETING}/end"): Operation("End it for all, or call it off", STATE),
    ("POST", f"{MEETING}/invitations"): Operation("Invite one more", LINKS, InvitationBody),
    ("DELETE", INVITATION): Operation("Make a link void", {204: Answer("Void")}),
    ("POST", f"{INVITATION}/renew"): Operation("A new link for the same person", LINKS),
    ("POST", f"{MEETING}/join"): Operation(
        "Come in as far as one may",
        {200: Answer("A seat, in LiveKit's own terms", Seat), 202: Answer("Not yet", InLobby | TooEarly)},
        JoinBody,
        body_optional=True,
    ),
    ("POST", f"{MEETING}/ready"): Operation("Say that one is ready", STATE, ReadyBody, body_optional=True),
    ("POST", f"{MEETING}/leave"): Operation("Leave lobby or room", STATE),
    ("POST", f"{MEETING}/network"): Operation(
        "Tell that one's network is too weak for pictures, or no longer is",
        {200: Answer("What the log holds", NetworkNoted)},
        NetworkBody,
    ),
    ("POST", f"{MEETING}/lobby/admit"): Operation("Let everybody in", STATE),
    ("POST", f"{LOBBY}/admit"): Operation("Let one in", STATE, AdmitBody, body_optional=True),
    ("POST", f"{LOBBY}/deny"): Operation("Not yet, or not at all", STATE, DenyBody, body_optional=True),
    ("POST", f"{PARTICIPANT}/remove"): Operation("Put out, to stay out until invited again", STATE),
    ("POST", f"{PARTICIPANT}/host"): Operation("Hand over the host's chair", STATE),
    ("POST", f"{PARTICIPANT}/co-host"): Operation("Make co-host, or not", STATE, CoHostBody, body_optional=True),
    ("POST", f"{PARTICIPANT}/recognise"): Operation("Say that one who came by a code is the right person", STATE),
    ("POST", f"{PARTICIPANT}/mute"): Operation("Turn off somebody's microphone", STATE),
    ("GET", f"{MEETING}/assurance"): Operation(
        "Which e-legitimation is enough in this meeting, for those who may change it",
        {200: Answer("For each kind of participant", AssuranceAnswer)},
    ),
    ("PUT", f"{MEETING}/assurance"): Operation(
        "Ask for more in this meeting than the organisation does",
        {200: Answer("What now holds", AssuranceAnswer)},
        AssuranceBody,
    ),
    ("PUT", f"{MEETING}/home"): Operation("Name who sits in the home", STATE, HomeBody),
    ("GET", f"{MEETING}/consent"): Operation("Whose consent it needs and has", CONSENT),
    ("POST", f"{MEETING}/consent"): Operation(
        "A guardian's or representative's own answer; no after a yes takes it back", CONSENT, ConsentBody
    ),
    ("POST", f"{INVITATION}/consent"): Operation(
        "Register a consent that was given in another way, as one who leads or plans", CONSENT, ConsentRegisterBody
    ),
    ("GET", f"{MEETING}/events"): Operation(
        "WebSocket of events, each with STATE", {101: Answer("WebSocket (PROTOCOL.md)")}
    ),
    ("POST", "/api/v1/audit/events"): Operation(
        "Records of the auditor's organisation, and of `meeting` what concerns it; the reading is recorded too",
        {200: Answer("A page of records, oldest first", LogEvents)},
        SearchBody,
    ),
    ("GET", "/api/v1/audit/checkpoint"): Operation(
        "The log's signed checkpoint", {200: Answer("C2SP note", content_type="text/plain")}, public=True
    ),
    ("GET", "/api/v1/audit/proof"): Operation(
        "Inclusion (seq) or consistency (old), one of them",
        {200: Answer("Proof", LogProof)},
        query={
            "seq": {"type": "integer", "minimum": 0, "maximum": LARGEST_NUMBER},
            "old": {"type": "integer", "minimum": 1, "maximum": LARGEST_NUMBER},
            "size": {"type": "integer", "minimum": 1, "maximum": LARGEST_NUMBER},
        },
    ),
    ("GET", "/api/v1/vouching-key"): Operation(
        "What vouchings for end-to-end encryption are checked with", {200: Answer("The keys", VouchingKey)}, public=True
    ),
    ("GET", "/api/v1/organisations"): Operation(
        "Organisations the caller administers; an operator every one", {200: Answer("By name", OrganisationList)}
    ),
    ("POST", "/api/v1/organisations"): Operation(
        "Add an organisation, as an operator", {201: Answer("Added", OrganisationAnswer)}, OrganisationBody
    ),
    ("GET", ORGANISATION): Operation("One organisation", {200: Answer("It", OrganisationAnswer)}),
    ("PATCH", ORGANISATION): Operation(
        "Change its name, telephone or number", {200: Answer("Changed", OrganisationAnswer)}, OrganisationChangeBody
    ),
    ("GET", f"{ORGANISATION}/consent-rules"): Operation(
        "Whose consent its meetings about children and represented people need", CONSENT_RULES
    ),
    ("PUT", f"{ORGANISATION}/consent-rules"): Operation("Set it, all of it", CONSENT_RULES, ConsentRulesBody),
    ("GET", f"{ORGANISATION}/units"): Operation("Its units", {200: Answer("By name", UnitList)}),
    ("POST", f"{ORGANISATION}/units"): Operation("Add a unit", {201: Answer("Added", UnitAnswer)}, UnitBody),
    ("PATCH", f"{ORGANISATION}/units/{{unit}}"): Operation(
        "Rename a unit", {200: Answer("Renamed", UnitAnswer)}, UnitBody
    ),
    ("DELETE", f"{ORGANISATION}/units/{{unit}}"): Operation(
        "Remove a unit in which nobody has had a commission", {204: Answer("Removed")}
    ),
    ("GET", f"{ORGANISATION}/staff"): Operation(
        "Its commissions; ended=1: also those that are over",
        {200: Answer("By surname", StaffList)},
        query={"ended": FLAG},
    ),
    ("POST", f"{ORGANISATION}/staff"): Operation(
        "Give a person a commission", {201: Answer("Given", StaffAnswer)}, StaffBody
    ),
    ("POST", f"{ORGANISATION}/staff/import"): Operation(
        "Import commissions from a CSV file, all or nothing; dry_run=1: only look",
        {200: Answer("What changes, or each bad row", ImportAnswer)},
        query={"dry_run": FLAG},
        content_type="text/csv",
    ),
    ("PUT", f"{ORGANISATION}/staff/{{staff}}"): Operation(
        "Change a commission", {200: Answer("Changed", StaffAnswer)}, StaffChangeBody
    ),
    ("DELETE", f"{ORGANISATION}/staff/{{staff}}"): Operation(
        "End a commission now, and the logins that work in it", {204: Answer("Ended")}
    ),
    ("GET", "/api/v1/commissions"): Operation(
        "The caller's own commissions", {200: Answer("By organisation", CommissionList)}
    ),
    ("POST", "/api/v1/commissions/{staff}"): Operation(
        "Work in that commission from now on", {200: Answer("Chosen", StaffAnswer)}
    ),
    ("GET", "/api/v1/openapi.json"): Operation(
        "This description", {200: Answer("OpenAPI 3.1", dict[str, Any])}, public=True
    ),
}

PROBLEM = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
            },
        },
    },
}


def document(*, secure: bool) -> dict[str, Any]:
    """The whole description. secure: whether the public address is https, which the session cookie's name tells."""
    shapes: dict[tuple[str, str, int], Any] = {
        (method, path, status): answer.shape
        for (method, path), operation in OPERATIONS.items()
        for status, answer in operation.answers.items()
        if answer.shape is not None
    }
    shapes |= {(*key, 0): operation.body for key, operation in OPERATIONS.items() if operation.body is not None}
    references, schemas = TypeAdapter.json_schemas(
        [(key, "validation", TypeAdapter(shape)) for key, shape in shapes.items()],
        ref_template="#/components/schemas/{model}",
    )
    paths: dict[str, dict[str, Any]] = {}
    for (method, path), operation in OPERATIONS.items():
        described = _operation(path, operation)
        for status, answer in operation.answers.items():
            reference = references.get(((method, path, status), "validation"), {"type": "string"})
            if answer.shape is not None or answer.content_type != "application/json":
                described["responses"][str(status)]["content"] = {answer.content_type: {"schema": reference}}
        if operation.body is not None:
            reference = references[((method, path, 0), "validation")]
            described["requestBody"] = {
                "required": not operation.body_optional,
                "content": {"application/json": {"schema": reference}},
            }
        if operation.content_type is not None:
            content = {operation.content_type: {"schema": {"type": "string"}}}
            described["requestBody"] = {"required": True, "content": content}
        paths.setdefault(path, {})[method.lower()] = described
    session = {"type": "apiKey", "in": "cookie", "name": cookie_name(secure)}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Hemmaplan", "version": version("hemmaplan"), "description": __doc__},
        "paths": paths,
        "components": {
            "schemas": {**schemas.get("$defs", {}), "Problem": PROBLEM},
            "securitySchemes": {"session": session},
        },
        "security": [{"session": []}],
    }


def _operation(path: str, operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "summary": operation.summary,
        "parameters": [
            {"name": name, "in": "path", "required": True, "schema": IDENTIFIER}
            for name in re.findall(r"{(\w+)}", path)
        ]
        + [{"name": name, "in": "query", "schema": schema} for name, schema in operation.query.items()],
        "responses": {str(status): {"description": answer.text} for status, answer in operation.answers.items()}
        | {
            "default": {
                "description": "Problem details (RFC 9457)",
                "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
            }
        },
    }
    if operation.public:
        described["security"] = []
    return described


def routes(*, secure: bool) -> list[web.RouteDef]:
    described = document(secure=secure)

    async def openapi(request: web.Request) -> web.Response:  # noqa: ARG001
        return web.json_response(described)

    return [web.get("/api/v1/openapi.json", openapi)]

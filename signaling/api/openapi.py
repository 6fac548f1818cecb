"""``/api/v1/openapi.json``: the JSON interface described for other programs (OpenAPI 3.1), from the models.

A test holds it to the routes that exist: none left out, none made up.
"""

import re
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from aiohttp import web
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from rooms.bodies import (
    AdmitBody,
    ChangeBody,
    CoHostBody,
    DenyBody,
    HomeBody,
    InvitationBody,
    JoinBody,
    MeetingBody,
    NetworkBody,
    ReadyBody,
)
from signaling.api.auth import StartBody

MEETING = "/api/v1/meetings/{id}"
INVITATION = f"{MEETING}/invitations/{{invitation}}"
PARTICIPANT = f"{MEETING}/participants/{{participant}}"
LOBBY = f"{MEETING}/lobby/{{participant}}"


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing a program can ask for. answers: status -> what it means. public: no session is needed."""

    summary: str
    answers: dict[int, str]
    body: type[BaseModel] | None = None
    query: tuple[str, ...] = ()
    public: bool = False


STATE = {200: "STATE, the meeting as the caller may see it"}
OPERATIONS: dict[tuple[str, str], Operation] = {
    ("POST", "/auth/bankid/start"): Operation(
        "Begin an identification", {200: "transaction, autoStartToken, qr"}, StartBody, public=True
    ),
    ("GET", "/auth/bankid/{transaction}"): Operation(
        "Follow it", {200: "status, hintCode, message, qr; next when complete"}, public=True
    ),
    ("POST", "/auth/bankid/{transaction}/cancel"): Operation("Give it up", {204: "Given up"}, public=True),
    ("GET", "/auth/session"): Operation("Who the caller is", {200: "session, or null"}, public=True),
    ("POST", "/auth/logout"): Operation("Log out", {204: "Logged out"}, public=True),
    ("GET", "/api/v1/meetings"): Operation("Meetings of the caller", {200: "meetings"}, query=("from", "to")),
    ("POST", "/api/v1/meetings"): Operation("Plan a meeting", {201: "STATE and links, shown this once"}, MeetingBody),
    ("GET", MEETING): Operation("One meeting", STATE),
    ("PATCH", MEETING): Operation("Change a planned meeting", STATE, ChangeBody),
    ("POST", f"{MEETING}/start"): Operation("Open the meeting", STATE),
    ("POST", f"{MEETING}/end"): Operation("End it for all, or call it off", STATE),
    ("POST", f"{MEETING}/invitations"): Operation(
        "Invite one more", {201: "The link, shown this once"}, InvitationBody
    ),
    ("DELETE", INVITATION): Operation("Make a link void", {204: "Void"}),
    ("POST", f"{INVITATION}/renew"): Operation("A new link for the same person", {201: "The link, shown this once"}),
    ("POST", f"{MEETING}/join"): Operation(
        "Come in as far as one may",
        {200: "server_url and participant_token, LiveKit's own", 202: "state: waiting or early"},
        JoinBody,
    ),
    ("POST", f"{MEETING}/ready"): Operation("Say that one is ready", STATE, ReadyBody),
    ("POST", f"{MEETING}/leave"): Operation("Leave lobby or room", STATE),
    ("POST", f"{MEETING}/network"): Operation(
        "Tell that one's network is too weak for pictures, or no longer is",
        {200: "weak: what the log holds"},
        NetworkBody,
    ),
    ("POST", f"{MEETING}/lobby/admit"): Operation("Let everybody in", STATE),
    ("POST", f"{LOBBY}/admit"): Operation("Let one in", STATE, AdmitBody),
    ("POST", f"{LOBBY}/deny"): Operation("Not yet, or not at all", STATE, DenyBody),
    ("POST", f"{PARTICIPANT}/remove"): Operation("Put out, to stay out until invited again", STATE),
    ("POST", f"{PARTICIPANT}/host"): Operation("Hand over the host's chair", STATE),
    ("POST", f"{PARTICIPANT}/co-host"): Operation("Make co-host, or not", STATE, CoHostBody),
    ("POST", f"{PARTICIPANT}/mute"): Operation("Turn off somebody's microphone", STATE),
    ("PUT", f"{MEETING}/home"): Operation("Name who sits in the home", STATE, HomeBody),
    ("GET", f"{MEETING}/events"): Operation("WebSocket of events, each with STATE", {101: "WebSocket"}),
    ("GET", "/api/v1/audit/events"): Operation(
        "Records of the auditor's organisation; the reading is recorded too",
        {200: "events and next"},
        query=("meeting", "actor", "from", "to", "reason", "limit", "after"),
    ),
    ("GET", "/api/v1/audit/checkpoint"): Operation("The log's signed checkpoint", {200: "C2SP note"}, public=True),
    ("GET", "/api/v1/audit/proof"): Operation("Inclusion and consistency", {200: "proofs"}, query=("seq", "size")),
    ("GET", "/api/v1/vouching-key"): Operation(
        "The key that vouchings for end-to-end encryption are checked with", {200: "key"}, public=True
    ),
    ("GET", "/api/v1/openapi.json"): Operation("This description", {200: "OpenAPI 3.1"}, public=True),
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


def document() -> dict[str, Any]:
    """The whole description."""
    bodies = sorted(
        {operation.body for operation in OPERATIONS.values() if operation.body}, key=lambda body: body.__name__
    )
    _, schemas = models_json_schema(
        [(body, "validation") for body in bodies], ref_template="#/components/schemas/{model}"
    )
    paths: dict[str, dict[str, Any]] = {}
    for (method, path), operation in OPERATIONS.items():
        paths.setdefault(path, {})[method.lower()] = _operation(path, operation)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Hemmaplan", "version": version("hemmaplan"), "description": __doc__},
        "paths": paths,
        "components": {
            "schemas": {**schemas.get("$defs", {}), "Problem": PROBLEM},
            "securitySchemes": {"session": {"type": "apiKey", "in": "cookie", "name": "__Host-hemmaplan"}},
        },
        "security": [{"session": []}],
    }


def _operation(path: str, operation: Operation) -> dict[str, Any]:
    described: dict[str, Any] = {
        "summary": operation.summary,
        "parameters": [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
            for name in re.findall(r"{(\w+)}", path)
        ]
        + [{"name": name, "in": "query", "schema": {"type": "string"}} for name in operation.query],
        "responses": {str(status): {"description": text} for status, text in operation.answers.items()}
        | {
            "default": {
                "description": "Problem details (RFC 9457)",
                "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
            }
        },
    }
    if operation.body is not None:
        schema = {"$ref": f"#/components/schemas/{operation.body.__name__}"}
        described["requestBody"] = {"content": {"application/json": {"schema": schema}}}
    if operation.public:
        described["security"] = []
    return described


def routes() -> list[web.RouteDef]:
    described = document()

    async def openapi(request: web.Request) -> web.Response:  # noqa: ARG001
        return web.json_response(described)

    return [web.get("/api/v1/openapi.json", openapi)]

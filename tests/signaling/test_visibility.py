"""The table of `rooms.policy`, cell by cell through the interface: what each relation is shown and may do."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from auth.identity import Method
from auth.people import Organisation, Permission, Staff
from auth.sessions import Session
from rooms.policy import TABLE, Action, Relation
from signaling.api import audit as audit_api
from tests.rooms.conftest import world as world  # noqa: PLC0414 - the fixture, for these tests too
from tests.rooms.world import ELIN, KARIN, KEY, LEILA, NORDVIK, PER, REGION, USUAL, World, invitation, number
from tests.signaling.meeting_app import Client, build

ELSEWHERE = Organisation("solvik", "Solviks kommun", "kommun", "")
REFUSALS = (401, 403, 404)


@dataclass
class Scene:
    """Anna of Nordvik leads, Per is let in, Karin waits; Leila is there for the region; Elin has not come."""

    world: World
    meeting: str
    people: dict[str, Session]
    seats: dict[str, str]


async def scene_of(world: World) -> Scene:
    anna, meeting, planned = await world.started(invitations=(*USUAL, invitation("Elin Lund", ELIN, party="other")))
    people = {"Anna": anna}
    for name, text in (("Leila Haddad", LEILA), ("Karin Edlund", KARIN), ("Per Wiklund", PER), ("Elin Lund", ELIN)):
        people[name.split()[0]] = await world.by_link(planned, name, text)
    post = Staff("leilas", people["Leila"].person, REGION, "Sjuksköterska", "Enhet", frozenset())
    assert await world.people.add_staff(post)
    await world.sit(people["Leila"], meeting)
    seats = {"Karin": await world.wait(people["Karin"], meeting), "Per": await world.wait(people["Per"], meeting)}
    await world.meetings.admission.admit(anna, meeting, seats["Per"])
    await world.sit(people["Per"], meeting)
    return Scene(world, meeting, people, seats)


async def viewer_of(scene: Scene, relation: Relation) -> Session:
    world, people = scene.world, scene.people

    if relation is Relation.REFUSED:
        seat = await world.wait(people["Elin"], scene.meeting)
        await world.meetings.admission.deny(people["Anna"], scene.meeting, seat, final=True)
    invited = {
        Relation.HOST: people["Anna"],
        Relation.CO_HOST: people["Leila"],
        Relation.INSIDE: people["Per"],
        Relation.INVITED: people["Elin"],
        Relation.UNRECOGNISED: replace(people["Elin"], method=Method.SMS),
        Relation.REFUSED: people["Elin"],
    }
    if relation in invited:
        return invited[relation]
    posts: dict[Relation, tuple[Organisation, list[Permission]]] = {
        Relation.COLLEAGUE: (NORDVIK, [Permission.PLANNER]),
        Relation.AUDITOR: (NORDVIK, [Permission.AUDITOR]),
        Relation.PARTNER_AUDITOR: (REGION, [Permission.AUDITOR]),
        Relation.ADMINISTRATOR: (NORDVIK, [Permission.ADMIN]),
        Relation.PARTNER_ADMINISTRATOR: (REGION, [Permission.ADMIN]),
        Relation.OPERATOR: (ELSEWHERE, [Permission.OPERATOR]),
        Relation.OUTSIDER: (ELSEWHERE, [one for one in Permission if one is not Permission.OPERATOR]),
    }
    organisation, permissions = posts[relation]
    return await world.staff("Rut Holm", number("19770101"), organisation, *permissions)


async def shown(client: Client, scene: Scene, viewer: Session, headers: dict[str, str]) -> dict[Action, bool]:
    """What the answers hold, by the row of the table it falls under."""
    answer = await client.get(f"/api/v1/meetings/{scene.meeting}", headers=headers)
    state: dict[str, Any] = await answer.json() if answer.status == 200 else {}
    others = [one for one in state.get("participants", []) if one["id"] != state["me"]["participant"]]
    log = await client.post(
        "/api/v1/audit/events", json={"meeting": scene.meeting, "reason": "review"}, headers=headers
    )
    body: dict[str, Any] = await log.json() if log.status == 200 else {"events": [], "meeting": None}
    named = {
        actor["name"]
        for event in body["events"]
        for actor in (event["actor"], event["subject"])
        if actor is not None and actor["person"] != viewer.person.id
    }
    return {
        Action.SEE_MEETING: answer.status == 200,
        Action.SEE_PURPOSE: bool(state) and state["meeting"]["purpose"] is not None,
        Action.SEE_INVITED: bool(state.get("invited")),
        Action.SEE_ROOM: any(one["state"] == "in_room" for one in others),
        Action.SEE_LOBBY: any(one["state"] == "waiting" for one in others),
        Action.SEE_INVITATIONS: bool(state.get("invitations")),
        Action.SEE_HELD: body["meeting"] is not None,
        Action.SEE_OWN_EVENTS: bool(named - {""}),
        Action.SEE_LOG: "Karin Edlund" in named,
    }


def acts(scene: Scene) -> dict[Action, tuple[str, str, dict[str, Any] | None]]:
    """How each act is called, those that change most last."""
    guest = {"name": "Bo Ek", "identity_number": number("19660606"), "party": "other"}
    leader = {"name": "Ulla Ek", "identity_number": number("19670707"), "party": "other", "co_host": True}
    per, karin = scene.seats["Per"], scene.seats["Karin"]
    return {
        Action.MUTE: ("POST", f"/participants/{per}/mute", None),
        Action.CHANGE: ("PATCH", "", {"purpose": "Hur det ska fungera hemma."}),
        Action.INVITE: ("POST", "/invitations", guest),
        Action.INVITE_LEADER: ("POST", "/invitations", leader),
        Action.NAME_HOME: ("PUT", "/home", {"people": []}),
        Action.ADMIT: ("POST", f"/lobby/{karin}/admit", None),
        Action.TAKE_HOME: ("POST", "/join", {"home": True, "key": KEY}),
        Action.JOIN: ("POST", "/join", {"key": KEY}),
        Action.REMOVE: ("POST", f"/participants/{karin}/remove", None),
        Action.APPOINT: ("POST", f"/participants/{per}/host", None),
        Action.START: ("POST", "/start", None),
        Action.END: ("POST", "/end", None),
    }


@pytest.mark.parametrize("relation", Relation)
async def test_every_cell(world: World, relation: Relation) -> None:
    scene = await scene_of(world)
    house = await build(world)
    house.app.add_routes(audit_api.routes(world.log, world.meetings.review, world.clock))
    viewer = await viewer_of(scene, relation)
    headers = house.headers(viewer)
    async with TestClient(TestServer(house.app)) as client:
        found = await shown(client, scene, viewer, headers)
        for action, (method, path, body) in acts(scene).items():
            call: Callable[..., Awaitable[Any]] = client.request
            answer = await call(method, f"/api/v1/meetings/{scene.meeting}{path}", json=body, headers=headers)
            assert answer.status < 500, (action, await answer.text())
            # Who comes by a code is let through by the table, and then stopped by the assurance policy.
            code = (await answer.json())["code"] if answer.status in REFUSALS else "assurance-not-enough"
            found[action] = code == "assurance-not-enough"
    assert set(found) == set(Action)
    assert found == {action: relation in TABLE[action] for action in Action}


@pytest.mark.parametrize("relation", [Relation.COLLEAGUE, Relation.AUDITOR, Relation.INVITED, Relation.OUTSIDER])
async def test_a_reading_of_somebody_elses_meeting_is_logged_whatever_address_it_goes_by(
    world: World, relation: Relation
) -> None:
    scene = await scene_of(world)
    house = await build(world)
    viewer = await viewer_of(scene, relation)
    headers = house.headers(viewer)
    async with TestClient(TestServer(house.app)) as client:
        for _ in range(2):
            await client.get(f"/api/v1/meetings/{scene.meeting}", headers=headers)
        await client.get(f"/api/v1/meetings/{scene.meeting}/events", headers=headers)
    read = [record for record in await world.records(scene.meeting) if record.type.value == "meeting.read"]
    assert len(read) == (1 if relation in (Relation.COLLEAGUE, Relation.AUDITOR) else 0)

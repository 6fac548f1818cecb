"""Consent over JSON: who is told what, and what is refused."""

from collections.abc import AsyncIterator

import pytest
from aiohttp.test_utils import TestClient, TestServer

from auth.people import Permission
from rooms.consent_rule import Demand, OwnRule
from rooms.meeting import MEETING_TYPES
from signaling.api.consents import OwnRuleBody, rule_json
from tests.rooms.conftest import world as world  # noqa: PLC0414 - the fixture, for these tests too
from tests.rooms.test_consents import BO, MIA, invitation_of, opened, plan
from tests.rooms.world import NORDVIK, REGION, World, number
from tests.signaling.meeting_app import Client, House, build

RULES = f"/api/v1/organisations/{NORDVIK.id}/consent-rules"


@pytest.fixture
async def house(world: World) -> House:
    return await build(world)


@pytest.fixture
async def client(house: House) -> AsyncIterator[Client]:
    async with TestClient(TestServer(house.app)) as client:
        yield client


async def test_two_guardians_and_a_leader(house: House, client: Client) -> None:
    world = house.world
    host = await world.anna()
    planned = await plan(world, host)
    root = f"/api/v1/meetings/{planned.gathering.meeting.id}"
    anna = house.headers(host)
    refused = await client.post(f"{root}/start", headers=anna)
    assert refused.status == 409
    problem = await refused.json()
    assert problem["code"] == "consent-missing"
    assert "Bo Berg har inte svarat än." in problem["detail"]

    mia = house.headers(await opened(world, planned, "Mia Berg", MIA))
    answer = await client.post(f"{root}/consent", json={"yes": True}, headers=mia)
    assert answer.status == 200
    told = await answer.json()
    assert (told["asked"], told["mine"], told["complete"]) == (True, "given", False)
    # That it is Bo who has not answered is for those who lead.
    assert (told["speakers"], told["missing"], told["message"], told["may_register"]) == ([], [], "", False)

    bo = invitation_of(planned, "Bo Berg")
    registered = await client.post(f"{root}/invitations/{bo}/consent", json={"reason": "Blankett."}, headers=anna)
    assert registered.status == 200
    whole = await registered.json()
    assert whole["complete"]
    assert {(one["name"], one["said"], one["grounds"], one["missing"]) for one in whole["speakers"]} == {
        ("Mia Berg", "given", "", None),
        ("Bo Berg", "registered", "Blankett.", None),
    }
    assert (await client.post(f"{root}/start", headers=anna)).status == 200

    own = house.headers(await opened(world, planned, "Bo Berg", BO))
    taken_back = await client.post(f"{root}/consent", json={"yes": False}, headers=own)
    assert (await taken_back.json())["mine"] == "withdrawn"
    english = await client.get(f"{root}/consent", headers={**anna, "X-Language": "en"})
    assert "Bo Berg has taken back their yes." in (await english.json())["message"]


async def test_what_is_no_answer(house: House, client: Client) -> None:
    world = house.world
    host = await world.anna()
    planned = await plan(world, host)
    root = f"/api/v1/meetings/{planned.gathering.meeting.id}"
    mia, bo = await opened(world, planned, "Mia Berg", MIA), invitation_of(planned, "Bo Berg")
    for path, body, who, status, code in (
        ("/consent", {}, mia, 422, "invalid-fields"),
        ("/consent", {"yes": "perhaps"}, mia, 422, "invalid-fields"),
        ("/consent", {"yes": True}, host, 403, "consent-not-asked"),
        ("/consent", {"yes": True}, world.login(mia.person), 403, "consent-needs-e-id"),
        (f"/invitations/{bo}/consent", {"reason": "Sagt."}, mia, 403, "not-allowed"),
        (f"/invitations/{bo}/consent", {"reason": ""}, host, 422, "invalid-fields"),
        ("/invitations/nobody/consent", {"reason": "Sagt."}, host, 404, "invitation-not-found"),
    ):
        answer = await client.post(f"{root}{path}", json=body, headers=house.headers(who))
        assert (answer.status, (await answer.json())["code"]) == (status, code)


async def test_an_organisations_rules(house: House, client: Client) -> None:
    world = house.world
    eva = house.headers(await world.staff("Eva Strand", number("19700101"), NORDVIK, Permission.ADMIN))
    found = await (await client.get(RULES, headers=eva)).json()
    assert [one["type"] for one in found["rules"]] == ["every", *MEETING_TYPES]
    assert {one["child"] for one in found["rules"]} == {None}
    sent = {"rules": [{"type": "every", "child": "one_guardian"}, {"type": "practice", "otherwise": False}]}
    answer = await (await client.put(RULES, json=sent, headers=eva)).json()
    set_now = {one["type"]: one for one in answer["rules"]}
    assert (set_now["every"]["child"], set_now["practice"]["otherwise"]) == ("one_guardian", False)
    for wrong in (
        {"type": "party"},
        {"type": "every", "child": "representative"},
        {"type": "every", "decides_from": 7},
    ):
        refused = await client.put(RULES, json={"rules": [wrong]}, headers=eva)
        assert refused.status == 422
    assert (await client.get(RULES.replace(NORDVIK.id, REGION.id), headers=eva)).status == 404
    anna = house.headers(await world.anna())
    for refused in (await client.get(RULES, headers=anna), await client.put(RULES, json=sent, headers=anna)):
        assert (refused.status, (await refused.json())["code"]) == (403, "not-your-organisation")


def test_a_rule_comes_back_as_it_was_sent() -> None:
    rule = OwnRule(Demand.NONE, Demand.REPRESENTATIVE, 16, otherwise=False)
    assert OwnRuleBody(**rule_json("planning", rule)).rule() == rule

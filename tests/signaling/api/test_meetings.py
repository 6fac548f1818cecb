"""``/api/v1/meetings`` over HTTP: the whole way, and what bad input is answered."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from tests.rooms.conftest import world as world  # noqa: PLC0414 - the fixture, for these tests too
from tests.rooms.world import ANNA, GUNNAR, KARIN, KEY, LEILA, World
from tests.signaling.meeting_app import Client, House, build


@pytest.fixture
async def house(world: World) -> House:
    return await build(world)


@pytest.fixture
async def client(house: House) -> AsyncIterator[Client]:
    async with TestClient(TestServer(house.app)) as client:
        yield client


def body(**values: Any) -> dict[str, Any]:
    usual = {
        "type": "planning",
        "person": {"given_name": "Gunnar", "surname": "Edlund", "identity_number": GUNNAR},
        "place": "Norrfällsviken",
        "starts_at": "2026-11-24T10:10:00+01:00",
        "ends_at": "2026-11-24T10:55:00+01:00",
        "purpose": "Hur det ska fungera hemma.",
        "consent": "oral",
        "invitations": [
            {"kind": "invited", "name": "Karin Edlund", "identity_number": KARIN, "party": "home",
             "relation": "Dotter"},
        ],
    }  # fmt: skip
    return {**usual, **values}


async def test_from_plan_to_end(house: House, client: Client) -> None:
    world = house.world
    anna = house.headers(await world.anna())
    made = await client.post("/api/v1/meetings", json=body(), headers=anna)
    assert made.status == 201
    content = await made.json()
    meeting = content["meeting"]["id"]
    assert made.headers["Location"].endswith(meeting)
    assert [link["name"] for link in content["links"]] == ["Karin Edlund"]
    assert content["meeting"]["title"] == "Gunnars planeringsmöte"
    root = f"/api/v1/meetings/{meeting}"

    assert (await (await client.get("/api/v1/meetings", headers=anna)).json())["meetings"][0]["meeting"][
        "id"
    ] == meeting
    assert (await client.post(f"{root}/start", headers=anna)).status == 200
    seat = await (await client.post(f"{root}/join", json={"home": True, "key": KEY}, headers=anna)).json()
    assert seat["server_url"].startswith("wss://")
    await world.media.join(seat["participant_token"])
    await world.meetings.presence.drain()

    token = content["links"][0]["url"].rpartition("/")[2]
    identity = world.identity("Karin Edlund", KARIN)
    person = await world.people.save_person(identity)
    await world.meetings.invitations.identify(token, identity, person)
    karin = house.headers(world.login(person))
    waiting = await client.post(f"{root}/join", json={"key": KEY}, headers=karin)
    assert waiting.status == 202
    answer = await waiting.json()
    assert answer["state"] == "waiting"
    assert (await client.post(f"{root}/ready", json={"ready": True}, headers=karin)).status == 200
    one = answer["participant"]
    assert (await client.post(f"{root}/lobby/{one}/deny", headers=anna)).status == 200
    assert (await client.post(f"{root}/lobby/{one}/admit", headers=anna)).status == 200
    seat = await (await client.post(f"{root}/join", json={"key": KEY}, headers=karin)).json()
    await world.media.join(seat["participant_token"])
    await world.meetings.presence.drain()
    state = await (await client.get(root, headers=karin)).json()
    assert {item["name"] for item in state["participants"]} == {"Hemma hos Gunnar", "Karin Edlund"}
    weak = await client.post(f"{root}/network", json={"weak": True}, headers=karin)
    assert (weak.status, await weak.json()) == (200, {"weak": True})
    assert (await client.post(f"{root}/network", json={}, headers=karin)).status == 422
    assert (await client.post(f"{root}/participants/{one}/mute", headers=anna)).status == 200
    assert (await client.post(f"{root}/participants/{one}/co-host", headers=anna)).status == 200
    assert (await client.post(f"{root}/participants/{one}/host", headers=anna)).status == 200
    assert (await client.post(f"{root}/participants/{one}/host", headers=anna)).status == 403
    home = {"people": [{"name": "Gunnar Edlund"}, {"name": "Anna Sjödin", "relation": "distriktssköterska"}]}
    assert (await client.put(f"{root}/home", json=home, headers=anna)).status == 200
    ended = await client.post(f"{root}/end", headers=anna)
    assert (await ended.json())["meeting"]["status"] == "ended"
    gone = await client.post(f"{root}/join", json={"key": KEY}, headers=karin)
    assert gone.status == 410
    assert (await gone.json())["code"] == "meeting-ended"


async def test_invitations_are_added_renewed_and_revoked(house: House, client: Client) -> None:
    anna = house.headers(await house.world.anna())
    content = await (await client.post("/api/v1/meetings", json=body(), headers=anna)).json()
    root = f"/api/v1/meetings/{content['meeting']['id']}"
    leila = {"name": "Leila Haddad", "identity_number": LEILA, "kind": "called", "party": "region", "co_host": True}
    made = await client.post(f"{root}/invitations", json=leila, headers=anna)
    assert made.status == 201
    link = (await made.json())["links"][0]
    again = await client.post(f"{root}/invitations", json=leila, headers=anna)
    assert again.status == 422
    renewed = await client.post(f"{root}/invitations/{link['invitation']}/renew", headers=anna)
    assert (await renewed.json())["links"][0]["url"] != link["url"]
    assert (await client.delete(f"{root}/invitations/{link['invitation']}", headers=anna)).status == 204
    gone = await client.delete(f"{root}/invitations/{link['invitation']}", headers=anna)
    assert (gone.status, (await gone.json())["code"]) == (404, "invitation-not-found")


async def test_a_planned_meeting_is_changed_and_called_off(house: House, client: Client) -> None:
    anna = house.headers(await house.world.anna())
    content = await (await client.post("/api/v1/meetings", json=body(), headers=anna)).json()
    root = f"/api/v1/meetings/{content['meeting']['id']}"
    changed = await client.patch(root, json={"place": "Docksta"}, headers=anna)
    assert (await changed.json())["meeting"]["place"] == "Docksta"
    assert (await (await client.post(f"{root}/end", headers=anna)).json())["meeting"]["status"] == "cancelled"


async def test_a_meeting_can_begin_at_once(house: House, client: Client) -> None:
    anna = house.headers(await house.world.anna())
    now = body(start_now=True)
    del now["starts_at"], now["ends_at"]
    content = await (await client.post("/api/v1/meetings", json=now, headers=anna)).json()
    assert content["meeting"]["status"] == "open"


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"type": "party"}, "type"),
        ({"type": None}, "type"),
        (
            {"person": {"given_name": "Gunnar", "surname": "Edlund", "identity_number": "1941"}},
            "person.identity_number",
        ),
        ({"person": {"given_name": "G" * 10_000, "surname": "Edlund", "identity_number": GUNNAR}}, "person.given_name"),
        ({"person": None}, "person"),
        ({"place": ""}, "place"),
        ({"place": "x" * 30_000}, "place"),
        ({"purpose": "rad\x00"}, "purpose"),
        ({"consent": None}, "consent"),
        ({"consent": "maybe"}, "consent"),
        ({"starts_at": "2026-11-24T10:10:00"}, "starts_at"),
        ({"starts_at": "i morgon"}, "starts_at"),
        ({"starts_at": "2025-11-24T10:10:00Z"}, "starts_at"),
        ({"starts_at": "2031-11-24T10:10:00Z", "ends_at": "2031-11-24T10:40:00Z"}, "starts_at"),
        ({"ends_at": "2026-11-24T10:10:00+01:00"}, "ends_at"),
        ({"ends_at": "2026-11-25T10:10:00+01:00"}, "ends_at"),
        ({"invitations": [{"name": "K", "identity_number": "12"}]}, "invitations.0.identity_number"),
        ({"invitations": [{"name": "", "identity_number": KARIN}]}, "invitations.0.name"),
        ({"invitations": [{"name": "K", "identity_number": KARIN, "kind": "x"}]}, "invitations.0.kind"),
        ({"invitations": [{"name": "K", "identity_number": KARIN, "party": "x"}]}, "invitations.0.party"),
        ({"invitations": [{"name": "K", "identity_number": KARIN}] * 2}, "invitations.1.identity_number"),
        ({"invitations": [{"name": "K", "identity_number": KARIN}] * 51}, "invitations"),
        ({"invitations": "alla"}, "invitations"),
    ],
)
async def test_each_wrong_field_is_named_in_both_languages(
    house: House, client: Client, wrong: dict[str, Any], field: str
) -> None:
    anna = house.headers(await house.world.anna())
    texts = set()
    for language in ("sv", "en"):
        answer = await client.post("/api/v1/meetings", json=body(**wrong), headers={**anna, "X-Language": language})
        assert (answer.status, answer.content_type) == (422, "application/problem+json")
        content = await answer.json()
        found = {item["field"]: item["message"] for item in content["errors"]}
        assert field in found
        assert GUNNAR not in str(content)
        texts.add(found[field])
    assert len(texts) == 2


@pytest.mark.parametrize("raw", [b"", b"{", b"[]", b'"x"', b"\xff\xfe", b"[" * 60_000])
async def test_what_is_not_json_is_a_bad_request(house: House, client: Client, raw: bytes) -> None:
    anna = house.headers(await house.world.anna())
    answer = await client.post("/api/v1/meetings", data=raw, headers=anna)
    assert (answer.status, (await answer.json())["code"]) == (400, "bad-request")


async def test_a_body_of_ten_megabytes_is_too_large(house: House, client: Client) -> None:
    anna = house.headers(await house.world.anna())
    answer = await client.post("/api/v1/meetings", data=b"x" * 10_000_000, headers=anna)
    assert answer.status == 413


async def test_those_without_a_planners_post_cannot_plan(house: House, client: Client) -> None:
    karin = house.headers(house.world.login(await house.world.person("Karin Edlund", KARIN)))
    answer = await client.post("/api/v1/meetings", json=body(), headers=karin)
    assert (answer.status, (await answer.json())["code"]) == (403, "not-your-post")


async def test_strangers_get_the_same_answer_for_every_meeting(house: House, client: Client) -> None:
    anna = house.headers(await house.world.anna())
    content = await (await client.post("/api/v1/meetings", json=body(), headers=anna)).json()
    karin = house.headers(house.world.login(await house.world.person("Stig Lund", LEILA)))
    answers = [
        await (await client.get(f"/api/v1/meetings/{meeting}", headers=karin)).json()
        for meeting in (content["meeting"]["id"], "there-is-none")
    ]
    assert answers[0] == answers[1]


async def test_an_early_guest_is_told_when_to_come(house: House, client: Client) -> None:
    world = house.world
    anna = await world.anna()
    planned = await world.plan(
        anna,
        starts_at=world.clock().replace(hour=12),
        ends_at=world.clock().replace(hour=13),
    )
    karin = house.headers(await world.by_link(planned, "Karin Edlund", KARIN))
    answer = await client.post(f"/api/v1/meetings/{planned.gathering.meeting.id}/join", headers=karin)
    assert answer.status == 202
    content = await answer.json()
    assert content["state"] == "early"
    assert content["message"] == "Du är tidig. Väntrummet öppnar kl. 12.45. Du kan lämna sidan öppen."


async def test_the_token_is_bound_to_browser_or_address(house: House, client: Client) -> None:
    anna = house.headers(await house.world.anna())
    now = body(start_now=True)
    del now["starts_at"], now["ends_at"]
    content = await (await client.post("/api/v1/meetings", json=now, headers=anna)).json()
    root = f"/api/v1/meetings/{content['meeting']['id']}"
    bindings = []
    for more in ({}, {"Sec-Fetch-Site": "same-origin"}):
        seat = await (await client.post(f"{root}/join", json={"key": KEY}, headers={**anna, **more})).json()
        bindings.append(house.world.media.grants[seat["participant_token"]].binding)
    assert [str(binding).partition(":")[0] for binding in bindings] == ["address", "session"]
    assert ANNA not in str(bindings)


async def test_who_cannot_encrypt_is_let_in_by_a_leaders_own_word(house: House, client: Client) -> None:
    world = house.world
    host, meeting, planned = await world.started()
    anna, karin = house.headers(host), house.headers(await world.by_link(planned, "Karin Edlund", KARIN))
    root = f"/api/v1/meetings/{meeting}"
    waiting = await (await client.post(f"{root}/join", headers=karin)).json()
    assert (waiting["state"], waiting["encrypts"]) == ("waiting", False)
    admit = f"{root}/lobby/{waiting['participant']}/admit"
    refused = await client.post(admit, headers=anna)
    assert (refused.status, (await refused.json())["code"]) == (409, "cannot-encrypt")
    assert (await client.post(admit, json={"unencrypted": True}, headers=anna)).status == 200
    seat = await (await client.post(f"{root}/join", headers=karin)).json()
    assert seat["vouching"]
    state = await (await client.get(root, headers=anna)).json()
    assert {one["name"]: one["allowed_by"] for one in state["participants"]}["Karin Edlund"] == "Anna Sjödin"
    wrong = await client.post(f"{root}/join", json={"key": "AAAA"}, headers=karin)
    assert (wrong.status, (await wrong.json())["errors"][0]["field"]) == (422, "key")
    key = await (await client.get("/api/v1/vouching-key", headers=anna)).json()
    assert key == {"key": world.meetings.vouching_keys()[0], "keys": world.meetings.vouching_keys()}

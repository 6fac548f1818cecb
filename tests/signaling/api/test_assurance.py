"""What is enough in one meeting, over HTTP: told, raised, never lowered."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from rooms.meeting import MeetingStatus
from signaling.api.assurance import routes
from tests.rooms.conftest import world as world  # noqa: PLC0414 - the fixture, for these tests too
from tests.rooms.world import KARIN, World
from tests.signaling.meeting_app import Client, House, build

STAFF_FLOOR = {"methods": ["siths", "bankid", "freja"], "level": 3}
VISITOR_FLOOR = {"methods": ["bankid", "freja"], "level": 3}


@pytest.fixture
async def house(world: World) -> House:
    made = await build(world)
    made.app.add_routes(routes(world.meetings))
    return made


@pytest.fixture
async def client(house: House) -> AsyncIterator[Client]:
    async with TestClient[web.Request, web.Application](TestServer(house.app)) as client:
        yield client


async def test_it_is_raised_told_and_never_lowered(house: House, client: Client) -> None:
    world = house.world
    anna = await world.anna()
    planned = await world.plan(anna)
    path = f"/api/v1/meetings/{planned.gathering.meeting.id}/assurance"

    async def put(body: Any, status: int = 200) -> Any:
        answer = await client.put(path, json=body, headers=house.headers(anna))
        assert answer.status == status, await answer.text()
        return await answer.json()

    told = await (await client.get(path, headers=house.headers(anna))).json()
    assert told["leader"] == told["staff"] == {"floor": STAFF_FLOOR, "now": STAFF_FLOOR}
    assert told["visitor"] == {"floor": VISITOR_FLOOR, "now": VISITOR_FLOOR}
    raised = await put({"staff": {"methods": ["siths", "siths"], "level": 4}})
    assert raised["staff"] == {"floor": STAFF_FLOOR, "now": {"methods": ["siths"], "level": 4}}
    assert raised["visitor"]["now"] == VISITOR_FLOOR
    # A lower level and a way the organisation does not allow change nothing.
    lowered = await put({"visitor": {"methods": ["bankid", "freja", "sms"], "level": 2}})
    assert lowered["visitor"]["now"] == VISITOR_FLOOR
    assert lowered["staff"]["now"] == STAFF_FLOOR, "left out: what the organisation asks for"
    problem = await put({"visitor": {"methods": ["sms"], "level": 3}}, 422)
    assert [fault["field"] for fault in problem["errors"]] == ["visitor"]
    for wrong in ({"methods": ["password"], "level": 3}, {"methods": ["bankid"], "level": "3"}, {"level": 3}, "bankid"):
        assert (await put({"staff": wrong}, 422))["errors"]

    karin = await world.by_link(planned, "Karin Edlund", KARIN)
    for answer in (
        await client.get(path, headers=house.headers(karin)),
        await client.put(path, json={}, headers=house.headers(karin)),
    ):
        assert answer.status == 403
    ended = await world.meetings.hosting.end(anna, planned.gathering.meeting.id)
    assert ended.meeting.status is MeetingStatus.CANCELLED
    await put({}, 410)

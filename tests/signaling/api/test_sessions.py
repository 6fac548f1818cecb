"""One's own logins over HTTP, and the administrator's way."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from auth.people import Permission
from auth.sessions import Session
from signaling.api.sessions import routes
from tests.rooms.conftest import world as world  # noqa: PLC0414 - the fixture, for these tests too
from tests.rooms.world import ANNA, NORDVIK, REGION, World, number
from tests.signaling.meeting_app import Client, House, build

STAFF = f"/api/v1/organisations/{NORDVIK.id}/staff"


@pytest.fixture
async def house(world: World) -> House:
    made = await build(world)
    made.app.add_routes(routes(made.sessions, world.people))
    return made


@pytest.fixture
async def client(house: House) -> AsyncIterator[Client]:
    async with TestClient[web.Request, web.Application](TestServer(house.app)) as client:
        yield client


async def logged_in(house: House, session: Session) -> Session:
    """As after identification: post and session are stored."""
    staff = session.staff
    if staff is not None:
        await house.world.people.add_organisation(staff.organisation)
        await house.world.people.add_staff(staff)
    made, _ = await house.sessions.create(
        session.person,
        method=session.method,
        assurance_level=session.assurance_level,
        authenticated_at=house.world.clock(),
        staff=staff,
        invitation=None,
        language="sv",
        device="windows",
        confirmed_on="other-network",
    )
    return made


async def test_seen_and_ended_one_by_one_and_all(house: House, client: Client) -> None:
    first = await logged_in(house, await house.world.anna())
    house.world.clock.advance(seconds=60)
    second = await logged_in(house, replace(await house.world.anna(), staff=None))
    headers = house.headers(second)
    async with client.get("/api/v1/sessions", headers=headers) as response:
        listed = (await response.json())["sessions"]
    assert [(row["id"], row["this"]) for row in listed] == [(second.id, True), (first.id, False)]
    assert listed[1]["organisation"] == "Nordviks kommun"
    assert (listed[0]["device"], listed[0]["confirmed_on"], listed[0]["method"]) == (
        "windows",
        "other-network",
        "bankid",
    )
    assert ANNA not in repr(listed)
    async with client.delete(f"/api/v1/sessions/{first.id}", headers=headers) as response:
        assert response.status == 204
    async with client.delete(f"/api/v1/sessions/{first.id}", headers=headers) as response:
        assert (response.status, (await response.json())["code"]) == (404, "session-unknown")
    async with client.delete("/api/v1/sessions", headers=headers) as response:
        assert await response.json() == {"ended": 1}
    assert await house.sessions.find(second.id) is None


@pytest.mark.parametrize(
    ("permission", "organisation", "status"),
    [
        (Permission.ADMIN, NORDVIK, 200),
        (Permission.ADMIN, REGION, 403),
        (Permission.HOST, NORDVIK, 403),
        (Permission.OPERATOR, NORDVIK, 403),
    ],
)
async def test_only_the_own_organisations_administrator(
    *, house: House, client: Client, permission: Permission, organisation: object, status: int
) -> None:
    anna = await logged_in(house, await house.world.anna())
    assert anna.staff is not None
    where = REGION if organisation is REGION else NORDVIK
    boss = await house.world.staff("Bo Berg", number("19700101"), where, permission)
    async with client.post(f"{STAFF}/{anna.staff.id}/logout", headers=house.headers(boss)) as response:
        assert response.status == status
    assert (await house.sessions.find(anna.id) is None) is (status == 200)


async def test_nobody_elses_staff_by_a_made_up_path(house: House, client: Client) -> None:
    anna = await logged_in(house, await house.world.anna())
    assert anna.staff is not None
    boss = await house.world.staff("Bo Berg", number("19700101"), REGION, Permission.ADMIN)
    paths = (f"/api/v1/organisations/{REGION.id}/staff/{anna.staff.id}/logout", f"{STAFF}/nobody/logout")
    for path in paths:
        async with client.post(path, headers=house.headers(boss)) as response:
            assert (response.status, (await response.json())["code"]) == (403, "forbidden")
    assert await house.sessions.find(anna.id) is not None

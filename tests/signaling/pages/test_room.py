"""The meeting page: served to those the meeting is for, with what its script needs and nothing that could run."""

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from aiohttp.test_utils import TestClient, TestServer

from signaling.pages.room import routes
from signaling.pages.templates import STATIC
from tests.rooms.conftest import world as world  # noqa: PLC0414 - the fixture, for these tests too
from tests.rooms.world import KARIN, World, number
from tests.signaling.meeting_app import Client, House, build

pytestmark = pytest.mark.skipif(not (STATIC / "manifest.json").exists(), reason="web/static is not built")


@pytest.fixture
async def house(world: World) -> House:
    house = await build(world)
    house.app.add_routes(routes(world.meetings))
    return house


def client_of(house: House) -> Client:
    return TestClient(TestServer(house.app))


def data_of(page: str) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.DOTALL)
    assert found
    data: dict[str, Any] = json.loads(found[1])
    return data


async def test_the_page_holds_the_state_its_visitor_may_see(house: House) -> None:
    host, meeting, planned = await house.world.started()
    karin = await house.world.by_link(planned, "Karin Edlund", KARIN)
    async with client_of(house) as client:
        answer = await client.get(f"/meetings/{meeting}/room", headers=house.headers(karin))
        data = data_of(await answer.text())
        assert answer.status == 200
        assert answer.headers["Cache-Control"] == "no-store"
        assert data["meeting"] == meeting
        assert (data["kiosk"], data["home"], data["start"]) == (False, False, "/?ended")
        assert data["state"]["me"]["name"] == "Karin Edlund"
        assert data["state"]["participants"] == []

        answer = await client.get(f"/meetings/{meeting}/room?home=1", headers=house.headers(host))
        data = data_of(await answer.text())
        assert data["home"] is True
        assert data["start"] == f"/login?next=/meetings/{meeting}/room%3Fhome%3D1"


async def test_who_has_several_posts_and_came_by_a_link_identifies_as_staff_again(house: House) -> None:
    _, meeting, planned = await house.world.started()
    karin = replace(await house.world.by_link(planned, "Karin Edlund", KARIN), several=True)
    async with client_of(house) as client:
        page = await (await client.get(f"/meetings/{meeting}/room", headers=house.headers(karin))).text()
    assert data_of(page)["start"] == f"/login?next=/meetings/{meeting}/room"


async def test_the_travel_laptop_takes_the_home_s_seat(house: House) -> None:
    host, meeting, _ = await house.world.started()
    async with client_of(house) as client:
        page = await (await client.get(f"/kiosk/meetings/{meeting}", headers=house.headers(host))).text()
    assert (data_of(page)["kiosk"], data_of(page)["home"]) == (True, True)
    assert "kiosk-room-" in page


async def test_a_stranger_is_not_told_that_the_meeting_exists(house: House) -> None:
    _, meeting, _ = await house.world.started()
    stranger = house.world.login(await house.world.person("Rolf Berg", number("19570518")))
    async with client_of(house) as client:
        for path in (f"/meetings/{meeting}/room", f"/kiosk/meetings/{meeting}", "/meetings/none/room"):
            answer = await client.get(path, headers=house.headers(stranger))
            assert answer.status == 404
            assert "Gunnar" not in await answer.text()


async def test_a_page_whose_script_never_comes_says_so_and_whom_to_call(house: House) -> None:
    host, meeting, _ = await house.world.started()
    async with client_of(house) as client:
        page = await (await client.get(f"/meetings/{meeting}/room", headers=house.headers(host))).text()
    place = page[page.index('<div id="room">') : page.index('<div id="room-sound"')]
    assert "<noscript>" in place
    for words in ("Mötet behöver JavaScript.", "Mötet har inte öppnats.", 'href=""', "tel:+46980319210"):
        assert words in place


async def test_nothing_on_the_page_runs_or_styles_by_itself(house: House) -> None:
    host, meeting, _ = await house.world.started()
    async with client_of(house) as client:
        page = await (await client.get(f"/meetings/{meeting}/room", headers=house.headers(host))).text()
    scripts = re.findall(r"<script[^>]*>", page)
    assert all('type="application/json"' in tag or 'src="/static/' in tag for tag in scripts)
    assert not re.search(r"\sstyle=|\son\w+=", page)

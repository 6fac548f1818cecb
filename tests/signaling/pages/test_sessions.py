"""*Mina inloggningar* as a person reads it."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from aiohttp.test_utils import TestClient, TestServer

from auth.browsers import Device
from auth.identity import AssuranceLevel, Method
from auth.sessions import FRESH, Session, Sessions
from auth.store import SessionRows
from signaling.pages import sessions as session_pages
from tests.rooms.world import World
from tests.signaling.pages.site import Site


@pytest.fixture
async def site(world: World) -> AsyncIterator[Site]:
    made = Site(world)
    app = made.application()
    sessions = Sessions(SessionRows(world.engine), world.log, world.clock)
    app.add_routes(session_pages.routes(sessions, world.people, "hemmaplan"))
    async with TestClient(TestServer(app)) as client:
        made.client = client
        yield made


async def log_in(site: Site, device: str, confirmed_on: str = "this") -> Session:
    anna = await site.world.anna()
    made, _ = await Sessions(SessionRows(site.world.engine), site.world.log, site.world.clock).create(
        anna.person,
        method=Method.BANKID,
        assurance_level=AssuranceLevel.HIGH_3,
        authenticated_at=site.world.clock(),
        staff=None,
        invitation=None,
        language="sv",
        device=device,
        confirmed_on=confirmed_on,
    )
    return made


async def test_each_login_in_words_this_one_first(site: Site) -> None:
    site.viewer = await log_in(site, "windows")
    site.world.clock.advance(seconds=60)
    await log_in(site, "iphone", "other-network")
    await log_in(site, "of-a-later-version")
    page = await site.get("/sessions")
    assert page.index("Dator med Windows") < page.index("iPhone")
    assert page.count("Den här</span>") == 1
    assert "på ett annat nät" in page
    assert "Okänd enhet" in page
    english = await site.get("/sessions", english=True)
    assert "Computer with Windows" in english


async def test_every_device_has_a_name_and_an_icon(site: Site) -> None:
    for device in Device:
        site.viewer = await log_in(site, device.value)
    page = await site.get("/sessions")
    assert page.count('class="login-row"') == len(Device)


async def test_out_of_another_stays_here_and_out_of_this_leads_to_where_one_identifies(site: Site) -> None:
    site.viewer = await log_in(site, "windows")
    other = await log_in(site, "iphone")
    _, where = await site.post(f"/sessions/{other.id}/end")
    assert where == "/sessions"
    assert "iPhone" not in await site.get("/sessions")
    _, where = await site.post(f"/sessions/{site.viewer.id}/end")
    assert where == "/?ended"
    site.viewer = replace(await log_in(site, "windows"), several=True)
    assert (await site.post(f"/sessions/{site.viewer.id}/end"))[1] == "/login"


async def test_out_everywhere(site: Site) -> None:
    site.viewer = await log_in(site, "windows")
    other = await log_in(site, "iphone")
    _, where = await site.post("/sessions/end")
    assert where == "/?ended"
    sessions = Sessions(SessionRows(site.world.engine), site.world.log, site.world.clock)
    assert await sessions.living([site.viewer.id, other.id]) == frozenset()


async def test_who_sits_down_at_an_unlocked_desk_ends_this_login_alone(site: Site) -> None:
    site.viewer = await log_in(site, "windows")
    other = await log_in(site, "iphone")
    site.world.clock.advance(seconds=FRESH.total_seconds())
    page = await site.get("/sessions")
    assert "Öppna din personliga länk igen" in page
    assert f'action="/sessions/{site.viewer.id}/end"' in page
    assert f'action="/sessions/{other.id}/end"' not in page
    assert 'action="/sessions/end"' not in page
    await site.post(f"/sessions/{other.id}/end", 403)
    await site.post("/sessions/end", 403)
    anna = await site.world.anna()
    site.viewer = replace(site.viewer, staff=anna.staff)
    assert 'href="/login?next=/sessions&amp;with=bankid"' in await site.get("/sessions")


async def test_a_page_of_somebody_logged_in_clears_itself(site: Site) -> None:
    site.viewer = await log_in(site, "windows")
    assert "/signed_in-" in await site.get("/sessions")
    for path in ("/login?next=/sessions&with=bankid", "/login?next=/sessions&with=siths"):
        page = await site.get(path)
        assert "/signed_in-" not in page, "where one identifies anew in time, nothing leads away"
        assert "ends-last" not in page
    site.viewer = None
    assert "/signed_in-" not in await site.get("/help")

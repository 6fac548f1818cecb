"""The end of a login in Chromium: told of in time, put off in one tab for all, and what is typed outlives it."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from playwright.async_api import Browser, BrowserContext, Page, expect

from auth.identity import AssuranceLevel, Method
from auth.sessions import ABSOLUTE, IDLE, Sessions
from auth.store import SessionRows
from signaling import i18n, pages, problems, security
from signaling.api import auth as auth_api
from tests.one_time import FreshOnce
from tests.rooms.world import World
from tests.signaling.pages.conftest import _built, world
from tests.web.test_accessibility import browser, examine, pytestmark

__all__ = ["_built", "browser", "pytestmark", "world"]

ORIGIN = "http://localhost"
LOOK = "document.dispatchEvent(new Event('visibilitychange'))"


@pytest.fixture
def sessions(world: World) -> Sessions:
    return Sessions(SessionRows(world.engine), world.log, world.clock)


@pytest.fixture
async def address(world: World, sessions: Sessions) -> AsyncIterator[str]:
    app = web.Application(
        middlewares=[
            i18n.language_middleware,
            problems.middleware(pages.error_page),
            security.middleware(sessions, security.Networks([]), ORIGIN),
        ]
    )
    app.add_routes(
        pages.routes(
            world.meetings, sessions, world.log, world.clock, one_time=FreshOnce(), cookie="hemmaplan", demo=False
        )
    )
    app.add_routes(auth_api.routes(None, sessions, secure=False))  # type: ignore[arg-type]  # nobody identifies here
    async with TestClient(TestServer(app)) as client:
        yield str(client.make_url("/")).rstrip("/")


async def log_in(context: BrowserContext, address: str, world: World, sessions: Sessions, at: datetime) -> str:
    anna = await world.anna()
    assert anna.staff is not None
    await world.people.add_staff(anna.staff)
    _, cookie = await sessions.create(
        anna.person,
        method=Method.BANKID,
        assurance_level=AssuranceLevel.HIGH_3,
        authenticated_at=at,
        staff=anna.staff,
        invitation=None,
        language="sv",
    )
    await context.add_cookies([{"name": "hemmaplan", "value": cookie, "url": address}])
    return cookie


async def look(*pages: Page) -> None:
    for page in pages:
        await page.evaluate(LOOK)


async def test_a_login_that_ends(browser: Browser, world: World, sessions: Sessions, address: str) -> None:
    context = await browser.new_context(viewport={"width": 320, "height": 640})
    cookie = await log_in(context, address, world, sessions, world.clock())
    page, other = await context.new_page(), await context.new_page()
    await page.goto(f"{address}/meetings/new")
    await other.route("**/auth/bankid/*", lambda call: call.abort())
    await other.goto(f"{address}/help")
    field = page.locator("#purpose")
    await field.fill("Hur det ska fungera hemma.")

    world.clock.advance(seconds=(IDLE - timedelta(minutes=4)).total_seconds())
    await look(page, other)
    stay = page.get_by_role("button", name="Fortsätt vara inloggad")
    await expect(stay).to_be_focused()
    await expect(page.get_by_role("alertdialog", name="Är du kvar?")).to_contain_text("loggas du ut kl.")
    await examine(page)
    left = await sessions.remaining(cookie)
    assert left is not None
    assert left.idle == timedelta(minutes=4)  # nobody has pressed
    await expect(other.locator("#ends-idle")).to_be_visible()
    await page.keyboard.press("Enter")
    await expect(stay).to_be_hidden()
    await expect(field).to_be_focused()
    await expect(other.locator("#ends-idle")).to_be_hidden()
    left = await sessions.remaining(cookie)
    assert left is not None
    assert left.idle == IDLE

    world.clock.advance(seconds=IDLE.total_seconds())
    await look(page, other)
    await other.wait_for_url("**/login?ended*")
    await expect(page.locator("h1")).to_have_text("Du är inte inloggad längre")
    await expect(field).to_have_count(0)
    await examine(page)

    await log_in(context, address, world, sessions, world.clock() - ABSOLUTE + timedelta(minutes=10))
    await look(page)
    await expect(field).to_have_value("Hur det ska fungera hemma.")
    await expect(field).to_be_focused()
    await expect(page.locator("#ends-soon")).to_contain_text("Inloggningen kan inte förlängas.")
    await examine(page)
    world.clock.advance(seconds=8 * 60)
    await look(page)
    await expect(page.get_by_role("alertdialog", name="Du loggas ut kl.")).to_be_visible()
    await examine(page)
    await page.get_by_role("button", name="Jag förstår").click()
    await expect(field).to_have_value("Hur det ska fungera hemma.")

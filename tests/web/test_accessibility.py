"""Every page in Chromium, in both languages: axe finds nothing, nothing is wider than 320 px, and the content security
policy is kept."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, async_playwright

from signaling.pages.templates import WEB
from tests.rooms.world import token_of
from tests.signaling.pages.conftest import _built, site, world
from tests.signaling.pages.site import Site

__all__ = ["_built", "site", "world"]

CHROMIUM = Path("/usr/bin/chromium")
AXE = WEB / "node_modules" / "axe-core" / "axe.min.js"

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not (CHROMIUM.exists() and AXE.exists()), reason="needs Chromium and web/node_modules"),
]
RULES = "['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']"
RUN = f"""async () => (await axe.run(document, {{runOnly: {RULES}}})).violations
    .map(found => found.id + ': ' + found.nodes.map(node => node.html.slice(0, 120)).join(' | '))"""
WIDTH = "() => document.documentElement.scrollWidth"


@pytest.fixture
async def browser() -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu", "--use-fake-device-for-media-stream"]
        )
        yield browser
        await browser.close()


async def look(browser: Browser, site: Site, *paths: str) -> None:
    """Opens each page at 320 px in both languages, as `site.viewer`."""
    address = str(site.client.make_url("/")).rstrip("/")
    for language in ("sv", "en"):
        context = await browser.new_context(viewport={"width": 320, "height": 640})
        await context.add_cookies([{"name": "hemmaplan-language", "value": language, "url": address}])
        page = await context.new_page()
        said: list[str] = []
        listen(page, said)
        for path in paths:
            await page.goto(address + path)
            await examine(page)
            broken = [text for text in said if "Content Security Policy" in text]
            assert broken == [], (path, language)
        await context.close()


def listen(page: Page, said: list[str]) -> None:
    page.on("console", lambda message: said.append(message.text))


async def examine(page: Page) -> None:
    await page.evaluate(AXE.read_text(encoding="utf-8"))
    assert await page.evaluate(RUN) == [], page.url
    assert await page.evaluate(WIDTH) <= 320, page.url


async def test_pages_for_everybody(browser: Browser, site: Site) -> None:
    planned = await site.planned()
    site.viewer = None
    link = "/i/" + token_of(planned.links[0].url)
    reading = ("/help", "/easy-read", "/privacy", "/accessibility", "/about")
    await look(browser, site, link, "/login", "/login?next=/kiosk", "/i/unknown", "/simulator", "/nothing", *reading)


async def test_pages_of_those_who_lead(browser: Browser, site: Site) -> None:
    planned = await site.planned()
    meeting = f"/meetings/{planned.gathering.meeting.id}"
    await look(browser, site, "/today", "/meetings", "/meetings/new", "/meetings/new?now=1", meeting, "/kiosk")


async def test_the_invitation(browser: Browser, site: Site) -> None:
    planned = await site.planned()
    await site.karin(planned)
    await look(browser, site, f"/meetings/{planned.gathering.meeting.id}")


async def test_the_log(browser: Browser, site: Site) -> None:
    _, meeting, _ = await site.world.started()
    await site.auditor()
    await look(browser, site, "/audit", f"/audit/meetings/{meeting}")
    page = await browser.new_page(viewport={"width": 320, "height": 640})
    await page.goto(str(site.client.make_url("/audit")))
    await page.fill("#name", "Gunnar")
    await page.fill("#since", "2026-11-01")
    await page.fill("#until", "2026-11-30")
    await page.select_option("#reason", "review")
    await page.click(".find button[type=submit]")
    await page.click(".hits button")
    await page.wait_for_selector(".case .note--ok")
    await examine(page)


async def test_a_form_with_errors(browser: Browser, site: Site) -> None:
    site.viewer = await site.world.anna()
    page = await browser.new_page(viewport={"width": 320, "height": 640})
    await page.goto(str(site.client.make_url("/meetings/new")))
    await page.click(".formacts button")
    await page.wait_for_selector("#summary")
    await examine(page)
    await page.click("#summary a >> nth=0")
    assert await page.evaluate("() => document.activeElement.id") == "person-identity_number"

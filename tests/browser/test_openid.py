"""Login with SITHS eID and Freja, as people do it: to the provider's page and back, and what a no looks like."""

from collections.abc import AsyncIterator

import pytest
from playwright.async_api import expect

from tests.browser.accessibility import faults
from tests.browser.conftest import People
from tests.browser.program import Planned, Program
from tests.browser.service import Service
from tests.browser.visitor import LONG, Visitor

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
EXAMINED = {"bypass_csp": True}


@pytest.fixture
async def planned(service: Service) -> AsyncIterator[Planned]:
    async with Program(service.url) as anna:
        await anna.identify("Anna Sjödin")
        yield await anna.plan("Karin Edlund", "Per Wiklund")


async def go_to(person: Visitor, provider: str) -> None:
    await person.page.get_by_role("link", name=f"Fortsätt till {provider}").click(timeout=LONG)
    await person.heading(f"Simulator för {provider}")


async def answer(person: Visitor, act: str, name: str) -> None:
    people = person.page.get_by_label("Jag är")
    option = people.locator("option", has_text=name)
    await people.select_option(await option.first.get_attribute("value"))
    await person.press(act)


async def test_staff_log_in_with_siths(service: Service, come: People) -> None:
    """SITHS comes first for staff, an answer of no leads back to all the ways, and a yes to the day."""
    anna = await come(service, "Anna Sjödin", "desk", **EXAMINED)
    await anna.page.goto("/login")
    await anna.heading("Visa vem du är med SITHS eID")
    assert await faults(anna.page) == []
    await go_to(anna, "SITHS eID")
    assert await faults(anna.page) == []
    await answer(anna, "Avbryt", "Anna Sjödin")
    await expect(anna.page.get_by_role("alert")).to_contain_text("Identifieringen avbröts", timeout=LONG)
    assert await faults(anna.page) == []
    await go_to(anna, "SITHS eID")
    await answer(anna, "Godkänn", "Anna Sjödin")
    await anna.page.wait_for_url("**/today", timeout=LONG)
    session = await anna.page.evaluate("async () => (await (await fetch('/auth/session')).json()).session")
    assert (session["method"], session["staff"]["title"]) == ("siths", "Distriktssköterska")


async def test_a_relative_comes_with_freja_and_nobody_else_by_her_link(
    service: Service, come: People, planned: Planned
) -> None:
    link = planned.links["Karin Edlund"]
    nils = await come(service, "Nils Forsberg", "phone", **EXAMINED)
    await nils.page.goto(f"{link}?with=freja")
    await go_to(nils, "Freja")
    await answer(nils, "Godkänn", "Nils Forsberg")
    await expect(nils.page.get_by_role("alert")).to_contain_text("någon annan", timeout=LONG)
    await expect(nils.page.get_by_text("Gunnar")).to_have_count(0)
    assert await faults(nils.page) == []
    karin = await come(service, "Karin Edlund", "phone", **EXAMINED)
    await karin.page.goto(link)
    await karin.page.get_by_role("link", name="Freja", exact=True).click(timeout=LONG)
    await go_to(karin, "Freja")
    await answer(karin, "Godkänn", "Karin Edlund")
    await karin.page.wait_for_url(f"**/meetings/{planned.id}", timeout=LONG)
    await karin.sees("Identifierad med Freja")
    await karin.page.goto("/auth/session")  # the next visit begins with Freja
    await karin.context.clear_cookies(name="hemmaplan")
    await karin.page.goto(link)
    await karin.heading("Visa vem du är med Freja")

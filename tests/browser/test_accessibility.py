"""Every page in both languages: axe-core finds nothing, nothing is cut at 320 px, and the keyboard alone is enough."""

import asyncio
import re
from collections.abc import AsyncIterator

import pytest
from playwright.async_api import Page, expect

from tests.browser.accessibility import AXE, faults
from tests.browser.conftest import People
from tests.browser.program import Planned, Program
from tests.browser.sdk_person import SdkPerson
from tests.browser.service import Service
from tests.browser.visitor import LONG, Screen, eventually

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(840),
    pytest.mark.skipif(not AXE.exists(), reason="axe-core is not in web/node_modules: npm ci"),
]

LANGUAGES = ("sv", "en")
EXAMINED = {"bypass_csp": True, "reduced_motion": "reduce"}


async def examine(page: Page, where: str, found: dict[str, list[str]], *, narrow: bool = True) -> None:
    if wrong := await faults(page, narrow=narrow):
        found[where] = wrong


def nothing(found: dict[str, list[str]]) -> None:
    assert not found, "\n".join(f"{where}:\n  " + "\n  ".join(wrong) for where, wrong in found.items())


@pytest.fixture
async def anna(service: Service) -> AsyncIterator[Program]:
    async with Program(service.url) as program:
        await program.identify("Anna Sjödin")
        yield program


@pytest.fixture
async def planned(anna: Program) -> Planned:
    return await anna.plan("Karin Edlund", "Per Wiklund", "Elin Näslund")


@pytest.mark.parametrize("language", LANGUAGES)
async def test_public_pages(service: Service, come: People, planned: Planned, language: str) -> None:
    link = planned.links["Karin Edlund"]
    somebody = await come(service, "Karin Edlund", "desk", **EXAMINED)
    await somebody.speak(language)
    found: dict[str, list[str]] = {}
    paths = ["/login", "/login?next=/kiosk", "/help", "/easy-read", "/privacy", "/accessibility", "/about"]
    for path in [*paths, "/simulator", "/i/AAAAAAAAAAAAAAAAAAAAAA", "/no-such-page", link]:
        await somebody.page.goto(path)
        await expect(somebody.page.get_by_role("heading", level=1)).to_be_visible()
        assert await somebody.page.locator("html").get_attribute("lang") == language
        await examine(somebody.page, f"{language} {path.removeprefix(service.url)[:12]}", found)
    phone = await come(service, "Karin Edlund", "phone", **EXAMINED)
    await phone.speak(language)
    await phone.page.goto(link)
    await expect(phone.page.locator("#same-phone")).to_be_visible(timeout=LONG)
    await examine(phone.page, f"{language} identify on a phone", found)
    await phone.page.locator("#other-device").click()
    await expect(phone.page.locator("#code")).to_be_visible(timeout=LONG)
    await examine(phone.page, f"{language} identify with a code", found)
    await phone.page.locator("#cancel").click()
    await expect(phone.page.locator("#failed")).to_be_visible(timeout=LONG)
    await examine(phone.page, f"{language} identification cancelled", found)
    nothing(found)


@pytest.mark.parametrize("language", LANGUAGES)
async def test_staff_pages(service: Service, come: People, planned: Planned, language: str) -> None:
    anna = await come(service, "Anna Sjödin", "desk", **EXAMINED)
    await anna.scan_code("/login")
    await anna.speak(language)
    found: dict[str, list[str]] = {}
    for path in ("/today", "/meetings", f"/meetings/{planned.id}", "/meetings/new", "/meetings/new?now=1"):
        await anna.page.goto(path)
        await expect(anna.page.get_by_role("heading", level=1)).to_be_visible()
        await examine(anna.page, f"{language} {path}", found)
    await anna.page.goto(f"/meetings/{planned.id}")
    for fold in await anna.page.locator("details > summary").all():
        await fold.click()
    await examine(anna.page, f"{language} meeting, unfolded", found)

    await anna.page.goto("/meetings/new")
    await anna.page.locator(".formacts button[value=next]").click()
    await expect(anna.page.locator("#summary")).to_be_visible(timeout=LONG)
    await examine(anna.page, f"{language} plan with errors", found)
    await fill_first_step(anna.page)
    for step in ("whom", "when", "check"):
        await anna.page.locator(".formacts button[value=next]").click()
        await expect(anna.page.get_by_role("heading", level=1)).to_be_visible()
        await examine(anna.page, f"{language} plan: {step}", found)
        if step == "when":
            await fill_times(anna.page)
    nothing(found)


async def fill_first_step(page: Page) -> None:
    await page.locator("[name='person.identity_number']").fill("190406129817")
    await page.locator("[name='person.given_name']").fill("Gunnar")
    await page.locator("[name='person.surname']").fill("Edlund")
    await page.locator("[name='type']").select_option(index=1)
    await page.locator("[name='consent'][value=oral]").check(force=True)
    await page.locator("[name='purpose']").fill("Hur det fungerar hemma.")


async def fill_times(page: Page) -> None:
    if await page.locator("[name=date]").count():
        await page.locator("[name=date]").fill("2030-01-15")
        await page.locator("[name=starts]").fill("10:00")
        await page.locator("[name=ends]").fill("10:45")
        await page.locator("[name=place]").fill("Norrfällsviken")


@pytest.mark.parametrize("language", LANGUAGES)
async def test_kiosk_home(service: Service, come: People, language: str) -> None:
    anna = await come(service, "Anna Sjödin", "kiosk", **EXAMINED)
    await anna.scan_code("/kiosk")
    await anna.speak(language)
    await anna.page.goto("/kiosk")
    await expect(anna.page.locator("#checks")).to_be_visible(timeout=LONG)
    found: dict[str, list[str]] = {}
    await examine(anna.page, f"{language} kiosk", found)
    nothing(found)


@pytest.mark.parametrize("language", LANGUAGES)
async def test_auditors_pages(service: Service, come: People, planned: Planned, language: str) -> None:
    async with Program(service.url) as karin:
        await karin.identify("Karin Edlund", planned.links["Karin Edlund"])
        await karin.knock(planned.id)
    rut = await come(service, "Rut Söderlind", "desk", **EXAMINED)
    await rut.scan_code("/login?next=/audit")
    await rut.speak(language)
    found: dict[str, list[str]] = {}
    await rut.page.goto("/audit")
    await examine(rut.page, f"{language} audit", found)
    search = rut.page.locator("form[action='/audit'] button[type=submit]")
    await search.click()
    await expect(rut.page.locator("#summary")).to_be_visible(timeout=LONG)
    await examine(rut.page, f"{language} audit with errors", found)
    await rut.page.locator("[name=name]").first.fill("Edlund")
    await rut.page.locator("select[name=reason]").select_option("review")
    await search.click()
    await expect(rut.page.locator(".hits li").first).to_be_visible(timeout=LONG)
    await examine(rut.page, f"{language} audit, found", found)
    await rut.page.goto(f"/audit/meetings/{planned.id}")
    await rut.page.locator("select[name=reason]").select_option("review")
    await rut.page.locator(".find button[type=submit]").click()
    await expect(rut.page.locator("table.log")).to_be_visible(timeout=LONG)
    await examine(rut.page, f"{language} audit, timeline", found)
    nothing(found)


@pytest.mark.parametrize("seen", [(language, screen) for screen in ("phone", "desk") for language in LANGUAGES])
async def test_the_way_into_the_room(
    service: Service, come: People, anna: Program, planned: Planned, seen: tuple[str, Screen]
) -> None:
    """Invitation, device check, waiting room, room with each panel, and the end, as invited on phone and desk."""
    language, screen = seen
    found: dict[str, list[str]] = {}
    karin = await come(service, "Karin Edlund", screen, **EXAMINED)
    link = planned.links["Karin Edlund"]
    await (karin.identify_here(link) if screen == "phone" else karin.scan_code(link))
    await karin.speak(language)
    page = karin.page
    await page.goto(f"/meetings/{planned.id}")
    await examine(page, f"{language} {screen} invitation", found)
    await page.goto(f"/meetings/{planned.id}/room")
    await expect(page.locator(".check")).to_be_visible(timeout=LONG)
    await eventually(lambda: page.evaluate("() => document.querySelector('video')?.videoWidth > 0"), what="picture")
    await examine(page, f"{language} {screen} device check", found)
    await page.locator(".check__go button:not([aria-busy])").click()
    await expect(page.locator(".waiting__people")).to_be_visible(timeout=LONG)
    await examine(page, f"{language} {screen} waiting room", found)
    async with SdkPerson(service.url, "Anna Sjödin") as home, SdkPerson(service.url, "Elin Näslund") as elin:
        await home.program.identify("Anna Sjödin")
        await home.come_in(planned.id, home=True)
        await elin.program.identify("Elin Näslund", planned.links["Elin Näslund"])
        entering = asyncio.gather(elin.come_in(planned.id))
        await eventually(lambda: anna.participant(planned.id, "Elin Näslund"), what="Elin at the door")
        await anna.call("POST", f"/api/v1/meetings/{planned.id}/lobby/admit")
        await entering
        await expect(page.locator("#ctl-leave")).to_be_visible(timeout=LONG)
        await karin.sees_and_hears("Elin")
        await examine(page, f"{language} {screen} room", found)
        # At 320 px the phone's screen stands, and its tabs are buttons of other names: the panels at their own width.
        for panel in ("devices", "keys", "chat", "people"):
            if panel == "keys":
                await page.locator("#panel-devices .panel__acts button").last.click()
            elif await page.locator(f"#ctl-{panel}").count():
                await page.locator(f"#ctl-{panel}").click()
            else:
                await page.locator(".tabs .tab").nth({"chat": 1, "people": 2}[panel]).click()
            await expect(page.locator(f"#panel-{panel}")).to_be_visible(timeout=LONG)
            await examine(page, f"{language} {screen} room, {panel}", found, narrow=panel != "keys")
        await page.locator("#ctl-leave").click()
        await expect(page.locator(".ending")).to_be_visible(timeout=LONG)
        await examine(page, f"{language} {screen} end", found)
    nothing(found)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("screen", ["kiosk", "desk"])
async def test_the_leaders_room_with_somebody_at_the_door(
    service: Service, come: People, planned: Planned, language: str, screen: Screen
) -> None:
    found: dict[str, list[str]] = {}
    anna = await come(service, "Anna Sjödin", screen, **EXAMINED)
    await anna.scan_code("/login")
    await anna.speak(language)
    page = anna.page
    if screen == "kiosk":
        await page.goto(f"/kiosk/meetings/{planned.id}")
    else:
        await page.goto(f"/meetings/{planned.id}/room?home=1")
        await page.locator(".check__go button:not([aria-busy])").click()
    await expect(page.locator("#ctl-leave")).to_be_visible(timeout=LONG)
    await examine(page, f"{language} {screen} alone", found)
    async with SdkPerson(service.url, "Karin Edlund") as karin, SdkPerson(service.url, "Per Wiklund") as per:
        for one in (karin, per):
            await one.program.identify(one.name, planned.links[one.name])
        entering = asyncio.gather(karin.come_in(planned.id))
        await expect(page.get_by_role("alert").filter(has_text="Karin").first).to_be_visible(timeout=LONG)
        await examine(page, f"{language} {screen} knock", found)
        await page.get_by_role("button", name=re.compile("Karin")).first.click()
        await entering
        await per.program.knock(planned.id)
        await expect(page.get_by_role("alert").filter(has_text="Per").first).to_be_visible(timeout=LONG)
        await anna.sees_and_hears("Karin")
        await examine(page, f"{language} {screen} knock in a meeting", found)
        if await page.locator("#ctl-people[aria-expanded=false]").count():
            await page.locator("#ctl-people").click()
        await page.locator("details.seat__acts summary").first.click()
        await examine(page, f"{language} {screen} people", found)
        await page.locator(".panel__acts button").first.click()
        await expect(page.locator("#panel-home")).to_be_visible(timeout=LONG)
        await examine(page, f"{language} {screen} who is at home", found)
        await page.locator("#ctl-leave").click()
        await expect(page.get_by_role("dialog")).to_be_visible(timeout=LONG)
        await examine(page, f"{language} {screen} question", found, narrow=False)
    nothing(found)


async def test_the_keyboard_alone(service: Service, come: People, anna: Program, planned: Planned) -> None:
    """From the link to the room's buttons and out, with Tab, Enter, Space, Escape and the announced shortcuts."""
    karin = await come(service, "Karin Edlund", "desk")
    page = karin.page
    await page.goto(planned.links["Karin Edlund"])
    await page.keyboard.press("Tab")
    assert await focused(page) == "Hoppa till innehållet"
    await karin.approve_scanned()
    await karin.heading("Gunnars planeringsmöte")
    await tab_to(page, "Till väntrummet")
    await page.keyboard.press("Enter")
    await karin.heading("Prova ljud och bild")
    await eventually(lambda: page.evaluate("() => document.querySelector('video')?.videoWidth > 0"), what="picture")
    await tab_to(page, "Jag är redo")
    await page.keyboard.press("Enter")
    await karin.heading("Du är i väntrummet")
    assert await focused(page) == "Du är i väntrummet", "the focus follows to the new view's heading"
    async with SdkPerson(service.url, "Anna Sjödin") as home:
        await home.program.identify("Anna Sjödin")
        await home.come_in(planned.id, home=True)
        await anna.call("POST", f"/api/v1/meetings/{planned.id}/lobby/admit")
        await karin.in_room()
        await tab_to(page, "Mikrofon på. Tryck för att stänga av")
        await page.keyboard.press("Space")
        await eventually(
            lambda: focused(page, "Mikrofon av. Tryck för att sätta på"), what="microphone off, focus kept"
        )
        await page.keyboard.press("Alt+m")
        await expect(karin.button(re.compile("^Mikrofon på")).first).to_be_visible(timeout=LONG)
        await page.keyboard.press("Alt+u")
        await expect(karin.button("Ta ner handen")).to_be_visible(timeout=LONG)
        await tab_to(page, "Chatt")
        await page.keyboard.press("Enter")
        await tab_to(page, "Skriv till alla i mötet")
        await page.keyboard.type("Hej")
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("log")).to_contain_text("Hej", timeout=LONG)
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("log")).to_have_count(0, timeout=LONG)
        assert "Chatt" in str(await focused(page)), "the focus goes back to the button that opened"
        await tab_to(page, "Lämna. Lämna mötet")
        await page.keyboard.press("Enter")
        await karin.heading("Du har lämnat mötet")


async def focused(page: Page, wanted: str = "") -> str | bool:
    """The words of what has the focus; or whether they are `wanted`."""
    words: str = await page.evaluate(
        "() => { const at = document.activeElement; "
        "const words = at?.ariaLabel ?? (at?.labels?.[0] ?? at)?.textContent ?? ''; "
        "return words.replace(/\\s+/g, ' ').trim(); }"
    )
    return words == wanted if wanted else words


async def tab_to(page: Page, words: str) -> None:
    """Presses Tab until the focus stands on it, and sees that the focus shows."""
    passed = []
    for _ in range(60):
        await page.keyboard.press("Tab")
        passed.append(str(await focused(page))[:60])
        if passed[-1].startswith(words):
            shown = await page.evaluate(
                "() => { const style = getComputedStyle(document.activeElement); "
                "return style.outlineStyle !== 'none' || style.boxShadow !== 'none'; }"
            )
            assert shown, f"no focus ring on {words}"
            return
    raise AssertionError(f"Tab never came to {words}, but to {passed}")

"""A whole meeting: the nurse on the travel laptop, a daughter on her phone, a professional at a desk, and a program."""

import asyncio
import re
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.browser.conftest import People
from tests.browser.program import Planned, Problem, Program
from tests.browser.sdk_person import SdkPerson
from tests.browser.service import Service, start
from tests.browser.visitor import LONG, Visitor, eventually

pytestmark = [pytest.mark.browser, pytest.mark.timeout(840)]


@pytest.fixture
def own_service(tmp_path: Path) -> Iterator[Service]:
    """A day of its own: this test walks through the demo's first meeting to its end."""
    running = start(tmp_path)
    yield running
    running.stop()


async def meeting_of(person: Visitor) -> str:
    """The meeting's id, from the address of any of its pages."""
    await person.page.wait_for_url(re.compile(r"/meetings/"), timeout=LONG)
    found = re.search(r"/meetings/([\w-]+)", person.page.url)
    assert found is not None
    return found[1]


async def test_a_meeting_from_the_patients_home(own_service: Service, come: People) -> None:
    service = own_service
    links = service.links()
    anna = await come(service, "Anna Sjödin", "kiosk")
    karin = await come(service, "Karin Edlund", "phone")
    per = await come(service, "Per Wiklund", "desk")
    async with SdkPerson(service.url, "Elin Näslund") as elin:
        # The relative is early: she waits, and nothing is lost for it.
        await karin.identify_here(links["Karin Edlund"])
        await karin.sees("Gunnar Edlund")
        meeting = await meeting_of(karin)
        await karin.go_to_lobby(meeting)
        await karin.sees("Mötet har inte börjat. Anna ser att du är här")

        # One touch on the travel laptop.
        await anna.scan_code("/kiosk")
        await expect(anna.page.get_by_text("Gunnar Edlund")).to_be_visible(timeout=LONG)
        await anna.press("Starta mötet")
        await anna.in_room()

        # The knock is seen, also by a screen reader, and says that she is ready.
        await expect(
            anna.page.get_by_role("alert").filter(has_text="Karin Edlund väntar på att komma in")
        ).to_be_visible(timeout=LONG)
        await anna.sees("Är redo")
        await anna.admit("Karin")
        await karin.in_room()
        await asyncio.gather(karin.sees_and_hears("Gunnar"), anna.sees_and_hears("Karin"))

        # Two more at the door are let in together.
        await elin.program.identify("Elin Näslund", links["Elin Näslund"])
        entering = asyncio.gather(elin.come_in(meeting))  # waits at the door while Per comes
        await per.scan_code(links["Per Wiklund"])
        await per.go_to_lobby(meeting)
        await anna.sees("Två väntar på att komma in")
        await anna.press("Släpp in alla")
        await asyncio.gather(entering, per.in_room())

        # Everybody sees and hears everybody.
        await asyncio.gather(
            anna.sees_and_hears("Karin", "Per", "Elin"),
            karin.sees_and_hears("Gunnar", "Per", "Elin"),
            per.sees_and_hears("Gunnar", "Karin", "Elin"),
        )
        for name in ("Gunnar", "Karin Edlund", "Per Wiklund"):
            await eventually(lambda name=name: elin.frames(name) > 5, what=f"Elin sees {name}")
            await eventually(lambda name=name: elin.loudest(name) > 300, what=f"Elin hears {name}")

        await hand_and_chat(per, karin)
        await mute(anna, karin)
        await removal(anna, per, elin, service, meeting)

        # The end, for everybody.
        await anna.press(re.compile("Avsluta. Lämna mötet"))
        for question in ("Lämna mötet?", "Avsluta mötet för alla?"):
            dialog = anna.page.get_by_role("dialog", name=question)
            await anna.button("Avsluta för alla", within=dialog).click()
        await anna.heading("Tack för i dag")
        await karin.heading("Tack för i dag")
        await eventually(lambda: any(one.startswith("disconnected") for one in elin.media.events), what="Elin's end")

    await timeline(come, service, meeting)


async def hand_and_chat(per: Visitor, karin: Visitor) -> None:
    await per.press("Räck upp handen")
    await expect(karin.page.get_by_text("Handen uppe").first).to_be_visible(timeout=LONG)
    await per.press("Ta ner handen")
    await expect(karin.page.get_by_text("Handen uppe")).to_have_count(0, timeout=LONG)

    await per.open_panel("Chatt")
    await per.page.get_by_label("Skriv till alla i mötet").fill("Jag ringer på måndag.")
    await per.press("Skicka")
    await karin.open_panel("Chatt")
    await expect(karin.page.get_by_role("log")).to_contain_text("Jag ringer på måndag.", timeout=LONG)
    await expect(karin.page.get_by_role("log")).to_contain_text("Per Wiklund", timeout=LONG)
    await karin.page.get_by_label("Skriv till alla i mötet").fill("Tack Per.")
    await karin.press("Skicka")
    await expect(per.page.get_by_role("log")).to_contain_text("Tack Per.", timeout=LONG)
    await karin.press("Möte")


async def mute(anna: Visitor, karin: Visitor) -> None:
    """Her own, then by the one who leads; she alone can turn it on again."""
    await karin.press("Mikrofon på")
    await expect(karin.button("Mikrofon av").first).to_be_visible(timeout=LONG)
    await expect(anna.page.locator("li", has_text="Karin").get_by_text("Ljud av").first).to_be_visible(timeout=LONG)
    await karin.press("Mikrofon av")
    await anna.open_panel("Alla i mötet")
    await anna.act_on("Karin", "Stäng av mikrofonen")
    await expect(karin.button("Mikrofon av").first).to_be_visible(timeout=LONG)
    await karin.press("Mikrofon av")
    await anna.sees_and_hears("Karin")


async def removal(anna: Visitor, per: Visitor, elin: SdkPerson, service: Service, meeting: str) -> None:
    """Somebody taken out is told why and stays out: by the page, by the link again, and by an old token."""
    token = per.tokens[-1]
    await anna.act_on("Per", "Ta ut ur mötet")
    await anna.button("Ta ut", within=anna.page.get_by_role("dialog")).click()
    await per.heading("Du är inte längre med i mötet")
    await eventually(lambda: not elin.identity_of("Per Wiklund"), what="Per gone for Elin")
    await expect(anna.page.get_by_role("list", name="De som är med").get_by_text("Per")).to_have_count(0, timeout=LONG)

    await per.page.reload()
    await per.heading("Du är inte längre med i mötet")
    assert await per.opens_socket(token) == "refused"
    async with Program(service.url) as again:
        await again.identify("Per Wiklund", service.links()["Per Wiklund"])
        with pytest.raises(Problem) as refused:
            await again.call("POST", f"/api/v1/meetings/{meeting}/join", {})
        assert refused.value.code == "removed"


async def timeline(come: People, service: Service, meeting: str) -> None:
    """The auditor reads who was there and how they were identified; the log is whole, offline too."""
    rut = await come(service, "Rut Söderlind", "desk")
    await rut.scan_code("/login?next=/audit")
    await rut.page.goto(f"/audit/meetings/{meeting}")
    await rut.page.get_by_label("Varför läser du?").select_option(label="Återkommande loggkontroll")
    await rut.press("Visa")
    await rut.sees("Loggen är hel.")
    await expect(rut.page.get_by_role("img", name=re.compile("minut för minut"))).to_be_visible()
    table = rut.page.get_by_role("table", name="Händelser")
    for name in ("Anna Sjödin", "Karin Edlund", "Per Wiklund", "Elin Näslund"):
        row = table.get_by_role("row").filter(has_text=name).filter(has_text="BankID")
        assert await row.count() > 0, name
    for act in ("Släppte in Karin Edlund", "Tog ut Per Wiklund ur mötet", "Avslutade mötet"):
        await expect(table.get_by_role("row").filter(has_text=act).first).to_contain_text("Anna Sjödin")

    program = Path(sys.executable).parent / "hemmaplan"
    done = await asyncio.create_subprocess_exec(
        program,
        *("audit", "verify", "--database-url", service.database, "--key", str(service.data / "audit.key.pub")),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await done.communicate()
    assert done.returncode == 0, output.decode()


@pytest.fixture
async def led(service: Service) -> AsyncIterator[tuple[Program, Planned]]:
    """A started meeting of its own, led by Anna through the JSON interface."""
    async with Program(service.url) as anna:
        await anna.identify("Anna Sjödin")
        yield anna, await anna.plan("Karin Edlund", "Elin Näslund")


async def test_who_comes_late_gets_everybodys_picture_and_sound(
    service: Service, come: People, led: tuple[Program, Planned]
) -> None:
    """A late joiner at a desk sees and hears the home, which a program publishes; leaves, and comes back."""
    anna, planned = led
    async with SdkPerson(service.url, "Anna Sjödin") as home:
        await home.program.identify("Anna Sjödin")
        await home.come_in(planned.id, home=True)
        karin = await come(service, "Karin Edlund", "desk")
        await karin.scan_code(planned.links["Karin Edlund"])
        await karin.go_to_lobby(planned.id)
        await anna.call("POST", f"/api/v1/meetings/{planned.id}/lobby/admit")
        await karin.in_room()
        await karin.sees_and_hears("Gunnar")
        await karin.press(re.compile("Lämna. Lämna mötet"))
        await karin.heading("Du har lämnat mötet")
        await karin.press("Gå in igen")
        await karin.be_ready()
        if await karin.page.get_by_role("heading", name="Du är i väntrummet").count():
            await anna.call("POST", f"/api/v1/meetings/{planned.id}/lobby/admit")
        await karin.in_room()
        await karin.sees_and_hears("Gunnar")

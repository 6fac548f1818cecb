"""An administrator reads in a file with faults, mends it and reads it in; a person with two commissions chooses one."""

from urllib.parse import urlsplit

import pytest
from playwright.async_api import FilePayload, expect

from tests.browser.accessibility import AXE, faults
from tests.browser.conftest import People
from tests.browser.program import Program
from tests.browser.service import Service
from tests.browser.visitor import LONG

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not AXE.exists(), reason="axe-core is not in web/node_modules: npm ci"),
]

HEADER = "personnummer;hsa-id;förnamn;efternamn;titel;enhet;behörigheter;sista dag"
GOOD = "189001079806;;Sven;Lund;Undersköterska;Hemtjänsten norra;värd, planerare;"
BAD = "189001079807;;Sven;;Undersköterska;Hemtjänsten norra;kung;"


def csv(*rows: str) -> FilePayload:
    return {"name": "personal.csv", "mimeType": "text/csv", "buffer": "\r\n".join((HEADER, *rows)).encode("utf-8-sig")}


async def test_staff_are_read_in_and_a_commission_is_chosen(service: Service, come: People) -> None:
    found: dict[str, list[str]] = {}
    britta = await come(service, "Britta Holm", "desk", bypass_csp=True, reduced_motion="reduce")
    page = britta.page

    async def examine(where: str) -> None:
        if wrong := await faults(page):
            found[where] = wrong

    await britta.scan_code("/login")
    await britta.heading("Personal")
    await britta.sees("Anna Sjödin")
    await examine("staff")
    await page.get_by_label("Sök personal").fill("hemtjänst maja")
    await britta.press("Sök")
    await britta.sees("1 uppdrag av 5 passar.")

    await page.get_by_role("link", name="Läs in fil").click()
    await page.get_by_label("CSV-fil").set_input_files(csv(GOOD, BAD))
    await britta.press("Granska filen")
    await britta.sees("3 saker i filen behöver rättas.")
    await expect(page.get_by_role("row", name="3 personnummer")).to_be_visible(timeout=LONG)
    assert "18900107" not in await page.content()
    await examine("import, bad rows")
    await page.get_by_label("CSV-fil").set_input_files(csv(GOOD))
    await britta.press("Granska filen")
    await expect(page.get_by_role("row", name="Sven Lund")).to_contain_text("Läggs till", timeout=LONG)
    assert "18900107" not in await page.content()
    await examine("import, dry run")
    await britta.press("Läs in")
    await britta.sees("Filen är inläst.")
    await page.get_by_role("link", name="Se personalen").click()

    await page.get_by_role("link", name="Sven Lund").click()
    await examine("one commission")
    await page.get_by_label("Granskar loggen").check()
    await britta.press("Spara")
    await page.get_by_role("link", name="Lägg till personal").click()
    await page.get_by_label("Personnummer").fill("１８９００１０７９８０６")
    await britta.press("Lägg till")
    await britta.sees("5 saker behöver rättas")
    await examine("adding, faults")
    await page.goto("/organisations/nordvik/units")
    await britta.sees("Hemtjänsten norra")
    await examine("units")
    for path in ("/organisations/nordvik/edit", "/assurance", "/sessions"):
        await page.goto(path)
        await expect(page.get_by_role("heading", level=1)).to_be_visible()
        await examine(path)
    # Herself she cannot end: nobody would be left.
    await page.goto("/organisations/nordvik")
    await page.get_by_role("link", name="Britta Holm").click()
    await page.get_by_text("Avsluta uppdraget").click()
    await britta.press("Avsluta nu")
    await britta.sees("Då blir organisationen utan administratör.")

    kerstin = await come(service, "Kerstin Öberg", "desk", bypass_csp=True, reduced_motion="reduce")
    page = kerstin.page
    await kerstin.scan_code("/kiosk")
    await kerstin.heading("Vilket uppdrag arbetar du i nu?")
    await page.get_by_role("link", name="English").click()
    await kerstin.heading("Which assignment are you working in now?")
    await page.get_by_role("link", name="Svenska").click()
    await kerstin.heading("Vilket uppdrag arbetar du i nu?")
    await examine("commissions")
    await page.get_by_role("button", name="Samordnare").click()
    await expect(page).to_have_url(f"{service.url}/kiosk")
    await page.goto("/meetings")
    await kerstin.sees("Samordnare, Sörviks kommun")
    await page.get_by_role("link", name="Byt uppdrag").click()
    await page.get_by_role("button", name="Kurator").click()
    await kerstin.sees("Kurator, Region Höga Kusten")
    await examine("with another commission")

    eva = await come(service, "Eva Strand", "desk", bypass_csp=True, reduced_motion="reduce")
    page = eva.page
    await eva.scan_code("/login")
    await eva.heading("Organisationer")
    await eva.sees("Saknar administratör")
    await examine("organisations")
    assert not found, "\n".join(f"{where}:\n  " + "\n  ".join(wrong) for where, wrong in found.items())


async def test_who_is_logged_out_by_the_administrator_is_told_in_the_room(service: Service, come: People) -> None:
    async with Program(service.url) as program:
        await program.identify("Anna Sjödin")
        planned = await program.plan()
    anna = await come(service, "Anna Sjödin", "desk")
    await anna.scan_code("/login")
    await anna.page.goto(f"/meetings/{planned.id}/room")
    await anna.be_ready()
    await anna.in_room()
    britta = await come(service, "Britta Holm", "desk")
    await britta.scan_code("/login?next=/organisations")
    await britta.page.get_by_role("link", name="Anna Sjödin").click()
    await britta.page.get_by_text("Logga ut personen").click()
    await britta.press("Logga ut nu")
    await britta.sees("Personen är utloggad.")
    await anna.heading("Visa vem du är igen")  # nothing was pressed: the page was told
    await anna.page.goto("/today")
    assert urlsplit(anna.page.url).path == "/login"

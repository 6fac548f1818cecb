"""Two guardians of a child, and a leader who is kept from starting until both have said yes."""

from datetime import UTC, datetime, timedelta

import pytest
from playwright.async_api import expect

from tests.browser.accessibility import AXE, faults
from tests.browser.conftest import People
from tests.browser.program import Problem, Program
from tests.browser.service import Service
from tests.browser.visitor import LONG
from tests.rooms.world import number

pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(600),
    pytest.mark.skipif(not AXE.exists(), reason="axe-core is not in web/node_modules: npm ci"),
]


async def test_two_guardians_answer_before_the_meeting_begins(service: Service, come: People) -> None:
    found: dict[str, list[str]] = {}
    async with Program(service.url) as planner, Program(service.url) as tomas:
        await planner.identify("Anna Sjödin")
        numbers = await planner.people()
        starts_at = datetime.now(UTC) + timedelta(minutes=10)
        planned = await planner.call(
            "POST",
            "/api/v1/meetings",
            {
                "type": "planning",
                "person": {"given_name": "Tuva", "surname": "Edlund", "identity_number": number("20140615")},
                "place": "Nordvik",
                "purpose": "Hur skolan och hemmet hjälps åt.",
                "consent": "oral",
                "starts_at": starts_at.isoformat(),
                "ends_at": (starts_at + timedelta(minutes=45)).isoformat(),
                "invitations": [
                    {
                        "name": name,
                        "identity_number": numbers[name],
                        "party": "home",
                        "relation": relation,
                        "representation": "guardian",
                    }
                    for name, relation in (("Karin Edlund", "Mamma"), ("Tomas Edlund", "Pappa"))
                ],
            },
        )
        meeting = f"/meetings/{planned['meeting']['id']}"
        links = {link["name"]: link["url"] for link in planned["links"]}

        anna = await come(service, "Anna Sjödin", "desk", bypass_csp=True, reduced_motion="reduce")
        await anna.scan_code(f"/login?next={meeting}")
        await anna.sees("Karin Edlund har inte svarat än.")
        await expect(anna.page.get_by_role("button", name="Starta mötet")).to_be_disabled()
        found["leader, waiting"] = await faults(anna.page)

        karin = await come(service, "Karin Edlund", "desk", bypass_csp=True, reduced_motion="reduce")
        await karin.scan_code(links["Karin Edlund"].removeprefix(service.url))
        await karin.heading("Ditt samtycke")
        found["guardian, asked"] = await faults(karin.page)
        await karin.press("Ja, jag samtycker")
        await karin.sees("Du har sagt ja.")
        found["guardian, answered"] = await faults(karin.page)

        await tomas.identify("Tomas Edlund", links["Tomas Edlund"])
        with pytest.raises(Problem, match="consent-missing"):
            await planner.call("POST", f"/api/v1{meeting}/start", {})
        assert (await tomas.call("POST", f"/api/v1{meeting}/consent", {"yes": True}))["complete"]
        await anna.page.reload()
        await anna.sees("Alla som ska samtycka har gjort det.")
        found["leader, may start"] = await faults(anna.page)
        await anna.press("Starta mötet")
        await anna.page.wait_for_url(f"**{meeting}/room", timeout=LONG)

        britta = await come(service, "Britta Holm", "desk", bypass_csp=True, reduced_motion="reduce")
        await britta.scan_code("/login?next=/consent-rules")
        await britta.heading("Vems samtycke som behövs")
        found["rules"] = await faults(britta.page)
        await britta.press("Spara")
        await britta.sees("Sparat.")
    assert {where: wrong for where, wrong in found.items() if wrong} == {}

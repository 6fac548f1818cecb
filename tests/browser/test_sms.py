"""A relative without e-legitimation: a code by SMS, let in, seen; hears nobody until the leader says who it is."""

import re

import aiohttp
import pytest
from playwright.async_api import expect

from tests.browser.accessibility import faults
from tests.browser.conftest import People
from tests.browser.program import Program, token_of
from tests.browser.service import Service
from tests.browser.visitor import LONG

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
EXAMINED = {"bypass_csp": True}
BY_CODE = {
    "name": "Tomas Edlund",
    "party": "home",
    "relation": "Son",
    "phone": "070-174 06 05",
    "sms_reason": "Har ingen e-legitimation",
}


async def code_sent(service: Service) -> str:
    async with aiohttp.ClientSession() as client, client.get(f"{service.url}/simulator/sms/outbox") as answer:
        found = re.match(r"\d{6}", (await answer.json())[0]["text"])
    assert found is not None
    return found[0]


async def test_a_relative_comes_by_a_code_and_the_leader_says_who_it_is(service: Service, come: People) -> None:
    async with Program(service.url) as planner:
        await planner.identify("Anna Sjödin")
        planned = await planner.plan()
        number = (await planner.people())["Tomas Edlund"]
        made = await planner.call(
            "POST", f"/api/v1/meetings/{planned.id}/invitations", {**BY_CODE, "identity_number": number}
        )
    anna = await come(service, "Anna Sjödin", "desk", **EXAMINED)
    await anna.scan_code("/login")
    await anna.page.goto(f"/meetings/{planned.id}/room")
    await anna.be_ready()
    await anna.in_room()

    tomas = await come(service, "Tomas Edlund", "phone", **EXAMINED)
    await tomas.page.goto(f"/i/{token_of(made['links'][0]['url'])}/sms")
    assert await faults(tomas.page) == []
    await tomas.press("Skicka koden")
    await tomas.page.get_by_label("Koden i meddelandet").fill(await code_sent(service))
    await tomas.press(re.compile("Fortsätt"))
    await tomas.page.wait_for_url(f"**/meetings/{planned.id}", timeout=LONG)
    await tomas.go_to_lobby(planned.id)
    await anna.admit("Tomas")
    await tomas.in_room()

    await tomas.sees("Den som leder mötet behöver se att det är du.")
    question = anna.page.get_by_role("region", name="Ser du att det är Tomas Edlund?")
    await expect(question).to_be_visible(timeout=LONG)
    await anna.sees_and_hears("Tomas")
    assert await tomas.page.evaluate("() => window.receivedPackets()") == 0, "seen and heard, and hears nobody"
    assert await faults(anna.page) == []
    assert await faults(tomas.page) == []
    await anna.press("Ja, det är Tomas")
    await tomas.sees_and_hears("Anna")
    assert await tomas.page.evaluate("() => window.receivedPackets()") > 0
    await expect(question).to_have_count(0)
    await expect(anna.page.locator("figure", has_text="Tomas").get_by_text("Ej e-legitimerad")).to_be_visible()
    await in_the_log(service, planned.id)


async def in_the_log(service: Service, meeting: str) -> None:
    """Why a code was allowed, that it was a code in all that Tomas did, and who said who it was."""
    async with Program(service.url) as rut:
        await rut.identify("Rut Söderlind")
        asked = {"meeting": meeting, "reason": "review"}
        events = (await rut.call("POST", "/api/v1/audit/events", asked))["events"]
    invited = next(one for one in events if one["type"] == "invitation.created" and one["details"].get("sms_reason"))
    assert (invited["subject"]["name"], invited["details"]["sms_reason"]) == (BY_CODE["name"], BY_CODE["sms_reason"])
    own = [one for one in events if one["actor"] and one["actor"]["name"] == BY_CODE["name"]]
    assert {one["actor"]["method"] for one in own} == {"sms"}
    assert {"invitation.opened", "lobby.entered", "participant.joined"} <= {one["type"] for one in own}
    (recognised,) = [one for one in events if one["type"] == "participant.recognised"]
    assert (recognised["actor"]["name"], recognised["subject"]["name"]) == ("Anna Sjödin", BY_CODE["name"])
    assert recognised["subject"]["method"] == "sms"

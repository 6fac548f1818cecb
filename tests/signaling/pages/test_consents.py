"""The pages of consent: an administrator's rules, a guardian's own answer, what the leader is shown."""

import re
from dataclasses import replace

from auth.identity import Method
from auth.people import Permission
from rooms.consent_rule import EVERY, Demand, OwnRule
from rooms.meeting import MEETING_TYPES
from tests.rooms.test_consents import BO, CHILD, GUARDIANS, MIA, TUVA, administrator, invitation_of, opened, plan
from tests.rooms.world import KARIN, NORDVIK, invitation, number
from tests.signaling.pages.site import Site

START = 'action="/meetings/{}/start"'


async def test_an_administrator_sets_the_rules(site: Site) -> None:
    site.viewer = await administrator(site.world)
    page = await site.get("/consent-rules")
    assert page.count("<fieldset") == 1 + len(MEETING_TYPES)
    assert '<option value="all_guardians" selected>Alla vårdnadshavare, två tillsammans</option>' in page
    assert "Follow-up" in await site.get("/consent-rules", english=True)
    _, where = await site.post("/consent-rules", every__child="one_guardian", practice__otherwise="no")
    assert where == "/consent-rules?saved=1"
    saved = await site.get(where)
    assert "Sparat." in saved
    assert '<option value="one_guardian" selected>' in saved
    assert await site.world.meetings.consents.rules(site.viewer) == {
        EVERY: OwnRule(child=Demand.ONE_GUARDIAN),
        "practice": OwnRule(otherwise=False),
    }
    for wrong in ({"every__child": "king"}, {"every__decides_from": "x"}, {"every__otherwise": "maybe"}):
        await site.post("/consent-rules", 400, **wrong)
    await site.post("/consent-rules", 422, every__decides_from="7")
    site.viewer = await site.world.anna()
    await site.get("/consent-rules", status=403)
    await site.post("/consent-rules", 403)


async def test_the_guardians_answer_and_the_leader_sees_it(site: Site) -> None:
    anna = site.viewer = await site.world.anna()
    planned = await plan(site.world, anna)
    meeting = planned.gathering.meeting.id
    page = await site.get(f"/meetings/{meeting}")
    assert page.count("Har inte svarat") == 2
    assert START.format(meeting) not in page
    assert "Mia Berg har inte svarat än." in page
    refused, _ = await site.post(f"/meetings/{meeting}/start", 409)
    assert "Mia Berg har inte svarat än." in refused

    mia = site.viewer = await opened(site.world, planned, "Mia Berg", MIA)
    page = await site.get(f"/meetings/{meeting}")
    assert "Ditt samtycke" in page
    assert "Nordviks kommun</span>" in page
    assert "Svara om samtycke först" in page
    assert await site.location(f"/meetings/{meeting}/room") == f"/meetings/{meeting}#consent"
    await site.get(f"/meetings/{meeting}/room?check=1")
    await site.post(f"/meetings/{meeting}/consent", 400, answer="perhaps")
    _, where = await site.post(f"/meetings/{meeting}/consent", answer="yes")
    page = await site.get(where.partition("#")[0])
    assert "Du har sagt ja." in page
    assert "Ta tillbaka mitt ja" in page
    await site.get(f"/meetings/{meeting}/room")

    site.viewer = await opened(site.world, planned, "Bo Berg", BO)
    await site.post(f"/meetings/{meeting}/consent", answer="no")
    assert "Du har sagt nej." in await site.get(f"/meetings/{meeting}")
    await site.get(f"/meetings/{meeting}/room")  # a no is an answer
    site.viewer = anna
    page = await site.get(f"/meetings/{meeting}")
    assert "Har sagt nej" in page
    assert "ring och prata" in page
    assert "Registrera ett ja" not in page  # never over a no
    site.viewer = await opened(site.world, planned, "Bo Berg", BO)
    assert "Jag har ändrat mig" in await site.get(f"/meetings/{meeting}")
    await site.post(f"/meetings/{meeting}/consent", answer="yes")
    site.viewer = anna
    page = await site.get(f"/meetings/{meeting}")
    assert "Alla som ska samtycka har gjort det." in page
    assert START.format(meeting) in page
    site.viewer = mia
    await site.post(f"/meetings/{meeting}/consent", answer="no")
    assert "Du har tagit tillbaka ditt ja." in await site.get(f"/meetings/{meeting}")


async def test_others_are_told_that_the_meeting_waits_and_not_for_whom(site: Site) -> None:
    anna = await site.world.anna()
    other = invitation("Karin Edlund", KARIN, party="other", role="Tränare")
    planned = await plan(site.world, anna, *GUARDIANS, other)
    site.viewer = await opened(site.world, planned, "Karin Edlund", KARIN)
    page = await site.get(f"/meetings/{planned.gathering.meeting.id}")
    assert "Mötet väntar på samtycke." in page
    assert "Ditt samtycke" not in page
    assert "har inte svarat" not in page


async def test_a_code_by_sms_is_not_enough_for_an_answer(site: Site) -> None:
    planned = await plan(site.world, await site.world.anna())
    meeting = planned.gathering.meeting.id
    mia = await opened(site.world, planned, "Mia Berg", MIA)
    site.viewer = replace(mia, invitation=None)
    page = await site.get(f"/meetings/{meeting}")
    assert "Här kan du bara svara med e-legitimation." in page
    assert 'name="answer"' not in page
    site.viewer = replace(mia, method=Method.SMS)
    await site.post(f"/meetings/{meeting}/consent", 403, answer="yes")


async def test_a_leader_registers_a_yes_on_paper(site: Site) -> None:
    anna = site.viewer = await site.world.anna()
    planned = await plan(site.world, anna)
    meeting = planned.gathering.meeting.id
    path = f"/meetings/{meeting}/invitations/{invitation_of(planned, 'Mia Berg')}/consent"
    assert path in await site.get(f"/meetings/{meeting}")
    page, _ = await site.post(path, 422, reason=" ")
    field = f"reason-{invitation_of(planned, 'Mia Berg')}"
    assert f'href="#{field}"' in page
    assert f'id="{field}"' in page
    await site.post(path, reason="Blankett 20 november, i journalen.")
    page = await site.get(f"/meetings/{meeting}")
    assert "Har sagt ja, registrerat här" in page
    assert "Blankett 20 november, i journalen." in page
    assert path not in page
    await site.world.meetings.consents.change_rules(await administrator(site.world), {EVERY: OwnRule(otherwise=False)})
    assert "Registrera ett ja" not in await site.get(f"/meetings/{meeting}")


async def test_a_single_guardian_is_stated_on_the_meetings_page(site: Site) -> None:
    anna = site.viewer = await site.world.anna()
    planned = await plan(site.world, anna)
    meeting = planned.gathering.meeting.id
    path = f"/meetings/{meeting}/sole-guardian"
    assert path not in await site.get(f"/meetings/{meeting}")
    await site.world.meetings.invitations.revoke(anna, meeting, invitation_of(planned, "Bo Berg"))
    assert path in await site.get(f"/meetings/{meeting}")
    await site.post(path)
    page = await site.get(f"/meetings/{meeting}")
    assert path not in page
    assert "Bara en vårdnadshavare är inbjuden" not in page


async def test_the_planners_form_asks_about_a_childs_guardians(site: Site) -> None:
    site.viewer = await site.world.anna()
    form = {
        "person__given_name": "Tuva", "person__surname": "Berg", "person__identity_number": TUVA,
        "type": "planning", "consent": "oral", "purpose": "Skolan och hälsan.", "place": "Nordvik",
        "date": "2026-11-25", "starts": "10:00", "ends": "10:45",
        "invitations__0__name": "Mia Berg", "invitations__0__identity_number": MIA, "invitations__0__party": "home",
        "invitations__0__representation": "guardian",
    }  # fmt: skip
    page, _ = await site.post("/meetings/new", 200, **form, step="1", go="next")
    assert "Barnet har bara en vårdnadshavare" in page
    grown = {**form, "person__identity_number": number("19410503")}
    page, _ = await site.post("/meetings/new", 200, **grown, step="1", go="next")
    assert "Barnet har bara en vårdnadshavare" not in page
    page, _ = await site.post("/meetings/new", 422, **form, step="4", go="create")
    assert "Bjud in den andra också, eller ange att barnet bara har en." in page
    assert 'href="#sole_guardian"' in page
    assert 'id="sole_guardian"' in page
    nobody = {**form, "invitations__0__representation": "none"}
    page, _ = await site.post("/meetings/new", 422, **nobody, step="4", go="create")
    assert 'href="#invitations-0-name"' in page
    page, _ = await site.post("/meetings/new", 200, **form, sole_guardian="1", step="4", go="create")
    assert "Har inte svarat" in page
    assert "Skicka länken nu" in page


async def test_a_meeting_that_was_to_start_at_once_shows_its_links_and_what_it_waits_for(site: Site) -> None:
    site.viewer = await site.world.staff("Anna Sjödin", number("19840612"), NORDVIK, Permission.HOST)
    names = {
        "given_name": "person__given_name",
        "surname": "person__surname",
        "identity_number": "person__identity_number",
    }
    form = {names[name]: value for name, value in CHILD.items()} | {
        "type": "planning", "consent": "oral", "purpose": "Skolan.", "place": "Nordvik", "now": "1",
        "invitations__0__name": "Mia Berg", "invitations__0__identity_number": MIA, "invitations__0__party": "home",
        "invitations__0__representation": "guardian", "sole_guardian": "1",
    }  # fmt: skip
    page, _ = await site.post("/meetings/new", 200, **form, step="4", go="create")
    assert re.search(r'value="https://mote\.example/i/[\w-]+"', page)
    assert "Mia Berg har inte svarat än." in page

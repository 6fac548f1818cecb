"""The day, the list, planning and the leader's page."""

import re
from typing import Any

from audit.events import EventType
from tests.rooms.test_sms_invitations import allow
from tests.rooms.world import ELIN, GUNNAR, KARIN
from tests.signaling.pages.site import Site

FIRST: dict[str, str] = {
    "step": "1",
    "go": "next",
    "person__identity_number": GUNNAR,
    "person__given_name": "Gunnar",
    "person__surname": "Edlund",
    "type": "planning",
    "consent": "oral",
    "purpose": "Hur det ska fungera hemma.",
}
SECOND: dict[str, str] = {
    "invitations__0__name": "Karin Edlund",
    "invitations__0__identity_number": KARIN,
    "invitations__0__party": "home",
    "invitations__0__role": "Dotter",
}
THIRD: dict[str, str] = {"date": "2026-11-24", "starts": "13:30", "ends": "14:15", "place": "Docksta"}


async def test_the_day_unfolds_the_next_meeting_alone(site: Site) -> None:
    await site.planned()
    page = await site.get("/today")
    assert page.count('class="is-next"') == 1
    assert "om 10 minuter" in page
    assert "har inte öppnat sin inbjudan" in page
    assert "Today" in await site.get("/today", english=True)


async def test_an_empty_day_and_list_say_so(site: Site) -> None:
    site.viewer = await site.world.anna()
    assert "Inga möten i dag" in await site.get("/today")
    assert "Inga möten är planerade" in await site.get("/meetings")


async def test_those_who_do_not_plan_are_told(site: Site) -> None:
    await site.auditor()
    await site.get("/today", status=403)
    await site.get("/meetings/new", status=403)


async def test_a_meeting_that_did_not_begin_is_to_do(site: Site) -> None:
    await site.planned()
    site.world.clock.advance(seconds=1200)
    assert "mötet har inte börjat" in await site.get("/today")


async def test_an_error_loses_nothing_and_names_its_field(site: Site) -> None:
    site.viewer = await site.world.anna()
    page, _ = await site.post("/meetings/new", 422, **{**FIRST, "person__identity_number": "19410", "consent": ""})
    assert "2 saker behöver rättas" in page
    assert 'href="#person-identity_number"' in page
    assert 'href="#consent"' in page
    assert 'value="19410"' in page
    assert "Hur det ska fungera hemma." in page


async def test_four_steps_make_a_meeting_whose_links_are_shown_once(site: Site) -> None:
    site.viewer = await site.world.anna()
    page, _ = await site.post("/meetings/new", 200, **FIRST)
    assert "Vilka ska vara med?" in page
    assert f'type="hidden" name="person.identity_number" value="{GUNNAR}"' in page
    page, _ = await site.post("/meetings/new", 200, **{**FIRST, **SECOND, "step": "2", "go": "add"})
    assert "Person 2" in page
    page, _ = await site.post("/meetings/new", 200, **{**FIRST, **SECOND, "step": "2"})
    assert "När och var" in page
    page, _ = await site.post("/meetings/new", 200, **{**FIRST, **SECOND, **THIRD, "step": "3"})
    assert "Stämmer det här?" in page
    assert "kl. 13.30–14.15" in page
    page, _ = await site.post("/meetings/new", 200, **{**FIRST, **SECOND, **THIRD, "step": "4", "go": "create"})
    assert "Mötet är planerat." in page
    assert page.count("https://mote.example/i/") == 1
    [made] = set(re.findall(r'data-here="(/meetings/[^"]+)"', page))
    assert f'href="{made}?lang=en"' in page
    assert f'data-leave="/login?ended&amp;next={made.replace("/", "%2F")}"' in page
    assert "Mötet är planerat." not in await site.get(made)
    assert "https://mote.example/i/" not in await site.get("/meetings")


async def test_a_form_sent_twice_makes_one_meeting_and_loses_nothing(site: Site) -> None:
    site.viewer = await site.world.anna()
    page, _ = await site.post("/meetings/new", 200, **{**FIRST, **SECOND, **THIRD, "step": "3"})
    (form,) = re.findall(r'name="form" value="([^"]+)"', page)
    last = {**FIRST, **SECOND, **THIRD, "step": "4", "go": "create", "form": form}
    page, _ = await site.post("/meetings/new", 200, **last)
    assert "Mötet är planerat." in page
    page, _ = await site.post("/meetings/new", 422, **last)
    assert "Det här har redan skickats" in page
    assert "Hur det ska fungera hemma." in page
    assert form not in page
    planned = [item for item in await site.world.log.search(limit=500) if item.type is EventType.MEETING_PLANNED]
    assert len(planned) == 1


async def test_who_speaks_for_the_person_is_chosen_and_shown_in_words(site: Site) -> None:
    site.viewer = await site.world.anna()
    guardian = {**FIRST, **SECOND, **THIRD, "invitations__0__representation": "guardian"}
    page, _ = await site.post("/meetings/new", 200, **{**guardian, "step": "2", "go": "add"})
    assert '<option value="guardian" selected>Vårdnadshavare</option>' in page
    page, _ = await site.post("/meetings/new", 200, **{**guardian, "step": "3"})
    assert "<span>Vårdnadshavare, Dotter</span>" in page
    wrong = {**guardian, "invitations__0__representation": "king"}
    page, _ = await site.post("/meetings/new", 422, **{**wrong, "step": "2"})
    assert 'href="#invitations-0-representation"' in page
    page, _ = await site.post("/meetings/new", 200, **{**guardian, "step": "4", "go": "create"})
    assert "<span>Vårdnadshavare, Dotter</span>" in page
    meeting = f"/meetings/{(await site.world.log.search(limit=500))[-1].event.meeting}"  # type: ignore[union-attr]
    page, _ = await site.post(
        f"{meeting}/invitations",
        200,
        name="Elin Näslund",
        identity_number=ELIN,
        role="Tolk",
        representation="interpreter",
    )
    assert "<span>Tolk</span>" in page
    assert "<span>Guardian, Dotter</span>" in await site.get(meeting, english=True)


async def test_a_wrong_row_among_the_invited_is_named(site: Site) -> None:
    site.viewer = await site.world.anna()
    wrong: dict[str, Any] = {
        **FIRST,
        **SECOND,
        "step": "2",
        "invitations__2__name": "Per",
        "invitations__2__party": "kommun",
    }
    page, _ = await site.post("/meetings/new", 422, **wrong)
    assert 'href="#invitations-2-identity_number"' in page


async def test_a_meeting_at_once_is_open(site: Site) -> None:
    site.viewer = await site.world.anna()
    assert "startar så fort" in await site.get("/meetings/new?now=1")
    page, _ = await site.post(
        "/meetings/new", 200, **{**FIRST, "now": "1", "place": "Docksta", "step": "4", "go": "create"}
    )
    assert "Mötet pågår" in page


async def test_from_the_answer_to_a_form_the_login_leads_to_the_meetings_page(site: Site) -> None:
    planned = await site.planned()
    meeting = f"/meetings/{planned.gathering.meeting.id}"
    karin = next(item.id for item in planned.gathering.invitations if item.name == "Karin Edlund")
    for path, status in ((f"invitations/{karin}/renew", 200), ("invitations", 422), ("change", 422)):
        page, _ = await site.post(f"{meeting}/{path}", status, name="Elin Näslund", date="i morgon")
        assert f'data-leave="/login?ended&amp;next={meeting.replace("/", "%2F")}"' in page


async def test_the_leader_renews_revokes_invites_changes_starts_and_ends(site: Site) -> None:
    planned = await site.planned()
    meeting = f"/meetings/{planned.gathering.meeting.id}"
    karin = next(item.id for item in planned.gathering.invitations if item.name == "Karin Edlund")
    page, _ = await site.post(f"{meeting}/invitations/{karin}/renew", 200)
    assert "Länken är ny." in page
    page, _ = await site.post(f"{meeting}/invitations", 422, name="Elin Näslund", identity_number="1")
    assert 'value="Elin Näslund"' in page
    page, _ = await site.post(f"{meeting}/invitations", 200, name="Elin Näslund", identity_number=ELIN, party="region")
    assert "Elin Näslund" in page
    _, where = await site.post(f"{meeting}/invitations/{karin}/revoke")
    assert where == meeting
    assert "Karin Edlund" not in await site.get(meeting)
    page, _ = await site.post(f"{meeting}/change", 422, date="i morgon", starts="tidigt", ends="sent", place="Docksta")
    assert 'value="Docksta"' in page
    page, _ = await site.post(
        f"{meeting}/change", 422, date="2026-11-24", starts="15:00", ends="14:00", place="D", purpose="P"
    )
    assert 'href="#ends"' in page
    await site.post(f"{meeting}/change", date="2026-11-24", starts="10:30", ends="11:00", place="Docksta", purpose="P")
    assert "10.30–11.00" in await site.get(meeting)
    _, where = await site.post(f"{meeting}/start")
    assert where == f"{meeting}/room"
    assert "Avsluta för alla" in await site.get(meeting)
    await site.post(f"{meeting}/end")
    assert "Klart" in await site.get(meeting)


async def test_a_telephone_is_asked_for_only_where_a_code_is_allowed(site: Site) -> None:
    planned = await site.planned()
    meeting = f"/meetings/{planned.gathering.meeting.id}"
    asks = "Har ingen e-legitimation"
    second = {**FIRST, **SECOND, "step": "2", "go": "add"}
    assert asks not in (await site.post("/meetings/new", 200, **second))[0]
    assert asks not in await site.get(meeting)
    await allow(site.world, "planning")
    assert asks in (await site.post("/meetings/new", 200, **second))[0]
    assert asks not in (await site.post("/meetings/new", 200, **{**second, "type": "follow_up"}))[0]
    assert asks in await site.get(meeting)
    page = await site.get(meeting, english=True)
    assert "Has no e-identification" in page
    assert "tricks someone out of the code" in page  # the risk is told to who decides (ASVS V6.6.1)


async def test_a_code_needs_a_telephone_and_a_reason_and_neither_is_lost(site: Site) -> None:
    site.viewer = await site.world.anna()
    await allow(site.world, "planning")
    by_code = {**FIRST, **SECOND, **THIRD, "invitations__0__phone": "070-174 06 05"}
    page, _ = await site.post("/meetings/new", 422, **{**by_code, "step": "2"})
    assert '<details class="by-sms" open>' in page
    assert 'href="#invitations-0-sms_reason"' in page
    assert 'value="070-174 06 05"' in page
    by_code["invitations__0__sms_reason"] = "Har inget pass att skaffa det med"
    page, _ = await site.post("/meetings/new", 422, **{**by_code, "invitations__0__phone": "08-1", "step": "2"})
    assert 'href="#invitations-0-phone"' in page
    assert 'value="Har inget pass att skaffa det med"' in page
    # Alone in its row it is not dropped in silence, and the row is named, whichever it is.
    moved = {name.replace("__0__", "__3__"): value for name, value in by_code.items()}
    page, _ = await site.post("/meetings/new", 422, **{**moved, "invitations__3__name": "", "step": "2"})
    assert 'href="#invitations-3-name"' in page
    # The kind of meeting was changed after the number was written: back to the row, which still shows it.
    page, _ = await site.post("/meetings/new", 422, **{**moved, "type": "follow_up", "step": "4", "go": "create"})
    assert 'href="#invitations-3-phone"' in page
    assert "tillåter inte kod med SMS" in page
    assert 'value="070-174 06 05"' in page
    page, _ = await site.post("/meetings/new", 200, **{**by_code, "step": "3"})
    assert "<li>Karin Edlund, 070-174 06 05: Har inget pass att skaffa det med</li>" in page
    page, _ = await site.post("/meetings/new", 200, **{**by_code, "step": "4", "go": "create"})
    meeting = str((await site.world.log.search(limit=500))[-1].event.meeting)  # type: ignore[union-attr]
    gathering = await site.world.meetings.gathering(site.viewer, meeting)
    karin = next(item for item in gathering.invitations if item.name == "Karin Edlund")
    assert (karin.phone_sealed is not None, karin.sms_reason) == (True, "Har inget pass att skaffa det med")
    page, _ = await site.post(
        f"/meetings/{meeting}/invitations",
        422,
        name="Tomas Edlund",
        identity_number=ELIN,
        party="home",
        sms_reason="Bor utomlands",
    )
    assert 'href="#phone"' in page
    assert 'value="Bor utomlands"' in page

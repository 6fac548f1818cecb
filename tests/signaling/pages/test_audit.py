"""The auditor's pages: a reason first, and each reading in the log before anything is shown."""

from audit.events import EventType
from auth.people import Organisation, Permission, Staff
from tests.rooms.world import LEILA, PER, REGION, number
from tests.signaling.pages.site import Site

SOLVIK = Organisation("solvik", "Solviks kommun", "kommun", "")
SEARCH = {"name": "Gunnar", "since": "2026-11-01", "until": "2026-11-30", "reason": "extract"}


async def test_a_search_needs_a_reason_and_a_name(site: Site) -> None:
    await site.planned()
    await site.auditor()
    page, _ = await site.post("/audit", 422, **{**SEARCH, "reason": "", "name": "G"})
    assert 'href="#reason"' in page
    assert 'href="#name"' in page
    page, _ = await site.post("/audit", 422, **{**SEARCH, "since": "i går"})
    assert 'href="#since"' in page
    assert await site.world.records(None, EventType.AUDIT_READ) == []


async def test_search_and_reading_are_in_the_log_and_the_answer_comes_first(site: Site) -> None:
    planned = await site.planned()
    meeting = planned.gathering.meeting.id
    reader = await site.auditor()
    page, _ = await site.post("/audit", 200, **SEARCH)
    assert f'action="/audit/meetings/{meeting}"' in page
    assert '<span class="hits__whose">Gunnar Edlund</span>' in page
    page, _ = await site.post(f"/audit/meetings/{meeting}", 200, **SEARCH)
    assert "Loggen är hel." in page
    assert "Planeringsmöte, Gunnar Edlund" in page
    assert "Planerade mötet" in page
    reads = await site.world.records(None, EventType.AUDIT_READ)
    assert [record.event.actor.person for record in reads if record.event and record.event.actor] == [
        reader.person.id,
        reader.person.id,
    ]
    assert reads[1].event is not None
    assert reads[1].event.details["reason"] == "extract"


async def test_a_partners_auditor_sees_whose_it_was_and_her_own_people(site: Site) -> None:
    _, meeting, planned = await site.world.started()
    leila = await site.world.by_link(planned, "Leila Haddad", LEILA)
    await site.world.people.add_staff(Staff("c1", leila.person, REGION, "Sjuksköterska", "Enhet", frozenset()))
    await site.world.sit(leila, meeting)
    site.viewer = await site.world.staff("Rut Holm", number("19770101"), REGION, Permission.AUDITOR)
    page, _ = await site.post("/audit", 200, **{**SEARCH, "name": "Haddad"})
    assert '<span class="hits__whose">Möte hos Nordviks kommun</span>' in page
    page, _ = await site.post(f"/audit/meetings/{meeting}", 200, reason="review")
    assert "Möte hos Nordviks kommun" in page
    assert "Leila Haddad" in page
    assert "Någon i en annan organisation" in page
    for hidden in ("Gunnar", "Anna Sjödin", "Karin", "Loggen är hel."):
        assert hidden not in page, hidden
    site.viewer = await site.world.staff("Siv Holm", number("19780101"), SOLVIK, Permission.AUDITOR)
    await site.post(f"/audit/meetings/{meeting}", 404, reason="review")


async def test_a_link_to_a_meeting_asks_why_before_it_shows_anything(site: Site) -> None:
    planned = await site.planned()
    await site.auditor()
    page = await site.get(f"/audit/meetings/{planned.gathering.meeting.id}")
    assert "Varför läser du?" in page
    assert "Gunnar" not in page


async def test_a_meeting_held_is_drawn_row_by_row(site: Site) -> None:
    _, meeting, _ = await site.world.started()
    await site.auditor()
    page, _ = await site.post(f"/audit/meetings/{meeting}", 200, reason="review")
    assert "Hemma hos Gunnar" in page
    assert 'class="t-in"' in page
    assert "style=" not in page


async def test_a_changed_log_is_not_called_whole(site: Site) -> None:
    _, meeting, _ = await site.world.started()
    async with site.world.engine.begin() as connection:
        await connection.exec_driver_sql("update audit_entries set type='meeting.ended' where type='meeting.started'")
    await site.auditor()
    page, _ = await site.post(f"/audit/meetings/{meeting}", 200, reason="incident")
    assert "Loggen är inte hel." in page


async def test_others_are_kept_out_and_a_stranger_meeting_is_unknown(site: Site) -> None:
    await site.planned()
    await site.get("/audit", status=403)
    await site.auditor()
    await site.post("/audit/meetings/none", 404, reason="review")
    page, _ = await site.post("/audit", 200, **{**SEARCH, "name": "Nobody"})
    assert "Inga möten" in page


async def test_not_yet_is_no_refusal_and_the_hit_counts_as_the_page_marks(site: Site) -> None:
    anna, meeting, planned = await site.world.started()
    admission = site.world.meetings.admission
    waiting = await site.world.wait(await site.karin(planned), meeting)
    await admission.deny(anna, meeting, waiting, final=False)
    per = await site.world.wait(await site.world.by_link(planned, "Per Wiklund", PER), meeting)
    await admission.deny(anna, meeting, per, final=True)
    await admission.remove(anna, meeting, waiting)
    await site.auditor()
    page, _ = await site.post(f"/audit/meetings/{meeting}", 200, **SEARCH)
    assert "Svarade Inte än till Karin Edlund" in page
    table = page[page.index("<tbody") :]
    assert table.count("</svg>Nekad</span>") == 1
    assert table.count("</svg>Togs ut ur mötet</span>") == 1
    assert "1\xa0nekad" in page or "1 nekad" in page or "1&nbsp;nekad" in page

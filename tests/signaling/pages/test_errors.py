"""Refusals as pages."""

from tests.signaling.pages.site import Site


async def test_a_page_that_is_not_there_says_so_in_both_languages(site: Site) -> None:
    assert "Sidan finns inte" in await site.get("/nothing", status=404)
    assert "There is no such page" in await site.get("/nothing", english=True, status=404)


async def test_what_may_not_be_seen_leads_back(site: Site) -> None:
    site.viewer = await site.world.anna()
    page = await site.get("/audit", status=403)
    assert 'href="/"' in page


async def test_a_body_that_is_too_large_is_told(site: Site) -> None:
    site.viewer = await site.world.anna()
    page, _ = await site.post("/meetings/new", 413, purpose="x" * 3_000_000)
    assert "Det var för stort" in page


async def test_a_removed_person_is_told_whom_to_call(site: Site) -> None:
    planned = await site.planned()
    host, meeting = site.viewer, planned.gathering.meeting.id
    assert host is not None
    await site.world.meetings.hosting.start(host, meeting)
    await site.world.sit(host, meeting)
    karin = await site.karin(planned)
    waiting = await site.world.wait(karin, meeting)
    await site.world.meetings.admission.deny(host, meeting, waiting, final=True)
    page = await site.get(f"/meetings/{meeting}", status=403)
    assert "Du släpptes inte in" in page
    assert "tel:+46980319210" in page
    assert "Till väntrummet" not in page


async def test_a_personal_link_that_does_not_open_stands_nowhere_on_its_page(site: Site) -> None:
    """Neither in where a login leads, nor in the page in English, nor in what the next address is told."""
    site.viewer = await site.world.anna()
    token = "x" * 22
    answer = await site.client.get(f"/i/{token}?problem=wrong-person", headers={"Accept": "text/html"})
    page = await answer.text()
    assert (answer.status, answer.headers["Referrer-Policy"]) == (404, "strict-origin")
    assert token not in page
    assert 'data-leave="/login?ended"' in page
    assert 'href="?problem=wrong-person&amp;lang=en"' in page


async def test_from_the_answer_to_a_form_each_way_leads_to_a_page(site: Site) -> None:
    meeting = (await site.planned()).gathering.meeting.id
    site.world.clock.advance(seconds=-24 * 3600)
    page, _ = await site.post(f"/meetings/{meeting}/start", 409)
    assert f'href="/meetings/{meeting}?lang=en"' in page
    assert f'data-leave="/login?ended&amp;next=%2Fmeetings%2F{meeting}"' in page
    assert f'data-here="/meetings/{meeting}"' in page


async def test_a_form_sent_after_the_login_ended_leads_to_the_login_and_back(site: Site) -> None:
    """In a tab beside: reloading this page sends what was written."""
    page, _ = await site.post("/meetings/new", 401, purpose="Hemma")
    assert 'href="/login?next=/meetings/new" target="_blank"' in page
    assert "Det du skrev är inte skickat." in page
    page, _ = await site.post("/meetings/m/invitations/i/renew", 401)
    assert 'href="/login?next=/meetings/m" target="_blank"' in page

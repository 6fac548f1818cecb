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


async def test_a_form_sent_after_the_login_ended_leads_to_the_login_and_back(site: Site) -> None:
    """In a tab beside: reloading this page sends what was written."""
    here = str(site.client.make_url("/meetings/new"))
    told = {"Accept": "text/html", "Referer": here}
    async with site.client.post("/meetings/new", data={"purpose": "Hemma"}, headers=told) as answer:
        page = await answer.text()
        assert answer.status == 401
    assert 'href="/login?next=/meetings/new" target="_blank"' in page
    assert "Det du skrev är inte skickat." in page
    foreign = told | {"Referer": "https://elsewhere.example/meetings/new"}
    async with site.client.post("/meetings/new", data={}, headers=foreign) as answer:
        assert 'href="/login" target' in await answer.text()

"""The travel laptop's home page."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from auth.sessions import Session
from rooms.errors import MeetingUnknown
from tests.rooms.test_consents import BO, CHILD, GUARDIANS, MIA, opened
from tests.signaling.pages.site import Site


async def test_one_meeting_one_button_and_later_names_hidden(site: Site) -> None:
    await site.planned()
    assert site.viewer is not None
    later = site.world.clock() + timedelta(hours=4)
    await site.world.plan(
        site.viewer, given_name="Ingrid", surname="Nordlöf", starts_at=later, ends_at=later + timedelta(minutes=45)
    )
    page = await site.get("/kiosk")
    assert "Gunnar Edlund" in page
    assert page.count('class="button button--start"') == 1
    assert "Nordlöf" not in page
    assert "Namnet visas kl. 13.30" in page


async def test_a_name_is_shown_half_an_hour_before_or_when_the_nurse_asks(site: Site) -> None:
    await site.planned()
    site.world.clock.advance(seconds=-3600)
    assert "Gunnar" not in await site.get("/kiosk")
    assert "Gunnar" in await site.get("/kiosk?show=1")


async def test_one_touch_starts(site: Site) -> None:
    planned = await site.planned()
    meeting = planned.gathering.meeting.id
    _, where = await site.post("/kiosk", meeting=meeting)
    assert where == f"/kiosk/meetings/{meeting}"
    assert "Gå in i mötet" in await site.get("/kiosk")


async def test_why_a_start_did_not_work_is_said_there(site: Site) -> None:
    planned = await site.planned()
    site.world.clock.advance(seconds=-24 * 3600)
    page, _ = await site.post("/kiosk", 409, meeting=planned.gathering.meeting.id)
    assert "Det kan startas två timmar innan" in page
    before, _, live = page.partition("data-live=")
    assert 'role="alert"' in before.partition("<main")[2]
    assert "Det kan startas två timmar innan" in before, "what is taken over from the page that is got is live"
    assert "Det kan startas två timmar innan" not in live


@pytest.mark.parametrize("form", [b"meeting=%00", b"meeting=\\ud800", b"meeting=" + b"a" * 65, b""])
async def test_a_meeting_that_can_be_none_is_not_asked_for(
    site: Site, form: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """PostgreSQL answers a NUL with an error, where SQLite finds nothing."""
    site.viewer = await site.world.anna()
    asked: list[str] = []

    async def start(_: Session, meeting: str) -> None:
        asked.append(meeting)
        raise MeetingUnknown

    monkeypatch.setattr(site.world.meetings.hosting, "start", start)
    kind = {"Content-Type": "application/x-www-form-urlencoded; charset=unicode_escape", "Accept": "text/html"}
    answer = await site.client.post("/kiosk", data=form, headers=kind)
    assert answer.status == 404
    assert "Vi hittar inte mötet" in await answer.text()
    assert asked == []


async def test_a_missing_consent_is_told_without_the_name(site: Site) -> None:
    planned = await site.planned(**CHILD, invitations=GUARDIANS)
    page, _ = await site.post("/kiosk", 409, meeting=planned.gathering.meeting.id)
    told = page.partition('role="alert"')[2].partition("</div>")[0]
    assert "Samtycke saknas, så mötet får inte börja och ingen kan släppas in. På mötets sida ser du vems." in told
    assert "Berg" not in told
    assert page.count("Samtycke saknas") == 1
    assert "Samtycke saknas" in page.partition('data-live="next"')[2].partition("</section>")[0]


async def test_a_missing_consent_is_told_for_as_long_as_it_is_missing(site: Site) -> None:
    """Where the start was refused the page refreshes itself as any other, from the address it stands at."""
    planned = await site.planned(**CHILD, invitations=GUARDIANS)
    refused, _ = await site.post("/kiosk", 409, meeting=planned.gathering.meeting.id)
    assert "data-here" not in refused
    assert 'href="?lang=en"' in refused
    page = await site.get("/kiosk")
    assert "Samtycke saknas" in page
    assert 'role="alert"' not in page.partition("<main")[2].partition("</main>")[0], "said once, when it was pressed"
    assert "Consent is missing" in await site.get("/kiosk", english=True)
    nurse = site.viewer
    for name, its_number in (("Mia Berg", MIA), ("Bo Berg", BO)):
        guardian = await opened(site.world, planned, name, its_number)
        await site.world.meetings.consents.answer(guardian, planned.gathering.meeting.id, yes=True)
    site.viewer = nurse
    assert "Samtycke saknas" not in await site.get("/kiosk")


async def test_a_day_without_meetings(site: Site) -> None:
    site.viewer = await site.world.anna()
    assert "Inga fler möten i dag" in await site.get("/kiosk")
    assert "No more meetings today" in await site.get("/kiosk", english=True)


async def test_a_meeting_just_after_midnight_can_be_started_before_it(site: Site) -> None:
    site.world.clock.advance(seconds=13 * 3600 + 55 * 60)  # 23.55 in Sweden
    await site.planned()
    assert "Gunnar Edlund" in await site.get("/kiosk")
    assert "Gunnar Edlund" in await site.get("/today")


async def test_an_auditor_is_told_that_she_leads_no_meetings(site: Site) -> None:
    await site.auditor()
    page = await site.get("/kiosk")
    assert "Du leder inga möten" in page
    assert "Inga fler möten i dag" not in page
    assert "You lead no meetings" in await site.get("/kiosk", english=True)


async def test_the_end_of_the_login_opens_no_second_window(site: Site) -> None:
    await site.planned()
    page = await site.get("/kiosk")
    assert "Visa vem du är igen" in page
    assert "flik" not in page
    assert "_blank" not in page
    assert "Visa vem du är i en ny flik" in await site.get("/today")


async def test_from_a_start_that_did_not_work_the_login_leads_to_the_same_page(site: Site) -> None:
    planned = await site.planned(**CHILD, invitations=GUARDIANS)
    page, _ = await site.post("/kiosk", 409, meeting=planned.gathering.meeting.id)
    assert 'data-leave="/login?ended&amp;next=%2Fkiosk"' in page
    assert 'href="/login?with=bankid&amp;next=%2Fkiosk"' in page
    assert "/start" not in page.partition('id="ends-idle"')[2]


async def test_the_travel_laptop_comes_back_to_its_own_login_from_a_meeting_too(site: Site) -> None:
    planned = await site.planned()
    for page in ("/kiosk", f"/kiosk/meetings/{planned.gathering.meeting.id}"):
        shown = await site.get(page)
        assert 'action="/logout?next=/kiosk"' in shown.partition('id="ends-idle"')[2]
        assert f'data-leave="/login?ended&amp;next={page.replace("/", "%2F")}"' in shown
    assert (await site.post("/logout?next=/kiosk"))[1] == "/login?next=/kiosk"


async def test_nothing_on_the_travel_laptop_leads_to_the_days_list(site: Site) -> None:
    """Nor any page that is reached from there: its login, what may be read beside it, and what did not work."""
    meeting = (await site.planned()).gathering.meeting.id
    shown = [await site.get("/kiosk"), await site.get(f"/kiosk/meetings/{meeting}")]
    shown += [await site.get(f"/kiosk/{page}", status=404) for page in ("meetings/unknown", "nope/x/y/z")]
    shown += [await site.get("/kiosk?next=/today"), await site.get(f"/kiosk/meetings/{meeting}?next=/today")]
    shown += [await site.get("/login?next=/kiosk&with=bankid"), await site.get("/help?next=/kiosk")]
    site.viewer = None
    shown += [await site.get("/login?next=/kiosk"), await site.get("/privacy?next=/kiosk")]
    for page in shown:
        links = [link for link in re.findall(r'(?:href|action)="(/[^"]*)"', page) if not link.startswith("/static/")]
        assert {link for link in links if link.startswith("/kiosk") or "next=" in link} >= set(links) - {"/simulator"}
    assert await site.location("/kiosk") == "/login?next=/kiosk"
    assert await site.location(f"/kiosk/meetings/{meeting}?next=/today") == f"/login?next=/kiosk/meetings/{meeting}"


async def test_a_commission_is_chosen_before_the_page_is_shown(site: Site) -> None:
    site.viewer = replace(await site.world.anna(), staff=None, several=True)
    assert await site.location("/kiosk") == "/commissions?next=%2Fkiosk"

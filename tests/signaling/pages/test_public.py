"""What a stranger, an invited person and a lost one see."""

from dataclasses import replace

from auth.people import Permission
from rooms.planning import Planned
from signaling.pages.templates import static
from tests.rooms.world import ANNA, KARIN, REGION, token_of
from tests.signaling.pages.site import Site


def link_of(planned: Planned, name: str) -> str:
    return "/i/" + token_of(next(link.url for link in planned.links if link.name == name))


async def test_nothing_sensitive_stands_on_the_link_before_identification(site: Site) -> None:
    planned = await site.planned()
    site.viewer = None
    page = await site.get(link_of(planned, "Karin Edlund"))
    assert "Nordviks kommun" in page
    assert "kl.&nbsp;10.10" in page
    for word in ("Gunnar", "Edlund", "Anna", "Norrfällsviken", "sjukhuset"):
        assert word not in page


async def test_the_rooms_script_is_fetched_while_people_identify_and_read(site: Site) -> None:
    planned = await site.planned()
    site.viewer = None
    ahead = f'<link rel="modulepreload" fetchpriority="low" href="{static("room.js")}">'
    assert ahead in await site.get(link_of(planned, "Karin Edlund"))
    assert ahead not in await site.get("/login")
    await site.karin(planned)
    assert ahead in await site.get(f"/meetings/{planned.gathering.meeting.id}")


async def test_opening_the_link_uses_nothing_up(site: Site) -> None:
    planned = await site.planned()
    site.viewer = None
    for _ in range(3):
        await site.get(link_of(planned, "Karin Edlund"))
    await site.karin(planned)


async def test_the_link_leads_straight_on_where_its_own_login_is_alive(site: Site) -> None:
    planned = await site.planned()
    link, meeting = link_of(planned, "Karin Edlund"), planned.gathering.meeting.id
    karin = await site.karin(planned)
    await site.get(link)  # a login that was not made for this link identifies as before
    invitation = next(item.id for item in planned.gathering.invitations if item.name == "Karin Edlund")
    site.viewer = replace(karin, invitation=invitation)
    assert await site.location(link) == f"/meetings/{meeting}"
    await site.get(link_of(planned, "Per Wiklund"))
    site.viewer = replace(site.viewer, person=replace(karin.person, id="another"))
    await site.get(link)


async def test_a_dead_link_says_what_to_do(site: Site) -> None:
    planned = await site.planned()
    assert site.viewer is not None
    await site.world.meetings.hosting.start(site.viewer, planned.gathering.meeting.id)
    await site.world.meetings.hosting.end(site.viewer, planned.gathering.meeting.id)
    site.viewer = None
    over = await site.get(link_of(planned, "Karin Edlund"), status=410)
    assert "Mötet är slut" in over
    assert "om en ny" not in over
    assert "tel:" in over
    for word in ("Gunnar", "Edlund", "Anna"):
        assert word not in over
    unknown = await site.get("/i/nothing", status=404)
    assert "Kontrollera att hela länken kom med." in unknown
    assert "Länken gäller inte" in unknown
    assert "tel:+46980319210" in unknown
    assert "This link is not valid" in await site.get("/i/nothing", english=True, status=404)
    assert "Länken gäller inte" in await site.get("/i/" + "x" * 5000, status=404)


async def test_the_link_of_a_meeting_called_off_says_that(site: Site) -> None:
    planned = await site.planned()
    assert site.viewer is not None
    await site.world.meetings.hosting.end(site.viewer, planned.gathering.meeting.id)
    site.viewer = None
    page = await site.get(link_of(planned, "Karin Edlund"), status=410)
    assert "Mötet är inställt" in page
    assert "om en ny" not in page
    assert "has been cancelled" in await site.get(link_of(planned, "Karin Edlund"), english=True, status=410)


async def test_a_link_taken_back_tells_nothing_of_the_meeting(site: Site) -> None:
    planned = await site.planned()
    host, meeting = site.viewer, planned.gathering.meeting.id
    assert host is not None
    karins = next(item.id for item in planned.gathering.invitations if item.name == "Karin Edlund")
    await site.world.meetings.invitations.revoke(host, meeting, karins)
    await site.world.meetings.hosting.end(host, meeting)
    site.viewer = None
    page = await site.get(link_of(planned, "Karin Edlund"), status=410)
    assert "Länken gäller inte längre" in page
    assert "inställt" not in page


async def test_the_invitation_tells_time_why_and_who(site: Site) -> None:
    planned = await site.planned()
    await site.karin(planned)
    path = f"/meetings/{planned.gathering.meeting.id}"
    page = await site.get(path)
    for words in ("Gunnars planeringsmöte", "10.10–10.55", "Börjar om 10 minuter", "Hur det ska fungera hemma"):
        assert words in page
    assert "Per Wiklund" in page
    assert "Det är du" in page
    assert f'href="{path}/room"' in page
    assert '<form class="top__out" method="post" action="/logout">' in page
    assert "Planning meeting with Gunnar" in await site.get(path, english=True)


async def test_whoever_is_early_is_told_when_the_waiting_room_opens(site: Site) -> None:
    planned = await site.planned()
    await site.karin(planned)
    site.world.clock.advance(seconds=-3600)
    page = await site.get(f"/meetings/{planned.gathering.meeting.id}")
    assert "Väntrummet öppnar tisdag 24 november kl. 09.55" in page
    assert 'aria-disabled="true"' in page


async def test_a_late_meeting_says_so(site: Site) -> None:
    planned = await site.planned()
    await site.karin(planned)
    site.world.clock.advance(seconds=1200)
    assert "Mötet dröjer." in await site.get(f"/meetings/{planned.gathering.meeting.id}")


async def test_an_ended_meeting_thanks(site: Site) -> None:
    planned = await site.planned()
    host, meeting = site.viewer, planned.gathering.meeting.id
    assert host is not None
    await site.world.meetings.hosting.start(host, meeting)
    await site.karin(planned)
    await site.world.meetings.hosting.end(host, meeting)
    assert "Tack för i dag" in await site.get(f"/meetings/{meeting}")


async def test_a_stranger_is_not_told_that_the_meeting_exists(site: Site) -> None:
    planned = await site.planned()
    site.viewer = await site.world.staff("Leila Berg", ANNA, REGION)
    other = await site.get("/meetings/none", status=404)
    hidden = planned.gathering.meeting.id
    site.viewer = await site.world.staff("Eva Berg", KARIN, REGION, Permission.AUDITOR)
    assert "Vi hittar inte mötet" in await site.get(f"/meetings/{hidden}", status=404)
    assert "Vi hittar inte mötet" in other


async def test_the_start_leads_everyone_to_their_own(site: Site) -> None:
    assert await site.location("/") == "/login"
    planned = await site.planned()
    assert await site.location("/") == "/today"
    await site.karin(planned)
    assert await site.location("/") == f"/meetings/{planned.gathering.meeting.id}"
    await site.auditor()
    assert await site.location("/") == "/audit"


async def test_where_the_end_of_a_login_leads(site: Site) -> None:
    planned = await site.planned()
    path = f"/meetings/{planned.gathering.meeting.id}"
    staff = await site.get(path)
    assert f'data-leave="/login?ended&amp;next={path.replace("/", "%2F")}"' in staff
    assert site.viewer is not None
    assert site.viewer.staff is not None
    assert f'data-staff="{site.viewer.staff.id}" data-level="3"' in staff
    await site.karin(planned)
    invited = await site.get(path)
    assert 'data-staff="" data-level="3" data-leave="/?ended"' in invited
    room = await site.get(f"{path}/room?check=1")
    assert "/signed_in-" in room
    assert 'id="ends-last"' in room
    assert "ends-soon" not in room, "where it would stand over the controls"
    assert (await site.post("/logout"))[1] == "/?ended"
    site.viewer = None
    ended = await site.get("/?ended")
    assert "<b>Vill du tillbaka till mötet?</b> Öppna din personliga länk igen och visa vem du är." in ended
    assert "<b>Would you like to go back to the meeting?</b>" in await site.get("/?ended", english=True)


async def test_a_login_leads_nowhere_else(site: Site) -> None:
    page = await site.get("/login?next=//evil.example")
    assert '"next":null' in page
    assert page.count("evil") == 1  # as it came, where one asks for this page in English
    assert '"next":"/kiosk"' in await site.get("/login?next=/kiosk")
    site.viewer = await site.world.anna()
    assert await site.location("/login?next=/kiosk") == "/kiosk"
    assert await site.location("/login?next=https://evil.example") == "/today"


async def test_logging_out_ends_the_session_and_a_second_time_does_no_harm(site: Site) -> None:
    site.viewer = await site.world.anna()
    _, where = await site.post("/logout?next=/kiosk")
    assert where == "/login?next=/kiosk"
    assert site.sessions.ended == [site.viewer.id]
    site.viewer = None
    _, where = await site.post("/logout?next=https://evil.example")
    assert where == "/login"

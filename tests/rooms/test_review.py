"""What an auditor of an organisation that takes part is shown of another's log, and what stays hidden."""

from datetime import timedelta

from auth.people import Organisation, Permission, Staff
from auth.sessions import Session
from rooms.review import Page
from tests.rooms.world import LEILA, NORDVIK, REGION, World, number

DAUGHTER = "Karin Edlund"
LEILA_NAME = "Leila Haddad"


async def commission(world: World, session: Session, organisation: Organisation) -> None:
    """A commission the house knows, for whoever that is."""
    staff = Staff(f"c-{session.person.id}", session.person, organisation, "Sjuksköterska", "Enhet", frozenset())
    assert await world.people.add_staff(staff)


async def held(world: World) -> tuple[str, Session]:
    """Gunnar's meeting of Nordvik, with Leila of the region waiting; and the region's auditor."""
    _, meeting, planned = await world.started()
    leila = await world.by_link(planned, "Leila Haddad", LEILA)
    await commission(world, leila, REGION)
    await world.sit(leila, meeting)
    auditor = await world.staff("Rut Holm", number("19770101"), REGION, Permission.AUDITOR)
    return meeting, auditor


def everything(page: Page) -> str:
    return str([(record.type.value, record.event) for record in page.records])


async def test_own_people_and_that_it_was_held_and_no_more(world: World) -> None:
    meeting, auditor = await held(world)
    page = await world.meetings.review.search(auditor, meeting=meeting)
    assert page.meeting is not None
    assert page.meeting.organisation_name == "Nordviks kommun"
    assert not page.whole
    text = everything(page)
    assert "meeting.started" in text
    assert "Leila Haddad" in text
    for hidden in ("Gunnar", "Anna", "Karin", "Per ", "sjukhuset", "Edlund"):
        assert hidden not in text, hidden
    for record in page.records:
        assert record.event is not None
        assert set(record.event.details) <= {"participant", "reason"}


async def test_a_name_is_looked_for_in_what_is_shown(world: World) -> None:
    meeting, auditor = await held(world)
    search = world.meetings.review.search
    assert (await search(auditor, meeting=meeting, who="leila")).records
    assert (await search(auditor, meeting=meeting, who="Gunnar")).records == []


async def test_an_own_person_is_found_in_others_meetings_and_nobody_else_is(world: World) -> None:
    meeting, auditor = await held(world)
    search = world.meetings.review.search
    page = await search(auditor, who="leila")
    assert page.records
    for record in page.records:
        assert record.event is not None
        assert record.event.meeting == meeting
        assert LEILA_NAME in {actor.name for actor in (record.event.actor, record.event.subject) if actor}
    for hidden in ("Gunnar", "Anna", "Karin", "Edlund"):
        assert hidden not in everything(page)
        assert (await search(auditor, who=hidden)).records == [], hidden
    found, after = [], None
    while True:
        part = await search(auditor, who="leila", limit=1, after=after)
        found += part.records
        if not part.more:
            break
        after = part.last
    assert found == page.records


async def test_the_hits_of_a_name_count_what_is_shown(world: World) -> None:
    meeting, auditor = await held(world)
    review = world.meetings.review
    [hit] = await review.meetings(auditor, who="haddad")
    shown = await review.search(auditor, meeting=meeting)
    assert (hit.found.meeting, hit.owner, hit.found.entries) == (meeting, "Nordviks kommun", len(shown.records))
    now = world.clock()
    assert await review.meetings(auditor, who="haddad", until=now - timedelta(days=1)) == []
    assert await review.meetings(auditor, who="haddad", since=now + timedelta(days=1)) == []
    assert await review.meetings(auditor, who="Gunnar") == []
    own = await world.staff("Eva Lind", number("19780101"), NORDVIK, Permission.AUDITOR)
    [mine] = await review.meetings(own, who="Gunnar")
    assert (mine.found.meeting, mine.owner) == (meeting, "")


async def test_a_daughter_is_not_found_by_her_employers_auditor(world: World) -> None:
    _, meeting, planned = await world.started()
    await world.wait(karin := await world.by_link(planned, DAUGHTER, number("19690821")), meeting)
    await commission(world, karin, REGION)
    auditor = await world.staff("Rut Holm", number("19770101"), REGION, Permission.AUDITOR)
    assert (await world.meetings.review.search(auditor, who="Karin")).records == []
    assert await world.meetings.review.meetings(auditor, who="Karin") == []


async def test_pages_lose_nothing_where_they_are_short(world: World) -> None:
    meeting, auditor = await held(world)
    search = world.meetings.review.search
    whole = (await search(auditor, meeting=meeting)).records
    found, after = [], None
    while True:
        page = await search(auditor, meeting=meeting, limit=2, after=after)
        found += page.records
        if not page.more:
            break
        after = page.last
    assert found == whole


async def test_neither_the_name_nor_the_commission_alone_opens_the_log(world: World) -> None:
    """Leila is invited under the region's name but has no commission there; Karin has one, and came as a daughter."""
    anna, meeting, planned = await world.started()
    await world.wait(karin := await world.by_link(planned, DAUGHTER, number("19690821")), meeting)
    await commission(world, karin, REGION)
    auditor = await world.staff("Rut Holm", number("19770101"), REGION, Permission.AUDITOR)
    page = await world.meetings.review.search(auditor, meeting=meeting)
    assert (page.records, page.meeting) == ([], None)
    own = await world.staff("Eva Lind", number("19780101"), employer_of(anna), Permission.AUDITOR)
    page = await world.meetings.review.search(own, meeting=meeting)
    assert page.whole
    assert DAUGHTER in everything(page)


def employer_of(session: Session) -> Organisation:
    assert session.staff is not None
    return session.staff.organisation

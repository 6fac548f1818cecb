"""The demo's day: what is printed at the first start and at the next."""

from dataclasses import replace

from auth import demo
from auth.identity import Method
from rooms.assurance_rule import DEFAULT, Audience
from rooms.demo import HELD, LATER, DemoDay
from rooms.meeting import MeetingStatus
from rooms.store import Store
from tests.rooms.world import ORIGIN, World


def day(world: World) -> DemoDay:
    return DemoDay(
        store=Store(world.engine),
        audit=world.log,
        media=world.media,
        people=world.people,
        vault=world.vault,
        publish=world.hear,
        clock=world.clock,
        origin=ORIGIN,
    )


async def test_the_day_has_one_meeting_held_one_soon_and_three_later(world: World) -> None:
    await demo.seed(world.people)
    made = await day(world).make()
    assert made[0].title == "Gunnars planeringsmöte"
    assert len(made) == 1 + len(LATER)
    assert {link.name for link in made[0].links} == {"Leila Haddad", "Per Wiklund", "Elin Näslund", "Karin Edlund"}
    assert all(link.url.startswith(f"{ORIGIN}/i/") for item in made for link in item.links)
    soon = (await world.gathering(made[0].meeting)).meeting
    assert 0 < (soon.starts_at - world.clock()).total_seconds() <= 600
    held = await Store(world.engine).gatherings_with(MeetingStatus.ENDED)
    assert [item.meeting.patient.name for item in held] == [HELD.name]
    assert held[0].meeting.ended_at is not None
    assert held[0].meeting.ended_at < world.clock()


async def test_a_code_by_sms_can_be_tried_until_an_administrator_decides(world: World) -> None:
    await demo.seed(world.people)
    await day(world).make()
    rows = Store(world.engine).assurance
    made = await rows.rules("nordvik")
    assert {kind for (kind, _), rule in made.items() if Method.SMS in rule.methods} == {"planning", "follow_up"}
    await rows.set_rules("nordvik", {("planning", Audience.VISITOR): DEFAULT[Audience.VISITOR]})
    await day(world).make()
    assert await rows.rules("nordvik") == {("planning", Audience.VISITOR): DEFAULT[Audience.VISITOR]}


async def test_anna_leads_gunnars_meeting_and_karin_opens_her_link(world: World) -> None:
    await demo.seed(world.people)
    made = (await day(world).make())[0]
    gathering = await world.gathering(made.meeting)
    assert gathering.host is not None
    assert gathering.host.name == demo.ANNA.person.name
    identity = world.identity(demo.KARIN.name, demo.KARIN.number)
    karin = await world.people.save_person(identity)
    token = next(link for link in made.links if link.name == demo.KARIN.name).url.rpartition("/")[2]
    assert (await world.meetings.invitations.identify(token, identity, karin)).meeting == made.meeting


async def test_a_second_start_renews_the_links_and_plans_nothing_twice(world: World) -> None:
    await demo.seed(world.people)
    first = await day(world).make()
    world.clock.advance(seconds=120)
    second = await day(world).make()
    assert [item.meeting for item in second] == [item.meeting for item in first]
    assert second[0].links[0].url != first[0].links[0].url


async def test_the_next_day_gets_its_own_meetings(world: World) -> None:
    await demo.seed(world.people)
    first = await day(world).make()
    world.clock.advance(seconds=24 * 3600)
    second = await day(world).make()
    assert second[0].title == first[0].title
    assert second[0].meeting != first[0].meeting


async def test_when_gunnars_meeting_has_ended_it_alone_is_planned_anew(world: World) -> None:
    await demo.seed(world.people)
    first = await day(world).make()
    gunnar = await world.gathering(first[0].meeting)
    ended = replace(gunnar.meeting, status=MeetingStatus.ENDED, ended_at=world.clock())
    await Store(world.engine).save(ended)
    second = await day(world).make()
    assert second[0].title == first[0].title
    assert second[0].meeting != first[0].meeting
    assert {item.meeting for item in second[1:]} == {item.meeting for item in first[1:]}
    held = await Store(world.engine).gatherings_with(MeetingStatus.ENDED)
    assert sorted(item.meeting.patient.name for item in held) == sorted([HELD.name, gunnar.meeting.patient.name])

"""The assurance policy at work: at the link, at the door, for one organisation and for one meeting."""

from dataclasses import replace

import pytest

from audit.events import EventType
from auth.errors import AssuranceTooLow
from auth.fields import InvalidFields
from auth.identity import AssuranceLevel, Method
from auth.people import Permission
from auth.sessions import Session
from rooms.admission import Waiting
from rooms.assurance import rule_for
from rooms.assurance_rule import DEFAULT, Audience, Rule
from rooms.assurance_store import AssuranceRows
from rooms.errors import AssuranceNotEnough, MeetingUnknown, NotAllowed, NotYourPost
from rooms.planning import Planned
from tests.rooms.world import KARIN, KEY, LEILA, PER, REGION, World, number, token_of

SITHS_4 = Rule(frozenset({Method.SITHS}), AssuranceLevel.HIGH_4)
BANKID_3 = Rule(frozenset({Method.BANKID}), AssuranceLevel.HIGH_3)
EASY = Rule(frozenset({Method.BANKID, Method.FREJA}), AssuranceLevel.SUBSTANTIAL)


@pytest.fixture
async def eva(world: World) -> Session:
    session = await world.staff("Eva Strand", number("19700101"))
    assert session.staff is not None
    return replace(session, staff=replace(session.staff, permissions=frozenset({Permission.ADMIN})))


async def open_link(world: World, planned: Planned, who: tuple[str, str], method: Method, level: int) -> Session:
    name, text = who
    link = next(item for item in planned.links if item.name == name)
    identity = replace(world.identity(name, text), method=method, assurance_level=AssuranceLevel(level))
    person = await world.people.save_person(identity)
    await world.meetings.invitations.identify(token_of(link.url), identity, person)
    return replace(world.login(person), method=method, assurance_level=AssuranceLevel(level))


async def test_below_the_rule_a_link_does_not_open_and_the_log_says_why(world: World) -> None:
    anna = await world.anna()
    planned = await world.plan(anna)
    for method, level in ((Method.FREJA, 2), (Method.SITHS, 4), (Method.SMS, 1)):
        with pytest.raises(AssuranceTooLow):
            await open_link(world, planned, ("Karin Edlund", KARIN), method, level)
    refused = await world.records(planned.gathering.meeting.id, EventType.INVITATION_REFUSED)
    assert [record.event.details["reason"] for record in refused if record.event] == ["assurance_too_low"] * 3
    await open_link(world, planned, ("Karin Edlund", KARIN), Method.FREJA, 3)
    await open_link(world, planned, ("Per Wiklund", PER), Method.SITHS, 3)


async def test_the_links_page_offers_what_is_enough(world: World, eva: Session) -> None:
    planned = await world.plan(await world.anna())
    links = {link.name: token_of(link.url) for link in planned.links}
    greet = world.meetings.invitations.greeting
    assert (await greet(links["Karin Edlund"])).methods == {Method.BANKID, Method.FREJA}
    assert (await greet(links["Per Wiklund"])).staff
    await world.meetings.assurance.change_table(eva, {("planning", Audience.STAFF): SITHS_4})
    assert (await greet(links["Per Wiklund"])).methods == {Method.SITHS}
    assert (await greet(links["Leila Haddad"])).methods == DEFAULT[Audience.LEADER].methods  # co-host: leads


async def test_an_organisation_may_ask_less_of_visitors_in_one_type(world: World, eva: Session) -> None:
    await world.meetings.assurance.change_table(eva, {("practice", Audience.VISITOR): EASY})
    anna = await world.anna()
    practice = await world.plan(anna, type="practice")
    await open_link(world, practice, ("Karin Edlund", KARIN), Method.FREJA, 2)
    with pytest.raises(AssuranceTooLow):
        await open_link(world, await world.plan(anna), ("Karin Edlund", KARIN), Method.FREJA, 2)
    changed = await world.records(None, EventType.ASSURANCE_CHANGED)
    assert changed[0].event is not None
    assert changed[0].event.details == {"practice.visitor": "BankID, Freja (2)"}
    assert changed[0].event.organisation == "nordvik"


async def test_it_is_asked_again_at_the_door(world: World) -> None:
    """Raised after she identified: the login that was enough is no longer, and a better one is."""
    anna, meeting, planned = await world.started()
    karin = await open_link(world, planned, ("Karin Edlund", KARIN), Method.FREJA, 3)
    await world.wait(karin, meeting)
    await world.meetings.assurance.raise_for(anna, meeting, {Audience.VISITOR: BANKID_3})
    with pytest.raises(AssuranceNotEnough) as caught:
        await world.meetings.admission.join(karin, meeting, home=False, binding=None, key=KEY)
    assert "BankID (3)" in caught.value.text("sv")
    assert await world.meetings.assurance.below(karin, meeting) == BANKID_3
    refused = await world.records(meeting, EventType.PARTICIPANT_REFUSED)
    assert refused[-1].event is not None
    assert refused[-1].event.details["reason"] == "assurance_too_low"
    better = await open_link(world, planned, ("Karin Edlund", KARIN), Method.BANKID, 3)
    assert isinstance(await world.meetings.admission.join(better, meeting, home=False, binding=None, key=KEY), Waiting)
    assert await world.meetings.assurance.below(better, meeting) is None


async def test_a_leader_raises_and_never_lowers(world: World, eva: Session) -> None:
    anna = await world.anna()
    meeting = (await world.plan(anna)).gathering.meeting.id
    policy = world.meetings.assurance
    await policy.raise_for(anna, meeting, {Audience.VISITOR: EASY, Audience.STAFF: SITHS_4})
    _, floor, now = await policy.of_meeting(anna, meeting)
    assert now[Audience.VISITOR] == floor[Audience.VISITOR]  # asking for less changes nothing
    assert now[Audience.STAFF] == SITHS_4
    # The floor rises under it: both hold.
    await policy.change_table(eva, {("planning", Audience.VISITOR): BANKID_3})
    assert (await policy.of_meeting(anna, meeting))[2][Audience.VISITOR] == BANKID_3
    with pytest.raises(InvalidFields):
        await policy.raise_for(anna, meeting, {Audience.VISITOR: Rule(frozenset({Method.FREJA}), BANKID_3.level)})
    await policy.raise_for(anna, meeting, {})
    assert (await policy.of_meeting(anna, meeting))[2][Audience.STAFF] == DEFAULT[Audience.STAFF]


async def test_who_may_set_what(world: World, eva: Session) -> None:
    anna, meeting, planned = await world.started()
    policy = world.meetings.assurance
    with pytest.raises(NotYourPost):
        await policy.change_table(anna, {("planning", Audience.VISITOR): EASY})
    karin = await world.by_link(planned, "Karin Edlund", KARIN)
    with pytest.raises(NotYourPost):
        await policy.table(karin)
    with pytest.raises(NotAllowed):
        await policy.raise_for(karin, meeting, {Audience.VISITOR: BANKID_3})
    stranger = await world.staff("Leila Haddad", LEILA, REGION)
    other = (await world.plan(anna, invitations=())).gathering.meeting.id
    with pytest.raises(MeetingUnknown):
        await policy.raise_for(stranger, other, {Audience.VISITOR: BANKID_3})
    for unfit in (
        {("planning", Audience.STAFF): EASY},  # below the level of staff
        {("planning", Audience.VISITOR): SITHS_4},  # no way for visitors
        {("planning", Audience.LEADER): Rule(frozenset(), AssuranceLevel.HIGH_3)},
    ):
        with pytest.raises(InvalidFields):
            await policy.change_table(eva, unfit)
    assert await world.records(None, EventType.ASSURANCE_CHANGED) == []


async def test_a_code_by_sms_is_enough_where_it_was_decided_until_a_leader_asks_for_more(
    world: World, eva: Session
) -> None:
    anna = await world.anna()
    gathering = (await world.plan(anna)).gathering
    karin = next(item for item in gathering.invitations if item.name == "Karin Edlund")
    rows = AssuranceRows(world.engine)
    assert Method.SMS not in (await rule_for(rows, gathering.meeting, karin)).methods
    decided = replace(karin, phone_sealed=b"sealed")
    assert Method.SMS not in (await rule_for(rows, gathering.meeting, decided)).methods  # off by default
    with pytest.raises(InvalidFields):  # an addition: never the only way
        await world.meetings.assurance.change_table(
            eva, {("planning", Audience.VISITOR): Rule(frozenset({Method.SMS}), AssuranceLevel.HIGH_3)}
        )
    with_sms = Rule(BANKID_3.methods | {Method.SMS}, BANKID_3.level)
    with pytest.raises(InvalidFields):  # never for staff
        await world.meetings.assurance.change_table(eva, {("planning", Audience.STAFF): with_sms})
    await world.meetings.assurance.change_table(eva, {("planning", Audience.VISITOR): with_sms})
    assert Method.SMS not in (await rule_for(rows, gathering.meeting, karin)).methods
    assert (await rule_for(rows, gathering.meeting, decided)).enough(Method.SMS, AssuranceLevel.LOW)
    await world.meetings.assurance.raise_for(anna, gathering.meeting.id, {Audience.VISITOR: BANKID_3})
    assert not (await rule_for(rows, gathering.meeting, decided)).enough(Method.SMS, AssuranceLevel.LOW)

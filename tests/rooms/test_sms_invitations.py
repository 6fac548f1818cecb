"""A link for one who has no e-legitimation: only where the planner gave a telephone and a reason; a person apart."""

from dataclasses import replace
from typing import Any

import pytest

from audit.events import EventType
from auth.errors import InvitationExpired, InvitationUnknown
from auth.fields import InvalidFields
from auth.identity import AssuranceLevel, Method
from auth.people import Person
from auth.sessions import Session
from auth.sms_codes import SmsIdentified, SmsNotAllowed
from rooms.assurance_rule import DEFAULT, Audience, Rule
from rooms.assurance_store import AssuranceRows
from rooms.errors import AssuranceNotEnough, MeetingUnknown, NotAllowed
from rooms.meeting import ParticipantStatus
from tests.rooms.world import ANNA, KARIN, USUAL, World, invitation, number, token_of

TOMAS = number("19930411")
BY_CODE = invitation(
    "Tomas Edlund", TOMAS, party="home", relation="Son", phone="070-174 06 05", sms_reason="Har skyddad identitet"
)


def by_code(person: Person, world: World, meeting: str) -> Session:
    return Session(
        id=f"session-{person.id}",
        secret_hash="",
        person=person,
        method=Method.SMS,
        assurance_level=AssuranceLevel.LOW,
        authenticated_at=world.clock(),
        staff=None,
        invitation=meeting,
        language="sv",
    )


async def allow(world: World, *types: str) -> None:
    """Nordvik allows a code in these types of meeting and no other."""
    visitor = DEFAULT[Audience.VISITOR]
    rule = Rule(visitor.methods | {Method.SMS}, visitor.level)
    await AssuranceRows(world.engine).set_rules("nordvik", {(kind, Audience.VISITOR): rule for kind in types})


async def started(world: World) -> tuple[Session, str, str]:
    """Anna's meeting is on; her session, its id, and the token of Tomas' link."""
    await allow(world, "planning")
    anna, meeting, planned = await world.started(invitations=(*USUAL, BY_CODE))
    link = next(item for item in planned.links if item.name == "Tomas Edlund")
    return anna, meeting, token_of(link.url)


async def tomas(world: World, token: str) -> Session:
    person, invited = await world.meetings.sms_invitations.open_by_sms(token)
    return by_code(person, world, invited.invitation)


async def test_the_telephone_is_told_for_that_link_alone(world: World) -> None:
    await allow(world, "planning")
    anna, _, planned = await world.started(invitations=(*USUAL, BY_CODE))
    links = {link.name: token_of(link.url) for link in planned.links}
    invited = await world.meetings.sms_invitations.by_sms(links["Tomas Edlund"])
    assert invited.number.text == "+46701740605"
    with pytest.raises(SmsNotAllowed):
        await world.meetings.sms_invitations.by_sms(links["Karin Edlund"])
    with pytest.raises(InvitationUnknown):
        await world.meetings.sms_invitations.by_sms("x" * 22)
    await world.meetings.invitations.revoke(anna, planned.gathering.meeting.id, invited.invitation)
    with pytest.raises(InvitationExpired):
        await world.meetings.sms_invitations.by_sms(links["Tomas Edlund"])
    with pytest.raises(InvitationExpired):
        await world.meetings.sms_invitations.open_by_sms(links["Tomas Edlund"])


async def test_who_comes_is_not_the_holder_of_the_number(world: World) -> None:
    holder = await world.person("Tomas Edlund", TOMAS)
    _, meeting, token = await started(world)
    other = await world.plan(await world.anna(), invitations=(*USUAL, BY_CODE))
    session = await tomas(world, token)
    assert session.person.id != holder.id
    assert (session.person.name, session.person.given_name) == ("Tomas Edlund", "Tomas")
    again = await tomas(world, token)
    assert again.person.id == session.person.id
    with pytest.raises(MeetingUnknown):
        await world.meetings.state_for(session, other.gathering.meeting.id)
    [opened] = [
        record
        for record in await world.records(meeting, EventType.INVITATION_OPENED)
        if record.event is not None and record.event.actor is not None and record.event.actor.person == again.person.id
    ][1:]
    assert opened.event is not None
    assert opened.event.details["sms_reason"] == "Har skyddad identitet"


async def test_until_recognised_they_see_only_that_the_meeting_is(world: World) -> None:
    anna, meeting, token = await started(world)
    session = await tomas(world, token)
    participant = await world.wait(session, meeting)
    waiting = await world.meetings.state_for(session, meeting)
    assert (waiting["meeting"]["purpose"], waiting["invited"]) == (None, [])
    await world.meetings.admission.admit(anna, meeting, participant)
    seat = await world.sit(session, meeting)
    assert not world.media.grants[seat.token].can_subscribe
    link = await world.meetings.invitations.invite(
        anna, meeting, replace(BY_CODE, name="Nils Forsberg", identity_number=number("19800101"))
    )
    nils = await tomas(world, token_of(link.url))
    await world.meetings.admission.admit(anna, meeting, await world.wait(nils, meeting))
    await world.sit(nils, meeting)
    inside = await world.meetings.state_for(session, meeting)
    # Those who lead, to whom they show themselves (and whose keys that takes), and no other guest.
    assert {item["name"] for item in inside["participants"]} == {"Tomas Edlund", "Hemma hos Gunnar"}
    assert inside["me"]["unrecognised"]
    seen = await world.meetings.state_for(anna, meeting)
    assert {item["name"] for item in seen["participants"] if item["unrecognised"]} == {"Tomas Edlund", "Nils Forsberg"}


async def test_a_code_takes_nothing_from_one_who_has_shown_an_e_legitimation(world: World) -> None:
    await allow(world, "planning")
    anna, meeting, planned = await world.started(invitations=(*USUAL, BY_CODE))
    token = next(token_of(link.url) for link in planned.links if link.name == "Tomas Edlund")
    proven = await world.by_link(planned, "Tomas Edlund", TOMAS)
    participant = await world.wait(proven, meeting)
    await world.meetings.admission.admit(anna, meeting, participant)
    await world.sit(proven, meeting)
    with pytest.raises(SmsIdentified):
        await world.meetings.sms_invitations.by_sms(token)
    with pytest.raises(SmsIdentified):
        await world.meetings.sms_invitations.open_by_sms(token)
    await world.sit(proven, meeting)
    [link] = [item for item in (await world.gathering(meeting)).invitations if item.name == "Tomas Edlund"]
    assert link.person == proven.person.id
    # Nor where the link is a new one: who has been here by it is known.
    renewed = await world.meetings.invitations.renew(anna, meeting, link.id)
    with pytest.raises(SmsIdentified):
        await world.meetings.sms_invitations.open_by_sms(token_of(renewed.url))


@pytest.mark.parametrize("inside", [False, True], ids=["waiting", "inside"])
async def test_an_e_legitimation_takes_over_from_a_code(world: World, *, inside: bool) -> None:
    await allow(world, "planning")
    anna, meeting, planned = await world.started(invitations=(*USUAL, BY_CODE))
    token = next(token_of(link.url) for link in planned.links if link.name == "Tomas Edlund")
    unproven = await tomas(world, token)
    first = await world.wait(unproven, meeting)
    if inside:
        await world.meetings.admission.admit(anna, meeting, first)
        await world.sit(unproven, meeting)
    proven = await world.by_link(planned, "Tomas Edlund", TOMAS)
    gone = await world.participant(unproven, meeting)
    assert (gone.status, gone.may_return) == (ParticipantStatus.LEFT, False)
    assert len(world.media.rooms[(await world.gathering(meeting)).meeting.room]) == 1, "Anna alone"
    with pytest.raises(MeetingUnknown):
        await world.meetings.state_for(unproven, meeting)
    second = await world.wait(proven, meeting)
    await world.meetings.admission.admit(anna, meeting, second)
    await world.sit(proven, meeting)
    state = await world.meetings.state_for(anna, meeting)
    assert [item["state"] for item in state["invited"] if item["name"] == "Tomas Edlund"] == ["here"]
    # Taken back, it is the one who is here that goes.
    [link] = [item for item in (await world.gathering(meeting)).invitations if item.name == "Tomas Edlund"]
    await world.meetings.invitations.revoke(anna, meeting, link.id)
    assert (await world.participant(proven, meeting)).status is ParticipantStatus.REMOVED


async def test_a_link_back_needs_the_meeting_to_be_on(world: World) -> None:
    anna, meeting, token = await started(world)
    await world.meetings.hosting.end(anna, meeting)
    with pytest.raises(InvitationExpired):
        await world.meetings.sms_invitations.open_by_sms(token)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"phone": "08-123 456 78", "sms_reason": "x"}, "invitations.0.phone"),
        ({"phone": "070-174 06 05"}, "invitations.0.sms_reason"),
        ({"phone": "070-174 06 05", "sms_reason": "x", "co_host": True}, "invitations.0.phone"),
        ({"phone": "070-174 06 05", "sms_reason": "x", "party": "region"}, "invitations.0.phone"),
    ],
)
async def test_an_exception_needs_a_mobile_number_and_a_reason(
    world: World, values: dict[str, Any], field: str
) -> None:
    await allow(world, "planning")
    with pytest.raises(InvalidFields) as refused:
        await world.plan(await world.anna(), invitations=(invitation("Karin Edlund", KARIN, **values),))
    assert field in [error.field for error in refused.value.problems]


async def test_it_is_off_until_the_organisation_allows_it_and_only_in_the_types_it_marks(world: World) -> None:
    anna = await world.anna()
    people = (*USUAL, BY_CODE)
    with pytest.raises(InvalidFields) as refused:
        await world.plan(anna, invitations=people)
    [problem] = refused.value.problems
    assert problem.field == f"invitations.{people.index(BY_CODE)}.phone"
    assert "tillåter inte kod med SMS" in problem.swedish
    meeting = (await world.plan(anna)).gathering.meeting.id
    with pytest.raises(InvalidFields) as refused:
        await world.meetings.invitations.invite(anna, meeting, BY_CODE)
    assert [problem.field for problem in refused.value.problems] == ["phone"]
    await allow(world, "follow_up")
    with pytest.raises(InvalidFields):
        await world.plan(anna, invitations=people)
    await world.plan(anna, invitations=people, type="follow_up")
    await allow(world, "planning")
    assert (await world.meetings.invitations.invite(anna, meeting, BY_CODE)).name == "Tomas Edlund"


async def test_turned_off_since_no_code_is_sent_and_none_opens(world: World) -> None:
    anna, meeting, token = await started(world)
    assert (await world.meetings.invitations.greeting(token)).by_sms
    session = await tomas(world, token)
    await allow(world)
    assert not (await world.meetings.invitations.greeting(token)).by_sms
    with pytest.raises(SmsNotAllowed):
        await world.meetings.sms_invitations.by_sms(token)
    with pytest.raises(SmsNotAllowed):
        await world.meetings.sms_invitations.open_by_sms(token)
    with pytest.raises(AssuranceNotEnough):
        await world.wait(session, meeting)
    # A leader who asks for more in one meeting rules it out there, also for those who are invited from now on.
    await allow(world, "planning")
    bankid = Rule(frozenset({Method.BANKID}), AssuranceLevel.HIGH_3)
    await world.meetings.assurance.raise_for(anna, meeting, {Audience.VISITOR: bankid})
    with pytest.raises(SmsNotAllowed):
        await world.meetings.sms_invitations.by_sms(token)
    again = replace(BY_CODE, identity_number=number("19800101"))
    with pytest.raises(InvalidFields):
        await world.meetings.invitations.invite(anna, meeting, again)


async def test_a_guest_does_not_say_who_it_is(world: World) -> None:
    anna, meeting, token = await started(world)
    session = await tomas(world, token)
    participant = await world.wait(session, meeting)
    await world.meetings.admission.admit(anna, meeting, participant)
    await world.sit(session, meeting)
    with pytest.raises(NotAllowed):
        await world.meetings.sight.recognise(session, meeting, participant)
    found = await world.participant(session, meeting)
    assert (found.status, found.recognised_at) == (ParticipantStatus.IN_ROOM, None)
    assert ANNA != TOMAS

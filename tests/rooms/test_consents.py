"""Consent at work: the guardians' own answers, the leader who is kept from starting, the organisation that decides."""

from dataclasses import replace
from typing import Any

import pytest

from audit.events import EventType
from audit.log import AuditUnavailable
from auth.errors import NotYourOrganisation
from auth.fields import InvalidFields
from auth.identity import AssuranceLevel, Method
from auth.people import Permission
from auth.sessions import Session
from rooms.assurance_rule import Audience, Rule
from rooms.consent_rule import EVERY, Demand, OwnRule, Said, Why
from rooms.drafts import MeetingChange
from rooms.errors import (
    AnsweredThemselves,
    AssuranceNotEnough,
    ConsentMissing,
    ConsentNeedsEId,
    ConsentNotAsked,
    InvitationNotFound,
    MeetingCancelled,
    MeetingUnknown,
    NotAllowed,
    NotRegisteredHere,
)
from rooms.meeting import MeetingStatus
from rooms.planning import Planned
from tests.rooms.world import KARIN, KEY, LEILA, NORDVIK, PER, REGION, BrokenLog, World, invitation, number

TUVA = number("20140615")
MIA = number("19880917")
BO = number("19860304")
ELI = number("19600118")
STAFF = invitation(
    "Leila Haddad", LEILA, kind="called", role="Läkare", organisation=REGION.name, party="region", co_host=True
)
GUARDIANS = (
    invitation("Mia Berg", MIA, party="home", relation="Mamma", representation="guardian"),
    invitation("Bo Berg", BO, party="home", relation="Pappa", representation="guardian"),
)
CHILD: dict[str, Any] = {"given_name": "Tuva", "surname": "Berg", "identity_number": TUVA}


async def plan(world: World, anna: Session, *guardians: Any, **values: Any) -> Planned:
    invited = (STAFF, *(guardians or GUARDIANS))
    return await world.plan(anna, **{**CHILD, "invitations": invited, **values})


async def opened(world: World, planned: Planned, name: str, text: str) -> Session:
    """By the personal link, with an e-legitimation."""
    made = next(item for item in planned.gathering.invitations if item.name == name)
    return replace(await world.by_link(planned, name, text), invitation=made.id)


async def administrator(world: World) -> Session:
    return await world.staff("Eva Strand", number("19700101"), NORDVIK, Permission.ADMIN)


def invitation_of(planned: Planned, name: str) -> str:
    return next(item.id for item in planned.gathering.invitations if item.name == name)


async def kinds(world: World, meeting: str) -> list[str]:
    return [record.type.value for record in await world.records(meeting) if record.type.value.startswith("consent.")]


async def test_two_guardians_say_yes_and_the_meeting_can_start(world: World) -> None:
    anna = await world.anna()
    planned = await plan(world, anna)
    meeting = planned.gathering.meeting.id
    start, consents = world.meetings.hosting.start, world.meetings.consents
    with pytest.raises(ConsentMissing) as caught:
        await start(anna, meeting)
    for name in ("Mia Berg", "Bo Berg"):
        assert f"{name} har inte svarat än." in caught.value.text("sv")
    assert "registrera det på mötets sida" in caught.value.text("sv")
    assert "Bo Berg has not answered yet." in caught.value.text("en")
    for language in ("sv", "en"):  # all that the travel laptop shows of it
        assert "Berg" not in caught.value.text(language).partition(". ")[0]
    assert (await world.gathering(meeting)).meeting.status is MeetingStatus.PLANNED
    assert await world.records(meeting, EventType.MEETING_STARTED) == []

    mia, bo = await opened(world, planned, "Mia Berg", MIA), await opened(world, planned, "Bo Berg", BO)
    assert (await consents.standing(mia, meeting)).due
    await consents.answer(mia, meeting, yes=True)
    assert not (await consents.standing(mia, meeting)).due
    with pytest.raises(ConsentMissing) as caught:
        await start(anna, meeting)
    assert "Mia Berg" not in caught.value.text("sv")
    await consents.answer(bo, meeting, yes=True)
    await consents.answer(bo, meeting, yes=True)  # a shaking hand: once in the log
    assert (await start(anna, meeting)).meeting.status is MeetingStatus.OPEN
    given = await world.records(meeting, EventType.CONSENT_GIVEN)
    assert len(given) == 2
    assert given[0].event is not None
    assert given[0].event.actor is not None
    assert (given[0].event.actor.name, given[0].event.actor.method) == ("Mia Berg", "bankid")
    assert given[0].event.details["organisations"] == f"{NORDVIK.name}, {REGION.name}"
    assert given[0].event.details["representation"] == "guardian"
    assert world.heard().count("consent.given") == 2


async def test_the_other_members_are_told_nothing_of_whose_it_is(world: World) -> None:
    anna = await world.anna()
    planned = await plan(world, anna)
    meeting = planned.gathering.meeting.id
    mia = await opened(world, planned, "Mia Berg", MIA)
    assert (await world.meetings.consents.standing(anna, meeting)).whole
    seen = await world.meetings.consents.standing(mia, meeting)
    assert (seen.whole, seen.asked, seen.may_answer) == (False, True, True)
    with pytest.raises(MeetingUnknown):
        await world.meetings.consents.standing(await world.staff("Ulf Ek", PER, REGION), meeting)


async def test_a_no_stands_until_the_guardian_changes_it(world: World) -> None:
    anna = await world.anna()
    planned = await plan(world, anna)
    meeting, consents = planned.gathering.meeting.id, world.meetings.consents
    bo = await opened(world, planned, "Bo Berg", BO)
    await consents.answer(bo, meeting, yes=False)
    await consents.answer(bo, meeting, yes=False)
    with pytest.raises(AnsweredThemselves, match="consent-answered"):
        await consents.register(anna, meeting, invitation_of(planned, "Bo Berg"), grounds="Han ringde.")
    with pytest.raises(ConsentMissing) as caught:
        await world.meetings.hosting.start(anna, meeting)
    assert "Bo Berg har sagt nej." in caught.value.text("sv")
    await consents.answer(bo, meeting, yes=True)
    await consents.answer(bo, meeting, yes=False)
    assert await kinds(world, meeting) == ["consent.refused", "consent.given", "consent.withdrawn"]


async def test_a_yes_taken_back_in_the_middle_lets_nobody_more_in(world: World) -> None:
    anna = await world.anna()
    karin = invitation("Karin Edlund", KARIN, party="other", role="Tränare")
    planned = await plan(world, anna, *GUARDIANS, karin)
    meeting, consents = planned.gathering.meeting.id, world.meetings.consents
    mia, bo = await opened(world, planned, "Mia Berg", MIA), await opened(world, planned, "Bo Berg", BO)
    for guardian in (mia, bo):
        await consents.answer(guardian, meeting, yes=True)
    await world.meetings.hosting.start(anna, meeting)
    await world.sit(anna, meeting, home=True)
    seat = await world.wait(mia, meeting)
    await world.meetings.admission.admit(anna, meeting, seat)
    late = await world.wait(await opened(world, planned, "Karin Edlund", KARIN), meeting)
    await consents.answer(bo, meeting, yes=False)
    assert "consent.withdrawn" in world.heard()
    for let_in in (
        world.meetings.admission.admit(anna, meeting, late),
        world.meetings.admission.admit_all(anna, meeting),
    ):
        with pytest.raises(ConsentMissing) as caught:
            await let_in
        assert "Bo Berg har tagit tillbaka sitt ja." in caught.value.text("sv")
    # What the page of whoever leads shows in the middle of the meeting, and nobody else's.
    told = (await consents.standing(anna, meeting)).missing_in_words("sv")
    assert "Berg" not in told.partition(". ")[0]
    assert told == (
        "Samtycke saknas, så ingen mer kan släppas in. Bo Berg har tagit tillbaka sitt ja. "
        "Utan ett ja får mötet inte fortsätta: prata med den det gäller nu, eller avsluta mötet."
    )
    assert "the meeting may not go on" in (await consents.standing(anna, meeting)).missing_in_words("en")
    assert not (await consents.standing(mia, meeting)).whole
    await world.sit(mia, meeting)  # whoever was let in keeps the seat
    await consents.answer(bo, meeting, yes=True)
    assert (await consents.standing(anna, meeting)).missing_in_words("sv") == ""
    await world.meetings.admission.admit(anna, meeting, late)


async def test_only_the_guardian_only_by_e_legitimation_only_for_this_invitation(world: World) -> None:
    anna = await world.anna()
    planned = await plan(world, anna)
    meeting, answer = planned.gathering.meeting.id, world.meetings.consents.answer
    mia = await opened(world, planned, "Mia Berg", MIA)
    for login in (
        replace(mia, method=Method.SMS, assurance_level=AssuranceLevel.LOW),
        replace(mia, invitation=None),
        replace(mia, invitation="another meeting's"),
    ):
        with pytest.raises(ConsentNeedsEId):
            await answer(login, meeting, yes=True)
    with pytest.raises(ConsentNotAsked):
        await answer(anna, meeting, yes=True)
    with pytest.raises(MeetingUnknown):
        await answer(await world.staff("Ulf Ek", PER, REGION), meeting, yes=True)
    bankid = Rule(frozenset({Method.BANKID}), AssuranceLevel.HIGH_3)
    await world.meetings.assurance.raise_for(anna, meeting, {Audience.VISITOR: bankid})
    with pytest.raises(AssuranceNotEnough):
        await answer(replace(mia, method=Method.FREJA), meeting, yes=True)
    assert await kinds(world, meeting) == []


async def test_it_takes_effect_only_when_the_log_has_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    anna = await world.anna()
    planned = await plan(world, anna)
    meeting, consents = planned.gathering.meeting.id, world.meetings.consents
    mia, eva = await opened(world, planned, "Mia Berg", MIA), await administrator(world)
    with monkeypatch.context() as broken:
        broken.setattr(world.log, "append", BrokenLog())
        with pytest.raises(AuditUnavailable):
            await consents.answer(mia, meeting, yes=True)
        with pytest.raises(AuditUnavailable):
            await consents.register(anna, meeting, invitation_of(planned, "Mia Berg"), grounds="På papper.")
        with pytest.raises(AuditUnavailable):
            await consents.change_rules(eva, {EVERY: OwnRule(child=Demand.NONE)})
    assert (await consents.standing(mia, meeting)).mine is None
    assert await consents.rules(eva) == {}


async def test_a_yes_on_paper_is_registered_with_its_grounds_where_the_organisation_allows_it(world: World) -> None:
    anna, eva = await world.anna(), await administrator(world)
    planned = await plan(world, anna)
    meeting, consents = planned.gathering.meeting.id, world.meetings.consents
    mia, bo = invitation_of(planned, "Mia Berg"), invitation_of(planned, "Bo Berg")
    with pytest.raises(InvalidFields):
        await consents.register(anna, meeting, mia, grounds=" ")
    with pytest.raises(InvitationNotFound):
        await consents.register(anna, meeting, invitation_of(planned, "Leila Haddad"), grounds="Sagt.")
    with pytest.raises(NotAllowed):
        await consents.register(await opened(world, planned, "Mia Berg", MIA), meeting, bo, grounds="Han sade ja.")
    await consents.register(anna, meeting, mia, grounds="Blankett 2026-11-20, i journalen.")
    await consents.register(anna, meeting, mia, grounds="En gång till.")
    record = (await world.records(meeting, EventType.CONSENT_REGISTERED))[-1]
    assert record.event is not None
    assert record.event.actor is not None
    assert record.event.subject is not None
    assert (record.event.actor.name, record.event.subject.name) == ("Anna Sjödin", "Mia Berg")
    assert record.event.details["grounds"] == "Blankett 2026-11-20, i journalen."
    assert len(await world.records(meeting, EventType.CONSENT_REGISTERED)) == 1

    await consents.change_rules(eva, {EVERY: OwnRule(otherwise=False)})
    with pytest.raises(NotRegisteredHere):
        await consents.register(anna, meeting, bo, grounds="Per telefon.")
    with pytest.raises(ConsentMissing) as caught:
        await world.meetings.hosting.start(anna, meeting)
    assert "registrera" not in caught.value.text("sv")
    # A registered one is the guardian's own to take back.
    await consents.answer(await opened(world, planned, "Mia Berg", MIA), meeting, yes=False)
    assert (await kinds(world, meeting))[-1] == "consent.withdrawn"


async def test_the_planner_is_told_who_must_be_invited(world: World) -> None:
    anna = await world.anna()
    with pytest.raises(InvalidFields) as caught:
        await world.plan(anna, **CHILD, invitations=(STAFF,))
    assert [fault["field"] for fault in caught.value.fields("sv")] == ["invitations"]
    with pytest.raises(InvalidFields) as caught:
        await plan(world, anna, GUARDIANS[0])
    assert [fault["field"] for fault in caught.value.fields("sv")] == ["sole_guardian"]
    assert await world.log.search(meeting=None, limit=10) == []
    planned = await plan(world, anna, GUARDIANS[0], sole_guardian=True)
    meeting = planned.gathering.meeting.id
    record = (await world.records(meeting, EventType.MEETING_PLANNED))[0]
    assert record.event is not None
    assert record.event.details["sole_guardian"] is True
    await world.meetings.consents.answer(await opened(world, planned, "Mia Berg", MIA), meeting, yes=True)
    assert (await world.gathering(meeting)).meeting.sole_guardian
    await world.meetings.hosting.start(anna, meeting)


async def test_one_who_is_taken_out_of_the_meeting_is_not_asked_and_the_other_is_not_enough(world: World) -> None:
    anna = await world.anna()
    planned = await plan(world, anna)
    meeting, consents = planned.gathering.meeting.id, world.meetings.consents
    mia, bo = await opened(world, planned, "Mia Berg", MIA), await opened(world, planned, "Bo Berg", BO)
    await consents.answer(mia, meeting, yes=True)
    await consents.answer(bo, meeting, yes=False)
    await world.meetings.invitations.revoke(anna, meeting, invitation_of(planned, "Bo Berg"))
    assert [one.why for one in (await consents.standing(anna, meeting)).needed.missing] == [Why.ANOTHER]
    with pytest.raises(ConsentNotAsked):
        await consents.answer(replace(mia, person=anna.person), meeting, yes=True)
    await world.meetings.planning.change(anna, meeting, MeetingChange(sole_guardian=True))
    changed = (await world.records(meeting, EventType.MEETING_CHANGED))[0]
    assert changed.event is not None
    assert changed.event.details["sole_guardian"] is True
    await world.meetings.hosting.start(anna, meeting)


async def test_whoever_is_invited_later_is_asked_about_again(world: World) -> None:
    anna = await world.anna()
    planned = await plan(world, anna, GUARDIANS[0], sole_guardian=True)
    meeting, consents = planned.gathering.meeting.id, world.meetings.consents
    mia = await opened(world, planned, "Mia Berg", MIA)
    await consents.answer(mia, meeting, yes=True)
    school = invitation("Per Wiklund", PER, role="Lärare", organisation="Norrskolan", party="other")
    await world.meetings.invitations.invite(anna, meeting, school)
    with pytest.raises(ConsentMissing) as caught:
        await world.meetings.hosting.start(anna, meeting)
    assert "Mia Berg behöver svara igen, för Norrskolan har bjudits in sedan dess." in caught.value.text("sv")
    assert (await consents.standing(mia, meeting)).due
    await consents.answer(mia, meeting, yes=True)
    await world.meetings.hosting.start(anna, meeting)


async def test_a_meeting_that_was_to_start_at_once_stays_planned_until_the_guardians_have_answered(
    world: World,
) -> None:
    anna = await world.anna()
    planned = await world.meetings.plan(
        anna, world.draft(**CHILD, invitations=GUARDIANS, start_now=True, starts_at=None, ends_at=None)
    )
    assert planned.gathering.meeting.status is MeetingStatus.PLANNED
    assert len(planned.links) == 2


async def test_an_organisation_decides_for_its_own_meetings(world: World) -> None:
    anna, eva = await world.anna(), await administrator(world)
    consents = world.meetings.consents
    rules = {
        EVERY: OwnRule(child=Demand.ONE_GUARDIAN),
        "follow_up": OwnRule(decides_from=15),
        "practice": OwnRule(child=Demand.NONE, otherwise=False),
        "planning": OwnRule(),
    }
    await consents.change_rules(eva, rules)
    await consents.change_rules(eva, rules)  # nothing changes, nothing is logged
    assert "planning" not in await consents.rules(eva)
    records = await world.records(None, EventType.CONSENT_RULES_CHANGED)
    assert len(records) == 1
    assert records[0].event is not None
    assert records[0].event.organisation == NORDVIK.id
    assert records[0].event.details == {
        "every.child": "one_guardian",
        "follow_up.decides_from": 15,
        "practice.child": "none",
        "practice.otherwise": False,
    }
    planned = await plan(world, anna)
    await consents.answer(await opened(world, planned, "Mia Berg", MIA), planned.gathering.meeting.id, yes=True)
    await world.meetings.hosting.start(anna, planned.gathering.meeting.id)
    sixteen = {**CHILD, "identity_number": number("20100101"), "invitations": (STAFF,)}
    await world.plan(anna, **sixteen, type="follow_up")
    await world.plan(anna, **CHILD, invitations=(STAFF,), type="practice")
    with pytest.raises(InvalidFields):
        await world.plan(anna, **sixteen)
    for viewer in (anna, await opened(world, planned, "Bo Berg", BO)):
        with pytest.raises(NotYourOrganisation):
            await consents.rules(viewer)
        with pytest.raises(NotYourOrganisation):
            await consents.change_rules(viewer, {})
    for unfit in (
        {"party": OwnRule()},
        {EVERY: OwnRule(child=Demand.REPRESENTATIVE)},
        {EVERY: OwnRule(represented=Demand.ALL_GUARDIANS)},
        {EVERY: OwnRule(decides_from=7)},
    ):
        with pytest.raises(InvalidFields):
            await consents.change_rules(eva, unfit)
    await consents.change_rules(eva, {})
    assert await consents.rules(eva) == {}


async def test_a_god_man_is_asked_where_the_organisation_says_so(world: World) -> None:
    anna, eva = await world.anna(), await administrator(world)
    god_man = invitation("Eli Norr", ELI, party="other", representation="god_man")
    planned = await world.plan(anna, invitations=(god_man,))
    meeting, consents = planned.gathering.meeting.id, world.meetings.consents
    eli = await opened(world, planned, "Eli Norr", ELI)
    assert not (await consents.standing(eli, meeting)).asked
    await consents.change_rules(eva, {"planning": OwnRule(represented=Demand.REPRESENTATIVE)})
    with pytest.raises(ConsentMissing, match="consent-missing"):
        await world.meetings.hosting.start(anna, meeting)
    await consents.answer(eli, meeting, yes=True)
    mine = (await consents.standing(eli, meeting)).mine
    assert mine is not None
    assert mine.said is Said.GIVEN
    await world.meetings.hosting.start(anna, meeting)


async def test_nothing_is_answered_of_a_meeting_that_was_called_off(world: World) -> None:
    anna = await world.anna()
    planned = await plan(world, anna)
    meeting = planned.gathering.meeting.id
    mia = await opened(world, planned, "Mia Berg", MIA)
    await world.meetings.hosting.end(anna, meeting)
    with pytest.raises(MeetingCancelled):
        await world.meetings.consents.answer(mia, meeting, yes=True)
    with pytest.raises(MeetingCancelled):
        await world.meetings.consents.register(anna, meeting, invitation_of(planned, "Mia Berg"), grounds="Sagt.")


async def test_consent_is_no_matter_in_a_meeting_about_a_grown_person(world: World) -> None:
    _, meeting, planned = await world.started()
    karin = await opened(world, planned, "Karin Edlund", KARIN)
    with pytest.raises(ConsentNotAsked):
        await world.meetings.consents.answer(karin, meeting, yes=True)
    await world.meetings.admission.join(karin, meeting, home=False, binding=None, key=KEY)

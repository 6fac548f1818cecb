"""Planning: who may, who leads, what is recorded, and what may change before it begins."""

from datetime import timedelta

import pytest

from audit.events import EventType
from audit.log import AuditUnavailable
from auth.fields import InvalidFields
from auth.people import Permission
from rooms.drafts import MeetingChange
from rooms.errors import MeetingAlreadyOpen, MeetingCancelled, NotAllowed, NotYourPost
from rooms.meeting import Authority, Consent, MeetingStatus, Party
from rooms.store import Store
from tests.rooms.world import (
    ANNA,
    ELIN,
    GUNNAR,
    KARIN,
    NORDVIK,
    PER,
    REGION,
    USUAL,
    BrokenLog,
    World,
    invitation,
    number,
)


async def test_the_planner_leads_and_needs_no_link(world: World) -> None:
    anna = await world.anna()
    planned = await world.plan(anna)
    host = planned.gathering.host
    assert host is not None
    assert (host.name, host.role, host.organisation, host.party) == (
        "Anna Sjödin",
        "Distriktssköterska",
        "Nordviks kommun",
        Party.KOMMUN,
    )
    assert host.person == anna.person.id
    assert {link.name for link in planned.links} == {"Leila Haddad", "Karin Edlund", "Per Wiklund"}
    stored = await world.gathering(planned.gathering.meeting.id)
    assert {item.id for item in stored.invitations} == {item.id for item in planned.gathering.invitations}
    assert stored.meeting == planned.gathering.meeting
    assert stored.meeting.consent is Consent.ORAL
    assert [person.name for person in stored.meeting.home_people] == ["Gunnar Edlund"]


async def test_the_plan_and_each_invitation_are_in_the_log_without_numbers(world: World) -> None:
    planned = await world.plan(await world.anna())
    records = await world.records(planned.gathering.meeting.id)
    kinds = [record.type for record in records]
    assert kinds.count(EventType.MEETING_PLANNED) == 1
    assert kinds.count(EventType.INVITATION_CREATED) == 4
    text = repr(records)
    assert GUNNAR not in text
    assert KARIN not in text
    assert "'consent': 'oral'" in text
    assert "'person': 'Gunnar Edlund'" in text


async def test_the_number_is_sealed_to_its_record(world: World) -> None:
    planned = await world.plan(await world.anna())
    meeting = planned.gathering.meeting
    assert world.vault.open(meeting.patient.number_sealed, record=meeting.id) == GUNNAR
    karin = next(item for item in planned.gathering.invitations if item.name == "Karin Edlund")
    assert world.vault.open(karin.number_sealed, record=karin.id) == KARIN


async def test_another_may_be_named_host(world: World) -> None:
    leila = await world.staff("Leila Haddad", number("19790214"), REGION, title="Fast vårdkontakt")
    anna = await world.anna()
    draft = (invitation("Anna Sjödin", ANNA, kind="called", role="Distriktssköterska", party="kommun", host=True),)
    planned = await world.plan(leila, invitations=draft)
    assert planned.gathering.host is not None
    assert planned.gathering.host.name == "Anna Sjödin"
    state = await world.meetings.state_for(anna, planned.gathering.meeting.id)
    assert state["me"]["host"], "she is known to the house, and needs no link"
    assert (await world.meetings.state_for(leila, planned.gathering.meeting.id))["me"]["invitation"] is None


async def test_a_planner_among_the_invited_becomes_the_host(world: World) -> None:
    anna = await world.anna()
    own = invitation("Anna Sjödin", ANNA, kind="called", role="Mötesledare", party="kommun")
    planned = await world.plan(anna, invitations=(own,))
    assert [(item.role, item.authority) for item in planned.gathering.invitations] == [("Mötesledare", Authority.HOST)]


async def test_who_only_plans_must_name_a_host(world: World) -> None:
    planner = await world.staff("Siv Lund", number("19650101"), REGION, Permission.PLANNER, title="Samordnare")
    with pytest.raises(InvalidFields) as refused:
        await world.plan(planner)
    assert refused.value.fields("sv")[0]["field"] == "invitations"


async def test_staff_known_by_an_hsa_id_alone_hear_how_to_lead(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def unknown(_person: str) -> None:
        return None

    anna = await world.anna()
    monkeypatch.setattr(world.people, "number_of", unknown)
    with pytest.raises(InvalidFields) as refused:
        await world.plan(anna)
    assert [problem.field for problem in refused.value.problems] == ["invitations"]
    named = (*USUAL, invitation("Elin Näslund", ELIN, kind="called", party="region", host=True))
    assert (await world.plan(anna, invitations=named)).gathering.host is not None


async def test_only_planners_and_hosts_plan(world: World) -> None:
    auditor = await world.staff("Rut Lund", number("19660101"), REGION, Permission.AUDITOR)
    with pytest.raises(NotYourPost):
        await world.plan(auditor)
    with pytest.raises(NotYourPost):
        await world.plan(world.login(await world.person("Karin Edlund", KARIN)))


async def test_only_the_host_starts_at_once(world: World) -> None:
    anna = await world.anna()
    await world.person("Per Wiklund", PER)
    with pytest.raises(InvalidFields) as refused:
        await world.meetings.plan(
            anna, world.draft(start_now=True, invitations=(invitation("Per Wiklund", PER, host=True),))
        )
    assert refused.value.fields("sv")[0]["field"] == "start_now"


async def test_nothing_is_planned_without_its_record(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    anna = await world.anna()
    monkeypatch.setattr(world.log, "append", BrokenLog())
    with pytest.raises(AuditUnavailable):
        await world.plan(anna)
    assert await Store(world.engine).gatherings_with(MeetingStatus.PLANNED) == []


async def test_time_and_place_change_and_links_follow(world: World) -> None:
    anna = await world.anna()
    planned = await world.plan(anna)
    meeting = planned.gathering.meeting
    later = MeetingChange(
        place="Docksta", starts_at=meeting.starts_at + timedelta(days=1), ends_at=meeting.ends_at + timedelta(days=1)
    )
    changed = await world.meetings.planning.change(anna, meeting.id, later)
    assert changed.meeting.place == "Docksta"
    assert all(
        new.expires_at == old.expires_at + timedelta(days=1)
        for new, old in zip(changed.invitations, planned.gathering.invitations, strict=True)
    )
    assert len(await world.records(meeting.id, EventType.MEETING_CHANGED)) == 1
    assert world.heard()[-1] == "state"
    same = await world.meetings.planning.change(anna, meeting.id, MeetingChange(place="Docksta"))
    assert same.meeting == changed.meeting
    assert len(await world.records(meeting.id, EventType.MEETING_CHANGED)) == 1, "no change is no record"


async def test_what_may_not_change(world: World) -> None:
    anna, meeting, planned = await world.started()
    with pytest.raises(MeetingAlreadyOpen):
        await world.meetings.planning.change(anna, meeting, MeetingChange(place="Docksta"))
    karin = await world.by_link(planned, "Karin Edlund", KARIN)
    with pytest.raises(NotAllowed):
        await world.meetings.planning.change(karin, meeting, MeetingChange(place="Docksta"))
    other = (await world.plan(anna)).gathering.meeting
    for wrong in (
        MeetingChange(place=""),
        MeetingChange(purpose="x" * 1001),
        MeetingChange(type="party"),
        MeetingChange(starts_at=other.starts_at - timedelta(days=1)),
        MeetingChange(ends_at=other.starts_at),
    ):
        with pytest.raises(InvalidFields):
            await world.meetings.planning.change(anna, other.id, wrong)
    await world.meetings.hosting.end(anna, other.id)
    with pytest.raises(MeetingCancelled):
        await world.meetings.planning.change(anna, other.id, MeetingChange(place="Docksta"))


async def test_a_list_shows_ones_own_and_ones_organisations(world: World) -> None:
    anna = await world.anna()
    planned = await world.plan(anna)
    since, until = world.clock(), world.clock() + timedelta(days=1)

    async def listed(viewer: object) -> list[str]:
        found = await world.meetings.summaries_for(viewer, since, until)  # type: ignore[arg-type]  # a session
        return [item["meeting"]["id"] for item in found]

    karin = await world.by_link(planned, "Karin Edlund", KARIN)
    stranger = world.login(await world.person("Stig Lund", number("19500101")))
    auditor = await world.staff("Rut Lund", number("19660101"), NORDVIK, Permission.AUDITOR)
    assert await listed(anna) == await listed(karin) == await listed(auditor) == [planned.gathering.meeting.id]
    assert await listed(stranger) == []


async def test_staff_who_became_known_after_the_invitation_find_it_on_their_list(world: World) -> None:
    planned = await world.plan(await world.anna())
    per = await world.staff("Per Wiklund", PER, REGION, Permission.HOST, title="Biståndshandläggare")
    found = await world.meetings.summaries_for(per, world.clock(), world.clock() + timedelta(days=1))
    assert [item["meeting"]["id"] for item in found] == [planned.gathering.meeting.id]
    assert found[0]["me"]["invitation"] is not None

"""Personal links: for the right person, as often as needed; for nobody else, ever."""

import pytest

from audit.events import EventType
from audit.log import AuditUnavailable
from auth.errors import InvitationExpired, InvitationUnknown, WrongPerson
from auth.fields import InvalidFields
from rooms.drafts import InvitationDraft
from rooms.errors import (
    InvitationNotFound,
    LeadsTheMeeting,
    MeetingEnded,
    MeetingUnknown,
    NotAllowed,
    TooManyInvitations,
)
from rooms.meeting import Authority, ParticipantStatus
from rooms.planning import Planned
from tests.rooms.world import ELIN, KARIN, LEILA, PER, BrokenLog, World, invitation, number, token_of


def karins(planned: Planned) -> str:
    return token_of(next(link.url for link in planned.links if link.name == "Karin Edlund"))


def own(planned: Planned, name: str) -> str:
    return next(item.id for item in planned.gathering.invitations if item.name == name)


async def refused_reasons(world: World) -> list[object]:
    found = await world.log.search(limit=500)
    return [
        record.event.details["reason"]
        for record in found
        if record.type is EventType.INVITATION_REFUSED and record.event is not None
    ]


async def test_a_link_carries_128_random_bits_and_only_its_hash_is_stored(world: World) -> None:
    planned = await world.plan(await world.anna())
    token = karins(planned)
    assert len(token) == 22
    stored = next(item for item in planned.gathering.invitations if item.name == "Karin Edlund")
    assert stored.token_hash is not None
    assert token not in (stored.token_hash, *map(repr, planned.links))
    assert len({link.url for link in planned.links}) == len(planned.links)


async def test_who_speaks_for_the_person_stands_in_the_rows_the_state_and_the_log(world: World) -> None:
    anna = await world.anna()
    planned = await world.plan(anna, invitations=(invitation("Karin Edlund", KARIN, representation="guardian"),))
    meeting = planned.gathering.meeting.id
    await world.meetings.invitations.invite(anna, meeting, invitation("Elin Norr", ELIN, representation="interpreter"))
    state = await world.meetings.state_for(await world.by_link(planned, "Karin Edlund", KARIN), meeting)
    assert state["me"]["representation"] == "guardian"
    assert {item["name"]: item["representation"] for item in state["invited"]} == {
        "Anna Sjödin": "none",
        "Karin Edlund": "guardian",
        "Elin Norr": "interpreter",
    }
    created = await world.records(meeting, EventType.INVITATION_CREATED)
    told = {
        record.event.details["invited"]: record.event.details.get("representation")
        for record in created
        if record.event
    }
    assert told == {"Anna Sjödin": None, "Karin Edlund": "guardian", "Elin Norr": "interpreter"}


async def test_the_right_person_opens_it_again_and_again(world: World) -> None:
    planned = await world.plan(await world.anna())
    for device in ("1", "2"):
        karin = await world.by_link(planned, "Karin Edlund", KARIN, device=device)
        state = await world.meetings.state_for(karin, planned.gathering.meeting.id)
        assert state["me"]["relation"] == "Dotter"
    opened = await world.records(planned.gathering.meeting.id, EventType.INVITATION_OPENED)
    assert len(opened) == 2
    assert opened[0].event is not None
    assert opened[0].event.actor is not None
    assert opened[0].event.actor.method == "bankid"


async def test_another_person_never_does(world: World) -> None:
    planned = await world.plan(await world.anna())
    identity = world.identity("Per Wiklund", PER)
    per = await world.people.save_person(identity)
    with pytest.raises(WrongPerson):
        await world.meetings.invitations.identify(karins(planned), identity, per)
    records = await world.records(planned.gathering.meeting.id, EventType.INVITATION_REFUSED)
    assert records[0].event is not None
    assert records[0].event.actor is not None
    assert records[0].event.actor.name == "Per Wiklund"
    assert records[0].event.details["invited"] == "Karin Edlund"
    assert records[0].event.details["reason"] == "wrong_person"


@pytest.mark.parametrize("token", ["", "x", "A" * 22, "A" * 10_000, "å" * 22])
async def test_unknown_links(world: World, token: str) -> None:
    identity = world.identity("Karin Edlund", KARIN)
    karin = await world.people.save_person(identity)
    with pytest.raises(InvitationUnknown):
        await world.meetings.invitations.greeting(token)
    with pytest.raises(InvitationUnknown):
        await world.meetings.invitations.identify(token, identity, karin)
    assert await refused_reasons(world) == ["unknown"]


async def test_a_link_expires_after_the_meeting_but_not_while_it_runs_late(world: World) -> None:
    anna, meeting, planned = await world.started()
    world.clock.advance(seconds=5 * 3600)
    await world.by_link(planned, "Karin Edlund", KARIN)
    await world.meetings.hosting.end(anna, meeting)
    with pytest.raises(InvitationExpired):
        await world.by_link(planned, "Karin Edlund", KARIN)
    assert await refused_reasons(world) == ["expired"]


async def test_a_link_to_a_meeting_that_never_began_expires_too(world: World) -> None:
    planned = await world.plan(await world.anna())
    world.clock.advance(seconds=3600)
    await world.by_link(planned, "Karin Edlund", KARIN)
    world.clock.advance(seconds=4 * 3600)
    with pytest.raises(InvitationExpired):
        await world.by_link(planned, "Karin Edlund", KARIN)
    with pytest.raises(InvitationExpired):
        await world.meetings.invitations.greeting(karins(planned))


async def test_a_preview_robot_uses_nothing_up_and_learns_no_name_of_the_patient(world: World) -> None:
    planned = await world.plan(await world.anna())
    for _ in range(5):
        greeting = await world.meetings.invitations.greeting(karins(planned))
    assert "Gunnar" not in repr(greeting)
    assert "Karin" not in repr(greeting)
    assert "Anna" not in repr(greeting)
    assert (greeting.organisation, greeting.phone) == ("Nordviks kommun", "0980-31 92 10")
    unopened = await world.gathering(planned.gathering.meeting.id)
    assert all(item.opened_at is None for item in unopened.invitations)
    await world.by_link(planned, "Karin Edlund", KARIN)


async def test_a_renewed_link_voids_the_old(world: World) -> None:
    anna = await world.anna()
    planned = await world.plan(anna)
    link = await world.meetings.invitations.renew(anna, planned.gathering.meeting.id, own(planned, "Karin Edlund"))
    with pytest.raises(InvitationUnknown):
        await world.by_link(planned, "Karin Edlund", KARIN)
    identity = world.identity("Karin Edlund", KARIN)
    person = await world.people.save_person(identity)
    assert (await world.meetings.invitations.identify(token_of(link.url), identity, person)).next == (
        f"/meetings/{planned.gathering.meeting.id}"
    )


async def test_a_revoked_link_is_dead_and_its_bearer_put_out(world: World) -> None:
    anna, meeting, planned = await world.started()
    karin = await world.by_link(planned, "Karin Edlund", KARIN)
    await world.meetings.admission.admit(anna, meeting, await world.wait(karin, meeting))
    seat = await world.sit(karin, meeting)
    await world.meetings.invitations.revoke(anna, meeting, own(planned, "Karin Edlund"))
    room = (await world.gathering(meeting)).meeting.room
    assert seat.identity not in world.media.rooms[room]
    assert (await world.participant(karin, meeting)).status is ParticipantStatus.REMOVED
    with pytest.raises(InvitationExpired):
        await world.by_link(planned, "Karin Edlund", KARIN)
    assert "revoked" in await refused_reasons(world)
    with pytest.raises(InvitationNotFound):
        await world.meetings.invitations.revoke(anna, meeting, own(planned, "Karin Edlund"))
    with pytest.raises(LeadsTheMeeting):
        await world.meetings.invitations.revoke(anna, meeting, own(planned, "Anna Sjödin"))


async def test_a_revoked_person_is_a_stranger_until_invited_anew(world: World) -> None:
    anna = await world.anna()
    planned = await world.plan(anna)
    meeting = planned.gathering.meeting.id
    karin = await world.by_link(planned, "Karin Edlund", KARIN)
    await world.meetings.invitations.revoke(anna, meeting, own(planned, "Karin Edlund"))
    with pytest.raises(MeetingUnknown):
        await world.meetings.state_for(karin, meeting)
    again = InvitationDraft("Karin Edlund", KARIN, party="home", relation="Dotter")
    await world.meetings.invitations.invite(anna, meeting, again)
    assert (await world.meetings.state_for(karin, meeting))["me"]["state"] == "none"


async def test_more_people_are_invited_during_the_meeting(world: World) -> None:
    anna, meeting, _ = await world.started()
    draft = InvitationDraft("Elin Näslund", ELIN, kind="called", role="Arbetsterapeut", party="region")
    link = await world.meetings.invitations.invite(anna, meeting, draft)
    identity = world.identity("Elin Näslund", ELIN)
    person = await world.people.save_person(identity)
    await world.meetings.invitations.identify(token_of(link.url), identity, person)
    await world.wait(world.login(person), meeting)
    with pytest.raises(InvalidFields):
        await world.meetings.invitations.invite(anna, meeting, draft)
    await world.meetings.hosting.end(anna, meeting)
    with pytest.raises(MeetingEnded):
        await world.meetings.invitations.invite(anna, meeting, InvitationDraft("Ny", number("19600101")))


async def test_fifty_are_the_most(world: World) -> None:
    anna = await world.anna()
    many = tuple(invitation(f"Gäst {at}", number(f"1970{1 + at // 20:02}{1 + at % 20:02}")) for at in range(49))
    planned = await world.plan(anna, invitations=many)  # and the host herself
    with pytest.raises(TooManyInvitations):
        await world.meetings.invitations.invite(
            anna, planned.gathering.meeting.id, InvitationDraft("En till", number("19800101"))
        )


async def test_a_co_host_invites_guests_but_no_leaders(world: World) -> None:
    _, meeting, planned = await world.started()
    leila = await world.by_link(planned, "Leila Haddad", LEILA)
    await world.meetings.invitations.invite(leila, meeting, InvitationDraft("Elin Näslund", ELIN))
    with pytest.raises(NotAllowed):
        await world.meetings.invitations.invite(leila, meeting, InvitationDraft("X", number("19800101"), co_host=True))


async def test_a_colleague_puts_another_host_in_the_chair_of_one_who_is_ill(world: World) -> None:
    planned = await world.plan(await world.anna())
    meeting = planned.gathering.meeting.id
    boss = await world.staff("Maja Lind", number("19750505"))
    draft = InvitationDraft("Maja Lind", number("19750505"), kind="called", party="kommun", host=True)
    await world.meetings.invitations.invite(boss, meeting, draft)
    gathering = await world.gathering(meeting)
    assert gathering.host is not None
    assert gathering.host.name == "Maja Lind"
    assert [item.authority for item in gathering.invitations if item.name == "Anna Sjödin"] == [Authority.CO_HOST]
    assert (await world.meetings.state_for(boss, meeting))["me"]["host"]


async def test_nothing_opens_without_its_record(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    planned = await world.plan(await world.anna())
    monkeypatch.setattr(world.log, "append", BrokenLog())
    with pytest.raises(AuditUnavailable):
        await world.by_link(planned, "Karin Edlund", KARIN)
    found = await world.gathering(planned.gathering.meeting.id)
    assert all(item.person is None for item in found.invitations if item.name == "Karin Edlund")


async def test_guests_do_not_invite(world: World) -> None:
    planned = await world.plan(await world.anna())
    karin = await world.by_link(planned, "Karin Edlund", KARIN)
    with pytest.raises(NotAllowed) as refused:
        await world.meetings.invitations.invite(
            karin, planned.gathering.meeting.id, InvitationDraft("Elin Näslund", ELIN)
        )
    assert "Anna Sjödin" in refused.value.text("sv")

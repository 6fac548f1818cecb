"""Rows in and out, and all or nothing."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from auth.store.tables import PEOPLE
from rooms.meeting import Attendance, Authority, HomePerson, MeetingStatus, ParticipantStatus
from rooms.store import Store
from tests.rooms.values import NOW, gathering, invitation, meeting, participant

H, G = Authority.HOST, Authority.GUEST
INSIDE, WAITING = ParticipantStatus.IN_ROOM, ParticipantStatus.WAITING


@pytest.fixture
def store(engine: AsyncEngine) -> Store:
    return Store(engine)


async def test_what_is_saved_is_read_back(store: Store) -> None:
    one = gathering(
        ("anna", H, INSIDE), ("karin", G, WAITING), home_people=(HomePerson("Gunnar", ""),), host_away_since=NOW
    )
    await store.save(one.meeting, *one.invitations, *one.participants)
    assert await store.gathering("m") == one
    assert await store.gathering_of_room("room") == one
    assert await store.gathering("other") is None
    moved = replace(one.meeting, place="Docksta", host_away_since=None)
    await store.save(moved)
    found = await store.gathering("m")
    assert found is not None
    assert found.meeting == moved


async def test_all_of_it_or_nothing(store: Store) -> None:
    one = gathering(("anna", H, None))
    await store.save(one.meeting, *one.invitations)
    with pytest.raises(IntegrityError):
        await store.save(replace(one.meeting, place="Docksta"), participant("x", WAITING, invitation="none"))
    found = await store.gathering("m")
    assert found is not None
    assert found.meeting.place == "Norrfällsviken"


async def test_a_person_comes_to_a_meeting_once(store: Store) -> None:
    one = gathering(("anna", H, WAITING))
    await store.save(one.meeting, *one.invitations, *one.participants)
    with pytest.raises(IntegrityError):
        await store.save(replace(one.participants[0], id="another", identity=None))


async def test_meetings_are_found_by_what_is_to_be_done_with_them(store: Store) -> None:
    one = gathering(("anna", H, WAITING))
    planned = meeting(id="later", room="r2", status=MeetingStatus.PLANNED, starts_at=NOW + timedelta(hours=1))
    await store.save(one.meeting, *one.invitations, *one.participants, planned)
    assert [item.meeting.id for item in await store.gatherings_with(MeetingStatus.OPEN)] == ["m"]
    assert [item.meeting.id for item in await store.gatherings_with_waiting()] == ["m"]
    assert [item.meeting.id for item in await store.gatherings_of_session("s-anna")] == ["m"]
    assert await store.gatherings_opening(NOW + timedelta(minutes=59)) == []
    assert [item.meeting.id for item in await store.gatherings_opening(NOW + timedelta(hours=1))] == ["later"]


async def test_a_list_is_of_the_person_and_of_the_organisation(store: Store) -> None:
    one = gathering(("anna", H, None), ("karin", G, None))
    other = meeting(id="other", room="r2", organisation="sorvik")
    revoked = invitation("karin", id="gone", meeting="other", token_hash="g", revoked_at=NOW)
    await store.save(one.meeting, *one.invitations, other, revoked)

    async def found(person: str, organisation: str | None, hours: int = 0) -> list[str]:
        since = NOW + timedelta(hours=hours)
        listed = await store.gatherings_for(
            person=person, organisation=organisation, since=since, until=since + timedelta(hours=1)
        )
        return [item.meeting.id for item in listed]

    assert await found("karin", None) == ["m"], "a revoked invitation shows nothing"
    assert await found("x", "sorvik") == ["other"]
    assert await found("karin", "sorvik") == ["m", "other"]
    assert await found("karin", None, hours=1) == []
    assert await found("karin", None, hours=-1) == []


async def test_invitations_are_found_by_token_and_bound_by_number(store: Store, engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        person = {"id": "karin", "given_name": "Karin", "surname": "Edlund", "name": "Karin Edlund"}
        await connection.execute(PEOPLE.insert().values(**person))
    one = gathering(("anna", H, None))
    unknown = replace(invitation("karin"), person=None, number_hash="1:karin")
    await store.save(one.meeting, *one.invitations, unknown)
    await store.bind_person("1:karin", "karin")
    await store.bind_person("1:karin", "somebody else")
    found = await store.invitation_by_token("t-karin")
    assert found is not None
    assert found.person == "karin"
    assert await store.invitation_by_token("none") is None


async def test_stays_are_kept_in_order(store: Store) -> None:
    one = gathering(("anna", H, INSIDE))
    first = Attendance("1", "m", "p-anna", "a", NOW, NOW + timedelta(minutes=1), "left")
    second = Attendance("2", "m", "p-anna", "b", NOW + timedelta(minutes=2))
    await store.save(one.meeting, *one.invitations, *one.participants, second, first)
    assert await store.attendance("m") == [first, second]
    assert await store.open_stays("m") == [second]
    assert await store.open_stays("m", "a") == []


async def test_a_sign_of_life(store: Store) -> None:
    one = gathering(("anna", H, WAITING))
    await store.save(one.meeting, *one.invitations, *one.participants)
    await store.seen("p-anna", NOW + timedelta(seconds=9))
    found = await store.gathering("m")
    assert found is not None
    assert found.participants[0].seen_at == NOW + timedelta(seconds=9)

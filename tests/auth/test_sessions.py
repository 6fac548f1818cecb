"""Sessions: opaque, hashed, limited in time, ended one by one or all at once."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from auth.demo import NORDVIK
from auth.errors import IdentifyAgain, SessionUnknown
from auth.identity import AssuranceLevel, Method
from auth.identity_number import IdentityNumber
from auth.people import Permission, Person, Staff
from auth.sessions import ABSOLUTE, FRESH, IDLE, IDLE_IN_MEETING, Remaining, Session, Sessions, actor, cookie_name
from auth.store import SESSIONS, People, SessionRows
from auth.vault import Vault
from tests.auth.conftest import MemoryLog
from tests.conftest import FrozenClock


@pytest.fixture
def sessions(engine: AsyncEngine, audit_log: MemoryLog, clock: FrozenClock) -> Sessions:
    return Sessions(SessionRows(engine), audit_log, clock)


@pytest.fixture
async def karin(engine: AsyncEngine, vault: Vault) -> Person:
    number = IdentityNumber.parse("199508172385")
    return await People(engine, vault).save_named(number, given_name="Karin", surname="Edlund", name="Karin Edlund")


async def create(sessions: Sessions, person: Person, at: datetime, staff: Staff | None = None) -> tuple[Session, str]:
    return await sessions.create(
        person,
        method=Method.BANKID,
        assurance_level=AssuranceLevel.HIGH_3,
        authenticated_at=at,
        staff=staff,
        invitation="invitation-1",
        language="sv",
    )


async def test_found_by_its_cookie_alone(sessions: Sessions, karin: Person, clock: FrozenClock) -> None:
    session, cookie = await create(sessions, karin, clock())
    assert await sessions.get(cookie) == session
    assert await sessions.find(session.id) == session
    for wrong in (session.id, session.secret_hash, "", cookie[:-1], cookie + "a", "a" * 43):
        assert await sessions.get(wrong) is None


async def test_a_login_of_staff_is_in_a_post_or_has_several_to_choose_among(
    sessions: Sessions, karin: Person, clock: FrozenClock
) -> None:
    session, _ = await create(sessions, karin, clock())
    staff = Staff("s", karin, NORDVIK, "Distriktssköterska", "Hemsjukvården", frozenset({Permission.HOST}))
    assert not session.works
    assert replace(session, several=True).works
    assert replace(session, staff=staff).works


async def test_the_cookie_is_not_in_the_database(
    sessions: Sessions, karin: Person, clock: FrozenClock, engine: AsyncEngine
) -> None:
    _, cookie = await create(sessions, karin, clock())
    async with engine.connect() as connection:
        row = (await connection.execute(select(SESSIONS))).one()
    assert cookie not in repr(row)


async def test_a_post_goes_with_the_session(
    sessions: Sessions, karin: Person, clock: FrozenClock, engine: AsyncEngine, vault: Vault
) -> None:
    people = People(engine, vault)
    await people.add_organisation(NORDVIK)
    staff = Staff("s", karin, NORDVIK, "Distriktssköterska", "Hemsjukvården", frozenset({Permission.HOST}))
    await people.add_staff(staff)
    _, cookie = await create(sessions, karin, clock(), staff)
    found = await sessions.get(cookie)
    assert found is not None
    assert found.staff == staff
    assert (found.actor.role, found.actor.organisation) == ("Distriktssköterska", "Nordviks kommun")
    assert actor(karin, None, Method.BANKID).organisation == ""


async def test_idle_limit_slides(sessions: Sessions, karin: Person, clock: FrozenClock) -> None:
    _, cookie = await create(sessions, karin, clock())
    for _ in range(3):
        clock.advance(seconds=IDLE.total_seconds() - 1)
        assert await sessions.get(cookie) is not None
    clock.advance(seconds=IDLE.total_seconds())
    assert await sessions.get(cookie) is None


async def test_an_open_meeting_gives_an_hour(sessions: Sessions, karin: Person, clock: FrozenClock) -> None:
    session, cookie = await create(sessions, karin, clock())
    await sessions.touch(session.id)
    clock.advance(seconds=IDLE_IN_MEETING.total_seconds() - 1)
    assert await sessions.find(session.id) is not None
    clock.advance(seconds=1)
    assert await sessions.get(cookie) is None


async def test_asking_by_id_does_not_keep_it_alive(sessions: Sessions, karin: Person, clock: FrozenClock) -> None:
    session, _ = await create(sessions, karin, clock())
    clock.advance(seconds=IDLE.total_seconds() - 1)
    assert await sessions.find(session.id) is not None
    clock.advance(seconds=1)
    assert await sessions.find(session.id) is None


async def test_how_long_is_left_is_told_without_lengthening_it(
    sessions: Sessions, karin: Person, clock: FrozenClock
) -> None:
    session, cookie = await create(sessions, karin, clock())
    whose = (karin.id, None, session.assurance_level)
    assert await sessions.remaining(cookie) == Remaining(*whose, IDLE, ABSOLUTE)
    gone = timedelta(minutes=29)
    clock.advance(seconds=gone.total_seconds())
    for _ in range(2):
        assert await sessions.remaining(cookie) == Remaining(*whose, IDLE - gone, ABSOLUTE - gone)
    await sessions.touch(session.id)
    assert await sessions.remaining(cookie) == Remaining(*whose, IDLE_IN_MEETING, ABSOLUTE - gone)
    clock.advance(seconds=IDLE_IN_MEETING.total_seconds())
    for wrong in (cookie, session.id, "", "a" * 43):
        assert await sessions.remaining(wrong) is None


async def test_absolute_limit(sessions: Sessions, karin: Person, clock: FrozenClock) -> None:
    session, cookie = await create(sessions, karin, clock())
    for _ in range(int(ABSOLUTE / timedelta(minutes=29))):
        clock.advance(seconds=29 * 60)
        assert await sessions.get(cookie) is not None
    await sessions.touch(session.id)
    clock.advance(seconds=29 * 60)
    assert await sessions.get(cookie) is None


async def test_end_one_and_all(sessions: Sessions, karin: Person, clock: FrozenClock, audit_log: MemoryLog) -> None:
    (first, first_cookie), (_, second_cookie) = [await create(sessions, karin, clock()) for _ in range(2)]
    await sessions.end(first)
    await sessions.end(first)
    assert await sessions.get(first_cookie) is None
    assert await sessions.get(second_cookie) is not None
    assert await sessions.end_all(karin.id) == 1
    assert await sessions.get(second_cookie) is None
    assert audit_log.types() == ["session.ended", "session.ended"]
    assert audit_log.reasons() == ["logged_out", "logged_out_everywhere"]


async def test_ending_works_while_the_log_is_down(
    sessions: Sessions, karin: Person, clock: FrozenClock, audit_log: MemoryLog
) -> None:
    session, cookie = await create(sessions, karin, clock())
    audit_log.down = True
    await sessions.end(session)
    assert await sessions.get(cookie) is None


async def test_sweeping_records_why(
    sessions: Sessions, karin: Person, clock: FrozenClock, audit_log: MemoryLog
) -> None:
    old, _ = await create(sessions, karin, clock() - ABSOLUTE)
    await create(sessions, karin, clock())
    assert await sessions.sweep() == 1
    assert await sessions.find(old.id) is None
    clock.advance(seconds=IDLE.total_seconds())
    assert await sessions.sweep() == 1
    assert await sessions.sweep() == 0
    assert audit_log.reasons() == ["too_old", "idle"]


def test_the_cookie_name_tells_https() -> None:
    assert cookie_name(secure=True) == "__Host-hemmaplan"
    assert cookie_name(secure=False) == "hemmaplan"


async def test_those_who_listen_hear_of_each_end_once(sessions: Sessions, karin: Person, clock: FrozenClock) -> None:
    heard = []

    async def fail(session: str) -> None:
        raise RuntimeError(session)

    async def hear(session: str) -> None:
        heard.append(session)

    sessions.listen(fail)
    sessions.listen(hear)
    session, _ = await create(sessions, karin, clock())
    await sessions.end(session)
    await sessions.end(session)
    assert heard == [session.id]


async def test_the_same_person_s_new_session_is_told_of_before_the_old_one_ends(
    sessions: Sessions, karin: Person, clock: FrozenClock, audit_log: MemoryLog
) -> None:
    heard: list[tuple[str, ...]] = []

    async def fail(before: str, by: str) -> None:
        raise RuntimeError(before + by)

    async def succeeded(before: str, by: str) -> None:
        heard.append((before, by))

    async def ended(session: str) -> None:
        heard.append((session,))

    async def other(_: str) -> None:
        pass

    sessions.listen(other, fail)
    sessions.listen(ended, succeeded)
    old, _ = await create(sessions, karin, clock())
    new, _ = await create(sessions, karin, clock())
    await sessions.replace(old, new)
    assert heard == [(old.id, new.id), (old.id,)]
    assert await sessions.find(old.id) is None
    assert await sessions.find(new.id) is not None
    assert audit_log.reasons() == ["identified_anew"]


async def test_another_person_s_session_succeeds_to_nothing(
    sessions: Sessions, karin: Person, clock: FrozenClock
) -> None:
    heard: list[tuple[str, ...]] = []

    async def succeeded(before: str, by: str) -> None:
        heard.append((before, by))

    async def ended(session: str) -> None:
        heard.append((session,))

    sessions.listen(ended, succeeded)
    old, _ = await create(sessions, karin, clock())
    new, _ = await create(sessions, karin, clock())
    await sessions.replace(old, replace(new, person=replace(karin, id="another")))
    assert heard == [(old.id,)]
    assert await sessions.find(old.id) is None


async def test_one_sees_and_ends_ones_own(
    *,
    sessions: Sessions,
    karin: Person,
    clock: FrozenClock,
    audit_log: MemoryLog,
    engine: AsyncEngine,
    vault: Vault,
) -> None:
    other = await People(engine, vault).save_named(
        IdentityNumber.parse("199603282386"), given_name="Anna", surname="Sjödin", name="Anna Sjödin"
    )
    theirs, _ = await create(sessions, other, clock())
    first, _ = await create(sessions, karin, clock())
    clock.advance(seconds=60)
    second, _ = await create(sessions, karin, clock())
    assert await sessions.all_of(second) == [second, first]
    for unknown in (theirs.id, "made-up"):
        with pytest.raises(SessionUnknown):
            await sessions.end_one(second, unknown)
    await sessions.end_one(second, first.id)
    assert await sessions.all_of(second) == [second]
    third, _ = await create(sessions, karin, clock())
    clock.advance(seconds=FRESH.total_seconds())
    for refused in (sessions.end_one(third, second.id), sessions.end_everywhere(third)):
        with pytest.raises(IdentifyAgain):
            await refused
    assert {one.id for one in await sessions.all_of(third)} == {second.id, third.id}
    await sessions.end_one(third, third.id)
    third, _ = await create(sessions, karin, clock())
    assert await sessions.end_everywhere(third) == 2
    assert await sessions.find(theirs.id) == theirs
    assert audit_log.reasons() == ["logged_out_from_list", "logged_out", *["logged_out_everywhere"] * 2]
    alone, _ = await create(sessions, karin, clock())
    clock.advance(seconds=FRESH.total_seconds())
    assert await sessions.end_everywhere(alone) == 1, "one's own alone takes no new identification"


async def test_a_login_of_less_assurance_does_not_see_those_above(
    sessions: Sessions, karin: Person, clock: FrozenClock
) -> None:
    strong, _ = await create(sessions, karin, clock())
    weak, _ = await sessions.create(
        karin,
        method=Method.SMS,
        assurance_level=AssuranceLevel.LOW,
        authenticated_at=clock(),
        staff=None,
        invitation="invitation-1",
        language="sv",
    )
    assert await sessions.all_of(weak) == [weak]
    assert {session.id for session in await sessions.all_of(strong)} == {strong.id, weak.id}
    assert await sessions.end_everywhere(weak) == 1
    assert await sessions.find(strong.id) == strong


async def test_an_administrator_ends_the_logins_of_one_organisation_alone(
    *,
    sessions: Sessions,
    karin: Person,
    clock: FrozenClock,
    audit_log: MemoryLog,
    engine: AsyncEngine,
    vault: Vault,
) -> None:
    people = People(engine, vault)
    await people.add_organisation(NORDVIK)
    post = Staff("staff-1", karin, NORDVIK, "Distriktssköterska", "Hemsjukvården", frozenset({Permission.HOST}))
    await people.add_staff(post)
    admin = replace((await create(sessions, karin, clock()))[0], person=Person("boss", "Bo", "Berg", "Bo Berg"))
    private, _ = await create(sessions, karin, clock())
    works, _ = await create(sessions, karin, clock(), post)
    assert await sessions.end_for_post(post, admin) == 1
    assert await sessions.find(works.id) is None
    assert await sessions.find(private.id) == private
    event = audit_log.events[-1]
    assert event.actor is not None
    assert event.subject is not None
    assert (event.actor.name, event.subject.name) == ("Bo Berg", "Karin Edlund")
    assert (event.organisation, event.details["reason"]) == (NORDVIK.id, "by_administrator")


async def test_which_live(sessions: Sessions, karin: Person, clock: FrozenClock) -> None:
    early, _ = await create(sessions, karin, clock())
    clock.advance(seconds=IDLE.total_seconds() - 1)
    late, _ = await create(sessions, karin, clock())
    assert await sessions.living([early.id, late.id, "made-up"]) == {early.id, late.id}
    clock.advance(seconds=1)
    assert await sessions.living([early.id, late.id]) == {late.id}
    assert await sessions.living([]) == frozenset()

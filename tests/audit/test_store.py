"""The tables: search, and the same log on PostgreSQL, with two nodes and a lock held by somebody else."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from time import monotonic

import pytest
import sqlalchemy as sa
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from audit.events import Actor, Event, EventType, Reason
from audit.log import RETENTION, AuditUnavailable, Log, LogDamaged, open_log
from audit.reader import LIMIT
from audit.rows import Search
from audit.signer import Signer
from audit.store import Store, head
from audit.verifier import Problem
from audit.verify import verify_database
from db.engine import DatabaseFailure, connect
from tests.audit.support import entered, whole
from tests.conftest import FrozenClock
from tests.postgres import postgres_engine, postgres_server, postgres_url

__all__ = ["postgres_engine", "postgres_server", "postgres_url"]


async def found(log: Log, wanted: Search) -> list[int]:
    return [row.entry.seq for row in await log.store.search(wanted)]


async def test_search_by_every_key(log: Log, clock: FrozenClock) -> None:
    start = clock()
    karin, per = Actor("karin", "Karin Edlund"), Actor("per", "Per Wiklund")
    await log.append(Event(EventType.LOBBY_ENTERED, karin, "o1", "m1", details={"person": "Gunnar Ödlund"}))
    clock.advance(seconds=60)
    await log.append(Event(EventType.PARTICIPANT_ADMITTED, karin, "o1", "m1", per))
    clock.advance(seconds=60)
    await log.append(Event(EventType.LOBBY_ENTERED, per, "o2", "m2"))
    store = log.store
    assert await found(log, Search()) == [0, 1, 2]
    assert await found(log, Search(organisation="o1")) == [0, 1]
    assert await found(log, Search(meeting="m2")) == [2]
    assert await found(log, Search(actor="per")) == [1, 2]
    assert await found(log, Search(who="ödlund")) == [0]
    assert await found(log, Search(who="per")) == [1, 2]
    assert await found(log, Search(since=start + timedelta(seconds=60))) == [1, 2]
    assert await found(log, Search(until=start + timedelta(seconds=60))) == [0]
    assert await found(log, Search(newest_first=True, limit=2)) == [2, 1]
    assert await found(log, Search(newest_first=True, after=1)) == [0]
    assert await store.count() == (3, 2)


async def test_meetings_are_found_by_who_is_named_in_them(log: Log, clock: FrozenClock) -> None:
    start = clock()
    await log.append(entered("karin", meeting="m1"))
    clock.advance(seconds=60)
    refused = Event(EventType.INVITATION_REFUSED, Actor("x", "X"), "o1", "m1", details={"reason": "wrong_person"})
    await log.append(refused)
    clock.advance(seconds=60)
    await log.append(entered("per", name="Per Wiklund", meeting="m2"))
    await log.append(Event(EventType.AUDIT_READ, Actor("rut", "Rut"), "o1", "never", details={"reason": "guess"}))
    latest, first = await log.meetings(organisation="o1")
    assert (latest.meeting, latest.refusals) == ("m2", 0)
    assert (first.meeting, first.entries, first.refusals) == ("m1", 2, 1)
    assert (first.first_at, first.last_at) == (start, start + timedelta(seconds=60))
    assert [one.meeting for one in await log.meetings(who="edlund")] == ["m1"]
    assert [one.meeting for one in await log.meetings(since=start + timedelta(seconds=61))] == ["m2"]
    assert await log.meetings(organisation="o2") == []


async def test_not_yet_is_no_refusal_in_the_count(log: Log) -> None:
    anna, karin = Actor("a", "Anna"), Actor("k", "Karin")
    for reason in (Reason.NOT_YET, Reason.DENIED, Reason.NOT_YET):
        await log.append(
            Event(EventType.PARTICIPANT_DENIED, anna, "o1", "m1", subject=karin, details={"reason": reason})
        )
    await log.append(Event(EventType.PARTICIPANT_REMOVED, anna, "o1", "m1", subject=karin))
    (found,) = await log.meetings(organisation="o1")
    assert (found.entries, found.refusals) == (4, 1)


async def test_an_empty_database_has_no_head(engine: AsyncEngine) -> None:
    store = Store(engine)
    assert await store.is_new()
    with pytest.raises(LookupError):
        await store.head()
    with pytest.raises(LookupError):
        async with store.writing(1):
            pytest.fail("a head was made of nothing")


async def test_it_waits_for_another_writer_of_its_own_process_no_longer_than_it_is_to(
    log: Log, engine: AsyncEngine
) -> None:
    await log.append(entered("p0"))
    store = Store(engine)
    async with engine.connect() as held:
        await held.execute(sa.update(head).values(id=head.c.id))
        began = monotonic()
        with pytest.raises(DatabaseFailure, match="locked"):
            async with store.writing(0.1):
                pytest.fail("two wrote at once")
        assert monotonic() - began < 2
    async with store.writing(0.1) as writing:
        assert writing.note


@pytest.fixture
async def postgres_log(postgres_engine: AsyncEngine, signer: Signer, clock: FrozenClock) -> AsyncIterator[Log]:
    log = await open_log(postgres_engine, signer, clock)
    yield log
    await log.close()


@pytest.mark.postgres
async def test_postgres_two_nodes_cannot_fork(
    postgres_log: Log, postgres_url: str, signer: Signer, clock: FrozenClock
) -> None:
    engine = connect(postgres_url)
    other = await open_log(engine, signer, clock)
    for _ in range(5):
        await asyncio.gather(
            *(postgres_log.append(entered(f"a{number}")) for number in range(30)),
            *(other.append(entered(f"b{number}")) for number in range(30)),
        )
        await whole(engine, signer)
    assert (await other.latest()).size == 300
    assert len(await other.search(who="karin", limit=500)) == 300
    assert (await other.check("m1")).whole
    await other.close()
    await engine.dispose()


@pytest.mark.postgres
async def test_postgres_two_nodes_beginning_at_once(
    postgres_url: str, postgres_engine: AsyncEngine, signer: Signer, clock: FrozenClock
) -> None:
    engines = [connect(postgres_url) for _ in range(3)]
    logs = await asyncio.gather(*(open_log(engine, signer, clock) for engine in engines))
    await asyncio.gather(*(log.append(entered("p")) for log in logs))
    await whole(postgres_engine, signer)
    for log, engine in zip(logs, engines, strict=True):
        await log.close()
        await engine.dispose()


@pytest.mark.postgres
async def test_postgres_lock_held_fails_within_the_limit(
    postgres_log: Log, postgres_engine: AsyncEngine, signer: Signer
) -> None:
    await postgres_log.append(entered("p0"))
    async with postgres_engine.connect() as holder:
        await holder.execute(text("SELECT * FROM audit_head FOR UPDATE"))
        began = monotonic()
        with pytest.raises(AuditUnavailable):
            await postgres_log.append(entered("p1"))
        assert monotonic() - began < LIMIT + 1
        await holder.rollback()
    assert (await postgres_log.append(entered("p2"))).seq == 1
    await whole(postgres_engine, signer)


@pytest.mark.postgres
async def test_postgres_connections_cut_are_recovered_from(
    postgres_log: Log, postgres_engine: AsyncEngine, signer: Signer
) -> None:
    await postgres_log.append(entered("p0"))
    async with postgres_engine.connect() as connection:
        await connection.execute(
            text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND pid <> pg_backend_pid()"
            )
        )
        await connection.rollback()
    outcomes = [await asyncio.gather(postgres_log.append(entered("p")), return_exceptions=True) for _ in range(3)]
    assert not isinstance(outcomes[-1][0], BaseException)
    await whole(postgres_engine, signer)


@pytest.mark.postgres
async def test_postgres_tampering_and_erasing(
    postgres_log: Log, postgres_engine: AsyncEngine, signer: Signer, clock: FrozenClock
) -> None:
    for number in range(4):
        await postgres_log.append(entered(f"p{number}"))
    clock.advance(seconds=RETENTION.total_seconds() + 1)
    assert await postgres_log.erase(clock() - RETENTION) == 4
    await whole(postgres_engine, signer)
    async with postgres_engine.begin() as connection:
        await connection.execute(text("DELETE FROM audit_entries WHERE seq = 2"))
        await connection.execute(text("DELETE FROM audit_entries WHERE seq = 4"))
    report = await verify_database(postgres_engine, signer.trusted)
    assert (Problem.DELETED, 2) in {(finding.problem, finding.seq) for finding in report.findings}
    with pytest.raises(LogDamaged):
        await open_log(postgres_engine, signer, clock)


@pytest.mark.postgres
async def test_postgres_server_gone(postgres_log: Log, postgres_engine: AsyncEngine) -> None:
    gone = connect("postgresql+asyncpg://postgres@127.0.0.1:1/nothing")
    with pytest.raises(AuditUnavailable):
        await open_log(gone, postgres_log.signer, lambda: pytest.fail("no clock is asked"))
    await gone.dispose()

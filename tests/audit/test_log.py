"""Appending: durable before it returns, whole after every step, closed when the database is not there."""

import asyncio
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy.ext.asyncio import AsyncEngine

from audit.events import Actor, Event, EventType
from audit.log import RETENTION, AuditUnavailable, Log, LogDamaged, is_new, open_log
from audit.reader import LIMIT
from audit.signer import Signer
from audit.store import Store, Writing
from audit.tree import root_of
from audit.verify import verify_database
from tests.audit.support import ORIGIN, entered, whole
from tests.conftest import FrozenClock


async def test_a_log_begins_empty_and_grows_entry_by_entry(
    engine: AsyncEngine, signer: Signer, clock: FrozenClock
) -> None:
    assert await is_new(engine)
    log = await open_log(engine, signer, clock)
    assert not await is_new(engine)
    assert signer.read(await log.checkpoint()).size == 0
    for number in range(12):
        clock.advance(seconds=1)
        record = await log.append(entered(f"p{number}"))
        assert record.seq == number
        assert record.time == clock()
        assert signer.read(await log.checkpoint()).size == number + 1
        await whole(engine, signer)
    await log.close()


async def test_what_is_appended_is_found(log: Log) -> None:
    kept = await log.append(entered("p1", meeting="m1"))
    await log.append(entered("p2", meeting="m2"))
    assert await log.search(meeting="m1") == [kept]
    assert await log.search(meeting="m9") == []


async def test_identity_numbers_never_reach_the_log(log: Log, database: Path) -> None:
    record = await log.append(entered("p1", name="Tolvan 19121212-1212"))
    assert record.event is not None
    assert record.event.actor is not None
    assert "1212" not in record.event.actor.name
    await log.close()
    with closing(sqlite3.connect(database)) as connection:
        [[payload, names]] = connection.execute("SELECT payload, names FROM audit_entries").fetchall()
    assert "1212" not in names
    assert b"1212" not in payload


async def test_a_thousand_at_once_share_transactions(log: Log, engine: AsyncEngine, signer: Signer) -> None:
    records = await asyncio.gather(*(log.append(entered(f"p{number}")) for number in range(1000)))
    assert sorted(record.seq for record in records) == list(range(1000))
    assert log.written == 1000
    checkpoints = [checkpoint.size async for checkpoint in log.store.all_checkpoints()]
    assert len(checkpoints) < 20
    await whole(engine, signer)


async def test_the_tree_is_the_one_over_all_leaves(log: Log, signer: Signer) -> None:
    await asyncio.gather(*(log.append(entered(f"p{number}")) for number in range(77)))
    leaves = [row.entry.leaf async for row in log.store.all_rows()]
    assert signer.read(await log.checkpoint()).root == root_of(leaves)


async def test_two_nodes_continue_each_other(log: Log, engine: AsyncEngine, signer: Signer, clock: FrozenClock) -> None:
    other = await open_log(engine, signer, clock)
    for number in range(10):
        await asyncio.gather(log.append(entered(f"a{number}")), other.append(entered(f"b{number}")))
        await whole(engine, signer)
    await asyncio.gather(
        *(log.append(entered(f"a{number}")) for number in range(50)),
        *(other.append(entered(f"b{number}")) for number in range(50)),
    )
    await other.close()
    assert (await log.latest()).size == 120
    await whole(engine, signer)


async def test_a_restart_continues(log: Log, engine: AsyncEngine, signer: Signer, clock: FrozenClock) -> None:
    for number in range(5):
        await log.append(entered(f"p{number}"))
    await log.close()
    again = await open_log(engine, signer, clock)
    assert (await again.append(entered("p5"))).seq == 5
    await whole(engine, signer)
    await again.close()


@pytest.mark.parametrize("stage", ["before", "after"])
async def test_a_crash_between_stage_and_commit(
    log: Log, engine: AsyncEngine, signer: Signer, monkeypatch: pytest.MonkeyPatch, stage: str
) -> None:
    record = await log.append(entered("p0"))
    stage_entries = Writing.add

    async def crash(self: Writing, *arguments: Any) -> None:
        if stage == "after":
            await stage_entries(self, *arguments)
        raise ConnectionResetError

    monkeypatch.setattr(Writing, "add", crash)
    with pytest.raises(AuditUnavailable):
        await log.append(entered("lost"))
    assert not log.writable
    monkeypatch.undo()
    await whole(engine, signer)
    again = await open_log(engine, signer, lambda: record.time)
    assert (await again.append(entered("p1"))).seq == 1
    assert (await log.append(entered("p2"))).seq == 2
    assert log.writable
    await whole(engine, signer)
    await again.close()


async def test_an_answer_lost_after_commit_leaves_no_fork(
    log: Log, engine: AsyncEngine, signer: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await log.append(entered("p0"))
    commit = log._commit

    async def committed_unseen(group: Any) -> Any:
        edge, note = log._edge, log._note
        await commit(group)
        log._edge, log._note = edge, note
        raise ConnectionResetError

    monkeypatch.setattr(log, "_commit", committed_unseen)
    with pytest.raises(AuditUnavailable):
        await log.append(entered("stored all the same"))
    monkeypatch.undo()
    assert (await log.append(entered("p2"))).seq == 2
    await whole(engine, signer)


async def test_a_locked_database_fails_within_the_limit(
    engine: AsyncEngine, signer: Signer, clock: FrozenClock, database: Path
) -> None:
    log = await open_log(engine, signer, clock)
    with closing(sqlite3.connect(database, isolation_level=None)) as holder:
        holder.execute("BEGIN IMMEDIATE")
        began = monotonic()
        outcomes = await asyncio.gather(*(log.append(entered(f"p{n}")) for n in range(20)), return_exceptions=True)
        assert monotonic() - began < LIMIT + 1
        assert all(isinstance(outcome, AuditUnavailable) for outcome in outcomes)
        assert not log.writable
        holder.execute("ROLLBACK")
    assert (await log.append(entered("after"))).seq == 0
    assert log.writable
    await whole(engine, signer)
    await log.close()


async def test_a_full_disk_fails_closed(log: Log, engine: AsyncEngine, signer: Signer) -> None:
    await log.append(entered("p0"))
    async with engine.connect() as connection:
        pages = (await connection.exec_driver_sql("PRAGMA page_count")).scalar_one()
    await engine.dispose()

    def bound(connection: Any, record: Any) -> None:
        connection.execute(f"PRAGMA max_page_count={pages}")

    from sqlalchemy import event  # noqa: PLC0415  only here

    event.listen(engine.sync_engine, "connect", bound)
    long = Event(EventType.LOBBY_ENTERED, details={str(number): "x" * 2000 for number in range(40)})
    with pytest.raises(AuditUnavailable):
        await log.append(long)
    event.remove(engine.sync_engine, "connect", bound)
    await engine.dispose()
    await whole(engine, signer)
    assert (await log.append(long)).seq == 1
    await whole(engine, signer)


async def test_the_queue_is_bounded(engine: AsyncEngine, signer: Signer, clock: FrozenClock) -> None:
    log = await open_log(engine, signer, clock, longest_queue=3)
    outcomes = await asyncio.gather(*(log.append(entered(f"p{n}")) for n in range(10)), return_exceptions=True)
    assert sum(isinstance(outcome, AuditUnavailable) for outcome in outcomes) == 7
    assert log.refused == 7
    await whole(engine, signer)
    await log.close()


async def test_who_gives_up_while_waiting_leaves_no_entry(log: Log, engine: AsyncEngine, signer: Signer) -> None:
    first = asyncio.gather(log.append(entered("p0")), log.append(entered("p1")))
    given_up = asyncio.gather(log.append(entered("gone")))
    given_up.cancel()
    await first
    await asyncio.gather(given_up, return_exceptions=True)
    assert await log.search(actor="gone") == []
    await whole(engine, signer)


async def test_a_bad_event_spoils_nobody_elses(log: Log) -> None:
    bad, good = await asyncio.gather(
        log.append(entered("p0", name="\ud800")), log.append(entered("p1")), return_exceptions=True
    )
    assert isinstance(bad, ValueError)
    assert not isinstance(good, BaseException)
    assert good.seq == 0


async def test_a_closed_log_takes_no_more_but_writes_what_waits(log: Log) -> None:
    waiting = asyncio.gather(*(log.append(entered(f"p{number}")) for number in range(5)))
    await asyncio.sleep(0)
    await log.close()
    assert len(await waiting) == 5
    with pytest.raises(AuditUnavailable):
        await log.append(entered("late"))


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM audit_head",
        "DELETE FROM audit_nodes WHERE level = 1",
        "UPDATE audit_nodes SET hash = zeroblob(32) WHERE level = 1",
        "UPDATE audit_head SET note = (SELECT note FROM audit_checkpoints WHERE size = 1)",
        "UPDATE audit_head SET note = replace(note, char(10) || '3' || char(10), char(10) || '4' || char(10))",
        "UPDATE audit_head SET note = 'nonsense'",
    ],
)
async def test_missing_state_is_never_made_anew(
    log: Log, signer: Signer, engine: AsyncEngine, database: Path, damage: str
) -> None:
    for number in range(3):
        record = await log.append(entered(f"p{number}"))
    with closing(sqlite3.connect(database)) as connection:
        connection.execute(damage)
        connection.commit()
    if "audit_nodes" not in damage:  # this process has the edge in its memory, and what it writes is right
        with pytest.raises(AuditUnavailable):
            await log.append(entered("p3"))
    if "SELECT note" not in damage:  # a whole older log can be told only by who has seen the newer
        with pytest.raises(LogDamaged):
            await open_log(engine, signer, lambda: record.time)


async def test_a_log_whose_end_is_cut_is_not_opened(
    log: Log, engine: AsyncEngine, signer: Signer, clock: FrozenClock, database: Path
) -> None:
    for number in range(3):
        await log.append(entered(f"p{number}"))
    await log.close()
    with closing(sqlite3.connect(database)) as connection:
        connection.execute("DELETE FROM audit_entries WHERE seq = 2")
        connection.commit()
    with pytest.raises(LogDamaged, match="missing"):
        await open_log(engine, signer, clock)


async def test_a_log_signed_by_another_key_is_not_opened(log: Log, engine: AsyncEngine, clock: FrozenClock) -> None:
    await log.append(entered("p0"))
    with pytest.raises(LogDamaged):
        await open_log(engine, Signer(ORIGIN, Ed25519PrivateKey.generate()), clock)


async def test_a_new_key_continues_the_log_of_the_retired_one(
    log: Log, engine: AsyncEngine, signer: Signer, clock: FrozenClock
) -> None:
    await log.append(entered("p0"))
    await log.close()
    new = Signer(ORIGIN, Ed25519PrivateKey.generate(), (signer.public,))
    again = await open_log(engine, new, clock)
    await again.append(entered("p1"))
    report = await verify_database(engine, new.trusted)
    assert report.whole
    await again.close()


async def test_erasing_keeps_the_tree_and_says_so(
    log: Log, engine: AsyncEngine, signer: Signer, clock: FrozenClock
) -> None:
    for number in range(3):
        await log.append(entered(f"p{number}"))
    clock.advance(seconds=RETENTION.total_seconds())
    await log.append(entered("young"))
    with pytest.raises(ValueError, match="longer"):
        await log.erase(clock() - RETENTION + timedelta(seconds=1))
    clock.advance(seconds=1)
    assert await log.erase(clock() - RETENTION, Actor("p9", "Rut Söderlind")) == 3
    assert await log.erase(clock() - RETENTION) == 0
    records = await log.search()
    assert [record.erased for record in records] == [True, True, True, False, False]
    assert records[-1].type is EventType.AUDIT_ERASED
    report = await verify_database(engine, signer.trusted)
    assert report.whole
    assert report.erased == 3


async def test_an_entry_without_detail_is_as_good(log: Log, engine: AsyncEngine, signer: Signer) -> None:
    record = await log.append(replace(entered("p0"), actor=None, meeting=None, organisation=None))
    assert (await log.search(limit=1))[0] == record
    await whole(engine, signer)


async def test_of_two_that_begin_the_log_at_once_one_does(
    engine: AsyncEngine, signer: Signer, clock: FrozenClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin = Store.begin

    async def late(self: Store, checkpoint: Any) -> None:
        await begin(self, checkpoint)
        await begin(self, checkpoint)

    monkeypatch.setattr(Store, "begin", late)
    log = await open_log(engine, signer, clock)
    assert (await log.append(entered("p0"))).seq == 0
    await log.close()

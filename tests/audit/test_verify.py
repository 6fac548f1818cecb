"""Every kind of tampering with a database is found, and named with its entry."""

import asyncio
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy.ext.asyncio import AsyncEngine

from audit.entries import seal
from audit.events import EventType
from audit.log import Log
from audit.signer import Signer
from audit.tree import Edge, leaf_hash
from audit.verifier import Problem
from audit.verify import Unverifiable, verify_database
from db.engine import connect
from tests.audit.support import ORIGIN, entered
from tests.conftest import FrozenClock

Told = set[tuple[Problem, int | None]]


async def tampered(log: Log, database: Path, *statements: str, entries: int = 8) -> None:
    for number in range(entries):
        await log.append(entered(f"p{number}"))
    with closing(sqlite3.connect(database)) as connection:
        for statement in statements:
            connection.execute(statement)
        connection.commit()


async def told(engine: AsyncEngine, signer: Signer, *witnesses: str) -> Told:
    report = await verify_database(engine, signer.trusted, witnesses)
    for finding in report.findings:
        assert finding.text.endswith(".")
        assert finding.seq is None or finding.problem in {Problem.TREE} or str(finding.seq) in finding.text or witnesses
    return {(finding.problem, finding.seq) for finding in report.findings}


SWAP = (
    "UPDATE audit_entries SET seq = 100 WHERE seq = 3",
    "UPDATE audit_entries SET seq = 3 WHERE seq = 5",
    "UPDATE audit_entries SET seq = 5 WHERE seq = 100",
)
CUT = (
    "DELETE FROM audit_entries WHERE seq >= 6",
    "DELETE FROM audit_checkpoints WHERE size > 6",
    "DELETE FROM audit_nodes WHERE level = 0 AND position >= 6",
    "DELETE FROM audit_nodes WHERE level = 1 AND position >= 3",
    "DELETE FROM audit_nodes WHERE level >= 2 AND (position + 1) << level > 6",
    "UPDATE audit_head SET note = (SELECT note FROM audit_checkpoints WHERE size = 6)",
)


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        (["UPDATE audit_entries SET payload = replace(payload, 'Karin', 'Maria')"], {("altered", n) for n in range(8)}),
        (
            ["UPDATE audit_entries SET payload = cast(replace(payload, 'Karin', 'Maria') AS BLOB) WHERE seq = 2"],
            {("altered", 2)},
        ),
        (["UPDATE audit_entries SET salt = zeroblob(32) WHERE seq = 7"], {("altered", 7)}),
        (["UPDATE audit_entries SET salt = NULL WHERE seq = 7"], {("altered", 7)}),
        (
            ["UPDATE audit_entries SET envelope = cast(replace(envelope, 'entered', 'left') AS BLOB) WHERE seq = 4"],
            {("altered", 4)},
        ),
        (["UPDATE audit_entries SET envelope = cast('{}' AS BLOB) WHERE seq = 4"], {("altered", 4)}),
        (["DELETE FROM audit_entries WHERE seq = 0"], {("deleted", 0)}),
        (["DELETE FROM audit_entries WHERE seq IN (2, 3)"], {("deleted", 2), ("deleted", 3)}),
        (
            ["DELETE FROM audit_entries WHERE seq = 2", "DELETE FROM audit_nodes WHERE level = 0 AND position = 2"],
            {("deleted", 2), ("tree", 2), ("tree", 0)},
        ),
        (SWAP, {("reordered", 3), ("reordered", 5)}),
        (["DELETE FROM audit_entries WHERE seq >= 6"], {("truncated", 6)}),
        (["DELETE FROM audit_checkpoints WHERE size > 6"], {("unsigned", 6), ("truncated", None)}),
        (["DELETE FROM audit_checkpoints"], {("unsigned", None), ("truncated", None)}),
        (["DELETE FROM audit_head"], {("unsigned", None)}),
        (["UPDATE audit_head SET note = 'nonsense'"], {("truncated", None)}),
        (["UPDATE audit_checkpoints SET note = replace(note, '5', '6') WHERE size = 5"], {("forged", None)}),
        (["UPDATE audit_nodes SET hash = zeroblob(32) WHERE level = 0 AND position = 3"], {("tree", 3)}),
        (["UPDATE audit_nodes SET hash = zeroblob(32) WHERE level = 2 AND position = 1"], {("tree", 4)}),
        (["DELETE FROM audit_nodes WHERE level = 0 AND position = 3"], {("tree", 3)}),
        (["UPDATE audit_entries SET meeting = 'm2' WHERE seq = 3"], {("search", 3)}),
        (["UPDATE audit_entries SET type = 'lobby.left' WHERE seq = 3"], {("search", 3)}),
        (["UPDATE audit_entries SET at = 'nonsense' WHERE seq = 3"], {("search", 3)}),
        (["UPDATE audit_entries SET payload = 7 WHERE seq = 3"], {("altered", 3)}),
        (["UPDATE audit_checkpoints SET at = 'nonsense', note = '' WHERE size = 3"], {("forged", None)}),
        (["UPDATE audit_entries SET at = '2020-01-01 00:00:00.000000' WHERE seq = 3"], {("search", 3)}),
        (
            [
                "UPDATE audit_entries SET salt = NULL, payload = NULL, organisation = NULL, meeting = NULL,"
                " actor = NULL, names = NULL WHERE seq = 3"
            ],
            {("erased untold", 3)},
        ),
    ],
)
async def test_tampering_is_told(
    log: Log, signer: Signer, database: Path, statements: list[str], expected: set[object]
) -> None:
    await tampered(log, database, *statements)
    engine = connect(f"sqlite+aiosqlite:///{database}")
    assert {(problem.value, seq) for problem, seq in await told(engine, signer)} == expected
    await engine.dispose()


async def test_several_alterations_are_told_apart(
    log: Log, engine: AsyncEngine, signer: Signer, database: Path
) -> None:
    change = "UPDATE audit_entries SET {0} = cast(replace({0}, '{1}', '{2}') AS BLOB) WHERE seq = {3}"
    await tampered(
        log,
        database,
        change.format("payload", "Karin", "Maria", 1),
        change.format("envelope", "entered", "left", 4),
        "DELETE FROM audit_entries WHERE seq = 6",
    )
    assert await told(engine, signer) == {(Problem.ALTERED, 1), (Problem.ALTERED, 4), (Problem.DELETED, 6)}


async def test_an_entry_rewritten_with_its_tree_is_found_by_the_checkpoint(
    log: Log, engine: AsyncEngine, signer: Signer, database: Path, clock: FrozenClock
) -> None:
    await tampered(log, database)
    rows = [row async for row in log.store.all_rows()]
    assert rows[5].entry.payload is not None
    forged = seal(
        EventType.LOBBY_ENTERED,
        rows[5].entry.payload.replace(b"Karin", b"Maria"),
        seq=5,
        time=rows[5].at,
        salt=bytes(32),
    )
    edge, nodes = Edge(), []
    for row in rows:
        edge, added = edge.add(forged.leaf if row.entry.seq == 5 else row.entry.leaf)
        nodes += added
    with closing(sqlite3.connect(database)) as connection:
        connection.execute(
            "UPDATE audit_entries SET envelope = ?, salt = ?, payload = ?, names = 'maria edlund' WHERE seq = 5",
            (forged.envelope, forged.salt, forged.payload),
        )
        for level, position, digest in nodes:
            where = "UPDATE audit_nodes SET hash = ? WHERE level = ? AND position = ?"
            connection.execute(where, (digest, level, position))
        connection.commit()
    assert await told(engine, signer) == {(Problem.ALTERED, 5)}


async def test_a_log_cut_off_with_its_checkpoints_is_told_by_a_kept_one(
    log: Log, engine: AsyncEngine, signer: Signer, database: Path
) -> None:
    for number in range(8):
        await log.append(entered(f"p{number}"))
    kept = await log.checkpoint()
    with closing(sqlite3.connect(database)) as connection:
        for statement in CUT:
            connection.execute(statement)
        connection.commit()
    assert await told(engine, signer) == set()
    assert await told(engine, signer, kept) == {(Problem.TRUNCATED, 6)}


async def test_a_fork_is_told_by_a_kept_checkpoint(log: Log, engine: AsyncEngine, signer: Signer) -> None:
    for number in range(8):
        await log.append(entered(f"p{number}"))
    other = signer.sign(5, leaf_hash(b"another history"))
    report = await verify_database(engine, signer.trusted, [other])
    assert [finding.problem for finding in report.findings] == [Problem.FORKED]
    longer = signer.sign(9, leaf_hash(b"another history"))
    assert await told(engine, signer, longer) == {(Problem.TRUNCATED, 8)}


async def test_kept_checkpoints_that_fit_change_nothing(log: Log, engine: AsyncEngine, signer: Signer) -> None:
    kept = [await log.checkpoint()]
    for number in range(8):
        await log.append(entered(f"p{number}"))
        kept.append(await log.checkpoint())
    report = await verify_database(engine, signer.trusted, kept)
    assert report.whole
    assert (report.size, report.entries, report.checkpoints, report.erased) == (8, 8, 9, 0)


async def test_another_key_vouches_for_nothing(log: Log, engine: AsyncEngine, signer: Signer) -> None:
    await log.append(entered("p0"))
    stranger = Signer(ORIGIN, Ed25519PrivateKey.generate())
    report = await verify_database(engine, stranger.trusted)
    assert {finding.problem for finding in report.findings} == {Problem.FORGED, Problem.UNSIGNED, Problem.TRUNCATED}
    with pytest.raises(Unverifiable):
        await verify_database(engine, stranger.trusted, [await log.checkpoint()])


async def test_a_group_altered_inside_one_checkpoint(
    log: Log, engine: AsyncEngine, signer: Signer, database: Path
) -> None:
    await asyncio.gather(*(log.append(entered(f"p{number}")) for number in range(30)))
    await tampered(log, database, "UPDATE audit_entries SET envelope = cast('x' AS BLOB) WHERE seq = 17", entries=1)
    assert await told(engine, signer) == {(Problem.ALTERED, 17)}

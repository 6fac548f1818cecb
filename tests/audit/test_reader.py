"""Reading: proofs that hold, a meeting's verdict, and entries that cannot be trusted shown as such."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from audit.log import AuditUnavailable, Log, LogDamaged
from audit.signer import Signer
from audit.tree import BadRange, verify_consistency, verify_inclusion
from tests.audit.support import entered


@pytest.fixture
async def filled(log: Log) -> Log:
    for number in range(9):
        await log.append(entered(f"p{number}", meeting=f"m{number % 3}"))
    return log


def spoil(database: Path, statement: str) -> None:
    with closing(sqlite3.connect(database)) as connection:
        connection.execute(statement)
        connection.commit()


async def test_every_entry_and_every_size_can_be_proved(filled: Log, signer: Signer) -> None:
    roots = {note.size: signer.read(note.note).root async for note in filled.store.all_checkpoints()}
    for size in range(1, 10):
        for seq in range(size):
            proof = await filled.inclusion_proof(seq, size)
            assert verify_inclusion(proof.leaf, seq, size, proof.hashes, roots[size])
        for old in range(1, size + 1):
            hashes = await filled.consistency_proof(old, size)
            assert verify_consistency(old, size, roots[old], roots[size], hashes)


async def test_proofs_beyond_the_log_are_refused(filled: Log) -> None:
    with pytest.raises(BadRange):
        await filled.inclusion_proof(0, 10)
    with pytest.raises(BadRange):
        await filled.consistency_proof(3, 10)
    with pytest.raises(BadRange):
        await filled.consistency_proof(10, 9)


async def test_a_meeting_that_is_whole(filled: Log) -> None:
    verdict = await filled.check("m1")
    assert verdict.whole
    assert verdict.entries == 3
    assert verdict.checkpoint.size == 9
    assert (await filled.check("none")).entries == 0


@pytest.mark.parametrize(
    ("statement", "wrong", "missing"),
    [
        ("UPDATE audit_entries SET salt = zeroblob(32) WHERE seq = 4", [4], False),
        ("UPDATE audit_entries SET envelope = cast('x' AS BLOB) WHERE seq = 4", [4], False),
        ("UPDATE audit_entries SET names = 'nobody' WHERE seq = 7", [7], False),
        ("UPDATE audit_nodes SET hash = zeroblob(32) WHERE level = 0 AND position = 5", [4], False),
        ("DELETE FROM audit_entries WHERE seq = 4", [], True),
        ("UPDATE audit_entries SET meeting = 'm1' WHERE seq = 0", [0], False),
    ],
)
async def test_a_meeting_that_is_not(
    filled: Log, database: Path, statement: str, wrong: list[int], *, missing: bool
) -> None:
    spoil(database, statement)
    verdict = await filled.check("m1")
    assert (verdict.wrong, verdict.missing, verdict.whole) == (wrong, missing, False)


async def test_an_altered_entry_is_shown_without_its_contents(filled: Log, database: Path) -> None:
    spoil(database, "UPDATE audit_entries SET payload = cast(replace(payload, 'Karin', 'Maria') AS BLOB) WHERE seq = 4")
    spoil(database, "UPDATE audit_entries SET organisation = 'o2' WHERE seq = 5")
    records = await filled.search()
    assert [record.seq for record in records if not record.intact] == [4, 5]
    assert records[4].event is None
    assert not records[4].erased
    # Whoever writes another organisation's id beside an entry does not get to see it.
    [moved] = await filled.search(organisation="o2")
    assert moved.event is None


async def test_a_head_that_is_not_ours_is_not_answered_with(filled: Log, database: Path) -> None:
    spoil(
        database, "UPDATE audit_checkpoints SET note = replace(note, char(10) || '9', char(10) || '8') WHERE size = 9"
    )
    spoil(database, "UPDATE audit_head SET note = (SELECT note FROM audit_checkpoints WHERE size = 9)")
    with pytest.raises(LogDamaged):
        await filled.checkpoint()


async def test_a_database_that_is_gone_is_unavailable(filled: Log, database: Path) -> None:
    spoil(database, "DROP TABLE audit_entries")
    with pytest.raises(AuditUnavailable):
        await filled.search()
    with pytest.raises(AuditUnavailable):
        await filled.meetings()

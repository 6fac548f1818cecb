"""The judging part, on entries and checkpoints in memory; test_verify and test_export have databases and files."""

from datetime import UTC, datetime

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from audit.checkpoint import Checkpoint
from audit.entries import Entry, payload_of, seal
from audit.events import Event, EventType
from audit.signer import Signer
from audit.tree import root_of
from audit.verifier import Problem, Report, Verifier

NOW = datetime(2026, 11, 24, 9, tzinfo=UTC)
SIGNER = Signer("hemmaplan.example/log", Ed25519PrivateKey.from_private_bytes(bytes(32)))


def entries_of(count: int) -> list[Entry]:
    payload = payload_of(Event(EventType.LOBBY_ENTERED, meeting="m1"))
    kind = EventType.LOBBY_ENTERED
    return [seal(kind, payload, seq=seq, time=NOW, salt=seq.to_bytes(32)) for seq in range(count)]


def judged(entries: list[Entry], leaves: list[bytes], signed: dict[int, str], *witnesses: Checkpoint) -> Report:
    verifier = Verifier(SIGNER.trusted, witnesses)
    for entry, leaf in zip(entries, leaves, strict=True):
        if entry.seq in signed:
            verifier.checkpoint(signed[entry.seq])
        verifier.entry(entry, leaf)
    verifier.checkpoint(signed[len(entries)])
    return verifier.finish()


@given(st.data())
def test_any_one_altered_envelope_is_named_alone(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 40))
    entries = entries_of(count)
    leaves = [entry.leaf for entry in entries]
    sizes = {*data.draw(st.sets(st.integers(0, count))), count}
    signed = {size: SIGNER.sign(size, root_of(leaves[:size])) for size in sizes}
    assert judged(entries, leaves, signed).whole
    at = data.draw(st.integers(0, count - 1))
    other = entries_of(at + 1)[at]
    changed = seal(EventType.LOBBY_LEFT, other.payload or b"", seq=at, time=NOW, salt=other.salt or b"")
    report = judged([*entries[:at], changed, *entries[at + 1 :]], leaves, signed)
    assert [(finding.problem, finding.seq) for finding in report.findings] == [(Problem.ALTERED, at)]
    spoilt = [*leaves[:at], bytes(32), *leaves[at + 1 :]]
    report = judged(entries, spoilt, signed)
    assert [(finding.problem, finding.seq) for finding in report.findings] == [(Problem.TREE, at)]


@given(st.data())
def test_a_rewritten_end_is_narrowed_to_its_checkpoint(data: st.DataObject) -> None:
    count = data.draw(st.integers(2, 40))
    entries = entries_of(count)
    leaves = [entry.leaf for entry in entries]
    middle = data.draw(st.integers(1, count - 1))
    signed = {size: SIGNER.sign(size, root_of(leaves[:size])) for size in (middle, count)}
    at = data.draw(st.integers(middle, count - 1))
    changed = seal(EventType.LOBBY_LEFT, entries[at].payload or b"", seq=at, time=NOW, salt=entries[at].salt or b"")
    rewritten = [*entries[:at], changed, *entries[at + 1 :]]
    report = judged(rewritten, [entry.leaf for entry in rewritten], signed)
    assert [(finding.problem, finding.seq) for finding in report.findings] == [(Problem.ALTERED, middle)]
    assert report.size == middle


def test_a_witness_between_checkpoints_is_compared_too() -> None:
    entries = entries_of(6)
    leaves = [entry.leaf for entry in entries]
    signed = {6: SIGNER.sign(6, root_of(leaves))}
    right = Checkpoint(SIGNER.origin, 4, root_of(leaves[:4]))
    wrong = Checkpoint(SIGNER.origin, 4, root_of(leaves[:3]))
    assert judged(entries, leaves, signed, right).whole
    report = judged(entries, leaves, signed, wrong)
    assert [finding.problem for finding in report.findings] == [Problem.FORKED]

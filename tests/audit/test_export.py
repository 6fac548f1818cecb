"""Exports verify offline, and tampering with the file is told like tampering with the database."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.export import export
from audit.log import RETENTION, Log
from audit.signer import Signer
from audit.verifier import Problem
from audit.verify import Unverifiable, verify_export
from tests.audit.support import ORIGIN, entered
from tests.conftest import FrozenClock

Change = Callable[[list[dict[str, Any]]], object]


async def lines_of(log: Log, meeting: str | None = None) -> list[str]:
    return [line async for line in export(log, meeting)]


def changed(lines: list[str], change: Change) -> list[str]:
    items = [json.loads(line) for line in lines]
    change(items)
    return [json.dumps(item) for item in items]


def entry(items: list[dict[str, Any]], seq: int) -> dict[str, Any]:
    found: dict[str, Any] = next(item["entry"] for item in items if item.get("entry", {}).get("seq") == seq)
    return found


def drop(items: list[dict[str, Any]], seq: int) -> None:
    items[:] = [item for item in items if item.get("entry", {}).get("seq") != seq]


def alter(items: list[dict[str, Any]], seq: int, key: str) -> None:
    found = entry(items, seq)
    found[key] = found[key].replace("Karin", "Maria").replace("entered", "left")


def swap(items: list[dict[str, Any]], one: int, other: int) -> None:
    first, second = entry(items, one), entry(items, other)
    first["seq"], second["seq"] = other, one
    first_copy = dict(first)
    first.clear()
    first.update(second)
    second.clear()
    second.update(first_copy)


@pytest.fixture
async def filled(log: Log) -> Log:
    for number in range(9):
        await log.append(entered(f"p{number}", meeting=f"m{number % 3}"))
    return log


async def test_a_whole_export_verifies(filled: Log, signer: Signer) -> None:
    report = verify_export(await lines_of(filled), signer.trusted)
    assert report.findings == []
    assert (report.entries, report.size) == (9, 9)


async def test_an_export_of_one_meeting_shows_nobody_else(filled: Log, signer: Signer) -> None:
    lines = await lines_of(filled, "m1")
    assert not any("p0" in line or "p2" in line for line in lines[1:])
    report = verify_export(lines, signer.trusted)
    assert report.findings == []
    assert (report.entries, report.size) == (3, 9)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda items: alter(items, 4, "payload"), {(Problem.ALTERED, 4)}),
        (lambda items: alter(items, 4, "envelope"), {(Problem.ALTERED, 4)}),
        (lambda items: entry(items, 4).update(salt="00"), {(Problem.ALTERED, 4)}),
        (lambda items: drop(items, 4), {(Problem.DELETED, 4)}),
        (lambda items: items.pop(), set()),
        (lambda items: items.__delitem__(slice(-2, None)), {(Problem.TRUNCATED, 8)}),
        (lambda items: swap(items, 3, 5), {(Problem.REORDERED, 3), (Problem.REORDERED, 5)}),
        (lambda items: items.append(items[-2]), {(Problem.REORDERED, 8)}),
        (lambda items: items[3].update(checkpoint="nonsense"), {(Problem.FORGED, None)}),
        (lambda items: entry(items, 4).update(salt=None, payload=None), {(Problem.ERASED_UNTOLD, 4)}),
    ],
)
async def test_tampering_with_a_whole_export_is_told(
    filled: Log, signer: Signer, change: Change, expected: set[tuple[Problem, int | None]]
) -> None:
    report = verify_export(changed(await lines_of(filled), change), signer.trusted)
    assert {(finding.problem, finding.seq) for finding in report.findings} == expected


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda items: alter(items, 4, "payload"), {(Problem.ALTERED, 4)}),
        (lambda items: alter(items, 4, "envelope"), {(Problem.ALTERED, 4)}),
        (lambda items: entry(items, 4).update(proof=[]), {(Problem.ALTERED, 4)}),
        (lambda items: entry(items, 4).update(seq=1), {(Problem.ALTERED, 1), (Problem.REORDERED, 1)}),
    ],
)
async def test_tampering_with_one_meeting_is_told(
    filled: Log, signer: Signer, change: Change, expected: set[tuple[Problem, int | None]]
) -> None:
    report = verify_export(changed(await lines_of(filled, "m1"), change), signer.trusted)
    assert {(finding.problem, finding.seq) for finding in report.findings} == expected


async def test_two_signed_histories_are_a_fork(filled: Log, signer: Signer) -> None:
    lines = await lines_of(filled)
    fork = json.dumps({"checkpoint": signer.sign(9, bytes(32))})
    report = verify_export([*lines, fork], signer.trusted)
    assert [finding.problem for finding in report.findings] == [Problem.FORKED]


async def test_an_export_after_erasing_says_erased(filled: Log, signer: Signer, clock: FrozenClock) -> None:
    clock.advance(seconds=RETENTION.total_seconds() + 1)
    await filled.erase(clock() - RETENTION)
    report = verify_export(await lines_of(filled), signer.trusted)
    assert report.whole
    assert report.erased == 9


@pytest.mark.parametrize("lines", [[], ["{}"], ["[]"], ["x"], ['{"format":"other"}'], ["1"]])
def test_what_is_no_export_is_told(lines: list[str], signer: Signer) -> None:
    with pytest.raises(Unverifiable):
        verify_export(lines, signer.trusted)


@pytest.mark.parametrize("line", ["{}", "[]", "x", '{"entry":{}}', '{"entry":{"seq":"0"}}', '{"checkpoint":7}', "7"])
async def test_a_line_that_is_nothing_is_told(filled: Log, signer: Signer, line: str) -> None:
    with pytest.raises(Unverifiable):
        verify_export([*(await lines_of(filled)), line], signer.trusted)


async def test_another_key_does_not_open_the_export(filled: Log) -> None:
    stranger = Signer(ORIGIN, Ed25519PrivateKey.generate())
    with pytest.raises(Unverifiable):
        verify_export(await lines_of(filled, "m1"), stranger.trusted)
    assert not verify_export(await lines_of(filled), stranger.trusted).whole

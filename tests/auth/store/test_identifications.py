"""Identifications: an outcome is set once and handed over once, and nothing can be read in the file."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from auth.identity_number import IdentityNumber
from auth.store import Identification, IdentificationRows, People
from auth.vault import Vault
from tests.conftest import FrozenClock

NUMBER = IdentityNumber.parse("199508172385")


def _identification(clock: FrozenClock, order: str = "order") -> Identification:
    return Identification("t", "f" * 64, clock(), "pending", order, None, "outstandingTransaction")


@pytest.fixture
def rows(database: AsyncEngine, vault: Vault) -> IdentificationRows:
    return IdentificationRows(database, vault)


async def test_an_outcome_is_set_once(rows: IdentificationRows, clock: FrozenClock) -> None:
    await rows.add(_identification(clock))
    assert not await rows.keep_answer("t", "answer")
    kept = await rows.find("t")
    assert kept is not None
    assert (kept.order, kept.answer) == ("order", "answer")
    assert await rows.finish("t", status="complete", hint="", now=clock(), next="/today")
    assert not await rows.finish("t", status="failed", hint="cancelled", now=clock())
    done = await rows.find("t")
    assert done is not None
    assert (done.status, done.order, done.answer, done.next) == ("complete", None, None, "/today")


async def test_pending_and_forgotten(rows: IdentificationRows, clock: FrozenClock) -> None:
    await rows.add(_identification(clock))
    assert [row.id for row in await rows.pending()] == ["t"]
    await rows.forget(clock() + timedelta(seconds=1))
    assert await rows.find("t") is None
    with pytest.raises(ValueError, match="order"):
        await rows.add(replace(_identification(clock), order=None))


async def test_one_collector_at_a_time(rows: IdentificationRows, clock: FrozenClock) -> None:
    await rows.add(replace(_identification(clock), collector="one"))
    assert await rows.beat("one", ["t", "unknown"]) == {"t"}
    assert await rows.beat("two", ["t"]) == frozenset()
    assert await rows.beat("one", []) == frozenset()
    seen = await rows.find("t")
    assert seen is not None
    await rows.beat("one", ["t"])
    assert not await rows.take(seen, "two")  # its holder lives
    (seen,) = await rows.pending()
    taken = await asyncio.gather(*(rows.take(seen, name) for name in ("two", "three", "four")))
    assert sorted(taken) == [False, False, True]
    assert await rows.beat("one", ["t"]) == frozenset()
    holder = (await rows.pending())[0].collector
    await rows.release("one")
    assert (await rows.pending())[0].collector == holder
    await rows.release(holder)
    assert (await rows.pending())[0].collector == ""
    await rows.finish("t", status="failed", hint="cancelled", now=clock())
    assert await rows.pending() == []


async def test_coming_back_is_remembered_until_the_outcome(rows: IdentificationRows, clock: FrozenClock) -> None:
    await rows.add(_identification(clock))
    assert not await rows.has_come_back("t")
    await rows.come_back("t")
    assert await rows.has_come_back("t")
    assert await rows.keep_answer("t", "answer")
    assert not await rows.has_come_back("unknown")


async def test_nothing_personal_can_be_read_in_the_file(
    clock: FrozenClock, tmp_path: Path, engine: AsyncEngine, vault: Vault
) -> None:
    await People(engine, vault).save_named(NUMBER, given_name="Karin", surname="Edlund", name="Karin Edlund")
    rows = IdentificationRows(engine, vault)
    await rows.add(_identification(clock, order="qr secret"))
    await rows.keep_answer("t", f"answer {NUMBER.reveal()}")
    await engine.dispose()
    content = b"".join(path.read_bytes() for path in tmp_path.iterdir())  # noqa: ASYNC240 - a test may wait
    assert b"Edlund" in content
    for secret in (NUMBER.reveal(), NUMBER.reveal()[2:], "qr secret"):
        assert secret.encode() not in content

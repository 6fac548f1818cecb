"""Rows by key: counted, found and moved only as they were read."""

import asyncio

from sqlalchemy.ext.asyncio import AsyncEngine

from auth.identity_number import IdentityNumber
from auth.store import People
from auth.store.sealed import people_rows
from auth.vault import Vault

OLD, NEW = "an old secret of at least 32 characters", "a new secret of at least 32 characters"
NUMBER = IdentityNumber.parse("199508172385")


async def test_counted_and_moved_once(engine: AsyncEngine) -> None:
    vault = Vault({"1": OLD}, current="1")
    karin = await People(engine, vault).save_named(NUMBER, given_name="Karin", surname="Edlund", name="Karin Edlund")
    rows = people_rows(engine)
    assert await rows.using() == {"1": 1}
    assert await rows.under_other_keys("1", 10) == []
    (row,) = await rows.under_other_keys("2", 10)
    assert row.id == karin.id
    assert "sealed" not in repr(row)
    vault.use({"1": OLD, "2": NEW}, current="2")
    sealed = vault.seal(NUMBER.reveal(), record=row.id)
    moved = await asyncio.gather(*(rows.move(row, vault.lookup(NUMBER), sealed) for _ in range(3)))
    assert sorted(moved) == [False, False, True]
    assert await rows.using() == {"2": 1}

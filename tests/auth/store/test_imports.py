"""A file waits ciphered, for its sender, once, for a quarter of an hour."""

from datetime import timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from auth.demo import NORDVIK
from auth.identity_number import IdentityNumber
from auth.store import ImportRows, People
from auth.store.imports import IMPORTS, KEPT
from auth.vault import Vault
from tests.conftest import FrozenClock


async def test_kept_and_taken_once(database: AsyncEngine, vault: Vault, clock: FrozenClock) -> None:
    people, rows = People(database, vault), ImportRows(database, vault)
    await people.add_organisation(NORDVIK)
    number = IdentityNumber.parse("189001069815")
    person = (await people.save_named(number, given_name="B", surname="H", name="B H")).id
    first = await rows.keep(person, "nordvik", b"one", clock())
    second = await rows.keep(person, "nordvik", "två".encode(), clock())
    async with database.connect() as connection:
        sealed = (await connection.execute(sa.select(IMPORTS.c.content_sealed))).scalars().all()
    assert len(sealed) == 1
    assert b"tv" not in sealed[0]
    assert await rows.take(first, person, "nordvik", clock()) is None
    assert await rows.take(second, "another", "nordvik", clock()) is None
    assert await rows.take(second, person, "sorvik", clock()) is None
    assert await rows.take(second, person, "nordvik", clock() + KEPT) is None
    assert await rows.take(second, person, "nordvik", clock() + KEPT - timedelta(seconds=1)) == "två".encode()
    assert await rows.take(second, person, "nordvik", clock()) is None

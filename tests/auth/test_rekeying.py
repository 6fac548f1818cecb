"""Identity numbers move from key to key a few at a time, and everybody is found all the while."""

import asyncio

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from auth.identity_number import IdentityNumber
from auth.rekeying import Rekeying
from auth.store import People
from auth.store.sealed import people_rows
from auth.vault import Vault, VaultError

OLD, NEW = "an old secret of at least 32 characters", "a new secret of at least 32 characters"
NUMBERS = [IdentityNumber.parse(text) for text in ("199508172385", "199603282386", "199508162394", "189001019802")]


async def test_in_steps_with_everybody_found_throughout(engine: AsyncEngine) -> None:
    vault = Vault({"1": OLD}, current="1")
    people = People(engine, vault)
    ids = [(await people.save_named(number, given_name="N", surname="N", name="N N")).id for number in NUMBERS]
    rekeying = Rekeying([people_rows(engine)], vault)
    assert await rekeying.step() == 0
    vault.use({"1": OLD, "2": NEW}, current="2")

    async def everybody() -> list[str]:
        found = [await people.person_by_number(number) for number in NUMBERS]
        return [person.id for person in found if person is not None]

    moved = []
    while step := await rekeying.step(limit=3):
        moved.append(step)
        assert await everybody() == ids
    assert moved == [3, 1]
    assert await rekeying.using() == {"2": 4}
    vault.use({"2": NEW}, current="2")
    assert await everybody() == ids
    assert [await people.number_of(person) for person in ids] == NUMBERS


async def test_two_nodes_at_once_move_each_row_once(engine: AsyncEngine) -> None:
    vault = Vault({"1": OLD}, current="1")
    people = People(engine, vault)
    for number in NUMBERS:
        await people.save_named(number, given_name="N", surname="N", name="N N")
    vault.use({"1": OLD, "2": NEW}, current="2")
    nodes = [Rekeying([people_rows(engine)], vault) for _ in range(2)]
    assert sum(await asyncio.gather(*(node.step() for node in nodes))) == len(NUMBERS)


async def test_a_row_whose_key_is_gone_is_told(engine: AsyncEngine) -> None:
    vault = Vault({"1": OLD}, current="1")
    await People(engine, vault).save_named(NUMBERS[0], given_name="N", surname="N", name="N N")
    vault.use({"2": NEW}, current="2")
    with pytest.raises(VaultError):
        await Rekeying([people_rows(engine)], vault).step()

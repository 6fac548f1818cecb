"""Organisations, units, people and the commissions they hold: the SQL."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from auth.hsa_id import HsaId
from auth.identity import Identity
from auth.identity_number import IdentityNumber
from auth.people import Organisation, Person, Staff, Unit
from auth.randomness import new_id
from auth.store.rows import insert
from auth.store.tables import (
    HSA_IDS,
    ORGANISATIONS,
    PEOPLE,
    STAFF,
    UNITS,
    person_columns,
    read_organisation,
    read_person,
    read_staff,
    read_unit,
    staff_columns,
    with_staff,
)
from auth.vault import Vault


def _utc_now() -> datetime:
    return datetime.now(UTC)


class People:
    """People are found by the keyed hash of their number, or by an HSA-id. clock: aware UTC; commissions that are over
    at that moment are not told, save where it says so."""

    def __init__(self, engine: AsyncEngine, vault: Vault, clock: Callable[[], datetime] = _utc_now) -> None:
        self._engine = engine
        self._vault = vault
        self._clock = clock

    def now(self) -> datetime:
        """The moment by which commissions are judged."""
        return self._clock()

    async def person_by_number(self, number: IdentityNumber) -> Person | None:
        found = await self._first(sa.select(PEOPLE).where(PEOPLE.c.number_lookup.in_(self._vault.lookups(number))))
        return read_person(found) if found is not None else None

    async def person_by_hsa_id(self, hsa_id: HsaId) -> Person | None:
        query = sa.select(PEOPLE).join(HSA_IDS, HSA_IDS.c.person_id == PEOPLE.c.id)
        found = await self._first(query.where(HSA_IDS.c.hsa_id == hsa_id.text))
        return read_person(found) if found is not None else None

    async def person(self, person: str) -> Person | None:
        """By `people.id`."""
        found = await self._first(sa.select(PEOPLE).where(PEOPLE.c.id == person))
        return read_person(found) if found is not None else None

    async def save_person(self, identity: Identity) -> Person:
        """The person of an identification, made the first time. The e-ID's names replace what was known, since a
        commission is often added under a spelling of the organisation's own. Raises ValueError for an identity without
        a number, whose person is found by its HSA-id."""
        if identity.number is None:
            raise ValueError("an identity without a number makes no person")
        return await self.save_named(
            identity.number, given_name=identity.given_name, surname=identity.surname, name=identity.name
        )

    async def save_named(self, number: IdentityNumber, *, given_name: str, surname: str, name: str) -> Person:
        """The same for a person who has not identified yet, such as staff being added."""
        known = await self.person_by_number(number)
        if known is None:
            made = Person(new_id(), given_name, surname, name)
            if await insert(self._engine, PEOPLE, {"id": made.id, **_names(made), **self._kept(made.id, number)}):
                return made
            known = await self.person_by_number(number)  # the same person, in another window at the same moment
            if known is None:
                raise RuntimeError("a person could not be stored")
        named = Person(known.id, given_name, surname, name)
        return known if named == known else await self.rename(named)

    async def save_unproven(self, person: str, name: str) -> Person:
        """Somebody known by an invitation alone, under an id made for it; the same again the next time. They have no
        number, so nothing that is kept about anybody else can become theirs."""
        given_name, _, surname = name.partition(" ")
        made = Person(person, given_name, surname, name)
        await insert(self._engine, PEOPLE, {"id": made.id, **_names(made)})
        return made

    async def rename(self, person: Person) -> Person:
        """Keep the names an e-ID gives."""
        async with self._engine.begin() as connection:
            await connection.execute(sa.update(PEOPLE).where(PEOPLE.c.id == person.id).values(**_names(person)))
        return person

    async def know_number(self, person: str, number: IdentityNumber) -> bool:
        """Somebody known by an HSA-id alone has shown a number. False where the number is another person's, or this
        one has another number."""
        known = await self.number_of(person)
        if known is not None:
            return known == number
        if await self.person_by_number(number) is not None:
            return False
        update = sa.update(PEOPLE).where(PEOPLE.c.id == person, PEOPLE.c.number_lookup.is_(None))
        try:
            async with self._engine.begin() as connection:
                done = await connection.execute(update.values(**self._kept(person, number)))
        except IntegrityError:
            return False
        return done.rowcount == 1

    async def number_of(self, person: str) -> IdentityNumber | None:
        """The number of a person by `people.id`, deciphered; None for one known by an HSA-id alone. Raises VaultError
        where the record was tampered with."""
        found = await self._first(sa.select(PEOPLE.c.number_sealed).where(PEOPLE.c.id == person))
        sealed = found["number_sealed"] if found is not None else None
        return IdentityNumber.parse(self._vault.open(sealed, record=person)) if sealed is not None else None

    async def organisations(self) -> list[Organisation]:
        """By name."""
        rows = await self._all(sa.select(ORGANISATIONS).order_by(ORGANISATIONS.c.name))
        return [read_organisation(row) for row in rows]

    async def organisation(self, organisation: str) -> Organisation | None:
        found = await self._first(sa.select(ORGANISATIONS).where(ORGANISATIONS.c.id == organisation))
        return read_organisation(found) if found is not None else None

    async def add_organisation(self, organisation: Organisation) -> bool:
        """False where one of that id, name or number is already there."""
        return await insert(self._engine, ORGANISATIONS, {"id": organisation.id, **_organisation_values(organisation)})

    async def change_organisation(self, organisation: Organisation) -> bool:
        """Everything but its id. False where another has that name or number."""
        update = sa.update(ORGANISATIONS).where(ORGANISATIONS.c.id == organisation.id)
        return await self._changed(update.values(**_organisation_values(organisation)))

    async def units(self, organisation: str) -> list[Unit]:
        """By name."""
        query = sa.select(UNITS).where(UNITS.c.organisation_id == organisation).order_by(UNITS.c.name)
        return [read_unit(row) for row in await self._all(query)]

    async def add_unit(self, unit: Unit) -> bool:
        """False where the organisation has one of that name."""
        return await insert(self._engine, UNITS, _unit_values(unit))

    async def rename_unit(self, unit: Unit) -> bool:
        """False where the organisation has another of that name."""
        return await self._changed(sa.update(UNITS).where(UNITS.c.id == unit.id).values(name=unit.name))

    async def remove_unit(self, unit: str) -> bool:
        """False where somebody holds or has held a commission there."""
        return await self._changed(sa.delete(UNITS).where(UNITS.c.id == unit))

    async def add_staff(self, staff: Staff) -> bool:
        """A commission, with its unit where that is new. False where its id is taken or its HSA-id another person's.
        Person and organisation must be stored already."""
        query = sa.select(STAFF.c.id).where(STAFF.c.id == staff.id)
        return await self._first(query) is None and await self.save_staff([(staff, None)])

    async def save_staff(self, entries: Sequence[tuple[Staff, IdentityNumber | None]]) -> bool:
        """Store commissions, new or changed, all or none; with people and units that are new. The number is a new
        person's. False where a number or HSA-id turns out to be another's."""
        try:
            async with self._engine.begin() as connection:
                for staff, number in entries:
                    await self._put(connection, staff, number)
        except IntegrityError:
            return False
        return True

    async def staff(self, staff: str) -> Staff | None:
        """One commission, also one that is over."""
        found = await self._first(_staff_query().where(STAFF.c.id == staff))
        return read_staff(found) if found is not None else None

    async def staff_of(self, person: str) -> list[Staff]:
        """The commissions of a person by `people.id`, those with the most permissions first."""
        return self._held(await self._all(_STAFF_OF, {"person": person}))

    async def staff_in(self, organisation: str, *, ended: bool = False) -> list[Staff]:
        """Every commission in an organisation, by name. ended: also those that are over."""
        query = _staff_query().where(STAFF.c.organisation_id == organisation)
        rows = await self._all(query.order_by(PEOPLE.c.surname, PEOPLE.c.given_name, STAFF.c.id))
        found = [read_staff(row) for row in rows]
        return found if ended else [staff for staff in found if staff.holds(self._clock())]

    def _held(self, rows: Sequence[Any]) -> list[Staff]:
        found = [staff for staff in map(read_staff, rows) if staff.holds(self._clock())]
        return sorted(found, key=lambda staff: (-len(staff.permissions), staff.id))

    async def _put(self, connection: AsyncConnection, staff: Staff, number: IdentityNumber | None) -> None:
        person = staff.person
        if number is not None:
            known = (await connection.execute(sa.select(PEOPLE.c.id).where(PEOPLE.c.id == person.id))).first()
            kept = self._kept(person.id, number)
            if known is None:
                await connection.execute(sa.insert(PEOPLE).values(id=person.id, **_names(person), **kept))
            else:
                unknown = sa.and_(PEOPLE.c.id == person.id, PEOPLE.c.number_lookup.is_(None))
                await connection.execute(sa.update(PEOPLE).where(unknown).values(**kept))
        elif (await connection.execute(sa.select(PEOPLE.c.id).where(PEOPLE.c.id == person.id))).first() is None:
            await connection.execute(sa.insert(PEOPLE).values(id=person.id, **_names(person)))
        values = {
            "person_id": person.id,
            "organisation_id": staff.organisation.id,
            "unit_id": await _unit_id(connection, staff),
            "title": staff.title,
            "permissions": sorted(staff.permissions),
            "valid_to": staff.valid_to,
        }
        if staff.hsa_id is not None:
            await _put_hsa_id(connection, staff)
        updated = await connection.execute(sa.update(STAFF).where(STAFF.c.id == staff.id).values(**values))
        if updated.rowcount == 0:
            await connection.execute(sa.insert(STAFF).values(id=staff.id, **values))

    def _kept(self, person: str, number: IdentityNumber) -> dict[str, Any]:
        return {
            "number_lookup": self._vault.lookup(number),
            "number_sealed": self._vault.seal(number.reveal(), record=person),
        }

    async def _first(self, query: sa.Select[Any]) -> Any | None:
        async with self._engine.connect() as connection:
            row = (await connection.execute(query)).first()
        return row._mapping if row is not None else None

    async def _all(self, query: sa.Select[Any], values: dict[str, str] | None = None) -> list[Any]:
        async with self._engine.connect() as connection:
            return [row._mapping for row in await connection.execute(query, values)]

    async def _changed(self, statement: sa.Update | sa.Delete) -> bool:
        try:
            async with self._engine.begin() as connection:
                done = await connection.execute(statement)
        except IntegrityError:
            return False
        return done.rowcount == 1


def _staff_query() -> sa.Select[Any]:
    query = sa.select(*person_columns(), *staff_columns())
    return with_staff(query.select_from(PEOPLE), STAFF.c.person_id == PEOPLE.c.id).where(STAFF.c.id.is_not(None))


# Asked at every login: to put it together costs more than to ask it.
_STAFF_OF = _staff_query().where(STAFF.c.person_id == sa.bindparam("person"))


async def _unit_id(connection: AsyncConnection, staff: Staff) -> str:
    query = sa.select(UNITS.c.id).where(UNITS.c.organisation_id == staff.organisation.id, UNITS.c.name == staff.unit)
    found: str | None = (await connection.execute(query)).scalar_one_or_none()
    if found is None:
        found = new_id()
        await connection.execute(sa.insert(UNITS).values(_unit_values(Unit(found, staff.organisation.id, staff.unit))))
    return found


async def _put_hsa_id(connection: AsyncConnection, staff: Staff) -> None:
    own = sa.and_(HSA_IDS.c.person_id == staff.person.id, HSA_IDS.c.organisation_id == staff.organisation.id)
    updated = await connection.execute(sa.update(HSA_IDS).where(own).values(hsa_id=staff.hsa_id))
    if updated.rowcount == 0:
        row = {"hsa_id": staff.hsa_id, "person_id": staff.person.id, "organisation_id": staff.organisation.id}
        await connection.execute(sa.insert(HSA_IDS).values(**row))


def _names(person: Person) -> dict[str, str]:
    return {"given_name": person.given_name, "surname": person.surname, "name": person.name}


def _organisation_values(organisation: Organisation) -> dict[str, str | None]:
    return {name: getattr(organisation, name) for name in ("name", "kind", "phone", "number")}


def _unit_values(unit: Unit) -> dict[str, str]:
    return {"id": unit.id, "organisation_id": unit.organisation, "name": unit.name}

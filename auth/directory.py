"""Adding organisations and staff: the record first, then the change."""

from dataclasses import dataclass

from audit.events import Actor, Event, EventType
from auth.identity_number import IdentityNumber
from auth.people import Organisation, Permission, Staff
from auth.randomness import new_id
from auth.sessions import AuditLog
from auth.store import People


class DirectoryError(Exception):
    """For the operator: what is wrong with what was asked, without personal data."""


@dataclass(frozen=True, slots=True)
class NewStaff:
    """A post to be made. The name is the organisation's spelling until the person's e-ID gives its own."""

    number: IdentityNumber
    given_name: str
    surname: str
    organisation: str
    title: str
    unit: str
    permissions: frozenset[Permission]


class Directory:
    """operator: who does this, as the log names them: there is no login on the command line."""

    def __init__(self, people: People, audit: AuditLog, *, operator: str) -> None:
        self._people = people
        self._audit = audit
        self._operator = Actor("", operator, role="operator", method="command line")

    async def add_organisation(self, organisation: Organisation) -> None:
        """Raises DirectoryError where one of that id or name is there already."""
        if not await self._people.add_organisation(organisation):
            raise DirectoryError("an organisation of that id or name is there already")

    async def organisations(self) -> list[Organisation]:
        return await self._people.organisations()

    async def add_staff(self, new: NewStaff) -> Staff:
        """Record and make a post. Raises DirectoryError, AuditUnavailable (nothing is made then)."""
        organisation = await self._people.organisation(new.organisation)
        if organisation is None:
            raise DirectoryError("there is no organisation of that id; add it first")
        known = await self._people.person_by_number(new.number)
        if known is not None and any(
            post.organisation == organisation and (post.title, post.unit) == (new.title, new.unit)
            for post in await self._people.staff_of(known.id)
        ):
            raise DirectoryError("this person holds that post already")
        name = f"{new.given_name} {new.surname}"
        person = known or await self._people.save_named(
            new.number, given_name=new.given_name, surname=new.surname, name=name
        )
        staff = Staff(new_id(), person, organisation, new.title, new.unit, new.permissions)
        await self._audit.append(
            Event(
                EventType.STAFF_ADDED,
                self._operator,
                organisation=organisation.id,
                subject=Actor(person.id, person.name, new.title, organisation.name),
                details={"staff": staff.id, "unit": new.unit, "permissions": ", ".join(sorted(new.permissions))},
            )
        )
        if not await self._people.add_staff(staff):
            raise DirectoryError("the post could not be stored")
        return staff

"""Organisations, units and commissions, changed: who may, the record first, then the change."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from audit.canonical import Scalar
from audit.events import Actor, Event, EventType
from auth.commissions import Commissions
from auth.errors import LastAdministrator, NotOperator, NotYourOrganisation, TakenAlready, UnknownHere
from auth.fields import FieldError, InvalidFields
from auth.hsa_id import HsaId
from auth.people import Organisation, Permission, Person, Staff, Unit, same_name
from auth.randomness import new_id
from auth.sessions import AuditLog, Session
from auth.staff_draft import CheckedStaff
from auth.store import People


@dataclass(frozen=True, slots=True)
class Administrator:
    """Who changes things. organisation: whose units and staff; operator: may make organisations and give each its
    first administrator; everything: the command line, which stands above both."""

    actor: Actor
    organisation: str | None = None
    operator: bool = False
    everything: bool = False

    @classmethod
    def of(cls, session: Session) -> "Administrator":
        """Raises NotYourOrganisation for a commission that administers nothing."""
        staff = session.staff
        if staff is None or not (staff.may(Permission.ADMIN) or staff.may(Permission.OPERATOR)):
            raise NotYourOrganisation
        own = staff.organisation.id if staff.may(Permission.ADMIN) else None
        return cls(session.actor, own, operator=staff.may(Permission.OPERATOR))

    @classmethod
    def command_line(cls, operator: str) -> "Administrator":
        """operator: as the log names them, since nobody logs in there."""
        return cls(Actor("", operator, role="operator", method="command line"), operator=True, everything=True)

    def manages(self, organisation: str) -> bool:
        """Whether units and staff of that organisation are seen and changed."""
        return self.everything or (self.organisation is not None and organisation == self.organisation)


@dataclass(frozen=True, slots=True)
class Entry:
    """A commission about to be stored. before: what it was, None where it is new. checked: what was asked."""

    staff: Staff
    before: Staff | None
    checked: CheckedStaff | None = None

    @property
    def changed(self) -> bool:
        return self.before != self.staff

    def of(self, person: Person) -> "Entry":
        return replace(self, staff=replace(self.staff, person=person))


class Directory:
    """commissions: ends the logins of commissions that are over."""

    def __init__(
        self, people: People, audit: AuditLog, commissions: Commissions, clock: Callable[[], datetime]
    ) -> None:
        self._people = people
        self._audit = audit
        self._commissions = commissions
        self._clock = clock

    # Organisations

    async def organisations(self, who: Administrator) -> list[Organisation]:
        """Every one for operators, otherwise the own."""
        found = await self._people.organisations()
        return [one for one in found if who.operator or who.manages(one.id)]

    async def organisation(self, who: Administrator, organisation: str) -> Organisation:
        """Raises UnknownHere also for one that is not the administrator's."""
        found = await self._people.organisation(organisation)
        if found is None or not (who.operator or who.manages(organisation)):
            raise UnknownHere
        return found

    async def add_organisation(self, who: Administrator, organisation: Organisation) -> None:
        """Raises NotYourOrganisation, TakenAlready, AuditUnavailable."""
        if not who.operator:
            raise NotYourOrganisation
        if any(
            other.id == organisation.id or _alike(other, organisation) for other in await self._people.organisations()
        ):
            raise TakenAlready
        await self._record(EventType.ORGANISATION_ADDED, who, organisation.id, **_told(organisation))
        if not await self._people.add_organisation(organisation):
            raise TakenAlready

    async def change_organisation(self, who: Administrator, organisation: Organisation) -> None:
        """An administrator her own telephone; an operator any, name and number too: those say whose people somebody
        is (`rooms.policy`) and whose HSA-ids, so nobody gives them to herself.

        Raises NotYourOrganisation, TakenAlready, AuditUnavailable.
        """
        before = await self.organisation(who, organisation.id)
        if before == organisation:
            return
        if not who.operator and (before.name, before.number) != (organisation.name, organisation.number):
            raise NotYourOrganisation
        if any(
            other.id != organisation.id and _alike(other, organisation) for other in await self._people.organisations()
        ):
            raise TakenAlready
        await self._record(EventType.ORGANISATION_CHANGED, who, organisation.id, **_told(organisation))
        if not await self._people.change_organisation(organisation):
            raise TakenAlready

    # Units

    async def units(self, who: Administrator, organisation: str) -> list[Unit]:
        await self._own(who, organisation)
        return await self._people.units(organisation)

    async def add_unit(self, who: Administrator, organisation: str, name: str) -> Unit:
        """Raises TakenAlready."""
        unit = Unit(new_id(), (await self._own(who, organisation)).id, name)
        if any(other.name == name for other in await self._people.units(organisation)):
            raise TakenAlready
        await self._record(EventType.UNIT_CHANGED, who, organisation, unit=name, change="added")
        if not await self._people.add_unit(unit):
            raise TakenAlready
        return unit

    async def rename_unit(self, who: Administrator, organisation: str, unit: str, name: str) -> Unit:
        before = await self._unit(who, organisation, unit)
        if before.name == name:
            return before
        if any(other.name == name for other in await self._people.units(organisation)):
            raise TakenAlready
        await self._record(EventType.UNIT_CHANGED, who, organisation, unit=before.name, change="renamed", name=name)
        after = replace(before, name=name)
        if not await self._people.rename_unit(after):
            raise TakenAlready
        return after

    async def remove_unit(self, who: Administrator, organisation: str, unit: str) -> None:
        """Raises TakenAlready where somebody has or has had a commission there: the log and the lists name it."""
        before = await self._unit(who, organisation, unit)
        if any(staff.unit == before.name for staff in await self._people.staff_in(organisation, ended=True)):
            raise TakenAlready
        await self._record(EventType.UNIT_CHANGED, who, organisation, unit=before.name, change="removed")
        if not await self._people.remove_unit(unit):
            raise TakenAlready

    # Staff

    async def staff_in(self, who: Administrator, organisation: str, *, ended: bool = False) -> list[Staff]:
        await self._own(who, organisation)
        return await self._people.staff_in(organisation, ended=ended)

    async def staff(self, who: Administrator, organisation: str, staff: str) -> Staff:
        """Raises UnknownHere."""
        await self._own(who, organisation)
        found = await self._people.staff(staff)
        if found is None or found.organisation.id != organisation:
            raise UnknownHere
        return found

    async def add_staff(self, who: Administrator, organisation: str, new: CheckedStaff) -> Staff:
        """Record and make a commission. Raises UnknownHere, InvalidFields, NotYourOrganisation, AuditUnavailable
        (nothing is made then)."""
        place = await self._may_add(who, organisation, new)
        entry = await self.entry(who, place, new, await self._people.staff_in(organisation, ended=True))
        if entry.before is not None:
            raise InvalidFields([_held_already()])
        await self.store(who, organisation, [entry])
        return entry.staff

    async def change_staff(self, who: Administrator, organisation: str, staff: str, new: CheckedStaff) -> Staff:
        """Title, unit, permissions, HSA-id and last day. Names are the e-ID's and the number is the person's."""
        before = await self.staff(who, organisation, staff)
        if not before.holds(self._clock()):
            raise UnknownHere
        if new.hsa_id is not None and new.hsa_id.text != before.hsa_id:
            numbered = await self._people.number_of(before.person.id) is not None
            await self._refuse_foreign(who, before.organisation, new.hsa_id, before.person.id, numbered=numbered)
        after = replace(
            before,
            title=new.title,
            unit=new.unit,
            permissions=new.permissions,
            valid_to=new.valid_to,
            hsa_id=new.hsa_id.text if new.hsa_id else before.hsa_id,
        )
        await self.store(who, organisation, [Entry(after, before, new)])
        return after

    async def end_staff(self, who: Administrator, organisation: str, staff: str) -> None:
        """Over from now on; whoever is logged in with it is logged out. Ending twice is no error."""
        before = await self.staff(who, organisation, staff)
        now = self._clock()
        if before.holds(now):
            await self.store(who, organisation, [Entry(replace(before, valid_to=now), before)])

    async def entry(
        self, who: Administrator, place: Organisation, new: CheckedStaff, present: Sequence[Staff]
    ) -> Entry:
        """What storing it would mean: a new commission, or a change of one the person holds with that title and unit.

        present: every commission of the organisation, also those that are over. Somebody who has none there is told by
        the name that was written: what an identity number's holder is called is not given to whoever writes numbers.
        Raises InvalidFields where number and HSA-id are two people's, or the HSA-id is not this organisation's to give.
        """
        person = await self._person(new)
        if new.hsa_id is not None:
            await self._refuse_foreign(who, place, new.hsa_id, person.id, numbered=new.number is not None)
        if not any(staff.person.id == person.id for staff in present):
            person = Person(person.id, new.given_name, new.surname, new.name)
        held = [staff for staff in present if staff.person.id == person.id and staff.holds(self._clock())]
        before = next((staff for staff in held if (staff.title, staff.unit) == (new.title, new.unit)), None)
        own = next((staff.hsa_id for staff in present if staff.person.id == person.id and staff.hsa_id), None)
        after = Staff(
            id=before.id if before else new_id(),
            person=person,
            organisation=place,
            title=new.title,
            unit=new.unit,
            permissions=new.permissions,
            valid_to=new.valid_to,
            hsa_id=new.hsa_id.text if new.hsa_id else own,
        )
        return Entry(after, before, new)

    async def store(self, who: Administrator, organisation: str, entries: Sequence[Entry]) -> None:
        """Record every change, then store all of them or none.

        Raises LastAdministrator, NotOperator, TakenAlready, AuditUnavailable.
        """
        changed = await self.refuse(who, organisation, entries)
        for entry in changed:
            await self._record_staff(who, entry)
        numbers = [(entry.staff, entry.checked.number if entry.checked else None) for entry in changed]
        if not await self._people.save_staff(numbers):
            raise TakenAlready
        now = self._clock()
        for entry in changed:
            if entry.before is not None and (
                not entry.staff.holds(now) or entry.before.permissions - entry.staff.permissions
            ):
                await self._commissions.end_sessions(entry.staff)

    def oversteps(self, who: Administrator, entry: Entry) -> bool:
        """Whether it gives or takes the operator's permission, by somebody who is none."""
        given = entry.staff.permissions ^ (entry.before.permissions if entry.before else frozenset())
        return Permission.OPERATOR in given and not who.operator

    async def refuse(self, who: Administrator, organisation: str, entries: Sequence[Entry]) -> list[Entry]:
        """The entries that change anything. Raises what `store` raises before it stores.

        An organisation that has an administrator whose commission goes on keeps one.
        """
        changed = [entry for entry in entries if entry.changed]
        for entry in changed:
            if self.oversteps(who, entry):
                raise NotOperator
        before = {staff.id: staff for staff in await self._people.staff_in(organisation)}
        after = {**before, **{entry.staff.id: entry.staff for entry in changed}}
        if any(map(_administers, before.values())) and not any(map(_administers, after.values())):
            raise LastAdministrator
        return changed

    async def _person(self, new: CheckedStaff) -> Person:
        """Whom a commission is for: known by number or HSA-id, else new."""
        by_number = await self._people.person_by_number(new.number) if new.number else None
        by_hsa_id = await self._people.person_by_hsa_id(new.hsa_id) if new.hsa_id else None
        found = by_number or by_hsa_id
        if found is None:
            return Person(new_id(), new.given_name, new.surname, new.name)
        other = by_hsa_id is not None and by_hsa_id.id != found.id
        if not other and new.number and not by_number:
            other = await self._people.number_of(found.id) is not None
        if other:
            raise InvalidFields(
                [
                    FieldError(
                        "hsa_id",
                        "HSA-id:t hör till någon annan än personnumret. Kontrollera båda.",
                        "The HSA-id belongs to someone else than the identity number. Check both.",
                    )
                ]
            )
        return found

    async def _refuse_foreign(
        self, who: Administrator, place: Organisation, hsa_id: HsaId, person: str, *, numbered: bool
    ) -> None:
        """Raises InvalidFields for an HSA-id under another organisation's number that is not known as this person's:
        written by a stranger first, it would keep the rightful one from logging in. Where the one that gives it out is
        here, it writes it first; where it is not, the person's identity number is needed too."""
        if who.everything or hsa_id.issuer == place.number:
            return
        known = await self._people.person_by_hsa_id(hsa_id)
        if known is not None and known.id == person:
            return
        if any(other.number == hsa_id.issuer for other in await self._people.organisations()):
            raise InvalidFields([_given_by_another()])
        if not numbered:
            raise InvalidFields([_number_too()])

    async def tried(self, who: Administrator, organisation: str, *, rows: int, bad: int) -> None:
        """Record that a file was read without being imported. Raises AuditUnavailable."""
        await self._record(EventType.STAFF_FILE_TRIED, who, organisation, rows=rows, bad=bad)

    async def _may_add(self, who: Administrator, organisation: str, new: CheckedStaff) -> Organisation:
        if who.manages(organisation):
            return await self._own(who, organisation)
        place = await self.organisation(who, organisation)
        present = await self._people.staff_in(organisation)
        if Permission.ADMIN not in new.permissions or any(map(_administers, present)):
            raise NotYourOrganisation
        return place

    async def has_administrator(self, organisation: str) -> bool:
        return any(map(_administers, await self._people.staff_in(organisation)))

    async def _own(self, who: Administrator, organisation: str) -> Organisation:
        found = await self._people.organisation(organisation)
        if found is None or not who.manages(organisation):
            raise UnknownHere
        return found

    async def _unit(self, who: Administrator, organisation: str, unit: str) -> Unit:
        found = next((one for one in await self.units(who, organisation) if one.id == unit), None)
        if found is None:
            raise UnknownHere
        return found

    async def _record_staff(self, who: Administrator, entry: Entry) -> None:
        staff, before = entry.staff, entry.before
        kind = EventType.STAFF_CHANGED
        if before is None:
            kind = EventType.STAFF_ADDED
        elif not staff.holds(self._clock()):
            kind = EventType.STAFF_ENDED
        details: dict[str, Scalar] = {
            "staff": staff.id,
            "unit": staff.unit,
            "permissions": ", ".join(sorted(staff.permissions)),
            "valid_to": staff.valid_to.isoformat() if staff.valid_to else "",
        }
        if before is not None:
            details |= {"before": f"{before.title}, {before.unit}: {', '.join(sorted(before.permissions))}"}
        subject = Actor(staff.person.id, staff.person.name, staff.title, staff.organisation.name)
        await self._audit.append(Event(kind, who.actor, staff.organisation.id, subject=subject, details=details))

    async def _record(self, kind: EventType, who: Administrator, organisation: str, /, **details: Scalar) -> None:
        await self._audit.append(Event(kind, who.actor, organisation, details=details))


def _administers(staff: Staff) -> bool:
    """Until further notice: one who stops on a set day does not count as the one who is left."""
    return staff.may(Permission.ADMIN) and staff.valid_to is None


def _alike(one: Organisation, other: Organisation) -> bool:
    """Whether one could be taken for the other."""
    return same_name(one.name, other.name) or (one.number is not None and one.number == other.number)


def _told(organisation: Organisation) -> dict[str, Scalar]:
    return {
        "name": organisation.name,
        "kind": organisation.kind,
        "phone": organisation.phone,
        "number": organisation.number or "",
    }


def _held_already() -> FieldError:
    return FieldError(
        "title",
        "Personen har redan det uppdraget på den enheten. Ändra det i listan i stället.",
        "This person has that assignment at that unit already. Change it in the list instead.",
    )


def _given_by_another() -> FieldError:
    return FieldError(
        "hsa_id",
        "HSA-id:t är utfärdat av en annan organisation här. Be den lägga in det först, eller skriv bara personnumret.",
        "The HSA-id is issued by another organisation here. Ask it to write it first, or write the identity number "
        "alone.",
    )


def _number_too() -> FieldError:
    return FieldError(
        "hsa_id",
        "HSA-id:t är utfärdat av en annan organisation. Skriv personnumret också.",
        "The HSA-id is issued by another organisation. Write the identity number too.",
    )

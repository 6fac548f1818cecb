"""Who there is: organisations, their units, people, and the commissions (uppdrag) people hold there."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal
from unicodedata import normalize

OrganisationKind = Literal["region", "kommun"]


class Permission(StrEnum):
    """What a commission allows in its organisation.

    HOST leads meetings; PLANNER plans them; AUDITOR reads the log (loggkontroll); ADMIN manages the organisation's
    units and staff; OPERATOR runs the installation.
    """

    HOST = "host"
    PLANNER = "planner"
    AUDITOR = "auditor"
    ADMIN = "admin"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Organisation:
    """A principal (huvudman): the region or one of its municipalities. phone: what a lost visitor is told to call.
    number: organisation number, "212000-2411"."""

    id: str
    name: str
    kind: OrganisationKind
    phone: str
    number: str | None = None


def same_name(one: str, other: str) -> bool:
    """Whether two written names of organisations are read as the same: case, spaces and forms of letters do not count.
    One rule for who may be called what, and for whom an invitation speaks."""
    return _read(one) == _read(other)


def _read(name: str) -> str:
    return " ".join(normalize("NFKC", normalize("NFKC", name).casefold()).split())


@dataclass(frozen=True, slots=True)
class Unit:
    """A part of an organisation in which people work. organisation: its id."""

    id: str
    organisation: str
    name: str


@dataclass(frozen=True, slots=True)
class Person:
    """Someone known by an identity number, which is kept apart, or by an HSA-id. The names are the e-ID's own."""

    id: str
    given_name: str
    surname: str
    name: str


@dataclass(frozen=True, slots=True)
class Staff:
    """A commission (uppdrag): one person at one unit of one organisation. A person may hold several and works in one.

    title: the role in words ("Distriktssköterska"). unit: its name. valid_to: from when it is over; None: until further
    notice. hsa_id: what this organisation's directory calls the person, where that is known.
    """

    id: str
    person: Person
    organisation: Organisation
    title: str
    unit: str
    permissions: frozenset[Permission]
    valid_to: datetime | None = None
    hsa_id: str | None = None

    def may(self, permission: Permission) -> bool:
        return permission in self.permissions

    def holds(self, now: datetime) -> bool:
        """Whether it counts at that moment."""
        return self.valid_to is None or now < self.valid_to

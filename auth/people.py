"""Who there is: organisations, people, and the staff posts people hold in organisations."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

OrganisationKind = Literal["region", "kommun"]


class Permission(StrEnum):
    """What a staff post may do in its organisation.

    HOST leads meetings; PLANNER plans them; AUDITOR reads the log (loggkontroll); ADMIN manages the organisation's
    staff; OPERATOR runs the installation.
    """

    HOST = "host"
    PLANNER = "planner"
    AUDITOR = "auditor"
    ADMIN = "admin"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Organisation:
    """A principal (huvudman): the region or one of its municipalities. phone: what a lost visitor is told to call."""

    id: str
    name: str
    kind: OrganisationKind
    phone: str


@dataclass(frozen=True, slots=True)
class Person:
    """Someone known by an identity number, which is kept apart. The names are the e-ID's own."""

    id: str
    given_name: str
    surname: str
    name: str


@dataclass(frozen=True, slots=True)
class Staff:
    """A post: one person at one unit of one organisation. title is the role in words ("Distriktssköterska")."""

    id: str
    person: Person
    organisation: Organisation
    title: str
    unit: str
    permissions: frozenset[Permission]

    def may(self, permission: Permission) -> bool:
        return permission in self.permissions

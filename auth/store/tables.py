"""The tables of who there is, and how their rows are read."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa

from auth.people import Organisation, Permission, Person, Staff, Unit
from db.schema import UtcDateTime, metadata

ORGANISATIONS = sa.Table(
    "organisations",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("name", sa.String(200), nullable=False, unique=True),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("phone", sa.String(40), nullable=False),
    sa.Column("number", sa.String(11), nullable=True, unique=True),
)
UNITS = sa.Table(
    "units",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("organisation_id", sa.String(64), sa.ForeignKey("organisations.id"), nullable=False),
    sa.Column("name", sa.String(200), nullable=False),
    sa.UniqueConstraint("organisation_id", "name"),
)
PEOPLE = sa.Table(
    "people",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("given_name", sa.String(200), nullable=False),
    sa.Column("surname", sa.String(200), nullable=False),
    sa.Column("name", sa.String(400), nullable=False),
    # None for staff known by an HSA-id alone.
    sa.Column("number_lookup", sa.String(128), nullable=True, unique=True),
    sa.Column("number_sealed", sa.LargeBinary, nullable=True),
)
# Each is one person's; an organisation's directory has one for a person.
HSA_IDS = sa.Table(
    "hsa_ids",
    metadata,
    sa.Column("hsa_id", sa.String(31), primary_key=True),
    sa.Column("person_id", sa.String(64), sa.ForeignKey("people.id"), nullable=False),
    sa.Column("organisation_id", sa.String(64), sa.ForeignKey("organisations.id"), nullable=False),
    sa.UniqueConstraint("person_id", "organisation_id"),
)
STAFF = sa.Table(
    "staff",
    metadata,
    sa.Column("id", sa.String(64), primary_key=True),
    sa.Column("person_id", sa.String(64), sa.ForeignKey("people.id"), nullable=False, index=True),
    sa.Column("organisation_id", sa.String(64), sa.ForeignKey("organisations.id"), nullable=False, index=True),
    sa.Column("unit_id", sa.String(64), sa.ForeignKey("units.id"), nullable=False, index=True),
    sa.Column("title", sa.String(200), nullable=False),
    sa.Column("permissions", sa.JSON, nullable=False),
    sa.Column("valid_to", UtcDateTime, nullable=True),
)


def prefixed(table: sa.Table, prefix: str) -> Sequence[sa.Label[Any]]:
    return [column.label(f"{prefix}_{column.name}") for column in table.columns]


def person_columns() -> Sequence[sa.Label[Any]]:
    return prefixed(PEOPLE, "p")


def staff_columns() -> Sequence[sa.Label[Any]]:
    """What `staff_of` reads, beside `person_columns`. The query joins with `with_staff`."""
    return [
        *prefixed(STAFF, "s"),
        *prefixed(ORGANISATIONS, "o"),
        UNITS.c.name.label("u_name"),
        HSA_IDS.c.hsa_id.label("h_hsa_id"),
    ]


def with_staff(query: sa.Select[Any], on: sa.ColumnElement[bool]) -> sa.Select[Any]:
    """The query with each row's commission, organisation, unit and HSA-id, empty where it has none."""
    held = sa.and_(HSA_IDS.c.person_id == STAFF.c.person_id, HSA_IDS.c.organisation_id == STAFF.c.organisation_id)
    return (
        query.outerjoin(STAFF, on)
        .outerjoin(ORGANISATIONS, ORGANISATIONS.c.id == STAFF.c.organisation_id)
        .outerjoin(UNITS, UNITS.c.id == STAFF.c.unit_id)
        .outerjoin(HSA_IDS, held)
    )


def read_person(row: Any, prefix: str = "") -> Person:
    return Person(*(row[prefix + name] for name in ("id", "given_name", "surname", "name")))


def read_organisation(row: Any, prefix: str = "") -> Organisation:
    return Organisation(*(row[prefix + name] for name in ("id", "name", "kind", "phone", "number")))


def read_unit(row: Any) -> Unit:
    return Unit(row["id"], row["organisation_id"], row["name"])


def read_staff(row: Any) -> Staff:
    return Staff(
        id=row["s_id"],
        person=read_person(row, "p_"),
        organisation=read_organisation(row, "o_"),
        title=row["s_title"],
        unit=row["u_name"],
        permissions=frozenset(Permission(name) for name in row["s_permissions"]),
        valid_to=row["s_valid_to"],
        hsa_id=row["h_hsa_id"],
    )

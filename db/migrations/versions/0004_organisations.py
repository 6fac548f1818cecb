"""Organisation numbers, units, HSA-ids; commissions that end; people known by an HSA-id alone"""

from secrets import token_urlsafe

import sqlalchemy as sa
from alembic import op

from db.schema import UtcDateTime

revision: str = "0004_organisations"
down_revision: str | None = "0003_rooms"


def upgrade() -> None:
    with op.batch_alter_table("organisations") as organisations:
        organisations.add_column(sa.Column("number", sa.String(11), nullable=True))
        organisations.create_unique_constraint("uq_organisations_number", ["number"])
    units = op.create_table(
        "units",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("organisation_id", sa.String(64), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_units"),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name="fk_units_organisation_id_organisations"
        ),
        sa.UniqueConstraint("organisation_id", "name", name="uq_units_organisation_id"),
    )
    with op.batch_alter_table("people") as people:
        people.alter_column("number_lookup", existing_type=sa.String(128), nullable=True)
        people.alter_column("number_sealed", existing_type=sa.LargeBinary, nullable=True)
    op.create_table(
        "hsa_ids",
        sa.Column("hsa_id", sa.String(31), nullable=False),
        sa.Column("person_id", sa.String(64), nullable=False),
        sa.Column("organisation_id", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("hsa_id", name="pk_hsa_ids"),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_hsa_ids_person_id_people"),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name="fk_hsa_ids_organisation_id_organisations"
        ),
        sa.UniqueConstraint("person_id", "organisation_id", name="uq_hsa_ids_person_id"),
    )
    with op.batch_alter_table("staff") as staff:
        staff.add_column(sa.Column("unit_id", sa.String(64), nullable=True))
        staff.add_column(sa.Column("valid_to", UtcDateTime, nullable=True))
    _move_units(units)
    with op.batch_alter_table("staff") as staff:
        staff.alter_column("unit_id", existing_type=sa.String(64), nullable=False)
        staff.create_foreign_key("fk_staff_unit_id_units", "units", ["unit_id"], ["id"])
        staff.create_index("ix_staff_unit_id", ["unit_id"])
        staff.drop_column("unit")


def _move_units(units: sa.Table) -> None:
    """A unit was a word in each row of staff; now it is a row of its own."""
    connection = op.get_bind()
    staff = sa.table("staff", sa.column("organisation_id"), sa.column("unit"), sa.column("unit_id"))
    for organisation, unit in connection.execute(sa.select(staff.c.organisation_id, staff.c.unit).distinct()).all():
        made = token_urlsafe(16)
        connection.execute(sa.insert(units).values(id=made, organisation_id=organisation, name=unit))
        there = sa.and_(staff.c.organisation_id == organisation, staff.c.unit == unit)
        connection.execute(sa.update(staff).where(there).values(unit_id=made))

"""Identification: organisations, people, staff, sessions, identifications, one-time values"""

import sqlalchemy as sa
from alembic import op

from db.schema import UtcDateTime

revision: str = "0002_auth"
down_revision: str | None = "0001_audit"


def upgrade() -> None:
    op.create_table(
        "organisations",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("kind", sa.String(16), nullable=False),
        sa.Column("phone", sa.String(40), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_organisations"),
        sa.UniqueConstraint("name", name="uq_organisations_name"),
    )
    op.create_table(
        "people",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("given_name", sa.String(200), nullable=False),
        sa.Column("surname", sa.String(200), nullable=False),
        sa.Column("name", sa.String(400), nullable=False),
        sa.Column("number_lookup", sa.String(128), nullable=False),
        sa.Column("number_sealed", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_people"),
        sa.UniqueConstraint("number_lookup", name="uq_people_number_lookup"),
    )
    op.create_table(
        "staff",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("person_id", sa.String(64), nullable=False),
        sa.Column("organisation_id", sa.String(64), nullable=False),
        sa.Column("title", sa.String(200), nullable=False),
        sa.Column("unit", sa.String(200), nullable=False),
        sa.Column("permissions", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_staff"),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_staff_person_id_people"),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name="fk_staff_organisation_id_organisations"
        ),
    )
    op.create_index("ix_staff_person_id", "staff", ["person_id"])
    op.create_index("ix_staff_organisation_id", "staff", ["organisation_id"])
    op.create_table(
        "sessions",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("secret_hash", sa.String(64), nullable=False),
        sa.Column("person_id", sa.String(64), nullable=False),
        sa.Column("staff_id", sa.String(64), nullable=True),
        sa.Column("invitation", sa.String(64), nullable=True),
        sa.Column("method", sa.String(16), nullable=False),
        sa.Column("assurance_level", sa.Integer, nullable=False),
        sa.Column("authenticated_at", UtcDateTime, nullable=False),
        sa.Column("idle_until", UtcDateTime, nullable=False),
        sa.Column("language", sa.String(2), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_sessions"),
        sa.UniqueConstraint("secret_hash", name="uq_sessions_secret_hash"),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_sessions_person_id_people"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_sessions_staff_id_staff"),
    )
    op.create_index("ix_sessions_person_id", "sessions", ["person_id"])
    op.create_table(
        "identifications",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("flow_hash", sa.String(64), nullable=False),
        sa.Column("started_at", UtcDateTime, nullable=False),
        sa.Column("status", sa.String(16), nullable=False),
        sa.Column("order_sealed", sa.LargeBinary, nullable=True),
        sa.Column("answer_sealed", sa.LargeBinary, nullable=True),
        sa.Column("hint", sa.String(64), nullable=False),
        sa.Column("problem", sa.String(64), nullable=True),
        sa.Column("person_id", sa.String(64), nullable=True),
        sa.Column("staff_id", sa.String(64), nullable=True),
        sa.Column("invitation", sa.String(64), nullable=True),
        sa.Column("next", sa.String(200), nullable=True),
        sa.Column("finished_at", UtcDateTime, nullable=True),
        sa.Column("delivered_at", UtcDateTime, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_identifications"),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_identifications_person_id_people"),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name="fk_identifications_staff_id_staff"),
    )
    op.create_index("ix_identifications_started_at", "identifications", ["started_at"])
    op.create_table(
        "one_time_values",
        sa.Column("value_hash", sa.String(64), nullable=False),
        sa.Column("expires_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("value_hash", name="pk_one_time_values"),
    )
    op.create_index("ix_one_time_values_expires_at", "one_time_values", ["expires_at"])

"""Files of staff that wait to be imported"""

import sqlalchemy as sa
from alembic import op

from db.schema import UtcDateTime

revision: str = "0009_imports"
down_revision: str | None = "0008_assurance"


def upgrade() -> None:
    op.create_table(
        "pending_imports",
        sa.Column("id", sa.String(64), nullable=False),
        sa.Column("person_id", sa.String(64), nullable=False),
        sa.Column("organisation_id", sa.String(64), nullable=False),
        sa.Column("content_sealed", sa.LargeBinary, nullable=False),
        sa.Column("made_at", UtcDateTime, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_pending_imports"),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_pending_imports_person_id_people"),
        sa.ForeignKeyConstraint(
            ["organisation_id"], ["organisations.id"], name="fk_pending_imports_organisation_id_organisations"
        ),
        sa.UniqueConstraint("person_id", name="uq_pending_imports_person_id"),
    )

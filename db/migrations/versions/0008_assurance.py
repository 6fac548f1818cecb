"""What identification is enough: each organisation's table, and what a leader raised for one meeting"""

import sqlalchemy as sa
from alembic import op

revision: str = "0008_assurance"
down_revision: str | None = "0007_sms"


def upgrade() -> None:
    op.create_table(
        "assurance_rules",
        sa.Column("organisation", sa.String(64), nullable=False),
        sa.Column("meeting_type", sa.String(40), nullable=False),
        sa.Column("audience", sa.String(16), nullable=False),
        sa.Column("methods", sa.JSON, nullable=False),
        sa.Column("level", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("organisation", "meeting_type", "audience", name="pk_assurance_rules"),
    )
    op.create_table(
        "assurance_raised",
        sa.Column("meeting", sa.String(40), nullable=False),
        sa.Column("audience", sa.String(16), nullable=False),
        sa.Column("methods", sa.JSON, nullable=False),
        sa.Column("level", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("meeting", "audience", name="pk_assurance_raised"),
        sa.ForeignKeyConstraint(["meeting"], ["meetings.id"], name="fk_assurance_raised_meeting_meetings"),
    )

"""Consent for children and represented people: each organisation's rules, the answers, and a stated only guardian"""

import sqlalchemy as sa
from alembic import op

from db.schema import UtcDateTime

revision: str = "0013_consent"
down_revision: str | None = "0012_retention"


def upgrade() -> None:
    op.create_table(
        "consent_rules",
        sa.Column("organisation", sa.String(64), nullable=False),
        sa.Column("meeting_type", sa.String(40), nullable=False),
        sa.Column("child", sa.String(20)),
        sa.Column("represented", sa.String(20)),
        sa.Column("decides_from", sa.Integer),
        sa.Column("otherwise", sa.Boolean),
        sa.PrimaryKeyConstraint("organisation", "meeting_type", name="pk_consent_rules"),
    )
    op.create_table(
        "consents",
        sa.Column("invitation", sa.String(40), nullable=False),
        sa.Column("meeting", sa.String(40), nullable=False),
        sa.Column("said", sa.String(20), nullable=False),
        sa.Column("organisations", sa.JSON, nullable=False),
        sa.Column("person", sa.String(40), nullable=False),
        sa.Column("at", UtcDateTime, nullable=False),
        sa.Column("grounds", sa.String(200), nullable=False),
        sa.PrimaryKeyConstraint("invitation", name="pk_consents"),
        sa.ForeignKeyConstraint(["invitation"], ["invitations.id"], name="fk_consents_invitation_invitations"),
        sa.ForeignKeyConstraint(["meeting"], ["meetings.id"], name="fk_consents_meeting_meetings"),
    )
    op.create_index("ix_consents_meeting", "consents", ["meeting"])
    op.add_column("meetings", sa.Column("sole_guardian", sa.Boolean, nullable=False, server_default=sa.false()))

"""How surely a participant is known, so that nobody below a leader's level is made one"""

import sqlalchemy as sa
from alembic import op

revision: str = "0014_participant_level"
down_revision: str | None = "0013_consent"


def upgrade() -> None:
    op.add_column("participants", sa.Column("level", sa.Integer, nullable=False, server_default="0"))

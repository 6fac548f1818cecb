"""Who speaks for the person, or interprets: kept on the invitation."""

import sqlalchemy as sa
from alembic import op

revision: str = "0011_representation"
down_revision: str | None = "0010_vouching"


def upgrade() -> None:
    column = sa.Column("representation", sa.String(20), nullable=False, server_default="none")
    op.add_column("invitations", column)

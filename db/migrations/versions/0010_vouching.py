"""End-to-end encryption: the public key of a participant's browser, and what the meeting vouches for."""

import sqlalchemy as sa
from alembic import op

revision: str = "0010_vouching"
down_revision: str | None = "0009_imports"


def upgrade() -> None:
    op.add_column("participants", sa.Column("key", sa.String(100), nullable=True))
    op.add_column("participants", sa.Column("allowed_by", sa.String(200), nullable=True))
    op.add_column("participants", sa.Column("vouching", sa.Text, nullable=True))

"""Logins that are away at an OpenID provider"""

import sqlalchemy as sa
from alembic import op

from db.schema import UtcDateTime

revision: str = "0006_oidc"
down_revision: str | None = "0005_sessions"


def upgrade() -> None:
    op.create_table(
        "oidc_logins",
        sa.Column("state_hash", sa.String(64), nullable=False),
        sa.Column("flow_hash", sa.String(64), nullable=False),
        sa.Column("method", sa.String(16), nullable=False),
        sa.Column("started_at", UtcDateTime, nullable=False),
        sa.Column("sealed", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("state_hash", name="pk_oidc_logins"),
    )
    op.create_index("ix_oidc_logins_started_at", "oidc_logins", ["started_at"])

"""Which node collects an identification; where it was approved; the device of a login"""

import sqlalchemy as sa
from alembic import op

revision: str = "0005_sessions"
down_revision: str | None = "0004_organisations"


def upgrade() -> None:
    with op.batch_alter_table("identifications") as identifications:
        identifications.add_column(sa.Column("collector", sa.String(64), nullable=False, server_default=""))
        identifications.add_column(sa.Column("beat", sa.Integer, nullable=False, server_default="0"))
        identifications.add_column(sa.Column("came_back", sa.Boolean, nullable=False, server_default=sa.false()))
        identifications.add_column(sa.Column("device", sa.String(16), nullable=False, server_default=""))
        identifications.add_column(sa.Column("confirmed_on", sa.String(16), nullable=False, server_default=""))
        identifications.create_index("ix_identifications_status", ["status"])
    with op.batch_alter_table("sessions") as sessions:
        sessions.add_column(sa.Column("device", sa.String(16), nullable=False, server_default=""))
        sessions.add_column(sa.Column("confirmed_on", sa.String(16), nullable=False, server_default=""))

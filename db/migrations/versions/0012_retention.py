"""When a meeting's personal data was erased (gallring)."""

import sqlalchemy as sa
from alembic import op

from db.schema import UtcDateTime

revision: str = "0012_retention"
down_revision: str | None = "0011_representation"


def upgrade() -> None:
    op.add_column("meetings", sa.Column("erased_at", UtcDateTime))

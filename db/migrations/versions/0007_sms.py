"""Codes by SMS, and who was recognised by sight."""

import sqlalchemy as sa
from alembic import op

from db.schema import UtcDateTime

revision: str = "0007_sms"
down_revision: str | None = "0006_oidc"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "sms_codes",
        sa.Column("id", sa.String(64), primary_key=True),
        sa.Column("flow_hash", sa.String(64), nullable=False),
        sa.Column("code_hash", sa.String(64), nullable=False),
        sa.Column("number_hash", sa.String(64), nullable=False),
        sa.Column("link_hash", sa.String(64), nullable=False),
        sa.Column("sent_at", UtcDateTime, nullable=False),
        sa.Column("tries", sa.Integer, nullable=False),
        sa.Column("used_at", UtcDateTime, nullable=True),
    )
    for column in ("number_hash", "link_hash", "sent_at"):
        op.create_index(f"ix_sms_codes_{column}", "sms_codes", [column])
    op.add_column("invitations", sa.Column("phone_sealed", sa.LargeBinary, nullable=True))
    op.add_column("invitations", sa.Column("sms_reason", sa.String(200), nullable=False, server_default=""))
    op.add_column("participants", sa.Column("recognised_at", UtcDateTime, nullable=True))


def downgrade() -> None:
    op.drop_column("participants", "recognised_at")
    op.drop_column("invitations", "sms_reason")
    op.drop_column("invitations", "phone_sealed")
    op.drop_table("sms_codes")

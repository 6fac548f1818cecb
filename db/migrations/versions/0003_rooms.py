"""Meetings, their invitations, participants and attendance."""

import sqlalchemy as sa
from alembic import op

from db.schema import UtcDateTime

revision: str = "0003_rooms"
down_revision: str | None = "0002_auth"


def upgrade() -> None:
    op.create_table(
        "meetings",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("room", sa.String(40), nullable=False),
        sa.Column("type", sa.String(40), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("organisation", sa.String(40), nullable=False),
        sa.Column("organisation_name", sa.String(200), nullable=False),
        sa.Column("phone", sa.String(40), nullable=False),
        sa.Column("given_name", sa.String(100), nullable=False),
        sa.Column("surname", sa.String(100), nullable=False),
        sa.Column("number_hash", sa.String(200), nullable=False),
        sa.Column("number_sealed", sa.LargeBinary, nullable=False),
        sa.Column("place", sa.String(200), nullable=False),
        sa.Column("purpose", sa.Text, nullable=False),
        sa.Column("consent", sa.String(20), nullable=False),
        sa.Column("starts_at", UtcDateTime, nullable=False),
        sa.Column("ends_at", UtcDateTime, nullable=False),
        sa.Column("planned_by", sa.String(40), nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("started_at", UtcDateTime),
        sa.Column("ended_at", UtcDateTime),
        sa.Column("host_away_since", UtcDateTime),
        sa.Column("empty_since", UtcDateTime),
        sa.Column("lobby_announced", sa.Boolean, nullable=False),
        sa.Column("home_people", sa.JSON, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_meetings"),
        sa.UniqueConstraint("room", name="uq_meetings_room"),
    )
    op.create_index("ix_meetings_status", "meetings", ["status"])
    op.create_index("ix_meetings_number_hash", "meetings", ["number_hash"])
    op.create_index("ix_meetings_starts_at", "meetings", ["starts_at"])
    op.create_table(
        "invitations",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("meeting", sa.String(40), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("role", sa.String(100), nullable=False),
        sa.Column("organisation", sa.String(200), nullable=False),
        sa.Column("party", sa.String(20), nullable=False),
        sa.Column("relation", sa.String(100), nullable=False),
        sa.Column("authority", sa.String(20), nullable=False),
        sa.Column("created_at", UtcDateTime, nullable=False),
        sa.Column("expires_at", UtcDateTime, nullable=False),
        sa.Column("number_hash", sa.String(200), nullable=False),
        sa.Column("number_sealed", sa.LargeBinary, nullable=False),
        sa.Column("person", sa.String(40)),
        sa.Column("token_hash", sa.String(64)),
        sa.Column("opened_at", UtcDateTime),
        sa.Column("revoked_at", UtcDateTime),
        sa.PrimaryKeyConstraint("id", name="pk_invitations"),
        sa.ForeignKeyConstraint(["meeting"], ["meetings.id"], name="fk_invitations_meeting_meetings"),
        sa.UniqueConstraint("token_hash", name="uq_invitations_token_hash"),
    )
    op.create_index("ix_invitations_meeting", "invitations", ["meeting"])
    op.create_index("ix_invitations_number_hash", "invitations", ["number_hash"])
    op.create_index("ix_invitations_person", "invitations", ["person"])
    op.create_table(
        "participants",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("meeting", sa.String(40), nullable=False),
        sa.Column("invitation", sa.String(40), nullable=False),
        sa.Column("person", sa.String(40), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("given_name", sa.String(100), nullable=False),
        sa.Column("method", sa.String(20), nullable=False),
        sa.Column("status", sa.String(20), nullable=False),
        sa.Column("session", sa.String(100), nullable=False),
        sa.Column("waiting_since", UtcDateTime, nullable=False),
        sa.Column("seen_at", UtcDateTime, nullable=False),
        sa.Column("identity", sa.String(40)),
        sa.Column("admitted_at", UtcDateTime),
        sa.Column("ready", sa.Boolean, nullable=False),
        sa.Column("not_yet", sa.Boolean, nullable=False),
        sa.Column("home", sa.Boolean, nullable=False),
        sa.Column("may_return", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_participants"),
        sa.ForeignKeyConstraint(["meeting"], ["meetings.id"], name="fk_participants_meeting_meetings"),
        sa.ForeignKeyConstraint(["invitation"], ["invitations.id"], name="fk_participants_invitation_invitations"),
        sa.UniqueConstraint("identity", name="uq_participants_identity"),
        sa.UniqueConstraint("meeting", "person", name="uq_participants_meeting"),
    )
    op.create_index("ix_participants_status", "participants", ["status"])
    op.create_table(
        "attendance",
        sa.Column("id", sa.String(40), nullable=False),
        sa.Column("meeting", sa.String(40), nullable=False),
        sa.Column("participant", sa.String(40), nullable=False),
        sa.Column("identity", sa.String(40), nullable=False),
        sa.Column("joined_at", UtcDateTime, nullable=False),
        sa.Column("left_at", UtcDateTime),
        sa.Column("reason", sa.String(60)),
        sa.PrimaryKeyConstraint("id", name="pk_attendance"),
        sa.ForeignKeyConstraint(["meeting"], ["meetings.id"], name="fk_attendance_meeting_meetings"),
        sa.ForeignKeyConstraint(["participant"], ["participants.id"], name="fk_attendance_participant_participants"),
    )
    op.create_index("ix_attendance_meeting", "attendance", ["meeting"])

"""One-off dynos and health checks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("slugs", sa.Column("health_check", sa.JSON(none_as_null=True), nullable=True))
    op.create_table(
        "oneoffs",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("app_id", sa.String(length=36), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("user_id", sa.String(length=36), nullable=False),
        sa.Column("command", sa.Text(), nullable=False),
        sa.Column("type", sa.String(length=63), nullable=False),
        sa.Column("size", sa.String(length=30), nullable=False),
        sa.Column("slug_id", sa.String(length=36), nullable=False),
        sa.Column("release_version", sa.Integer(), nullable=False),
        sa.Column("config_version", sa.Integer(), nullable=False),
        sa.Column("has_own_config", sa.Boolean(), nullable=False),
        sa.Column("time_to_live", sa.Integer(), nullable=False),
        sa.Column("stop_requested", sa.Boolean(), nullable=False),
        sa.Column("submitted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("exit_code", sa.Integer(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["app_id"], ["apps.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("app_id", "number", name="oneoffs_number"),
    )
    running = sa.text("ended_at IS NULL")
    op.create_index("oneoffs_running", "oneoffs", ["created_at"], sqlite_where=running, postgresql_where=running)

"""Buildpacks of an app and what its app.json says."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.add_column("apps", sa.Column("buildpacks", sa.JSON(), server_default="[]", nullable=False))
    op.add_column("builds", sa.Column("reports", sa.JSON(), server_default="{}", nullable=False))
    op.add_column("slugs", sa.Column("app_json", sa.JSON(none_as_null=True), nullable=True))
    op.create_table(
        "app_setups",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("app_id", sa.String(length=36), nullable=False),
        sa.Column("build_id", sa.String(length=36), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["app_id"], ["apps.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_app_setups_app_id", "app_setups", ["app_id"])

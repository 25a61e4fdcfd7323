"""Tokens' scopes, collaborators, transfers and quotas."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.add_column("accounts", sa.Column("quota", sa.JSON(), server_default="{}", nullable=False))
    # Every token that there is may go on doing everything.
    op.add_column("tokens", sa.Column("scopes", sa.JSON(), server_default='["global"]', nullable=False))
    op.add_column("events", sa.Column("actor_email", sa.String(length=255), nullable=True))
    op.create_index("events_of_actor", "events", ["actor_id", "created_at"])

    op.create_table(
        "collaborators",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("app_id", sa.String(length=36), nullable=False),
        sa.Column("account_id", sa.String(length=36), nullable=False),
        sa.Column("permission", sa.String(length=20), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["app_id"], ["apps.id"]),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("app_id", "account_id", name="collaborators_account"),
    )
    op.create_index("ix_collaborators_account_id", "collaborators", ["account_id"])

    op.create_table(
        "transfers",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("app_id", sa.String(length=36), nullable=False),
        sa.Column("owner_id", sa.String(length=36), nullable=False),
        sa.Column("recipient_id", sa.String(length=36), nullable=False),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["app_id"], ["apps.id"]),
        sa.ForeignKeyConstraint(["owner_id"], ["accounts.id"]),
        sa.ForeignKeyConstraint(["recipient_id"], ["accounts.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_transfers_app_id", "transfers", ["app_id"])
    op.create_index("ix_transfers_owner_id", "transfers", ["owner_id"])
    op.create_index("ix_transfers_recipient_id", "transfers", ["recipient_id"])

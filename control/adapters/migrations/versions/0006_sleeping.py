"""Sleeping apps."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("apps", sa.Column("autosleep", sa.JSON(none_as_null=True), nullable=True))
    op.add_column("apps", sa.Column("asleep_since", sa.DateTime(timezone=True), nullable=True))
    op.add_column("apps", sa.Column("asleep_because", sa.String(length=20), nullable=True))
    op.add_column("apps", sa.Column("frozen", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("apps", sa.Column("woken_at", sa.DateTime(timezone=True), nullable=True))
    op.add_column("apps", sa.Column("waking", sa.Boolean(), server_default=sa.false(), nullable=False))
    waking = sa.text("waking")
    op.create_index("apps_waking", "apps", ["woken_at"], sqlite_where=waking, postgresql_where=waking)

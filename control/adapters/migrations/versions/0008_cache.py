"""The HTTP cache of an app."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("apps", sa.Column("cache", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("apps", sa.Column("cache_purges", sa.Integer(), server_default="0", nullable=False))

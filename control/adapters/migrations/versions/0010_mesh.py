"""Features of an app, and the pages that a release's config vars name."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.add_column("apps", sa.Column("features", sa.JSON(), server_default="[]", nullable=False))
    op.add_column("releases", sa.Column("pages", sa.JSON()))

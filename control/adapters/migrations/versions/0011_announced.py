"""What a client says of a slug and of a source before anybody has looked."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.add_column("slugs", sa.Column("announced_sha256", sa.String(64)))
    op.add_column("builds", sa.Column("source_description", sa.Text()))

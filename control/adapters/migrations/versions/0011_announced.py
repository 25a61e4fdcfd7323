"""What a client says of a slug and of a source before anybody has looked; when somebody logged in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.add_column("slugs", sa.Column("announced_sha256", sa.String(64)))
    op.add_column("accounts", sa.Column("last_login", sa.DateTime(timezone=True)))
    op.add_column("builds", sa.Column("source_description", sa.Text()))

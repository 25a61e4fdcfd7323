"""Certificates, and what apps want of encrypted requests."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.add_column("apps", sa.Column("force_https", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("apps", sa.Column("hsts", sa.Integer(), server_default="0", nullable=False))
    op.add_column("apps", sa.Column("acm", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("domains", sa.Column("acm_status", sa.String(length=20), nullable=True))
    op.add_column("domains", sa.Column("acm_status_reason", sa.Text(), nullable=True))
    op.add_column("domains", sa.Column("acm_try_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "sni_endpoints",
        sa.Column("id", sa.String(length=36), nullable=False),
        sa.Column("app_id", sa.String(length=36), nullable=False),
        sa.Column("name", sa.String(length=30), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("certificate_chain", sa.Text(), nullable=False),
        sa.Column("cert_domains", sa.JSON(), nullable=False),
        sa.Column("issuer", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("self_signed", sa.Boolean(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("acm", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["app_id"], ["apps.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_sni_endpoints_app_id", "sni_endpoints", ["app_id"])

"""Tables of app setups."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, String, Table

from control.adapters.state_tables import Instant, metadata

app_setups = Table(
    "app_setups",
    metadata,
    Column("id", String(36), primary_key=True),
    Column("app_id", String(36), ForeignKey("apps.id"), nullable=False, index=True),
    Column("build_id", String(36), nullable=False),
    Column("created_at", Instant, nullable=False),
)

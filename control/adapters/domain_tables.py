"""The table of custom domains."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Integer, String, Table

from control.adapters.state_tables import Instant, metadata

_UUID = String(36)

domains = Table(
    "domains",
    metadata,
    Column("id", _UUID, primary_key=True),
    Column("app_id", _UUID, ForeignKey("apps.id"), nullable=False, index=True),
    Column("hostname", String(253), nullable=False, unique=True),
    Column("generation", Integer, nullable=False),
    Column("sni_endpoint_id", _UUID),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
)

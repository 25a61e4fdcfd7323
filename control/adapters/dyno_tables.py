"""The table of one-off dynos."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Index, Integer, String, Table, Text, UniqueConstraint, text

from control.adapters.state_tables import Instant, metadata

_UUID = String(36)

oneoffs = Table(
    "oneoffs",
    metadata,
    Column("id", _UUID, primary_key=True),
    Column("app_id", _UUID, ForeignKey("apps.id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column("user_id", _UUID, nullable=False),
    Column("command", Text, nullable=False),
    Column("type", String(63), nullable=False),
    Column("size", String(30), nullable=False),
    Column("slug_id", _UUID, nullable=False),
    Column("release_version", Integer, nullable=False),
    Column("config_version", Integer, nullable=False),
    Column("has_own_config", Boolean, nullable=False),
    Column("time_to_live", Integer, nullable=False),
    Column("stop_requested", Boolean, nullable=False),
    Column("submitted_at", Instant),
    Column("started_at", Instant),
    Column("ended_at", Instant),
    Column("exit_code", Integer),
    Column("reason", Text),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    UniqueConstraint("app_id", "number", name="oneoffs_number"),
)
# The worker asks for these again and again, so the index holds only those that have not ended.
RUNNING = text("ended_at IS NULL")
Index("oneoffs_running", oneoffs.c.created_at, sqlite_where=RUNNING, postgresql_where=RUNNING)

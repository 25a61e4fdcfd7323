"""The tables of collaborators and transfers: one column a field of the domain's records, the same names."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, String, Table, UniqueConstraint

from control.adapters.state_tables import Choice, Instant, metadata
from control.domain.people import TransferState
from control.domain.permissions import Permission

_UUID = String(36)

collaborators = Table(
    "collaborators",
    metadata,
    Column("id", _UUID, primary_key=True),
    Column("app_id", _UUID, ForeignKey("apps.id"), nullable=False),
    Column("account_id", _UUID, ForeignKey("accounts.id"), nullable=False, index=True),
    Column("permission", Choice(Permission), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
    UniqueConstraint("app_id", "account_id", name="collaborators_account"),
)

transfers = Table(
    "transfers",
    metadata,
    Column("id", _UUID, primary_key=True),
    Column("app_id", _UUID, ForeignKey("apps.id"), nullable=False, index=True),
    Column("owner_id", _UUID, ForeignKey("accounts.id"), nullable=False, index=True),
    Column("recipient_id", _UUID, ForeignKey("accounts.id"), nullable=False, index=True),
    Column("state", Choice(TransferState), nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
)

"""The tables of custom domains and of their certificates."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, ForeignKey, Integer, String, Table, Text

from control.adapters.state_tables import Choice, Instant, Names, metadata
from control.domain.domains import AcmStatus

_UUID = String(36)

domains = Table(
    "domains",
    metadata,
    Column("id", _UUID, primary_key=True),
    Column("app_id", _UUID, ForeignKey("apps.id"), nullable=False, index=True),
    Column("hostname", String(253), nullable=False, unique=True),
    Column("generation", Integer, nullable=False),
    Column("sni_endpoint_id", _UUID),
    Column("acm_status", Choice(AcmStatus)),
    Column("acm_status_reason", Text),
    Column("acm_try_at", Instant),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
)

# Their private keys are in Vault.
sni_endpoints = Table(
    "sni_endpoints",
    metadata,
    Column("id", _UUID, primary_key=True),
    Column("app_id", _UUID, ForeignKey("apps.id"), nullable=False, index=True),
    Column("name", String(30), nullable=False),
    Column("version", Integer, nullable=False),
    Column("certificate_chain", Text, nullable=False),
    Column("cert_domains", Names, nullable=False),
    Column("issuer", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("self_signed", Boolean, nullable=False),
    Column("starts_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("acm", Boolean, nullable=False),
    Column("created_at", Instant, nullable=False),
    Column("updated_at", Instant, nullable=False),
)

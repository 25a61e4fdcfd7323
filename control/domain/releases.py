"""Releases: slug plus config version, numbered, append-only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from control.domain.own_pages import OwnPages


class ReleaseStatus(StrEnum):
    """Heroku Platform API v3, `release.status`."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    EXPIRED = "expired"
    """A newer release came before this one was on the air."""


@dataclass(frozen=True, kw_only=True)
class Release:
    """One release of an app. Only `status`, `failure_message` and `updated_at` ever change."""

    id: str
    app_id: str
    version: int
    status: ReleaseStatus
    description: str
    user_id: str
    slug_id: str | None
    config_version: int
    """The Vault path of its config vars ends in this number; 0 means none were ever set."""
    created_at: datetime
    updated_at: datetime
    failure_message: str | None = None
    """One sentence for people when `status` is failed: what happened, exit code, last lines."""
    pages: OwnPages | None = None
    """What its config vars say of them; None as long as no release of the app said anything."""

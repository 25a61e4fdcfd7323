"""Who shares an app with its owner, who is to get it, and how much an account may use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from control.domain.permissions import Permission
from control.domain.rules import BrokenRule


@dataclass(frozen=True, kw_only=True)
class Collaborator:
    """An account that may do something to an app that it does not own."""

    id: str
    app_id: str
    account_id: str
    permission: Permission
    """The highest one; those below it are included."""
    created_at: datetime
    updated_at: datetime


class TransferState(StrEnum):
    """Heroku Platform API v3, `app-transfer.state`."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    DECLINED = "declined"


@dataclass(frozen=True, kw_only=True)
class Transfer:
    """An app offered to another account. An app has at most one that is pending."""

    id: str
    app_id: str
    owner_id: str
    """Who offers it."""
    recipient_id: str
    state: TransferState
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, kw_only=True)
class Quota:
    """The most that the apps of one account may use together; 0 means that there is no limit."""

    apps: int = 100
    dynos: int = 100
    memory_mb: int = 65_536
    """Of all dynos that the formations want."""
    builds: int = 10
    """Waiting and running at once."""
    storage_mb: int = 20_480
    """Of the slugs that are kept."""
    releases: int = 100
    """Releases of one app that keep their slug; older ones lose it when the platform collects garbage."""
    domains: int = 100
    """Custom domains of one app."""


DEFAULT_QUOTA = Quota()
"""Where the operator has set nothing."""

_FIELDS = tuple(field.name for field in fields(Quota))
_LARGEST = 2**31 - 1


def check_quota(changes: dict[str, Any]) -> dict[str, int | None]:
    """Return changes of an account's own quota: a number, or None to follow the platform's. Raises BrokenRule."""
    for name, value in changes.items():
        if name not in _FIELDS:
            raise BrokenRule(f"Quota {name!s:.40} does not exist; choose of: {', '.join(_FIELDS)}.")
        if value is not None and (isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _LARGEST):
            raise BrokenRule(
                f"The quota {name} must be a whole number from 0 (no limit) to {_LARGEST}, or null for the platform's."
            )
    return changes


def with_own(base: Quota, own: Mapping[str, int]) -> Quota:
    """The platform's quota with what an account has of its own."""
    return replace(base, **own)


@dataclass(frozen=True, kw_only=True)
class Usage:
    """What the apps of one account use together."""

    apps: int
    dynos: Mapping[str, int]
    """By size, as the formations want them: those of process types that the release on the air or a pending one has."""
    builds: int
    """Waiting and running."""
    storage: int
    """Bytes of slugs."""

"""Accounts and their API tokens."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from control.domain.permissions import EVERYTHING, Scope
from control.domain.rules import BrokenRule

TOKEN_PREFIX = "nmp_"  # noqa: S105 - it marks our tokens, so that scanners of leaked secrets can know them


@dataclass(frozen=True, kw_only=True)
class Account:
    """A person. `password_hash` is argon2's encoded form."""

    id: str
    email: str
    name: str
    password_hash: str = field(repr=False)
    admin: bool
    created_at: datetime
    updated_at: datetime
    quota: Mapping[str, int] = field(default_factory=dict)
    """Where this account may use more or less than the platform's `Quota` says, by the field's name."""
    last_login: datetime | None = None
    """With e-mail address and password."""


@dataclass(frozen=True, kw_only=True)
class Token:
    """An API token. Only SHA-256 of the 256 random bits is kept, so a stolen database opens nothing."""

    id: str
    account_id: str
    description: str
    digest: str = field(repr=False)
    created_at: datetime
    expires_at: datetime | None = None
    scopes: tuple[Scope, ...] = EVERYTHING


@dataclass(frozen=True, kw_only=True)
class AuditEvent:
    """Who did what to what. Written in the same unit of work as the change itself; never holds a config value."""

    id: str
    app_id: str | None
    actor_id: str | None
    action: str
    """`release.create`, `app.destroy` …"""
    detail: str
    remote: str | None
    created_at: datetime
    actor_email: str | None = None
    """As it was then: the trail outlives the account."""


_EMAIL = re.compile(r"[^@\s\x00-\x1f]{1,64}@[^@\s\x00-\x1f]{1,190}")


def check_email(value: object) -> str:
    """Return an e-mail address in lower case when it looks like one. Raises BrokenRule."""
    if not isinstance(value, str) or _EMAIL.fullmatch(value.strip()) is None:
        raise BrokenRule("The e-mail address must look like name@example.com.")
    return value.strip().lower()


def token_digest(secret: str) -> str:
    """What is kept of a token. The token is random, so a plain digest cannot be turned back."""
    return hashlib.sha256(secret.encode()).hexdigest()

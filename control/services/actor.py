"""Who asks, and the trail of what was done."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import uuid4

from control.domain.accounts import Account, AuditEvent
from control.domain.apps import App
from control.domain.permissions import EVERYTHING, Scope
from control.ports.state import UnitOfWork


@dataclass(frozen=True, kw_only=True)
class Actor:
    """The account behind a request, and the address that it came from."""

    account: Account
    remote: str | None = None
    token_id: str | None = None
    scopes: tuple[Scope, ...] = EVERYTHING


def record(
    work: UnitOfWork,
    *,
    now: datetime,
    action: str,
    detail: str,
    actor_id: str | None,
    app_id: str | None = None,
    remote: str | None = None,
) -> None:
    """Add an audit event to the unit of work that makes the change."""
    account = work.accounts.get(actor_id) if actor_id else None
    work.events.add(
        AuditEvent(
            id=str(uuid4()),
            app_id=app_id,
            actor_id=actor_id,
            action=action,
            detail=detail,
            remote=remote,
            created_at=now,
            actor_email=account.email if account else None,
        )
    )


def record_by(work: UnitOfWork, actor: Actor, app: App, *, now: datetime, action: str, detail: str) -> None:
    """The same for what somebody does to an app."""
    record(
        work,
        now=now,
        action=action,
        detail=detail,
        actor_id=actor.account.id,
        app_id=app.id,
        remote=actor.remote,
    )

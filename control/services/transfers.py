"""Transfers: an app goes to another owner, who has to accept it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from uuid import uuid4

from control.domain.apps import App
from control.domain.people import Collaborator, Quota, Transfer, TransferState
from control.domain.permissions import Permission
from control.errors import Conflict, Forbidden, InvalidParams, NotFound
from control.ports.bundle import Ports
from control.ports.state import UnitOfWork
from control.services.actor import Actor, record_by
from control.services.collaborators import find_account
from control.services.quotas import Resource, demand_quota

_LEFT_BEHIND = Permission.OPERATE
"""What the old owner may still do, as at Heroku; the new one takes it back with `access:remove`."""


def find_transfer(work: UnitOfWork, actor: Actor, id_or_app: str) -> Transfer:
    """Find a transfer that concerns the actor, by its id or by its app while it is pending. Raises NotFound."""
    app = work.apps.find(id_or_app)
    found = work.transfers.get(id_or_app) or (work.transfers.pending(app.id) if app else None)
    if found is None or not (actor.account.admin or actor.account.id in (found.owner_id, found.recipient_id)):
        raise NotFound(
            f"Couldn't find that transfer ({id_or_app:.60}); list yours with `nomapaas transfers`.",
            resource="app_transfer",
        )
    return found


@dataclass(frozen=True, kw_only=True)
class CreateTransfer:
    """Offer an app to another account. An admin's word is enough: then it is the recipient's at once."""

    ports: Ports
    quota: Quota

    def __call__(self, actor: Actor, app: App, *, recipient: str) -> Transfer:
        """Offer it. Raises NotFound, InvalidParams, QuotaReached."""
        now = self.ports.clock.now()
        with self.ports.state.begin() as work:
            if _app_of(work, app.id).owner_id != app.owner_id:
                raise Conflict(f"The app {app.name} got another owner in this moment; look at it again first.")
            account = find_account(work, recipient)
            if account.id == app.owner_id:
                raise InvalidParams(f"The account {account.email} owns {app.name} already.")
            if work.transfers.pending(app.id):
                raise InvalidParams(
                    f"The app {app.name} is offered to somebody already; "
                    "take that back with `nomapaas transfers:cancel`."
                )
            made = Transfer(
                id=str(uuid4()),
                app_id=app.id,
                owner_id=app.owner_id,
                recipient_id=account.id,
                state=TransferState.PENDING,
                created_at=now,
                updated_at=now,
            )
            work.transfers.add(made)
            record_by(work, actor, app, now=now, action="transfer.create", detail=f"to {account.email}")
            if actor.account.admin:
                made = _accept(work, actor, made, now=now, quota=self.quota)
            work.commit()
        return made


@dataclass(frozen=True, kw_only=True)
class AnswerTransfer:
    """Accept or decline what was offered."""

    ports: Ports
    quota: Quota

    def __call__(self, actor: Actor, *, transfer: str, state: str | None) -> Transfer:
        """Answer it. Raises NotFound, Forbidden, InvalidParams, QuotaReached."""
        if state not in (TransferState.ACCEPTED, TransferState.DECLINED):
            raise InvalidParams("The field state must be accepted or declined.")
        now = self.ports.clock.now()
        with self.ports.state.begin() as work:
            found = _pending(find_transfer(work, actor, transfer))
            if not actor.account.admin and actor.account.id != found.recipient_id:
                raise Forbidden("Only the account that the app is offered to may answer; you may cancel the transfer.")
            if state == TransferState.ACCEPTED:
                found = _accept(work, actor, found, now=now, quota=self.quota)
            else:
                found = _end(work, actor, found, TransferState.DECLINED, now=now)
            work.commit()
        return found


@dataclass(frozen=True, kw_only=True)
class CancelTransfer:
    """Take an offer back."""

    ports: Ports

    def __call__(self, actor: Actor, *, transfer: str) -> Transfer:
        """Remove it. Raises NotFound, Forbidden, InvalidParams."""
        with self.ports.state.begin() as work:
            found = _pending(find_transfer(work, actor, transfer))
            if not actor.account.admin and actor.account.id != found.owner_id:
                raise Forbidden("Only who offered the app may cancel the transfer; you may decline it.")
            work.transfers.remove(found.id)
            app = _app_of(work, found.app_id)
            record_by(work, actor, app, now=self.ports.clock.now(), action="transfer.cancel", detail=app.name)
            work.commit()
        return found


def _pending(transfer: Transfer) -> Transfer:
    if transfer.state is not TransferState.PENDING:
        raise InvalidParams(f"This transfer was {transfer.state} already, so there is nothing to answer.")
    return transfer


def _accept(work: UnitOfWork, actor: Actor, transfer: Transfer, *, now: datetime, quota: Quota) -> Transfer:
    app = _app_of(work, transfer.app_id)
    work.collaborators.remove(app.id, transfer.recipient_id)
    work.apps.save(replace(app, owner_id=transfer.recipient_id, updated_at=now))
    work.collaborators.save(
        Collaborator(
            id=str(uuid4()),
            app_id=app.id,
            account_id=transfer.owner_id,
            permission=_LEFT_BEHIND,
            created_at=now,
            updated_at=now,
        )
    )
    demand_quota(work, quota, transfer.recipient_id, Resource.APPS, Resource.DYNOS, Resource.MEMORY, Resource.STORAGE)
    return _end(work, actor, transfer, TransferState.ACCEPTED, now=now)


def _end(work: UnitOfWork, actor: Actor, transfer: Transfer, state: TransferState, *, now: datetime) -> Transfer:
    ended = replace(transfer, state=state, updated_at=now)
    work.transfers.save(ended)
    recipient = work.accounts.get(transfer.recipient_id)
    detail = f"{state} by {recipient.email if recipient else transfer.recipient_id}"
    record_by(work, actor, _app_of(work, transfer.app_id), now=now, action="transfer.update", detail=detail)
    return ended


def _app_of(work: UnitOfWork, app_id: str) -> App:
    app = work.apps.get(app_id)
    if app is None:
        raise NotFound("The app to be transferred is gone.", resource="app")
    return app

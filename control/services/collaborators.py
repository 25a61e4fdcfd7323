"""Collaborators: who may do what to an app that somebody else owns."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from uuid import uuid4

from control.domain.accounts import Account
from control.domain.apps import App
from control.domain.people import Collaborator
from control.domain.permissions import Permission
from control.errors import InvalidParams, NotFound
from control.ports.bundle import Ports
from control.ports.state import UnitOfWork
from control.services.actor import Actor, record_by


def find_account(work: UnitOfWork, id_or_email: str) -> Account:
    """Find an account. Raises NotFound."""
    account = work.accounts.get(id_or_email) or work.accounts.by_email(id_or_email)
    if account is None:
        raise NotFound(
            f"Couldn't find the account {id_or_email:.80}; an admin adds one with `nomapaas users:add`.",
            resource="account",
        )
    return account


def find_collaborator(work: UnitOfWork, app: App, id_or_email: str) -> Collaborator:
    """Find a collaborator by its own id, or by the account's id or e-mail address. Raises NotFound."""
    account = work.accounts.by_email(id_or_email)
    for each in work.collaborators.list(app.id):
        if id_or_email in (each.id, each.account_id) or (account and each.account_id == account.id):
            return each
    raise NotFound(
        f"The account {id_or_email:.80} is no collaborator of {app.name}; see `nomapaas access --app {app.name}`.",
        resource="collaborator",
    )


@dataclass(frozen=True, kw_only=True)
class AddCollaborator:
    """Let an account do something to an app."""

    ports: Ports

    def __call__(self, actor: Actor, app: App, *, user: str, permission: Permission) -> Collaborator:
        """Add it. Raises NotFound, InvalidParams."""
        now = self.ports.clock.now()
        with self.ports.state.begin() as work:
            account = find_account(work, user)
            if account.id == app.owner_id:
                raise InvalidParams(f"The account {account.email} owns {app.name} and may do everything already.")
            if work.collaborators.find(app.id, account.id):
                raise InvalidParams(
                    f"The account {account.email} is a collaborator of {app.name} already; "
                    "change its permissions with `nomapaas access:update`."
                )
            made = Collaborator(
                id=str(uuid4()),
                app_id=app.id,
                account_id=account.id,
                permission=permission,
                created_at=now,
                updated_at=now,
            )
            work.collaborators.save(made)
            detail = f"{account.email}: {permission}"
            record_by(work, actor, app, now=now, action="collaborator.create", detail=detail)
            work.commit()
        return made


@dataclass(frozen=True, kw_only=True)
class UpdateCollaborator:
    """Let a collaborator do more or less."""

    ports: Ports

    def __call__(self, actor: Actor, app: App, *, user: str, permission: Permission) -> Collaborator:
        """Change it. Raises NotFound."""
        now = self.ports.clock.now()
        with self.ports.state.begin() as work:
            found = replace(find_collaborator(work, app, user), permission=permission, updated_at=now)
            work.collaborators.save(found)
            detail = f"{_email(work, found)}: {permission}"
            record_by(work, actor, app, now=now, action="collaborator.update", detail=detail)
            work.commit()
        return found


@dataclass(frozen=True, kw_only=True)
class RemoveCollaborator:
    """Take all permissions back."""

    ports: Ports

    def __call__(self, actor: Actor, app: App, *, user: str) -> Collaborator:
        """Remove it. Raises NotFound."""
        with self.ports.state.begin() as work:
            found = find_collaborator(work, app, user)
            work.collaborators.remove(app.id, found.account_id)
            email = _email(work, found)
            record_by(work, actor, app, now=self.ports.clock.now(), action="collaborator.destroy", detail=email)
            work.commit()
        return found


def emails_of(work: UnitOfWork, account_ids: Iterable[str]) -> dict[str, str]:
    """E-mail addresses by account."""
    return {account.id: account.email for account in work.accounts.of(set(account_ids)).values()}


def _email(work: UnitOfWork, collaborator: Collaborator) -> str:
    return emails_of(work, [collaborator.account_id]).get(collaborator.account_id, collaborator.account_id)

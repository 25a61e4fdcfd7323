"""Who may do what: the one place that decides."""

from __future__ import annotations

from collections.abc import Sequence

from control.domain.accounts import Account
from control.domain.apps import App
from control.domain.permissions import Permission
from control.errors import Forbidden, NotFound
from control.ports.state import UnitOfWork
from control.ports.windows import Window
from control.services.actor import Actor

__all__ = ["Permission", "find_app", "listed_apps", "permission_of"]


def permission_of(work: UnitOfWork, account: Account, app: App) -> Permission | None:
    """The highest permission that an account has: owners and admins have every one, strangers none."""
    if account.admin or app.owner_id == account.id:
        return Permission.OWN
    collaborator = work.collaborators.find(app.id, account.id)
    return collaborator.permission if collaborator else None


def find_app(work: UnitOfWork, actor: Actor, id_or_name: str, permission: Permission) -> App:
    """Find an app that the actor may do this to.

    Raises NotFound, also for one that the actor may not know of, and Forbidden where the actor may do less.
    """
    app = work.apps.find(id_or_name)
    have = permission_of(work, actor.account, app) if app else None
    if app is None or have is None:
        raise NotFound(
            f"Couldn't find that app ({id_or_name:.60}); check its name with `nomapaas apps`.", resource="app"
        )
    if permission not in have.included:
        raise Forbidden(_refusal(app, have, permission))
    return app


def _refusal(app: App, have: Permission, needed: Permission) -> str:
    if needed is Permission.OWN:
        return f"Only the owner of {app.name} may do this, and you have the permission {have}; ask the owner."
    return (
        f"This needs the permission {needed} on {app.name}, and you have {have}; "
        "ask its owner, or somebody who may manage it, for more."
    )


def listed_apps(work: UnitOfWork, actor: Actor, window: Window, *, own: bool) -> Sequence[App]:
    """Apps that the actor may see; `own` leaves out those of others."""
    if actor.account.admin and not own:
        return work.apps.window(window)
    return work.apps.window(window, owner_id=actor.account.id, shared=not own)

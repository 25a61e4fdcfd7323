"""Who may do what: the one place that decides."""

from __future__ import annotations

from enum import Enum, auto

from control.domain.accounts import Account
from control.domain.apps import App
from control.errors import NotFound
from control.ports.state import UnitOfWork
from control.services.actor import Actor


class Permission(Enum):
    """What one can be allowed to do to an app, in Heroku's words."""

    VIEW = auto()
    DEPLOY = auto()
    OPERATE = auto()
    MANAGE = auto()


def allowed(account: Account, app: App) -> frozenset[Permission]:
    """What an account may do to an app: an owner and an admin everything, others nothing."""
    if account.admin or app.owner_id == account.id:
        return frozenset(Permission)
    return frozenset()


def find_app(work: UnitOfWork, actor: Actor, id_or_name: str, permission: Permission) -> App:
    """Find an app that the actor may do this to. Raises NotFound, also for one that the actor may not know of."""
    app = work.apps.find(id_or_name)
    if app is None or permission not in allowed(actor.account, app):
        raise NotFound("Couldn't find that app; check its name with `nomapaas apps`.", resource="app")
    return app


def listed_apps(work: UnitOfWork, actor: Actor, *, own: bool) -> list[App]:
    """Apps that the actor may see, by name; `own` leaves out what an admin sees of others."""
    mine = own or not actor.account.admin
    return list(work.apps.list(owner_id=actor.account.id if mine else None))

"""`/account`, `/users/~`: who asks."""

from __future__ import annotations

from flask import Blueprint, Response

from control.api import bodies
from control.api.context import actor, platform
from control.api.presenters import present_account, present_quota
from control.api.responses import reply
from control.services.users import RemoveAccount, UpdateAccount

routes = Blueprint("account", __name__)


@routes.get("/account")
@routes.get("/users/~")
def info() -> Response:
    """The account behind the token."""
    return reply(present_account(actor().account))


@routes.patch("/account")
def update() -> Response:
    """Change one's name or password. A token of the scope global is enough: it could make others anyway."""
    values = bodies.body()
    changed = UpdateAccount(ports=platform().ports, passwords=platform().passwords)(
        actor(), name=bodies.text(values, "name"), password=bodies.text(values, "new_password")
    )
    return reply(present_account(changed))


@routes.delete("/account")
def destroy() -> Response:
    """Remove one's own account, which owns no app."""
    return reply(present_account(RemoveAccount(ports=platform().ports)(actor())))


@routes.get("/account/quota")
def quota() -> Response:
    """What one's apps may use, and what they use."""
    with platform().ports.state.view() as work:
        return reply(present_quota(work, actor().account))


@routes.get("/account/rate-limits")
def rate_limits() -> Response:
    """Requests left in this hour."""
    return reply({"remaining": platform().allowance.remaining(actor().account.id)})

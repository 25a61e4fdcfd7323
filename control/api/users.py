"""`/users`: accounts, as admins keep them. Ours, in Heroku's style: Heroku has no such routes."""

from __future__ import annotations

from flask import Blueprint, Response

from control.api import bodies
from control.api.context import actor, platform
from control.api.presenters import JSON, present_quota, time_text
from control.api.responses import listing, reply
from control.domain.accounts import Account
from control.services.collaborators import find_account
from control.services.users import AddUser, RemoveUser, ResetUser, UpdateUser

routes = Blueprint("users", __name__)

_KEYS = {"email": lambda account: account.email, "id": lambda account: account.id}


@routes.get("/users")
def list_() -> Response:
    """Every account, by e-mail address."""
    with platform().ports.state.view() as work:
        return listing(work.accounts.list(), _KEYS, _present)


@routes.post("/users")
def create() -> Response:
    """Make an account; the answer shows its first token this once."""
    values = bodies.body()
    account, secret = AddUser(ports=platform().ports, passwords=platform().passwords)(
        actor(),
        email=values.get("email"),
        name=bodies.text(values, "name"),
        admin=bodies.flag(values, "admin") or False,
    )
    return reply({**_present(account), "token": secret}, 201)


@routes.get("/users/<user>")
def info(user: str) -> Response:
    """One account, with its quota and what its apps use."""
    with platform().ports.state.view() as work:
        account = find_account(work, user)
        return reply({**_present(account), "quota": present_quota(work, account)})


@routes.patch("/users/<user>")
def update(user: str) -> Response:
    """Change an account's name or quota; make it an admin, or no longer."""
    values = bodies.body()
    account = UpdateUser(ports=platform().ports)(
        actor(),
        user=user,
        name=bodies.text(values, "name"),
        admin=bodies.flag(values, "admin"),
        quota=bodies.inner(values, "quota") if "quota" in values else {},
    )
    with platform().ports.state.view() as work:
        return reply({**_present(account), "quota": present_quota(work, account)})


@routes.delete("/users/<user>")
def destroy(user: str) -> Response:
    """Remove an account that owns no app."""
    return reply(_present(RemoveUser(ports=platform().ports)(actor(), user=user)))


@routes.post("/users/<user>/actions/reset")
def reset(user: str) -> Response:
    """Make an account's password and tokens worthless; the answer shows a new token this once."""
    account, secret = ResetUser(ports=platform().ports, passwords=platform().passwords)(actor(), user=user)
    return reply({**_present(account), "token": secret}, 201)


def _present(account: Account) -> JSON:
    return {
        "admin": account.admin,
        "created_at": time_text(account.created_at),
        "email": account.email,
        "id": account.id,
        "name": account.name,
        "updated_at": time_text(account.updated_at),
    }

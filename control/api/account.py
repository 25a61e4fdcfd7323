"""`/account`, `/users/~`: who asks."""

from __future__ import annotations

from flask import Blueprint, Response

from control.api.context import actor, platform
from control.api.presenters import present_account
from control.api.responses import reply

routes = Blueprint("account", __name__)


@routes.get("/account")
@routes.get("/users/~")
def info() -> Response:
    """The account behind the token."""
    return reply(present_account(actor().account))


@routes.get("/account/rate-limits")
def rate_limits() -> Response:
    """Requests left in this hour."""
    return reply({"remaining": platform().allowance.remaining(actor().account.id)})

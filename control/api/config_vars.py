"""`/apps/:app/config-vars`."""

from __future__ import annotations

from flask import Blueprint, Response

from control.api import bodies
from control.api.context import actor, platform, the_app
from control.api.responses import reply
from control.services import config_vars
from control.services.access import Permission

routes = Blueprint("config_vars", __name__)


@routes.get("/apps/<app>/config-vars")
def info(app: str) -> Response:
    """All config vars, with their values."""
    found = the_app(app, Permission.OPERATE)
    return reply(config_vars.read(platform().ports, found))


@routes.patch("/apps/<app>/config-vars")
def update(app: str) -> Response:
    """Set config vars, and remove those that are null; makes a release unless nothing changes."""
    found = the_app(app, Permission.OPERATE)
    return reply(config_vars.SetConfigVars(ports=platform().ports)(actor(), found, bodies.body()))

"""`/apps/:app/https`: what an app wants of encrypted requests. Ours; Heroku has it in no API."""

from __future__ import annotations

from flask import Blueprint, Response

from control.api import bodies
from control.api.context import actor, platform, the_app
from control.api.responses import reply
from control.domain.apps import App
from control.services.access import Permission
from control.services.encryption import UpdateEncryption

routes = Blueprint("encryption", __name__)


@routes.get("/apps/<app>/https")
def info(app: str) -> Response:
    """What it wants now."""
    return _reply(the_app(app, Permission.VIEW))


@routes.patch("/apps/<app>/https")
def update(app: str) -> Response:
    """Change it."""
    found = the_app(app, Permission.OPERATE)
    values = bodies.body()
    change = UpdateEncryption(ports=platform().ports)
    return _reply(change(actor(), found, force=bodies.flag(values, "force"), hsts=bodies.number(values, "hsts")))


def _reply(app: App) -> Response:
    return reply({"force": app.force_https, "hsts": app.hsts})

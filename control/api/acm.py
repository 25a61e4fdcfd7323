"""`/apps/:app/acm`: automatic certificates."""

from __future__ import annotations

from flask import Blueprint, Response

from control.api.context import actor, platform, the_app
from control.api.presenters import Presenter
from control.api.responses import reply
from control.domain.apps import App
from control.services.access import Permission
from control.services.acm import DisableAcm, EnableAcm

routes = Blueprint("acm", __name__)


@routes.post("/apps/<app>/acm")
def enable(app: str) -> Response:
    """Let the platform get certificates for the app's domains."""
    found = the_app(app, Permission.OPERATE)
    return _reply(_enable()(actor(), found))


@routes.patch("/apps/<app>/acm")
def refresh(app: str) -> Response:
    """Try again at once what failed."""
    found = the_app(app, Permission.OPERATE)
    return _reply(_enable()(actor(), found, refresh=True))


@routes.delete("/apps/<app>/acm")
def disable(app: str) -> Response:
    """Get no more, and remove those that were got."""
    found = the_app(app, Permission.OPERATE)
    return _reply(DisableAcm(ports=platform().ports)(actor(), found))


def _enable() -> EnableAcm:
    return EnableAcm(ports=platform().ports, directory=platform().settings.acme_directory)


def _reply(app: App) -> Response:
    with platform().ports.state.view() as work:
        return reply(Presenter(work).app(app))

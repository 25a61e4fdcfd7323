"""`/apps`."""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint, Response

from control.api import bodies
from control.api.context import actor, platform, the_app
from control.api.presenters import Presenter
from control.api.responses import reply, window_listing
from control.domain.apps import App
from control.services.access import Permission, listed_apps
from control.services.apps import CreateApp, DestroyApp, UpdateApp

routes = Blueprint("apps", __name__)

_KEYS = {
    "name": lambda app: app.name,
    "id": lambda app: app.id,
    "updated_at": lambda app: app.updated_at,
}
_KINDS = {"name": str, "id": str, "updated_at": datetime}


@routes.post("/apps")
def create() -> Response:
    """Create an app."""
    values = bodies.body()
    settings = platform().settings
    app = CreateApp(ports=platform().ports, stacks=settings.stacks, quota=settings.quota)(
        actor(),
        name=bodies.text(values, "name"),
        stack=bodies.reference(values, "stack"),
        region=bodies.reference(values, "region"),
    )
    return _reply(app, 201)


@routes.get("/apps")
def list_() -> Response:
    """The apps that the account may see, by name."""
    return _listing(own=False)


@routes.get("/users/~/apps")
def list_own() -> Response:
    """The account's own apps, by name."""
    return _listing(own=True)


@routes.get("/apps/<app>")
def info(app: str) -> Response:
    """One app."""
    return _reply(the_app(app, Permission.VIEW))


@routes.patch("/apps/<app>")
def update(app: str) -> Response:
    """Rename an app, switch its maintenance mode or the stack of its next build."""
    found = the_app(app, Permission.MANAGE)
    values = bodies.body()
    changed = UpdateApp(ports=platform().ports, stacks=platform().settings.stacks)(
        actor(),
        found,
        name=bodies.text(values, "name"),
        maintenance=bodies.flag(values, "maintenance"),
        stack=bodies.reference(values, "build_stack"),
    )
    return _reply(changed)


@routes.delete("/apps/<app>")
def destroy(app: str) -> Response:
    """Destroy an app with all it has."""
    found = the_app(app, Permission.OWN)
    with platform().ports.state.view() as work:
        last = Presenter(work).app(found)
    DestroyApp(ports=platform().ports)(actor(), found)
    return reply(last)


def _reply(app: App, status: int = 200) -> Response:
    with platform().ports.state.view() as work:
        return reply(Presenter(work).app(app), status)


def _listing(*, own: bool) -> Response:
    with platform().ports.state.view() as work:
        return window_listing(
            lambda window: listed_apps(work, actor(), window, own=own), _KEYS, Presenter(work).apps, kinds=_KINDS
        )

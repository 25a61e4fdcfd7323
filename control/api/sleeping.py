"""`/apps/:app/actions/sleep` and `wake`, `/apps/:app/autosleep`, and the router's own way to wake an app."""

from __future__ import annotations

from flask import Blueprint, Response

from control.api import bodies
from control.api.context import actor, platform, the_app
from control.api.presenters import JSON, Presenter, app_ref, time_or_none
from control.api.responses import reply
from control.domain.apps import App
from control.domain.sleeping import Autosleep
from control.services.access import Permission
from control.services.sleeping import SetAutosleep, SleepApp, WakeApp, why_not

routes = Blueprint("sleeping", __name__)


@routes.post("/apps/<app>/actions/sleep")
def sleep(app: str) -> Response:
    """Put an app to sleep."""
    asleep = SleepApp(ports=platform().ports)(the_app(app, Permission.OPERATE), actor=actor())
    with platform().ports.state.view() as work:
        return reply(Presenter(work).app(asleep), 202)


@routes.post("/apps/<app>/actions/wake")
def wake(app: str) -> Response:
    """Wake an app."""
    found = the_app(app, Permission.OPERATE)
    state = _wake()(found.id, actor=actor(), why="by hand")
    return reply({"state": str(state)}, 202)


@routes.get("/apps/<app>/autosleep")
def autosleep(app: str) -> Response:
    """When an app sleeps by itself, and how."""
    return _reply(the_app(app, Permission.VIEW))


@routes.patch("/apps/<app>/autosleep")
def set_autosleep(app: str) -> Response:
    """Change that."""
    found = the_app(app, Permission.OPERATE)
    values = bodies.body()
    changes: dict[str, object] = {key: values[key] for key in ("after", "keep_warm", "freeze") if key in values}
    return _reply(SetAutosleep(ports=platform().ports, settings=platform().settings)(actor(), found, changes))


def _reply(app: App) -> Response:
    with platform().ports.state.view() as work:
        reason = why_not(work, app, default_s=platform().settings.autosleep_after)
    return reply(_presented(app, reason=reason))


@routes.post("/edge/apps/<uuid>/actions/wake")
def wake_for_request(uuid: str) -> Response:
    """Wake an app for which the router holds a request."""
    return reply({"state": str(_wake()(uuid))}, 202)


def _wake() -> WakeApp:
    return WakeApp(ports=platform().ports, apply=platform().apply)


def _presented(app: App, *, reason: str | None) -> JSON:
    told = app.autosleep or Autosleep()
    after = platform().settings.autosleep_after if told.after_s is None else told.after_s
    return {
        "after": after or None,
        "app": app_ref(app),
        "asleep_because": app.asleep_because,
        "asleep_since": time_or_none(app.asleep_since),
        "freeze": told.freeze,
        "is_default": told.after_s is None,
        "keep_warm": [each.strip() for each in told.keep_warm.split(",") if each.strip()],
        "reason": reason,
    }

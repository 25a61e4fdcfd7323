"""`/apps/:app/actions/sleep` and `wake`, and the router's own way to wake an app."""

from __future__ import annotations

from flask import Blueprint, Response

from control.api.context import actor, platform, the_app
from control.api.presenters import Presenter
from control.api.responses import reply
from control.services.access import Permission
from control.services.sleeping import SleepApp, WakeApp

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


@routes.post("/edge/apps/<uuid>/actions/wake")
def wake_for_request(uuid: str) -> Response:
    """Wake an app for which the router holds a request."""
    return reply({"state": str(_wake()(uuid))}, 202)


def _wake() -> WakeApp:
    return WakeApp(ports=platform().ports, apply=platform().apply)

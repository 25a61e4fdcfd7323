"""What the stock Heroku CLI reads on its way to something else, and what this platform has none of yet."""

from __future__ import annotations

from flask import Blueprint, Response

from control.api.context import the_app
from control.api.responses import reply
from control.errors import NotFound
from control.services.access import Permission

routes = Blueprint("empty", __name__)


@routes.get("/apps/<app>/addons")
@routes.get("/apps/<app>/addon-attachments")
@routes.get("/apps/<app>/log-drains")
@routes.get("/apps/<app>/webhooks")
def nothing_of_app(app: str) -> Response:
    """There are none."""
    the_app(app, Permission.VIEW)
    return reply([])


@routes.get("/account/features")
@routes.get("/account/keys")
@routes.get("/addons")
@routes.get("/pipelines")
@routes.get("/teams")
def nothing() -> Response:
    """There are none."""
    return reply([])


@routes.get("/apps/<app>/pipeline-couplings")
def no_coupling(app: str) -> Response:
    """The app is in no pipeline."""
    the_app(app, Permission.VIEW)
    raise NotFound("This app is in no pipeline.", resource="pipeline_coupling")

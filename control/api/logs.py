"""`/apps/:app/log-sessions`."""

from __future__ import annotations

from uuid import uuid4

from flask import Blueprint, Response

from control.api import bodies
from control.api.context import platform, the_app
from control.api.presenters import stream_url, time_text
from control.api.responses import reply
from control.errors import InvalidParams
from control.ports.node import LogQuery
from control.services.access import Permission

routes = Blueprint("logs", __name__)

_DEFAULT_LINES = 100
_MAX_LINES = 1500


@routes.post("/apps/<app>/log-sessions")
def create(app: str) -> Response:
    """Open the app's log: the answer's logplex_url works for some minutes, without a token."""
    found = the_app(app, Permission.VIEW)
    values = bodies.body()
    lines = bodies.number(values, "lines")
    if lines is not None and lines < 0:
        raise InvalidParams(f"The field lines must be a number from 0 to {_MAX_LINES}.")
    query = LogQuery(
        app_id=found.id,
        lines=_DEFAULT_LINES if lines is None else min(lines, _MAX_LINES),
        source=bodies.text(values, "source"),
        dyno=bodies.text(values, "dyno_name") or bodies.text(values, "dyno"),
        process_type=bodies.text(values, "type"),
        tail=bodies.flag(values, "tail") or False,
    )
    now = time_text(platform().ports.clock.now())
    session = {
        "created_at": now,
        "id": str(uuid4()),
        "logplex_url": stream_url(f"logs/{platform().signer.log(query)}"),
        "updated_at": now,
    }
    return reply(session, 201)

"""`/apps/:app/formation`."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response

from control.api import bodies
from control.api.context import actor, platform, the_app
from control.api.presenters import present_formation
from control.api.responses import listing, reply
from control.domain.apps import App
from control.domain.formations import Formation
from control.errors import InvalidParams
from control.services.access import Permission
from control.services.formations import Change, ScaleFormation, find_formation, listed_formation

routes = Blueprint("formation", __name__)

_KEYS = {"type": lambda row: row.type, "id": lambda row: row.id}


@routes.get("/apps/<app>/formation")
def list_(app: str) -> Response:
    """What is wanted of each process type."""
    found = the_app(app, Permission.VIEW)
    with platform().ports.state.view() as work:
        return _listing(found, listed_formation(work, found))


@routes.get("/apps/<app>/formation/<process_type>")
def info(app: str, process_type: str) -> Response:
    """What is wanted of one process type."""
    found = the_app(app, Permission.VIEW)
    with platform().ports.state.view() as work:
        return reply(present_formation(found, find_formation(work, found, process_type)))


@routes.patch("/apps/<app>/formation")
def batch_update(app: str) -> Response:
    """Change quantities and sizes of several process types, all or none."""
    found = the_app(app, Permission.OPERATE)
    values = bodies.body()
    updates = bodies.items(values, "updates")
    if not updates:
        raise InvalidParams('The field updates is missing; send a list such as [{"type": "web", "quantity": 2}].')
    changes = [_change(bodies.required_text(each, "type"), each) for each in updates]
    rows = _scale(found, changes)
    asked = {change.type for change in changes}
    return reply([present_formation(found, row) for row in rows if row.type in asked or row.id in asked])


@routes.patch("/apps/<app>/formation/<process_type>")
def update(app: str, process_type: str) -> Response:
    """Change quantity or size of one process type."""
    found = the_app(app, Permission.OPERATE)
    rows = _scale(found, [_change(process_type, bodies.body())])
    return reply(next(present_formation(found, row) for row in rows if process_type in (row.type, row.id)))


def _change(process_type: str, values: dict[str, Any]) -> Change:
    size = bodies.reference(values, "dyno_size") or bodies.text(values, "size")
    return Change(type=process_type, quantity=values.get("quantity"), size=size)


def _scale(app: App, changes: list[Change]) -> list[Formation]:
    return ScaleFormation(ports=platform().ports, settings=platform().settings)(actor(), app, changes)


def _listing(app: App, rows: list[Formation]) -> Response:
    return listing(rows, _KEYS, lambda row: present_formation(app, row))

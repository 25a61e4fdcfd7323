"""`/apps/:app/dynos`, and the restart of a process type."""

from __future__ import annotations

from collections.abc import Iterable

from flask import Blueprint, Response

from control.api.context import actor, platform, the_app
from control.api.presenters import present_dyno
from control.api.responses import listing, reply
from control.domain.apps import App
from control.domain.dynos import Dyno
from control.services.access import Permission
from control.services.dynos import RestartDynos, find_dynos, list_dynos

routes = Blueprint("dynos", __name__)

_KEYS = {"name": lambda dyno: dyno.name, "id": lambda dyno: dyno.id}


@routes.get("/apps/<app>/dynos")
def list_(app: str) -> Response:
    """What runs, what starts, what crashed and what waits for room."""
    found = the_app(app, Permission.VIEW)
    dynos = list_dynos(platform().ports, found)
    ids = _release_ids(found, dynos)
    return listing(dynos, _KEYS, lambda dyno: present_dyno(found, dyno, ids))


@routes.get("/apps/<app>/dynos/<dyno>")
def info(app: str, dyno: str) -> Response:
    """One dyno, by name or UUID; while two releases have one of that name, the newer one."""
    found = the_app(app, Permission.VIEW)
    row = find_dynos(platform().ports, found, dyno)[-1]
    return reply(present_dyno(found, row, _release_ids(found, [row])))


@routes.delete("/apps/<app>/dynos")
def restart_all(app: str) -> Response:
    """Restart everything, without a pause in service."""
    RestartDynos(ports=platform().ports).all(actor(), the_app(app, Permission.OPERATE))
    return reply({}, 202)


@routes.delete("/apps/<app>/dynos/<dyno>")
def restart(app: str, dyno: str) -> Response:
    """Restart one dyno."""
    RestartDynos(ports=platform().ports).one(actor(), the_app(app, Permission.OPERATE), dyno)
    return reply({}, 202)


@routes.post("/apps/<app>/dynos/<dyno>/actions/stop")
def stop(app: str, dyno: str) -> Response:
    """Stop one dyno; one that the formation wants is started again."""
    RestartDynos(ports=platform().ports).one(actor(), the_app(app, Permission.OPERATE), dyno)
    return reply({}, 202)


@routes.delete("/apps/<app>/formations/<process_type>")
def restart_type(app: str, process_type: str) -> Response:
    """Restart the dynos of one process type."""
    RestartDynos(ports=platform().ports).of_type(actor(), the_app(app, Permission.OPERATE), process_type)
    return reply({}, 202)


@routes.post("/apps/<app>/formations/<process_type>/actions/stop")
def stop_type(app: str, process_type: str) -> Response:
    """Stop the dynos of one process type; those that the formation wants are started again."""
    RestartDynos(ports=platform().ports).of_type(actor(), the_app(app, Permission.OPERATE), process_type)
    return reply({}, 202)


def _release_ids(app: App, dynos: Iterable[Dyno]) -> dict[int, str]:
    with platform().ports.state.view() as work:
        found = (work.releases.by_version(app.id, version) for version in {dyno.release_version for dyno in dynos})
        return {release.version: release.id for release in found if release}

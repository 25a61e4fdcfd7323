"""`/apps/:app/dynos`: those of the formation and one-off ones; and the restart of a process type."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from flask import Blueprint, Response

from control.api import bodies
from control.api.context import actor, platform, the_app
from control.api.presenters import JSON, present_crash, present_dyno
from control.api.responses import listing, reply
from control.domain.apps import App
from control.domain.dynos import Dyno
from control.domain.oneoffs import TYPE, Oneoff
from control.errors import InvalidParams
from control.services.access import Permission
from control.services.dynos import RestartDynos, find_dynos, list_dynos, with_memory
from control.services.oneoffs import RunOneoff, StopOneoffs, Wish, as_dyno, find_oneoff

routes = Blueprint("dynos", __name__)

_KEYS = {"name": lambda dyno: dyno.name, "id": lambda dyno: dyno.id}
_CRASH_KEYS = {"dyno": lambda crash: crash.dyno, "id": lambda crash: crash.allocation_id}


@routes.get("/apps/<app>/dynos")
def list_(app: str) -> Response:
    """What runs, what starts, what crashed and what waits for room; one-off dynos until they end."""
    found = the_app(app, Permission.VIEW)
    dynos = list_dynos(platform().ports, found)
    with platform().ports.state.view() as work:
        dynos += [as_dyno(each) for each in work.oneoffs.running_of(found.id)]
    return _listing(found, with_memory(platform().ports, found, dynos))


@routes.post("/apps/<app>/dynos")
def run(app: str) -> Response:
    """Run a command once, in a dyno of its own."""
    found = the_app(app, Permission.OPERATE)
    values = bodies.body()
    if bodies.flag(values, "attach"):
        raise InvalidParams(
            "A dyno cannot be attached to yet; leave attach out, and read what it prints in the app's log."
        )
    wish = Wish(
        command=values.get("command"),
        env=bodies.inner(values, "env") if values.get("env") is not None else {},
        size=bodies.text(values, "size"),
        type=bodies.text(values, "type"),
        time_to_live=bodies.number(values, "time_to_live"),
    )
    oneoff = RunOneoff(ports=platform().ports, settings=platform().settings)(actor(), found, wish)
    return reply(_presented(found, oneoff), 201)


@routes.get("/apps/<app>/oneoffs")
def oneoffs(app: str) -> Response:
    """The app's one-off dynos, also those that ended lately, with their exit codes."""
    found = the_app(app, Permission.VIEW)
    with platform().ports.state.view() as work:
        dynos = [as_dyno(each) for each in work.oneoffs.list(found.id)]
    return _listing(found, dynos)


@routes.get("/apps/<app>/crashes")
def crashes(app: str) -> Response:
    """How each dyno crashed the last time it did."""
    found = the_app(app, Permission.VIEW)
    return listing(platform().ports.node.crashes(found.id), _CRASH_KEYS, lambda crash: present_crash(found, crash))


@routes.get("/apps/<app>/dynos/<dyno>")
def info(app: str, dyno: str) -> Response:
    """One dyno, by name or UUID; while two releases have one of that name, the newer one."""
    found = the_app(app, Permission.VIEW)
    if oneoff := _oneoff(found, dyno):
        return reply(_presented(found, oneoff))
    row = find_dynos(platform().ports, found, dyno)[-1]
    return reply(present_dyno(found, row, _release_ids(found, [row])))


@routes.delete("/apps/<app>/dynos")
def restart_all(app: str) -> Response:
    """Restart everything of the formation, without a pause in service."""
    RestartDynos(ports=platform().ports).all(actor(), the_app(app, Permission.OPERATE))
    return reply({}, 202)


@routes.delete("/apps/<app>/dynos/<dyno>")
def restart(app: str, dyno: str) -> Response:
    """Restart one dyno; a one-off dyno only ends."""
    return _stop(the_app(app, Permission.OPERATE), dyno)


@routes.post("/apps/<app>/dynos/<dyno>/actions/stop")
def stop(app: str, dyno: str) -> Response:
    """Stop one dyno; one that the formation wants is started again."""
    return _stop(the_app(app, Permission.OPERATE), dyno)


@routes.delete("/apps/<app>/formations/<process_type>")
def restart_type(app: str, process_type: str) -> Response:
    """Restart the dynos of one process type."""
    RestartDynos(ports=platform().ports).of_type(actor(), the_app(app, Permission.OPERATE), process_type)
    return reply({}, 202)


@routes.post("/apps/<app>/formations/<process_type>/actions/stop")
def stop_type(app: str, process_type: str) -> Response:
    """Stop the dynos of one process type, those that the formation wants are started again; `run` is all one-offs."""
    found = the_app(app, Permission.OPERATE)
    if process_type == TYPE:
        StopOneoffs(ports=platform().ports).all(actor(), found)
    else:
        RestartDynos(ports=platform().ports).of_type(actor(), found, process_type)
    return reply({}, 202)


def _stop(app: App, dyno: str) -> Response:
    if _oneoff(app, dyno):
        StopOneoffs(ports=platform().ports).one(actor(), app, dyno)
    else:
        RestartDynos(ports=platform().ports).one(actor(), app, dyno)
    return reply({}, 202)


def _oneoff(app: App, id_or_name: str) -> Oneoff | None:
    """The one-off dyno of this name or id; None for what can only be one of the formation's. Raises NotFound."""
    with platform().ports.state.view() as work:
        if id_or_name.startswith(f"{TYPE}."):
            return find_oneoff(work, app, id_or_name)
        found = work.oneoffs.get(id_or_name)
    return found if found and found.app_id == app.id else None


def _presented(app: App, oneoff: Oneoff) -> JSON:
    dyno = as_dyno(oneoff)
    return present_dyno(app, dyno, _release_ids(app, [dyno]))


def _listing(app: App, dynos: Sequence[Dyno]) -> Response:
    ids = _release_ids(app, dynos)
    return listing(dynos, _KEYS, lambda dyno: present_dyno(app, dyno, ids))


def _release_ids(app: App, dynos: Iterable[Dyno]) -> dict[int, str]:
    with platform().ports.state.view() as work:
        found = (work.releases.by_version(app.id, version) for version in {dyno.release_version for dyno in dynos})
        return {release.version: release.id for release in found if release}

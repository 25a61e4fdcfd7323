"""`/apps/:app/releases`."""

from __future__ import annotations

from flask import Blueprint, Response

from control.api import bodies
from control.api.context import actor, platform, the_app
from control.api.presenters import Presenter
from control.api.responses import listing, reply
from control.errors import InvalidParams
from control.services import config_vars
from control.services.access import Permission
from control.services.release_retry import RetryRelease
from control.services.releases import ReleaseSlug, Rollback, find_release

routes = Blueprint("releases", __name__)

_KEYS = {"version": lambda release: release.version, "id": lambda release: release.id}


@routes.get("/apps/<app>/releases")
def list_(app: str) -> Response:
    """The app's releases."""
    found = the_app(app, Permission.VIEW)
    with platform().ports.state.view() as work:
        present, current = Presenter(work), work.releases.current(found.id)
        rows = work.releases.list(found.id)
        return listing(
            rows,
            _KEYS,
            lambda release: present.release(found, release, current=current),
            prepare=present.learn_releases,
        )


@routes.get("/apps/<app>/releases/<release>")
def info(app: str, release: str) -> Response:
    """One release, by UUID or version."""
    found = the_app(app, Permission.VIEW)
    with platform().ports.state.view() as work:
        row = find_release(work, found, release)
        return reply(Presenter(work).release(found, row, current=work.releases.current(found.id)))


@routes.post("/apps/<app>/releases")
def create(app: str) -> Response:
    """Release a slug, roll back, or retry: the last two make a new release with what an old one had."""
    found = the_app(app, Permission.DEPLOY)
    values = bodies.body()
    ports, quota = platform().ports, platform().settings.quota
    old, slug = bodies.reference(values, "release"), bodies.reference(values, "slug")
    failed = bodies.reference(values, "retry")
    if failed:
        made = RetryRelease(ports=ports, quota=quota)(actor(), found, release=failed)
    elif old:
        made = Rollback(ports=ports, quota=quota)(actor(), found, release=old)
    elif slug:
        made = ReleaseSlug(ports=ports, quota=quota)(
            actor(), found, slug_id=slug, description=bodies.text(values, "description")
        )
    else:
        raise InvalidParams(
            "Say what to release: `slug` with a slug's id, `release` with the release to go back to, or `retry` with "
            "one that failed."
        )
    with ports.state.view() as work:
        return reply(Presenter(work).release(found, made, current=work.releases.current(found.id)), 201)


@routes.get("/apps/<app>/releases/<release>/config-vars")
def config_vars_of(app: str, release: str) -> Response:
    """The config vars of one release."""
    found = the_app(app, Permission.OPERATE)
    with platform().ports.state.view() as work:
        row = find_release(work, found, release)
    return reply(config_vars.read(platform().ports, found, row))

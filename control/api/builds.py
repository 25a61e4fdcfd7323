"""`/sources`, `/apps/:app/builds`."""

from __future__ import annotations

from flask import Blueprint, Response

from control.api import bodies
from control.api.context import actor, platform, the_app
from control.api.presenters import Presenter, app_ref
from control.api.responses import listing, reply
from control.domain.apps import App
from control.domain.builds import Build
from control.services.access import Permission
from control.services.builds import CancelBuild, CreateBuild, CreateSource, PurgeBuildCache, find_build

routes = Blueprint("builds", __name__)

_KEYS = {
    "id": lambda build: build.id,
    "created_at": lambda build: build.created_at,
}


@routes.post("/sources")
def create_source() -> Response:
    """Make room for the upload of a source."""
    return _source()


@routes.post("/apps/<app>/sources")
def create_app_source(app: str) -> Response:
    """Make room for an upload, by the old path."""
    the_app(app, Permission.DEPLOY)
    return _source()


@routes.post("/apps/<app>/builds")
def create(app: str) -> Response:
    """Build a source into a slug and release it."""
    found = the_app(app, Permission.DEPLOY)
    values = bodies.body()
    source = bodies.inner(values, "source_blob")
    buildpacks = [
        bodies.text(each, "url") or bodies.required_text(each, "name") for each in bodies.items(values, "buildpacks")
    ]
    build = CreateBuild(ports=platform().ports, settings=platform().settings)(
        actor(),
        found,
        url=bodies.required_text(source, "url"),
        checksum=bodies.text(source, "checksum"),
        version=bodies.text(source, "version"),
        version_description=bodies.text(source, "version_description"),
        buildpacks=buildpacks,
    )
    return _reply(found, build, 201)


@routes.get("/apps/<app>/builds")
def list_(app: str) -> Response:
    """The app's builds."""
    found = the_app(app, Permission.VIEW)
    with platform().ports.state.view() as work:
        present = Presenter(work)
        rows = work.builds.list(found.id)
        return listing(rows, _KEYS, lambda build: present.build(found, build), prepare=present.learn_builds)


@routes.get("/apps/<app>/builds/<build>")
def info(app: str, build: str) -> Response:
    """One build."""
    found = the_app(app, Permission.VIEW)
    with platform().ports.state.view() as work:
        return reply(Presenter(work).build(found, find_build(work, found, build)))


@routes.delete("/apps/<app>/builds/<build>")
def cancel(app: str, build: str) -> Response:
    """Stop a build that has not ended."""
    found = the_app(app, Permission.DEPLOY)
    return _reply(found, CancelBuild(ports=platform().ports)(actor(), found, build_id=build))


@routes.delete("/apps/<app>/build-cache")
def purge_cache(app: str) -> Response:
    """Have the next build begin without what the ones before have kept."""
    found = the_app(app, Permission.DEPLOY)
    PurgeBuildCache(ports=platform().ports)(actor(), found)
    return reply({"app": app_ref(found)})


def _source() -> Response:
    source = CreateSource(ports=platform().ports, settings=platform().settings)()
    return reply({"source_blob": {"get_url": source.get_url, "put_url": source.put_url}}, 201)


def _reply(app: App, build: Build, status: int = 200) -> Response:
    with platform().ports.state.view() as work:
        return reply(Presenter(work).build(app, build), status)

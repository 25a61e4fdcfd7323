"""`/app-setups`."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response

from control.api import bodies
from control.api.context import actor, platform
from control.api.presenters import JSON, app_ref, stream_url, time_text
from control.api.responses import reply
from control.domain.app_setups import AppSetup
from control.domain.apps import App
from control.domain.builds import Build, BuildStatus
from control.domain.oneoffs import Oneoff
from control.domain.releases import Release, ReleaseStatus
from control.errors import InvalidParams
from control.ports.node import LogQuery
from control.services.app_setups import CreateAppSetup, SetupWish, find_setup, postdeploy_of

routes = Blueprint("app_setups", __name__)

_LINES = 1500


@routes.post("/app-setups")
def create() -> Response:
    """Make an app of a source in one step."""
    values = bodies.body()
    source = bodies.inner(values, "source_blob")
    wanted = _optional(values, "app")
    overrides = _optional(values, "overrides")
    wish = SetupWish(
        source_url=bodies.required_text(source, "url"),
        source_checksum=bodies.text(source, "checksum"),
        source_version=bodies.text(source, "version"),
        name=bodies.text(wanted, "name"),
        stack=bodies.reference(wanted, "stack"),
        region=bodies.reference(wanted, "region"),
        env=_optional(overrides, "env"),
        buildpacks=[bodies.required_text(each, "url") for each in bodies.items(overrides, "buildpacks")],
    )
    setup = CreateAppSetup(ports=platform().ports, settings=platform().settings)(actor(), wish)
    return _reply(setup.id, 202)


@routes.get("/app-setups/<setup>")
def info(setup: str) -> Response:
    """How a setup is doing."""
    return _reply(setup)


def _optional(values: dict[str, Any], field: str) -> dict[str, Any]:
    value = values.get(field)
    if value is not None and not isinstance(value, dict):
        raise InvalidParams(f"The field {field} must be an object.")
    return value or {}


def _reply(setup_id: str, status: int = 200) -> Response:
    with platform().ports.state.view() as work:
        setup, app = find_setup(work, actor(), setup_id)
        build = work.builds.get(setup.build_id)
        release = work.releases.get(build.release_id) if build and build.release_id else None
        postdeploy = postdeploy_of(work, release) if release else None
    return reply(_present(setup, app, build, release, postdeploy), status)


def _present(
    setup: AppSetup, app: App, build: Build | None, release: Release | None, postdeploy: Oneoff | None
) -> JSON:
    status, why = _status(build, release, postdeploy)
    return {
        "app": app_ref(app),
        "build": _build(build) if build else None,
        "created_at": time_text(setup.created_at),
        "failure_message": why,
        "id": setup.id,
        "manifest_errors": [],
        "postdeploy": _postdeploy(app, postdeploy) if postdeploy and postdeploy.ended_at else None,
        "resolved_success_url": platform().settings.web_url(app.name) if status == "succeeded" else None,
        "status": status,
        "updated_at": time_text(build.updated_at if build else setup.created_at),
    }


def _status(build: Build | None, release: Release | None, postdeploy: Oneoff | None) -> tuple[str, str | None]:
    """The first part that failed makes it fail; it is pending until the last one has ended."""
    if build is None or build.status is BuildStatus.FAILED:
        return "failed", build.failure_message if build else "The build of this setup is no longer kept."
    if release is not None and release.status not in (ReleaseStatus.PENDING, ReleaseStatus.SUCCEEDED):
        return "failed", release.failure_message or "A newer release came before this one was on the air."
    if release is None or release.status is ReleaseStatus.PENDING or (postdeploy and not postdeploy.ended_at):
        return "pending", None
    if postdeploy and postdeploy.exit_code != 0:
        return "failed", f"The postdeploy script ended with exit code {postdeploy.exit_code}."
    return "succeeded", None


def _build(build: Build) -> JSON:
    output = stream_url(f"outputs/{platform().signer.output('build', build.id)}")
    return {"id": build.id, "output_stream_url": output, "status": str(build.status)}


def _postdeploy(app: App, postdeploy: Oneoff) -> JSON:
    query = LogQuery(app_id=app.id, source="app", dyno=postdeploy.name, lines=_LINES)
    output = "".join(f"{line.partition(': ')[2]}\n" for line in platform().ports.node.logs(query))
    return {"exit_code": postdeploy.exit_code, "output": output}

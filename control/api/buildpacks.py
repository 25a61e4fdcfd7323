"""`/apps/:app/buildpack-installations`, and the buildpacks that come with the platform."""

from __future__ import annotations

from flask import Blueprint, Response

from control.api import bodies
from control.api.context import actor, platform, the_app
from control.api.presenters import JSON, fixed_id
from control.api.responses import listing, reply
from control.domain.apps import App
from control.domain.buildpacks import OWN, OwnBuildpack, find_own
from control.errors import InvalidParams, NotFound
from control.services.access import Permission
from control.services.buildpacks import SetBuildpacks

routes = Blueprint("buildpacks", __name__)

_KEYS = {"name": lambda own: own.short_name, "id": lambda own: fixed_id("buildpack", own.name)}


@routes.get("/apps/<app>/buildpack-installations")
def list_(app: str) -> Response:
    """The buildpacks that the app's next build uses, in their order."""
    return _installations(the_app(app, Permission.VIEW))


@routes.put("/apps/<app>/buildpack-installations")
def update(app: str) -> Response:
    """Choose them anew; an empty list means detect."""
    found = the_app(app, Permission.DEPLOY)
    values = bodies.body()
    if "updates" not in values:
        raise InvalidParams('The field updates is missing; send a list such as [{"buildpack": "heroku/python"}].')
    wanted = [bodies.required_text(each, "buildpack") for each in bodies.items(values, "updates")]
    return _installations(SetBuildpacks(ports=platform().ports)(actor(), found, wanted))


@routes.get("/buildpacks")
def catalogue() -> Response:
    """The buildpacks that come with the platform, by their short names."""
    return listing(OWN, _KEYS, _present)


@routes.get("/buildpacks/<namespace>/<name>")
def info(namespace: str, name: str) -> Response:
    """One of them, by any of its names."""
    own = find_own(f"{namespace}/{name}")
    if own is None:
        raise NotFound(
            f"Couldn't find that buildpack ({namespace:.60}/{name:.60}); `nomapaas buildpacks:info` lists those that "
            "come with the platform.",
            resource="buildpack",
        )
    return reply(_present(own))


def _installations(app: App) -> Response:
    return reply(
        [{"ordinal": ordinal, "buildpack": {"url": each, "name": each}} for ordinal, each in enumerate(app.buildpacks)]
    )


def _present(own: OwnBuildpack) -> JSON:
    return {
        "aliases": [name for name in own.names if name != own.short_name],
        "fits": own.fits,
        "id": fixed_id("buildpack", own.name),
        "language": own.language,
        "name": own.short_name,
    }

"""`/apps/:app/features`."""

from __future__ import annotations

from flask import Blueprint, Response

from control.api import bodies
from control.api.context import actor, platform, the_app
from control.api.presenters import EPOCH, JSON, fixed_id, time_text
from control.api.responses import listing, reply
from control.domain.apps import App
from control.domain.features import FEATURES, Feature
from control.services.access import Permission
from control.services.features import SwitchFeature, find_feature

routes = Blueprint("features", __name__)

_KEYS = {"name": lambda feature: feature.name, "id": lambda feature: fixed_id("feature", feature.name)}


@routes.get("/apps/<app>/features")
def list_(app: str) -> Response:
    """All that there are, with what the app has switched on."""
    found = the_app(app, Permission.VIEW)
    return listing(FEATURES, _KEYS, lambda feature: _present(found, feature))


@routes.get("/apps/<app>/features/<feature>")
def info(app: str, feature: str) -> Response:
    """One of them, by name or id."""
    return reply(_present(the_app(app, Permission.VIEW), _find(feature)))


@routes.patch("/apps/<app>/features/<feature>")
def update(app: str, feature: str) -> Response:
    """Switch it on or off."""
    found = the_app(app, Permission.OPERATE)
    wanted = _find(feature)
    enabled = bodies.required_flag(bodies.body(), "enabled")
    return reply(_present(SwitchFeature(ports=platform().ports)(actor(), found, wanted, enabled=enabled), wanted))


def _find(id_or_name: str) -> Feature:
    by_id = {fixed_id("feature", each.name): each for each in FEATURES}
    return by_id.get(id_or_name) or find_feature(id_or_name)


def _present(app: App, feature: Feature) -> JSON:
    return {
        "created_at": EPOCH,
        "description": feature.description,
        "display_name": feature.display_name,
        "doc_url": "",
        "enabled": feature.name in app.features,
        "feedback_email": None,
        "id": fixed_id("feature", feature.name),
        "name": feature.name,
        "state": "general",
        "updated_at": time_text(app.updated_at),
    }

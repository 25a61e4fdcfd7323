"""`/garbage-collections`: what nothing refers to any more. Ours alone: Heroku has no such thing to show."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response

from control.api import bodies
from control.api.context import actor, platform
from control.api.responses import reply
from control.services.garbage import CollectGarbage, Collection, Freed

routes = Blueprint("garbage", __name__)


@routes.post("/garbage-collections")
def collect() -> Response:
    """Remove garbage of every app, or say what would be removed."""
    dry_run = bodies.flag(bodies.body(), "dry_run") or False
    collection = CollectGarbage(ports=platform().ports, settings=platform().settings)(actor(), dry_run=dry_run)
    return reply(_present(collection))


def _present(collection: Collection) -> dict[str, Any]:
    return {
        "dry_run": collection.dry_run,
        "size": sum(each.size for each in collection.freed),
        "freed": [_present_freed(each) for each in collection.freed],
        "skipped": list(collection.skipped),
    }


def _present_freed(freed: Freed) -> dict[str, Any]:
    return {
        "kind": freed.kind,
        "app": {"id": freed.app_id, "name": freed.app_name},
        "name": freed.name,
        "size": freed.size,
    }

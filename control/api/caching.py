"""`/apps/:app/cache`: the HTTP cache before an app's dynos."""

from __future__ import annotations

from flask import Blueprint, Response

from control.api import bodies
from control.api.context import actor, platform, the_app
from control.api.presenters import JSON, app_ref, time_text
from control.api.responses import reply
from control.domain.apps import App
from control.ports.errors import EdgeUnavailable
from control.services.access import Permission
from control.services.caching import PurgeCache, SwitchCache

routes = Blueprint("caching", __name__)


@routes.get("/apps/<app>/cache")
def info(app: str) -> Response:
    """Whether it is on, and what became of the app's requests."""
    return reply(_presented(the_app(app, Permission.VIEW)))


@routes.patch("/apps/<app>/cache")
def update(app: str) -> Response:
    """Switch it on or off."""
    found = the_app(app, Permission.OPERATE)
    enabled = bodies.required_flag(bodies.body(), "enabled")
    return reply(_presented(SwitchCache(ports=platform().ports)(actor(), found, enabled=enabled)))


@routes.post("/apps/<app>/cache/actions/purge")
def purge(app: str) -> Response:
    """Forget everything, one URL, or all URLs with a prefix."""
    found = the_app(app, Permission.OPERATE)
    values = bodies.body()
    url, prefix = bodies.text(values, "url"), bodies.text(values, "prefix")
    return reply(_presented(PurgeCache(ports=platform().ports)(actor(), found, url=url, prefix=prefix)), 202)


def _presented(app: App) -> JSON:
    """`hit_rate` is a share of 1 among hits, stale and missed ones; nothing is known without an edge."""
    known: JSON = dict.fromkeys(("hits", "misses", "passes", "stale", "hit_rate", "since"))
    known["available"] = False
    try:
        counts = platform().ports.edge.cache_counts(app.id)
    except EdgeUnavailable:
        return {"app": app_ref(app), "enabled": app.cache, **known}
    served = counts.hits + counts.stale
    asked = served + counts.misses
    return {
        "app": app_ref(app),
        "enabled": app.cache,
        "available": counts.answers,
        "hits": counts.hits,
        "misses": counts.misses,
        "passes": counts.passes,
        "stale": counts.stale,
        "hit_rate": round(served / asked, 4) if asked else None,
        "since": time_text(counts.since),
    }

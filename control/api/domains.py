"""`/apps/:app/domains`: the default one."""

from __future__ import annotations

from flask import Blueprint, Response

from control.api.context import platform, the_app
from control.api.presenters import JSON, app_ref, fixed_id, time_text
from control.api.responses import listing, reply
from control.domain.apps import App
from control.errors import NotFound
from control.services.access import Permission

routes = Blueprint("domains", __name__)

_KEYS = {"hostname": lambda domain: domain["hostname"], "id": lambda domain: domain["id"]}


@routes.get("/apps/<app>/domains")
def list_(app: str) -> Response:
    """The host names that the router accepts for this app."""
    return listing([_default(the_app(app, Permission.VIEW))], _KEYS, lambda domain: domain)


@routes.get("/apps/<app>/domains/<domain>")
def info(app: str, domain: str) -> Response:
    """One host name."""
    default = _default(the_app(app, Permission.VIEW))
    if domain not in (default["hostname"], default["id"]):
        raise NotFound(f"Couldn't find that domain ({domain:.80}); list the domains of {app}.", resource="domain")
    return reply(default)


def _default(app: App) -> JSON:
    return {
        "acm_status": None,
        "acm_status_reason": None,
        "app": app_ref(app),
        "cname": None,
        "created_at": time_text(app.created_at),
        "hostname": platform().settings.host(app.name),
        "id": fixed_id("domain", app.id),
        "kind": "heroku",
        "sni_endpoint": None,
        "status": "succeeded",
        "updated_at": time_text(app.created_at),
    }

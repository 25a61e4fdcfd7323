"""`/apps/:app/domains`: the default one, and custom ones."""

from __future__ import annotations

from flask import Blueprint, Response

from control.api import bodies
from control.api.context import actor, platform, the_app
from control.api.presenters import JSON, app_ref, fixed_id, time_text
from control.api.responses import listing, reply
from control.domain.apps import App
from control.domain.certificates import SniEndpoint
from control.domain.domains import Domain
from control.errors import InvalidParams
from control.services.access import Permission
from control.services.certificates import ChooseCertificate
from control.services.domains import AddDomain, RemoveDomain, find_domain, is_pending

routes = Blueprint("domains", __name__)

_KEYS = {"hostname": lambda domain: domain["hostname"], "id": lambda domain: domain["id"]}


@routes.get("/apps/<app>/domains")
def list_(app: str) -> Response:
    """The host names that the router accepts for this app."""
    found = the_app(app, Permission.VIEW)
    with platform().ports.state.view() as work:
        custom = work.domains.list(found.id)
        endpoints = work.sni_endpoints.of({each.sni_endpoint_id for each in custom if each.sni_endpoint_id})
    rows = [_default(found), *(_custom(found, each, endpoints.get(each.sni_endpoint_id or "")) for each in custom)]
    return listing(rows, _KEYS, lambda domain: domain)


@routes.post("/apps/<app>/domains")
def create(app: str) -> Response:
    """Add a custom domain."""
    found = the_app(app, Permission.OPERATE)
    values = bodies.body()
    hostname = bodies.required_text(values, "hostname")
    endpoint = bodies.reference(values, "sni_endpoint")
    settings = platform().settings
    add = AddDomain(ports=platform().ports, zone=settings.domain, quota=settings.quota)
    made = add(actor(), found, hostname=hostname, endpoint=endpoint)
    return _reply(found, made, 201)


@routes.get("/apps/<app>/domains/<domain>")
def info(app: str, domain: str) -> Response:
    """One host name."""
    found = the_app(app, Permission.VIEW)
    if _is_default(found, domain):
        return reply(_default(found))
    with platform().ports.state.view() as work:
        row = find_domain(work, found, domain)
    return _reply(found, row)


@routes.patch("/apps/<app>/domains/<domain>")
def update(app: str, domain: str) -> Response:
    """Choose the certificate that is shown for it."""
    found = the_app(app, Permission.OPERATE)
    endpoint = bodies.reference(bodies.body(), "sni_endpoint")
    choose = ChooseCertificate(ports=platform().ports)
    return _reply(found, choose(actor(), found, domain=domain, endpoint=endpoint))


@routes.delete("/apps/<app>/domains/<domain>")
def destroy(app: str, domain: str) -> Response:
    """Remove a custom domain."""
    found = the_app(app, Permission.OPERATE)
    if _is_default(found, domain):
        raise InvalidParams(f"Domain {_default(found)['hostname']} is the app's own and stays; rename the app instead.")
    return _reply(found, RemoveDomain(ports=platform().ports)(actor(), found, domain=domain))


def _is_default(app: App, domain: str) -> bool:
    default = _default(app)
    return domain in (default["hostname"], default["id"])


def _reply(app: App, row: Domain, status: int = 200) -> Response:
    with platform().ports.state.view() as work:
        app = work.apps.get(app.id) or app
        endpoint = work.sni_endpoints.get(row.sni_endpoint_id) if row.sni_endpoint_id else None
    return reply(_custom(app, row, endpoint), status)


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


def _custom(app: App, row: Domain, endpoint: SniEndpoint | None) -> JSON:
    return {
        **_default(app),
        "acm_status": row.acm_status,
        "acm_status_reason": row.acm_status_reason,
        "cname": platform().settings.host(app.name),
        "created_at": time_text(row.created_at),
        "hostname": row.hostname,
        "id": row.id,
        "kind": "custom",
        "sni_endpoint": {"id": endpoint.id, "name": endpoint.name} if endpoint else None,
        "status": "pending" if is_pending(app, row) else "succeeded",
        "updated_at": time_text(row.updated_at),
    }

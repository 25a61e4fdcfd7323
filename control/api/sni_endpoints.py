"""`/apps/:app/sni-endpoints`: certificates. Private keys come in and never go out."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response

from control.api import bodies
from control.api.context import actor, platform, the_app
from control.api.presenters import JSON, app_ref, fixed_id, time_text
from control.api.responses import listing, reply
from control.domain.apps import App
from control.domain.certificates import MOST_CHAIN, MOST_KEY, SniEndpoint
from control.services.access import Permission
from control.services.certificates import (
    AddCertificate,
    RemoveCertificate,
    UpdateCertificate,
    domains_of,
)
from control.services.domains import find_certificate
from control.settings import Secret

routes = Blueprint("sni_endpoints", __name__)

_KEYS = {"name": lambda row: row["name"], "id": lambda row: row["id"]}


@routes.get("/apps/<app>/sni-endpoints")
def list_(app: str) -> Response:
    """The app's certificates."""
    found = the_app(app, Permission.VIEW)
    with platform().ports.state.view() as work:
        rows = work.sni_endpoints.list(found.id)
    return listing([_present(found, row) for row in rows], _KEYS, lambda row: row)


@routes.post("/apps/<app>/sni-endpoints")
def create(app: str) -> Response:
    """Bring a certificate with its key."""
    found = the_app(app, Permission.OPERATE)
    return reply(_present(found, AddCertificate(ports=platform().ports)(actor(), found, **_pair())), 201)


@routes.get("/apps/<app>/sni-endpoints/<endpoint>")
def info(app: str, endpoint: str) -> Response:
    """One certificate, by name or id."""
    found = the_app(app, Permission.VIEW)
    with platform().ports.state.view() as work:
        row = find_certificate(work, found, endpoint)
    return reply(_present(found, row))


@routes.patch("/apps/<app>/sni-endpoints/<endpoint>")
def update(app: str, endpoint: str) -> Response:
    """Put another pair in its place."""
    found = the_app(app, Permission.OPERATE)
    with platform().ports.state.view() as work:
        find_certificate(work, found, endpoint)
    change = UpdateCertificate(ports=platform().ports)
    return reply(_present(found, change(actor(), found, endpoint=endpoint, **_pair())))


@routes.delete("/apps/<app>/sni-endpoints/<endpoint>")
def destroy(app: str, endpoint: str) -> Response:
    """Show it no more."""
    found = the_app(app, Permission.OPERATE)
    return reply(_present(found, RemoveCertificate(ports=platform().ports)(actor(), found, endpoint=endpoint)))


def _pair() -> dict[str, Any]:
    values = bodies.body()
    return {
        "chain": bodies.long_text(values, "certificate_chain", most=MOST_CHAIN),
        "private_key": Secret(bodies.long_text(values, "private_key", most=MOST_KEY)),
    }


def _present(app: App, row: SniEndpoint) -> JSON:
    with platform().ports.state.view() as work:
        domains = domains_of(work, row)
    return {
        "app": app_ref(app),
        "certificate_chain": row.certificate_chain,
        "created_at": time_text(row.created_at),
        "display_name": None,
        "domains": [each.id for each in domains],
        "id": row.id,
        "name": row.name,
        "ssl_cert": {
            "acm": row.acm,
            "ca_signed?": not row.self_signed,
            "cert_domains": list(row.cert_domains),
            "expires_at": time_text(row.expires_at),
            "id": fixed_id("certificate", f"{row.id}.{row.version}"),
            "issuer": row.issuer,
            "self_signed?": row.self_signed,
            "starts_at": time_text(row.starts_at),
            "subject": row.subject,
        },
        "updated_at": time_text(row.updated_at),
    }

"""The Flask app: the control API."""

from __future__ import annotations

from flask import Flask

from control.api import (
    account,
    acm,
    app_setups,
    apps,
    bodies,
    buildpacks,
    builds,
    caching,
    catalogue,
    collaborators,
    config_vars,
    domains,
    dynos,
    empty,
    encryption,
    error_handlers,
    events,
    features,
    formation,
    garbage,
    health,
    logs,
    metrics,
    oauth,
    releases,
    requests,
    sleeping,
    slugs,
    sni_endpoints,
    streams,
    transfers,
    users,
)
from control.api.context import EXTENSION, Platform
from control.api.signing import Signer
from control.ports.bundle import Ports
from control.services.accounts import Login, Passwords
from control.services.apply import ApplyApp
from control.services.health import Health
from control.services.throttle import Allowance
from control.settings import Settings
from jobs.spec import Site

_RESOURCES = (
    account,
    acm,
    app_setups,
    apps,
    buildpacks,
    builds,
    caching,
    catalogue,
    collaborators,
    config_vars,
    domains,
    dynos,
    empty,
    encryption,
    events,
    features,
    formation,
    garbage,
    health,
    logs,
    metrics,
    oauth,
    releases,
    sleeping,
    slugs,
    sni_endpoints,
    streams,
    transfers,
    users,
)


def create_app(
    ports: Ports, settings: Settings, *, passwords: Passwords | None = None, site: Site | None = None
) -> Flask:
    """Make the API over these ports."""
    app = Flask("nomapaas", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = bodies.MAX_BYTES
    app.url_map.strict_slashes = False
    passwords = passwords or Passwords()
    app.extensions[EXTENSION] = Platform(
        ports=ports,
        settings=settings,
        signer=Signer(settings.signing_secret, log_life=settings.log_session_life),
        passwords=passwords,
        login=Login(ports.state, ports.clock, passwords, attempts=settings.login_attempts),
        allowance=Allowance(ports.clock, per_hour=settings.rate_limit),
        health=Health(ports),
        apply=ApplyApp(ports=ports, settings=settings, site=site) if site else None,
    )
    error_handlers.register(app)
    requests.register(app)
    for resource in _RESOURCES:
        app.register_blueprint(resource.routes)
    app.wsgi_app = requests.MethodOverride(app.wsgi_app)  # type: ignore[method-assign]
    return app

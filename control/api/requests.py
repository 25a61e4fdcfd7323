"""What happens before and after every view, in one visible list: see `register`."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from typing import Any, cast
from uuid import uuid4

import structlog
from flask import Flask, Response, current_app, g, request
from flask.globals import request_ctx
from werkzeug.exceptions import HTTPException

from control.api import edge
from control.api.context import platform
from control.api.permissions import Demand, Who, demand_of
from control.api.responses import add_etag, demand_match
from control.domain.permissions import covers
from control.errors import Forbidden, NotAcceptable, RateLimited, Unauthorized
from control.services.accounts import bearer_of

log = structlog.get_logger()

_VERSION_3 = re.compile(r"application/vnd\.heroku\+json\s*;(?:[^,]*;)?\s*version=3(?:\.[\w.-]+)?\s*(?:[;,]|$)")
_SANE_REQUEST_ID = re.compile(r"[A-Za-z0-9._,\- ]{1,7000}")
_CHANGES = frozenset({"PATCH", "PUT", "DELETE"})


def register(app: Flask) -> None:
    """Attach all of it to a Flask app."""
    app.before_request(_begin)
    app.before_request(_negotiate)
    app.before_request(_authenticate)
    app.before_request(_count)
    app.before_request(_authorize)
    app.before_request(_demand_unchanged)
    # Flask runs these from the last to the first.
    app.after_request(_log)
    app.after_request(_add_headers)
    app.after_request(add_etag)


class MethodOverride:
    """WSGI: a POST with X-Http-Method-Override is what that header says."""

    def __init__(self, app: Callable[..., Iterable[bytes]]) -> None:
        self._app = app

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        wanted = environ.get("HTTP_X_HTTP_METHOD_OVERRIDE", "").upper()
        if environ.get("REQUEST_METHOD") == "POST" and wanted in _CHANGES:
            environ["REQUEST_METHOD"] = wanted
        return self._app(environ, start_response)


def _begin() -> None:
    g.started = time.monotonic()
    g.actor = None
    sent = request.headers.get("Request-Id", "")
    g.request_id = sent if _SANE_REQUEST_ID.fullmatch(sent) else str(uuid4())
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=g.request_id[-100:])


def _negotiate() -> None:
    demand = _demand()
    if not _needs_account() or (demand is not None and demand.any_media):
        return
    if _VERSION_3.search(request.headers.get("Accept", "")) is None:
        raise NotAcceptable("Say which version of the API you want: Accept: application/vnd.heroku+json; version=3.")


def _authenticate() -> None:
    demand = _demand()
    if demand is not None and demand.who is Who.ROUTER:
        edge.demand_router()
    if not _needs_account():
        return
    credentials = request.authorization
    secret = None
    if credentials is not None:
        # Heroku's clients send a token as the password of any user as well.
        secret = credentials.token if credentials.type == "bearer" else credentials.password
    if secret:
        with platform().ports.state.view() as work:
            g.actor = bearer_of(work, platform().ports.clock, secret, remote=request.remote_addr)
    if g.actor is None:
        raise Unauthorized("Invalid credentials provided; log in with `nomapaas login`, or send an API token.")


def _count() -> None:
    if g.actor is not None and not platform().allowance.take(g.actor.account.id):
        raise RateLimited("Your account has used up its requests for this hour; wait a minute, then go on slowly.")


def _authorize() -> None:
    demand = _demand()
    if request.url_rule is None or not _needs_account():
        return
    if demand is None:
        raise Forbidden("This address is closed to everybody: the platform's permission table has no row for it.")
    if not covers(g.actor.scopes, demand.scope):
        have = ", ".join(g.actor.scopes)
        raise Forbidden(
            f"This token may be used for {have} only, and this needs {demand.scope}; make another one with "
            f"`nomapaas tokens:create --scope {demand.scope}`."
        )
    if demand.who is Who.ADMIN and not g.actor.account.admin:
        raise Forbidden("Only an admin of the platform may do this; ask one.")


def _demand_unchanged() -> None:
    """Hold a change to `If-Match`, by what its own client would be shown by a GET of the same address."""
    if request.method not in _CHANGES or "If-Match" not in request.headers or request.url_rule is None:
        return
    try:
        endpoint, values = request_ctx.url_adapter.match(method="GET")  # type: ignore[union-attr]
    except HTTPException:
        return  # there is nothing to be read here
    # Whoever may change a thing may read it, and the view itself asks for the permission on the app.
    view = cast("Callable[..., Response]", current_app.view_functions[endpoint])
    demand_match(view(**values))


def _demand() -> Demand | None:
    return demand_of(request.method, request.url_rule.rule) if request.url_rule else None


def _needs_account() -> bool:
    demand = _demand()
    return demand is None or demand.who not in (Who.ANYBODY, Who.ROUTER)


def _add_headers(response: Response) -> Response:
    headers = response.headers
    headers["Request-Id"] = g.get("request_id") or str(uuid4())
    headers["X-Content-Type-Options"] = "nosniff"
    headers.setdefault("Cache-Control", "private, no-cache")
    if g.get("actor"):
        headers["RateLimit-Remaining"] = str(platform().allowance.remaining(g.actor.account.id))
    if response.status_code == 401:
        headers["WWW-Authenticate"] = 'Basic realm="nomapaas"'
    return response


def _log(response: Response) -> Response:
    log.info(
        "request",
        method=request.method,
        # The rule, not the path: signed paths are keys to what they name.
        route=request.url_rule.rule if request.url_rule else "-",
        app=(request.view_args or {}).get("app"),
        status=response.status_code,
        ms=round((time.monotonic() - g.get("started", time.monotonic())) * 1000, 1),
        account=g.actor.account.id if g.get("actor") else None,
        remote=request.remote_addr,
    )
    return response

"""Everything that can go wrong, rendered once: `{"id", "message", "resource"?}`."""

from __future__ import annotations

import structlog
from flask import Flask, Response
from werkzeug.exceptions import HTTPException

from control.api.bodies import MAX_BYTES
from control.api.responses import reply
from control.domain.rules import BrokenRule
from control.errors import InvalidParams, PlatformError
from control.ports.errors import (
    CatalogUnavailable,
    EdgeUnavailable,
    JobRejected,
    NodeUnavailable,
    PortError,
    SchedulerUnavailable,
    StoreFull,
    StoreUnavailable,
    VaultUnavailable,
)
from control.ports.state import StateUnavailable

log = structlog.get_logger()

_PORT_ERRORS: tuple[tuple[type[PortError], int, str], ...] = (
    (VaultUnavailable, 503, "vault_unavailable"),
    (StoreFull, 507, "store_full"),
    (StoreUnavailable, 503, "store_unavailable"),
    (SchedulerUnavailable, 503, "scheduler_unavailable"),
    (CatalogUnavailable, 503, "catalog_unavailable"),
    (NodeUnavailable, 503, "node_unavailable"),
    (EdgeUnavailable, 503, "edge_unavailable"),
    (StateUnavailable, 503, "database_unavailable"),
    (JobRejected, 503, "job_rejected"),
    (PortError, 503, "service_unavailable"),
)

_HTTP_ERRORS = {
    400: ("bad_request", "The request cannot be understood; check it against the API's documentation."),
    404: ("not_found", "There is nothing at this address; check the path against the API's documentation."),
    405: ("method_not_allowed", "This address does not take this method; check the API's documentation."),
    413: (
        "request_too_large",
        f"The body is larger than the {MAX_BYTES >> 20} MB that a request may have; send less at once.",
    ),
    415: ("bad_request", "The body must be JSON; send it with Content-Type: application/json."),
}


def register(app: Flask) -> None:
    """Attach the handlers to a Flask app."""
    app.register_error_handler(PlatformError, _platform_error)
    app.register_error_handler(BrokenRule, lambda error: _platform_error(InvalidParams(str(error))))
    app.register_error_handler(PortError, _port_error)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _surprise)


def _platform_error(error: PlatformError) -> Response:
    body = {"id": error.id, "message": error.message}
    if error.resource:
        body["resource"] = error.resource
    response = reply(body, error.status)
    if error.status == 429:
        response.headers["Retry-After"] = "60"
    return response


def _port_error(error: PortError) -> Response:
    log.warning("port.failed", kind=type(error).__name__, reason=str(error))
    status, error_id = next((status, id_) for kind, status, id_ in _PORT_ERRORS if isinstance(error, kind))
    response = reply({"id": error_id, "message": str(error)}, status)
    if status == 503:
        response.headers["Retry-After"] = "5"
    return response


def _http_error(error: HTTPException) -> Response:
    code = error.code or 500
    error_id, message = _HTTP_ERRORS.get(code, ("bad_request", error.description or "The request failed."))
    response = reply({"id": error_id, "message": message}, code)
    for name, value in error.get_headers():
        if name == "Allow":
            response.headers[name] = value
    return response


def _surprise(error: Exception) -> Response:
    log.error("request.failed", exc_info=error)
    return reply(
        {
            "id": "internal_server_error",
            "message": "The platform made a mistake; its log says which, under this answer's Request-Id.",
        },
        500,
    )

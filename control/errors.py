"""What the platform tells people who asked for something that cannot be done.

Each error has an `id` for programs, a `status` for HTTP, and one full sentence that says what is wrong and what to do.
"""

from __future__ import annotations


class PlatformError(Exception):
    """The base of all of them. `resource` names the kind of thing that was not found."""

    id = "internal_server_error"
    status = 500

    def __init__(self, message: str, *, resource: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.resource = resource


class BadRequest(PlatformError):
    """Raised when a request cannot be understood."""

    id = "bad_request"
    status = 400


class Unauthorized(PlatformError):
    """Raised when a request does not say who sends it, or lies about it."""

    id = "unauthorized"
    status = 401


class Forbidden(PlatformError):
    """Raised when somebody may see a thing but not do this to it."""

    id = "forbidden"
    status = 403


class NotFound(PlatformError):
    """Raised when there is no such thing, or none that the asker may know of."""

    id = "not_found"
    status = 404


class NotAcceptable(PlatformError):
    """Raised when a request asks for a version of the API that there is not."""

    id = "not_acceptable"
    status = 406


class Conflict(PlatformError):
    """Raised when another change came in between."""

    id = "conflict"
    status = 409


class PreconditionFailed(PlatformError):
    """Raised when a change is asked for of what somebody else has changed already."""

    id = "precondition_failed"
    status = 412


class TooLarge(PlatformError):
    """Raised when a request body is larger than the API takes."""

    id = "request_too_large"
    status = 413


class RangeNotSatisfiable(PlatformError):
    """Raised when a Range header cannot be served."""

    id = "requested_range_not_satisfiable"
    status = 416


class InvalidParams(PlatformError):
    """Raised when a request is understood and asks for something that breaks a rule."""

    id = "invalid_params"
    status = 422


class QuotaReached(PlatformError):
    """Raised when an account would use more than its quota."""

    id = "quota_reached"
    status = 422


class RateLimited(PlatformError):
    """Raised when somebody asks too often."""

    id = "rate_limit"
    status = 429


class Unavailable(PlatformError):
    """Raised when the platform cannot take more of this kind of work right now."""

    id = "service_unavailable"
    status = 503

"""Logs of the control plane: one JSON line an event, on stdout, where Nomad keeps them."""

from __future__ import annotations

import structlog


def configure_logging() -> None:
    """Set up structlog for one process.

    Tracebacks come as plain text: structlog's own kind shows local variables, and among those are config values.
    """
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(),
        cache_logger_on_first_use=True,
    )

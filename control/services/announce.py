"""Platform lines in an app's log: `app[api]: Scaled to web@2:free by user ada@example.com`."""

from __future__ import annotations

import structlog

from control.ports.bundle import Ports
from control.ports.errors import NodeUnavailable

log = structlog.get_logger()


def announce(ports: Ports, app_id: str, text: str) -> None:
    """Add a line to the app's log. The change it tells of is made already, so a log that is away stops nothing."""
    try:
        ports.node.log(app_id, source="app", dyno="api", lines=[text])
    except NodeUnavailable as exc:
        log.warning("announce.lost", app=app_id, reason=str(exc))

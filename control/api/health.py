"""`/health`: for monitors and `nomapaas status`."""

from __future__ import annotations

from flask import Blueprint, Response

from control.api.context import platform
from control.api.responses import reply

routes = Blueprint("health", __name__)


@routes.get("/health")
def info() -> Response:
    """200 when every part answers, else 503; says which does not."""
    problems = platform().health()
    parts = {part: {"ok": problem is None, "message": problem} for part, problem in problems.items()}
    healthy = not any(problems.values())
    return reply({"status": "ok" if healthy else "failing", "parts": parts}, 200 if healthy else 503)


@routes.get("/health/live")
def live() -> Response:
    """200 as long as this process answers at all: for its own supervisor, which cannot mend the others."""
    return reply({"status": "ok"})

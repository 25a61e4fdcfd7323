"""`/apps/:app/metrics` and `/metrics`: what the router measured. Ours alone: Heroku's have no documented form."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, request

from control.api.context import platform, the_app
from control.api.presenters import app_ref, time_or_none, time_text
from control.api.prometheus import CONTENT_TYPE, exposition
from control.api.responses import reply
from control.errors import InvalidParams
from control.ports.metrics import Figures, Percentiles
from control.services.access import Permission

routes = Blueprint("metrics", __name__)

_DEFAULT_MINUTES = 60
_MOST_MINUTES = 24 * 60


@routes.get("/apps/<app>/metrics")
def info(app: str) -> Response:
    """An app's requests in the last minutes, as a whole and minute by minute."""
    found = the_app(app, Permission.VIEW)
    minutes = _number("minutes", _DEFAULT_MINUTES)
    step = _number("step", 1)
    now = platform().ports.clock.now()
    first = (now - timedelta(minutes=minutes - 1)).replace(second=0, microsecond=0)
    metrics = platform().ports.node.metrics(found.id, first=first, last=now, step=step)
    return reply(
        {
            "app": app_ref(found),
            "start_time": time_text(first),
            "end_time": time_text(now),
            "step": step * 60,
            "heard_since": time_or_none(metrics.since),
            "heard_at": time_or_none(metrics.heard_at),
            "in_flight": metrics.in_flight,
            "total": _presented(metrics.total),
            "points": [{"time": time_text(point.start), **_presented(point.figures)} for point in metrics.points],
        }
    )


@routes.get("/metrics")
def scrape() -> Response:
    """Every app's counts, in the text that Prometheus reads."""
    ports = platform().ports
    tallies, activity = ports.node.tallies(), ports.node.activity()
    with ports.state.view() as work:
        names = {app.id: app.name for app in work.apps.list()}
    known = {names[app_id]: tally for app_id, tally in tallies.items() if app_id in names}
    return Response(exposition(known, heard_at=activity.heard_at), content_type=CONTENT_TYPE)


def _number(name: str, default: int) -> int:
    text = request.args.get(name, str(default))
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(_MOST_MINUTES))):
        text = "0"
    if not 1 <= int(text) <= _MOST_MINUTES:
        raise InvalidParams(f"The parameter {name} must be a number of minutes from 1 to {_MOST_MINUTES}.")
    return int(text)


def _presented(figures: Figures) -> dict[str, Any]:
    seconds = figures.seconds
    return {
        "seconds": round(seconds),
        "requests": figures.requests,
        "requests_per_second": round(figures.requests / seconds, 3) if seconds else None,
        "status": dict(figures.statuses),
        "codes": dict(figures.codes),
        "bytes": figures.sent,
        "connect_ms": _percentiles(figures.connect),
        "service_ms": _percentiles(figures.service),
        "queue": figures.queue,
        "cache": {"hit": figures.hits, "miss": figures.misses},
    }


def _percentiles(times: Percentiles) -> dict[str, float | None]:
    return {"p50": times.p50, "p95": times.p95, "p99": times.p99}

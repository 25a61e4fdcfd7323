"""Metrics as JSON between the node agent and its client: one module has both directions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from control.ports.metrics import Figures, Metrics, Percentiles, Point, Tally


def packed(metrics: Metrics) -> dict[str, Any]:
    """Plain values."""
    return {
        "since": metrics.since and metrics.since.isoformat(),
        "heard_at": metrics.heard_at and metrics.heard_at.isoformat(),
        "in_flight": metrics.in_flight,
        "total": asdict(metrics.total),
        "points": [(point.start.isoformat(), asdict(point.figures)) for point in metrics.points],
    }


def unpacked(values: Mapping[str, Any]) -> Metrics:
    """The reverse."""
    return Metrics(
        since=moment(values["since"]),
        heard_at=moment(values["heard_at"]),
        in_flight=int(values["in_flight"]),
        total=_figures(values["total"]),
        points=tuple(
            Point(start=datetime.fromisoformat(start), figures=_figures(figures)) for start, figures in values["points"]
        ),
    )


def packed_tallies(tallies: Mapping[str, Tally]) -> dict[str, Any]:
    """Plain values."""
    return {app_id: asdict(tally) for app_id, tally in tallies.items()}


def unpacked_tallies(values: Mapping[str, Any]) -> dict[str, Tally]:
    """The reverse."""
    return {app_id: Tally(**tally) for app_id, tally in values.items()}


def moment(text: str | None) -> datetime | None:
    """A moment in ISO form."""
    return datetime.fromisoformat(text) if text else None


def _figures(values: Mapping[str, Any]) -> Figures:
    times = {name: Percentiles(**values[name]) for name in ("connect", "service")}
    return Figures(**{**values, **times})

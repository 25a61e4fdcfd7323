"""metrics."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

import click

from cli.command import app_command, json_option
from cli.paths import api_path
from cli.session import Session
from cli.text import ago, parse_time, plural, size

_COLUMNS = 60
_BARS = "▁▂▃▄▅▆▇█"
_UNHEARD = "·"
_SILENT = timedelta(seconds=30)
_CURVES: tuple[tuple[str, Callable[[dict[str, Any]], float], str], ...] = (
    ("requests/s", lambda point: point["requests_per_second"] or 0, "{:.2f}"),
    ("5xx", lambda point: point["status"]["5xx"], "{:.0f}"),
    ("p95 ms", lambda point: point["service_ms"]["p95"] or 0, "{:.0f}"),
)


@app_command("metrics")
@click.option(
    "-n",
    "--minutes",
    type=click.IntRange(1, 24 * 60),
    default=60,
    show_default=True,
    metavar="NUMBER",
    help="How far back, at most 1440.",
)
@json_option
def metrics(session: Session, app: str, *, minutes: int, as_json: bool) -> None:
    """Show what an app's requests did lately: how many, how they ended, how long they took."""
    # JSON has every minute; on a terminal several share a column.
    step = 1 if as_json else -(-minutes // _COLUMNS)
    found = session.client.get(f"{api_path('apps', app, 'metrics')}?minutes={minutes}&step={step}")
    console = session.console
    if as_json:
        console.json(found)
        return
    _warn_of_silence(session, found)
    console.header(f"{app}, the last {plural(minutes, 'minute')}")
    console.fields(_fields(found))
    if found["total"]["requests"]:
        console.out()
        each = "minute" if step == 1 else f"{step} minutes"
        console.table(("Most", f"Each {each}", ""), [_curve(found, *curve) for curve in _CURVES])


def _warn_of_silence(session: Session, found: dict[str, Any]) -> None:
    heard_at, now = found["heard_at"], parse_time(found["end_time"])
    if heard_at is None:
        session.console.warn("The router has not been heard yet: nothing is known of requests.")
    elif now - parse_time(heard_at) > _SILENT:
        session.console.warn(f"The router was heard last {ago(heard_at, session.env.now())}; it may serve unheard.")


def _fields(found: dict[str, Any]) -> dict[str, str]:
    total = found["total"]
    rate = total["requests_per_second"] or 0
    cache = total["cache"]
    asked = cache["hit"] + cache["miss"]
    fields = {
        "Requests": f"{total['requests']} ({rate:.2f}/s), {found['in_flight']} in flight",
        "Status": _counts(total["status"]),
        "Router codes": _counts(total["codes"]),
        "Connect": _times(total["connect_ms"]),
        "Service": _times(total["service_ms"]),
        "Sent": size(total["bytes"]),
        "Queue": f"{total['queue']} at most" if total["queue"] else "",
        "Cache": f"{cache['hit'] * 100 // asked} % hits ({cache['hit']} of {asked})" if asked else "",
    }
    return {name: text for name, text in fields.items() if text}


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items() if count)


def _times(times: dict[str, float | None]) -> str:
    return ", ".join(f"{name} {ms:.0f} ms" for name, ms in times.items() if ms is not None)


def _curve(
    found: dict[str, Any], title: str, value: Callable[[dict[str, Any]], float], form: str
) -> tuple[str, str, str]:
    points = {parse_time(point["time"]): value(point) for point in found["points"]}
    most = max(points.values(), default=0)
    return form.format(most), "".join(_bar(points.get(moment), most) for moment in _moments(found)), title


def _moments(found: dict[str, Any]) -> Sequence[datetime]:
    start, end = parse_time(found["start_time"]), parse_time(found["end_time"])
    step = timedelta(seconds=found["step"])
    return [start + number * step for number in range((end - start) // step + 1)]


def _bar(value: float | None, most: float) -> str:
    """Nothing at all has a bar of its own, so that the least of something is seen."""
    if value is None:
        return _UNHEARD
    return _BARS[0] if not value else _BARS[1 + round(value / most * (len(_BARS) - 2))]


COMMANDS = [metrics]

"""What the router measured, by app and minute, for 24 hours: gathered in memory, written down once a minute."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

import structlog

from control.node.activity import ActivityBook
from control.node.metrics_file import MetricsFile
from control.node.minutes import Minute
from control.node.router_reports import Report
from control.node.tallies import Tallies
from control.ports.clock import Clock
from control.ports.metrics import Metrics, Point, Tally
from control.ports.node import Activity

KEPT_MINUTES = 24 * 60
_PERIOD_S = 5.0
_MINUTE_S = 60
_MOST_APPS = 20_000
_SINCE, _HEARD_AT = "since", "heard_at"
_logger = structlog.get_logger()


class MetricsBook:
    """`note` comes from the router's socket, `read` and `tallies` from the API; `run` writes down."""

    def __init__(self, file: MetricsFile, activity: ActivityBook, clock: Clock) -> None:
        self._file = file
        self._activity = activity
        self._clock = clock
        self._lock = threading.Lock()
        """For what is in memory; the other one, which is taken first, for the file."""
        self._file_lock = threading.Lock()
        self._gathered: dict[int, dict[str, Minute]] = {}
        self._heard: set[int] = set()
        self._tallies = Tallies()
        self._dropped_at = 0
        activity.resume(file.last_requests(), since=file.mark(_SINCE), heard_at=file.mark(_HEARD_AT))
        # Only an agent that wrote down everything at its end may be gone on from.
        file.write({}, marks={_SINCE: None, _HEARD_AT: None})

    def note(self, report: Report) -> None:
        """A worker tells what it did."""
        self._activity.note(report)
        with self._lock:
            minute = self._minute()
            self._heard.add(minute)
            apps = self._gathered.setdefault(minute, {})
            for app in report.apps:
                self._tallies.add(app, slot=report.slot)
                gathered = apps.get(app.app_id)
                if gathered is None and len(apps) < _MOST_APPS:
                    gathered = apps[app.app_id] = Minute()
                if gathered is not None:
                    gathered.add(app)

    def read(self, app_id: str, *, first: int, last: int, step: int) -> Metrics:
        """An app's minutes from one to another, both included, so many of them to a point."""
        with self._file_lock:
            minutes = self._file.read(app_id, first, last)
            heard = self._file.heard(first, last)
            with self._lock:
                for minute, apps in self._gathered.items():
                    if app_id in apps and first <= minute <= last:
                        minutes.setdefault(minute, Minute()).add(apps[app_id])
                heard |= {minute for minute in self._heard if first <= minute <= last}
        known, now = self._activity.read(), self._clock.now()
        points = [_point(minutes, heard, start, step, now) for start in range(first, last + 1, step)]
        total = Minute()
        for each in minutes.values():
            total.add(each)
        return Metrics(
            since=known.since,
            heard_at=known.heard_at,
            in_flight=known.apps[app_id].in_flight if app_id in known.apps else 0,
            total=total.figures(_seconds(heard, now)),
            points=[point for point in points if point is not None],
        )

    def activity(self) -> Activity:
        """Who is busy."""
        return self._activity.read()

    def tallies(self) -> dict[str, Tally]:
        """What was counted of each app since this agent began."""
        in_flight = {app_id: each.in_flight for app_id, each in self._activity.read().apps.items()}
        with self._lock:
            return self._tallies.read(in_flight)

    def forget(self, app_id: str) -> None:
        """The app is gone."""
        self._activity.forget(app_id)
        with self._file_lock, self._lock:
            self._tallies.forget(app_id)
            for apps in self._gathered.values():
                apps.pop(app_id, None)
            self._file.forget(app_id)

    def run(self, stop: threading.Event) -> None:
        """Write down until told to stop."""
        while not stop.wait(_PERIOD_S):
            self.step()

    def step(self, *, last: bool = False) -> None:
        """Write down the minutes that are over; the last time also the one that is not."""
        with self._file_lock:
            with self._lock:
                now = self._minute()
                over = [minute for minute in self._heard if last or minute < now]
                self._heard.difference_update(over)
                gathered = {minute: self._gathered.pop(minute) for minute in over if minute in self._gathered}
            if not over and not last:
                return
            known = self._activity.read()
            seen = {app_id for apps in gathered.values() for app_id in apps}
            try:
                self._file.write(
                    {minute: _not_empty(apps) for minute, apps in gathered.items()},
                    heard=over,
                    last_requests={app_id: known.apps[app_id].last_request for app_id in seen if app_id in known.apps},
                    marks={_SINCE: known.since, _HEARD_AT: known.heard_at} if last else {},
                )
                self._drop_old(now)
            except sqlite3.Error as exc:
                _logger.warning("metrics.lost", minutes=len(over), reason=str(exc))

    def close(self) -> None:
        """Write everything down, for the next start."""
        self.step(last=True)
        with self._file_lock:
            self._file.close()

    def _drop_old(self, now: int) -> None:
        if now - self._dropped_at >= _MINUTE_S:
            self._dropped_at = now
            self._file.drop(now - KEPT_MINUTES)

    def _minute(self) -> int:
        return int(self._clock.now().timestamp()) // _MINUTE_S


def _not_empty(apps: dict[str, Minute]) -> dict[str, Minute]:
    return {app_id: counts for app_id, counts in apps.items() if not counts.empty}


def _point(minutes: Mapping[int, Minute], heard: set[int], start: int, step: int, now: datetime) -> Point | None:
    covered = {minute for minute in range(start, start + step) if minute in heard}
    if not covered:
        return None
    together = Minute()
    for minute in sorted(covered & minutes.keys()):
        together.add(minutes[minute])
    moment = datetime.fromtimestamp(start * _MINUTE_S, tz=UTC)
    return Point(start=moment, figures=together.figures(_seconds(covered, now)))


def _seconds(heard: Iterable[int], now: datetime) -> float:
    """How long these minutes have been so far: the one that is not over is shorter."""
    return sum(max(1.0, min(_MINUTE_S, now.timestamp() - minute * _MINUTE_S)) for minute in heard)

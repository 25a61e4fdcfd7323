"""Who is busy and since when nobody is: what the router's reports say of the apps' last requests.

No news is no proof of idleness. So a router that is silent is told from one that has nothing to tell: `since` begins
anew after every gap, and a worker that died takes what it had in flight with it.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from control.node.router_reports import AppCounts, Report
from control.ports.clock import Clock
from control.ports.node import Activity, AppActivity

GAP_S = 30.0
"""A router that is silent for longer may have served requests that nobody heard of."""
FORGOTTEN_S = 15.0
"""What is in flight is repeated in every report; what is not repeated for this long has ended unheard."""
_MOST_WORKERS = 64
_MOST_APPS = 20_000


@dataclass
class _Worker:
    slot: int
    heard: float
    in_flight: dict[str, tuple[int, float]] = field(default_factory=dict)
    """How many and when that was said, by app."""


class ActivityBook:
    """`note` comes from the router's socket, `read` from the API."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._workers: dict[str, _Worker] = {}
        self._slots: dict[int, tuple[float, datetime]] = {}
        """When each slot was heard last: a worker that died has a successor in its slot."""
        self._of = 1
        self._since: datetime | None = None
        self._last: dict[str, datetime] = {}
        self._resumable: tuple[datetime, datetime] | None = None

    def resume(
        self, last_requests: Mapping[str, datetime], *, since: datetime | None, heard_at: datetime | None
    ) -> None:
        """Go on where an earlier agent stopped: before anything is noted, with what `read` last gave, oldest first."""
        with self._lock:
            self._last = dict(last_requests)
            self._resumable = (since, heard_at) if since is not None and heard_at is not None else None

    def note(self, report: Report) -> None:
        """A worker tells what it did."""
        with self._lock:
            now, moment = self._clock.monotonic(), self._clock.now()
            if self._is_silent(now):
                self._since = None
            self._of = report.of
            self._slots[report.slot] = (now, moment)
            if self._since is None and not self._is_silent(now):
                self._since = self._resumed(moment) or moment
            self._drop_dead(now)
            worker = self._worker(report, now)
            for app in report.apps:
                self._note_app(worker, app, now, moment)

    def read(self) -> Activity:
        """What is known at this moment."""
        with self._lock:
            now = self._clock.monotonic()
            self._drop_dead(now)
            in_flight = self._in_flight()
            heard = [self._slots[slot][1] for slot in range(self._of) if slot in self._slots]
            return Activity(
                since=None if self._is_silent(now) else self._since,
                heard_at=min(heard) if len(heard) == self._of else None,
                apps={
                    app_id: AppActivity(last_request=last, in_flight=in_flight.get(app_id, 0))
                    for app_id, last in self._last.items()
                },
            )

    def forget(self, app_id: str) -> None:
        """The app is gone."""
        with self._lock:
            self._last.pop(app_id, None)
            for worker in self._workers.values():
                worker.in_flight.pop(app_id, None)

    def _resumed(self, moment: datetime) -> datetime | None:
        """Since when an earlier agent had heard the router, if this one began soon enough."""
        if self._resumable is None:
            return None
        since, heard_at = self._resumable
        self._resumable = None
        return since if timedelta() <= moment - heard_at <= timedelta(seconds=GAP_S) else None

    def _is_silent(self, now: float) -> bool:
        """Whether some worker has not been heard for too long."""
        return any(slot not in self._slots or now - self._slots[slot][0] > GAP_S for slot in range(self._of))

    def _worker(self, report: Report, now: float) -> _Worker:
        worker = self._workers.get(report.worker)
        if worker is None:
            if len(self._workers) >= _MOST_WORKERS:
                self._workers.pop(min(self._workers, key=lambda name: self._workers[name].heard))
            worker = self._workers[report.worker] = _Worker(slot=report.slot, heard=now)
        worker.heard = now
        return worker

    def _note_app(self, worker: _Worker, app: AppCounts, now: float, moment: datetime) -> None:
        if app.in_flight:
            worker.in_flight[app.app_id] = (app.in_flight, now)
        else:
            worker.in_flight.pop(app.app_id, None)
        if app.in_flight or app.requests:
            # The newest is at the end, so that the oldest is quickly found.
            self._last.pop(app.app_id, None)
            self._last[app.app_id] = moment
            self._bound()

    def _bound(self) -> None:
        if len(self._last) > _MOST_APPS:
            oldest = next(iter(self._last))
            forgotten = self._last.pop(oldest)
            # An app that is missing had no request since then: this one had.
            if self._since is not None:
                self._since = max(self._since, forgotten)

    def _drop_dead(self, now: float) -> None:
        for name, worker in list(self._workers.items()):
            if now - worker.heard > FORGOTTEN_S:
                del self._workers[name]
                continue
            for app_id, (_, said) in list(worker.in_flight.items()):
                if now - said > FORGOTTEN_S:
                    del worker.in_flight[app_id]

    def _in_flight(self) -> dict[str, int]:
        total: dict[str, int] = defaultdict(int)
        for worker in self._workers.values():
            for app_id, (count, _) in worker.in_flight.items():
                total[app_id] += count
        return total

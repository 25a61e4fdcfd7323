"""Counts that only grow, for Prometheus, which makes rates of them by itself."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field

from control.node.histogram import BUCKETS, Counts, middle
from control.node.router_reports import AppCounts
from control.ports.metrics import LIMITS_MS, STATUS_CLASSES, Tally

_MOST_APPS = 20_000
_COARSE = tuple(bisect_left(LIMITS_MS, middle(bucket)) for bucket in range(BUCKETS))


@dataclass
class _Times:
    counts: list[int] = field(default_factory=lambda: [0] * (len(LIMITS_MS) + 1))
    total_ms: float = 0

    def add(self, counts: Counts) -> None:
        for bucket, count in counts.items():
            self.counts[_COARSE[bucket]] += count
            self.total_ms += count * middle(bucket)


@dataclass
class _Counted:
    statuses: list[int] = field(default_factory=lambda: [0] * len(STATUS_CLASSES))
    codes: dict[str, int] = field(default_factory=dict)
    sent: int = 0
    hits: int = 0
    misses: int = 0
    queues: dict[int, int] = field(default_factory=dict)
    """What each worker of the router said last, by slot."""
    connect: _Times = field(default_factory=_Times)
    service: _Times = field(default_factory=_Times)


class Tallies:
    """One tally an app that had requests. Not for several threads at once."""

    def __init__(self) -> None:
        self._apps: dict[str, _Counted] = {}

    def add(self, app: AppCounts, *, slot: int = 0) -> None:
        """The worker in a slot counted this."""
        counted = self._apps.get(app.app_id)
        if counted is None:
            if len(self._apps) >= _MOST_APPS:
                return
            counted = self._apps[app.app_id] = _Counted()
        for index, count in enumerate(app.statuses):
            counted.statuses[index] += count
        for code, count in app.codes.items():
            counted.codes[code] = counted.codes.get(code, 0) + count
        counted.sent += app.sent
        counted.hits += app.hits
        counted.misses += app.misses
        counted.queues[slot] = app.queue
        counted.connect.add(app.connect)
        counted.service.add(app.service)

    def read(self, in_flight: Mapping[str, int]) -> dict[str, Tally]:
        """All of them, by app id."""
        return {
            app_id: Tally(
                in_flight=in_flight.get(app_id, 0),
                # Who waits is in flight: what a dead worker said last does not last.
                queue=min(sum(counted.queues.values()), in_flight.get(app_id, 0)),
                statuses=tuple(counted.statuses),
                codes=dict(counted.codes),
                sent=counted.sent,
                hits=counted.hits,
                misses=counted.misses,
                connect=tuple(counted.connect.counts),
                connect_ms=counted.connect.total_ms,
                service=tuple(counted.service.counts),
                service_ms=counted.service.total_ms,
            )
            for app_id, counted in self._apps.items()
        }

    def forget(self, app_id: str) -> None:
        """The app is gone."""
        self._apps.pop(app_id, None)

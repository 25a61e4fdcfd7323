"""What the router measured of apps, as the node agent keeps it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

STATUS_CLASSES = ("1xx", "2xx", "3xx", "4xx", "5xx")
LIMITS_MS = (5, 10, 25, 50, 100, 250, 500, 1000, 2500, 5000, 10_000, 30_000)
"""Upper limits of the coarse buckets of `Tally.times`; one more bucket takes the rest."""


@dataclass(frozen=True, kw_only=True)
class Percentiles:
    """Times in milliseconds that half, 95 % and 99 % of the requests did not exceed, at most 5 % off; None for none."""

    p50: float | None = None
    p95: float | None = None
    p99: float | None = None


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What one app's requests did in some span of time."""

    seconds: float
    """For how much of the span the router was heard."""
    requests: int = 0
    """Those that ended."""
    statuses: Mapping[str, int] = field(default_factory=dict)
    """By `STATUS_CLASSES`, all of them."""
    codes: Mapping[str, int] = field(default_factory=dict)
    """How often the router answered itself, by its code (`H12`)."""
    sent: int = 0
    """Bytes of response bodies."""
    connect: Percentiles = Percentiles()
    """How long a connection to a dyno took, where one was tried."""
    service: Percentiles = Percentiles()
    """How long a dyno took from there to the end of its answer. Upgraded connections are left out."""
    queue: int = 0
    """The most that waited for a dyno with room at once, in one worker of the router."""
    hits: int = 0
    """Answers of the cache."""
    misses: int = 0


@dataclass(frozen=True, kw_only=True)
class Point:
    """One step of a range."""

    start: datetime
    figures: Figures


@dataclass(frozen=True, kw_only=True)
class Metrics:
    """An app's figures over a range of time."""

    since: datetime | None
    """As in `Activity`."""
    heard_at: datetime | None
    in_flight: int
    """At this moment."""
    total: Figures
    points: Sequence[Point]
    """Oldest first. A step without requests has its zeros; one in which the router was not heard is left out."""


@dataclass(frozen=True, kw_only=True)
class Tally:
    """What was counted of one app since the node agent began; it only grows, until the node agent starts anew."""

    in_flight: int
    """At this moment; this one goes up and down."""
    queue: int
    """Those of them that wait for a dyno with room; this one, too."""
    statuses: Sequence[int]
    """By `STATUS_CLASSES`."""
    codes: Mapping[str, int]
    sent: int
    hits: int
    misses: int
    connect: Sequence[int]
    """Requests by the coarse bucket of their time: `LIMITS_MS` and the rest."""
    connect_ms: float
    """All of these times together."""
    service: Sequence[int]
    service_ms: float

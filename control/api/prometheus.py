"""Counts in Prometheus' text format, 0.0.4.

A label holds an app's name, a class of statuses or a code: nothing that a request could choose, so an app has some 45
series at most.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import accumulate

from control.ports.metrics import LIMITS_MS, STATUS_CLASSES, Tally

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_PREFIX = "nomapaas_router"

Sample = tuple[str, str, float]
"""What follows the metric's name, the labels beside `app`, the value."""


def exposition(tallies: Mapping[str, Tally], *, heard_at: datetime | None) -> str:
    """The whole answer to a scrape; tallies by the name of their app."""
    lines = [
        f"# HELP {_PREFIX}_heard_timestamp_seconds When the node agent last heard every worker of the router.",
        f"# TYPE {_PREFIX}_heard_timestamp_seconds gauge",
        f"{_PREFIX}_heard_timestamp_seconds {heard_at.timestamp() if heard_at else 0:.3f}",
    ]
    for name, kind, text, samples in _METRICS:
        lines += [f"# HELP {_PREFIX}_{name} {text}", f"# TYPE {_PREFIX}_{name} {kind}"]
        lines += [
            f'{_PREFIX}_{name}{suffix}{{app="{app}"{labels}}} {value:.15g}'
            for app, tally in sorted(tallies.items())
            for suffix, labels, value in samples(tally)
        ]
    return "\n".join(lines) + "\n"


def _requests(tally: Tally) -> Iterator[Sample]:
    for status, count in zip(STATUS_CLASSES, tally.statuses, strict=True):
        yield "", f',status="{status}"', count


def _errors(tally: Tally) -> Iterator[Sample]:
    for code, count in sorted(tally.codes.items()):
        yield "", f',code="{code}"', count


def _sent(tally: Tally) -> Iterator[Sample]:
    yield "", "", tally.sent


def _in_flight(tally: Tally) -> Iterator[Sample]:
    yield "", "", tally.in_flight


def _queue(tally: Tally) -> Iterator[Sample]:
    yield "", "", tally.queue


def _cache(tally: Tally) -> Iterator[Sample]:
    yield "", ',verdict="hit"', tally.hits
    yield "", ',verdict="miss"', tally.misses


def _connect(tally: Tally) -> Iterator[Sample]:
    return _histogram(tally.connect, tally.connect_ms)


def _service(tally: Tally) -> Iterator[Sample]:
    return _histogram(tally.service, tally.service_ms)


def _histogram(counts: Sequence[int], total_ms: float) -> Iterator[Sample]:
    limits = [f"{limit / 1000:g}" for limit in LIMITS_MS] + ["+Inf"]
    for limit, count in zip(limits, accumulate(counts), strict=True):
        yield "_bucket", f',le="{limit}"', count
    yield "_sum", "", total_ms / 1000
    yield "_count", "", sum(counts)


_METRICS = (
    ("requests_total", "counter", "Requests that ended, by class of their status.", _requests),
    ("errors_total", "counter", "Requests that the router ended by itself, by its code.", _errors),
    ("sent_bytes_total", "counter", "Bytes of response bodies.", _sent),
    ("in_flight", "gauge", "Requests under way, held and upgraded ones too.", _in_flight),
    ("queue", "gauge", "Requests that wait for a dyno with room.", _queue),
    ("cache_answers_total", "counter", "What the cache could answer, and what it could not.", _cache),
    ("connect_seconds", "histogram", "How long connections to dynos took.", _connect),
    ("service_seconds", "histogram", "How long dynos took to answer.", _service),
)

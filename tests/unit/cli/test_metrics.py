from __future__ import annotations

import json
from typing import Any

FIGURES = {
    "seconds": 60,
    "requests": 0,
    "requests_per_second": 0,
    "status": {"1xx": 0, "2xx": 0, "3xx": 0, "4xx": 0, "5xx": 0},
    "codes": {},
    "bytes": 0,
    "connect_ms": {"p50": None, "p95": None, "p99": None},
    "service_ms": {"p50": None, "p95": None, "p99": None},
    "queue": 0,
    "cache": {"hit": 0, "miss": 0},
}
BUSY = FIGURES | {
    "requests": 120,
    "requests_per_second": 2.0,
    "status": FIGURES["status"] | {"2xx": 118, "5xx": 2},
    "codes": {"H12": 2},
    "bytes": 3_000_000,
    "connect_ms": {"p50": 0.0, "p95": 1.0, "p99": 1.0},
    "service_ms": {"p50": 12.0, "p95": 40.5, "p99": 30000.0},
}
ANSWER = {
    "app": {"id": "a1", "name": "hello"},
    "start_time": "2026-03-01T11:55:00Z",
    "end_time": "2026-03-01T11:59:30Z",
    "step": 60,
    "heard_since": "2026-03-01T10:00:00Z",
    "heard_at": "2026-03-01T11:59:29Z",
    "in_flight": 3,
    "total": BUSY | {"queue": 7, "cache": {"hit": 3, "miss": 1}},
    "points": [
        {"time": "2026-03-01T11:55:00Z"} | FIGURES,
        {"time": "2026-03-01T11:57:00Z"} | BUSY,
        {"time": "2026-03-01T11:59:00Z"} | BUSY | {"requests_per_second": 0.02, "status": FIGURES["status"]},
    ],
}


def test_figures_and_curves(cli: Any, host: Any) -> None:
    """Idle, busy and unheard minutes look different; the least of something is more than nothing."""
    host.on("GET", "/apps/hello/metrics", ANSWER)

    result = cli("metrics", "-n", "5")

    assert host.requests[0].url.query == b"minutes=5&step=1"
    assert result.out.splitlines() == [
        "=== hello, the last 5 minutes",
        "Requests:     120 (2.00/s), 3 in flight",
        "Status:       2xx 118, 5xx 2",
        "Router codes: H12 2",
        "Connect:      p50 0 ms, p95 1 ms, p99 1 ms",
        "Service:      p50 12 ms, p95 40 ms, p99 30000 ms",
        "Sent:         3.0 MB",
        "Queue:        7 at most",
        "Cache:        75 % hits (3 of 4)",
        "",
        "Most  Each minute",
        "2.00  ▁·█·▂        requests/s",
        "2     ▁·█·▁        5xx",
        "40    ▁·█·█        p95 ms",
    ]
    assert result.err == ""


def test_a_day_fits_on_a_line(cli: Any, host: Any) -> None:
    """Several minutes share a column; JSON has each of them."""
    host.on("GET", "/apps/hello/metrics", ANSWER)
    cli("metrics", "--minutes", "1440")
    assert json.loads(cli("metrics", "--minutes", "1440", "--json").out) == ANSWER

    assert [request.url.query for request in host.requests] == [b"minutes=1440&step=24", b"minutes=1440&step=1"]


def test_no_news_is_not_taken_for_idle(cli: Any, host: Any) -> None:
    """Whoever looks is told that the router is silent, or was never heard."""
    idle = ANSWER | {"total": FIGURES, "points": []}
    host.on("GET", "/apps/hello/metrics", idle | {"heard_at": None})
    host.on("GET", "/apps/hello/metrics", idle | {"heard_at": "2026-03-01T11:50:00Z"})
    never, silent = cli("metrics"), cli("metrics")

    assert "has not been heard yet" in never.err
    assert "was heard last 2026/03/01 11:50:00 +0000 (~ 10m ago)" in silent.err
    assert never.out.splitlines()[1:] == ["Requests: 0 (0.00/s), 3 in flight", "Sent:     0 B"]

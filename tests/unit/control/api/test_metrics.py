"""What the router measured, over HTTP."""

from __future__ import annotations

import re
from typing import Any

import pytest

from control.node.histogram import bucket_of

SAMPLE = re.compile(r'nomapaas_router_[a-z_]+(\{[a-z_]+="[^"\\]*"(,[a-z_]+="[^"\\]*")*\})? -?[0-9.e+]+')


def test_an_apps_metrics(plane: Any, api: Any, app: Any) -> None:
    """By the minute, with zeros for idle ones; the totals of the same."""
    plane.node.hear(
        app.id,
        in_flight=2,
        statuses=(0, 1, 0, 0, 1),
        requests=2,
        codes={"H12": 1},
        sent=1000,
        service={bucket_of(4): 1, bucket_of(1000): 1},
        hits=1,
    )
    plane.clock.advance(60)
    plane.node.hear(app.id, in_flight=2, requests=0)
    plane.clock.advance(10)

    answer = api.get(f"/apps/{app.name}/metrics?minutes=10")

    assert answer.status_code == 200
    body = answer.json
    assert body["app"] == {"id": app.id, "name": app.name}
    assert (body["in_flight"], body["step"]) == (2, 60)
    assert [point["requests"] for point in body["points"]] == [2, 0]
    first = body["points"][0]
    assert first["requests_per_second"] == round(2 / 60, 3)
    assert first["status"] == {"1xx": 0, "2xx": 1, "3xx": 0, "4xx": 0, "5xx": 1}
    assert (first["codes"], first["bytes"], first["cache"]) == ({"H12": 1}, 1000, {"hit": 1, "miss": 0})
    assert first["service_ms"]["p50"] == 4
    assert first["service_ms"]["p99"] == pytest.approx(1000, rel=0.05)
    assert first["connect_ms"] == {"p50": None, "p95": None, "p99": None}
    assert body["total"]["requests"] == 2
    assert body["total"]["seconds"] == 70
    assert body["heard_since"] <= body["heard_at"] < body["end_time"]
    (point,) = api.get(f"/apps/{app.name}/metrics?step=60").json["points"]
    assert point["requests"] == 2


def test_of_what_nobody_heard_nothing_is_said(api: Any, app: Any) -> None:
    """No points, no rate, no moment."""
    body = api.get(f"/apps/{app.name}/metrics").json

    assert (body["points"], body["heard_at"], body["total"]["requests_per_second"]) == ([], None, None)


@pytest.mark.parametrize("query", ["minutes=0", "minutes=1441", "minutes=-1", "minutes=x", "step=0", "step=²", "step="])
def test_a_range_that_is_none(api: Any, app: Any, query: str) -> None:
    """422, with a sentence."""
    answer = api.get(f"/apps/{app.name}/metrics?{query}")

    assert answer.status_code == 422
    assert "must be a number of minutes from 1 to 1440." in answer.json["message"]


def test_without_the_node_agent(plane: Any, api: Any, app: Any) -> None:
    """503; nothing is invented."""
    plane.node.down = True

    assert api.get(f"/apps/{app.name}/metrics").status_code == 503
    assert _scrape(plane, api, plane.account("root@example.com", admin=True)).status_code == 503


def test_prometheus(plane: Any, api: Any, app: Any) -> None:
    """Text for Prometheus, with an admin's token, without Heroku's media type; apps that are gone are left out."""
    plane.node.hear(
        app.id,
        in_flight=1,
        statuses=(0, 3, 0, 0, 1),
        codes={"H12": 1},
        sent=7,
        service={bucket_of(4): 2, bucket_of(20_000): 1, bucket_of(40_000): 1},
        misses=2,
    )
    plane.node.hear("11111111-1111-1111-1111-111111111111")

    answer = _scrape(plane, api, plane.account("root@example.com", admin=True))

    assert answer.status_code == 200
    assert answer.content_type == "text/plain; version=0.0.4; charset=utf-8"
    lines = answer.text.splitlines()
    assert answer.text.endswith("\n")
    assert all(line.startswith("# ") or SAMPLE.fullmatch(line) for line in lines)
    name = f'app="{app.name}"'
    assert f'nomapaas_router_requests_total{{{name},status="2xx"}} 3' in lines
    assert f'nomapaas_router_errors_total{{{name},code="H12"}} 1' in lines
    assert f"nomapaas_router_sent_bytes_total{{{name}}} 7" in lines
    assert f"nomapaas_router_in_flight{{{name}}} 1" in lines
    assert f'nomapaas_router_cache_answers_total{{{name},verdict="miss"}} 2' in lines
    buckets = [line.split(" ")[1] for line in lines if "service_seconds_bucket" in line]
    assert buckets == ["2"] * 11 + ["3", "4"]
    assert f"nomapaas_router_service_seconds_count{{{name}}} 4" in lines
    assert "11111111" not in answer.text
    assert len([line for line in lines if name in line]) <= 50


def test_a_scrape_is_for_admins(plane: Any, api: Any, app: Any) -> None:
    """Others see their own apps' figures, by app."""
    assert _scrape(plane, api, plane.account("somebody@example.com")).status_code == 403


def _scrape(plane: Any, api: Any, account: Any) -> Any:
    headers = {"Authorization": f"Bearer {plane.token(account)}", "Accept": "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"}
    return api.client.get("/metrics", headers=headers)

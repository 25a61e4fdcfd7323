"""What the router measures of an app, as its people and Prometheus see it."""

from __future__ import annotations

import os
import signal
import time
from typing import Any

import httpx
import pytest

pytestmark = pytest.mark.platform


def _total(paas: Any, app: str) -> dict[str, Any]:
    found: dict[str, Any] = paas.json("metrics", "--app", app, "--minutes", "1440")["total"]
    return found


def test_requests_are_counted_within_seconds(paas: Any, probe: str) -> None:
    """How many, how they ended, how long they took; the router's own answers by their code."""
    before = _total(paas, probe)
    for _ in range(20):
        paas.ask(probe)
    paas.run("maintenance:on", "--app", probe)
    paas.eventually(lambda: paas.get(probe).status_code == 503)
    paas.run("maintenance:off", "--app", probe)
    paas.eventually(lambda: paas.get(probe).status_code == 200)

    def counted() -> dict[str, Any] | None:
        """The router's workers report each by itself."""
        total = _total(paas, probe)
        has_pages = total["codes"].get("H80", 0) > before["codes"].get("H80", 0)
        has_answers = total["status"]["2xx"] >= before["status"]["2xx"] + 21
        return total if has_pages and has_answers and total["requests"] >= before["requests"] + 22 else None

    total = paas.eventually(counted)
    assert 0 < total["service_ms"]["p50"] <= total["service_ms"]["p95"] <= total["service_ms"]["p99"]
    printed = paas.run("metrics", "--app", probe)
    assert "H80" in printed
    assert "requests/s" in printed


def test_a_restarted_node_agent_knows_what_it_knew(paas: Any, probe: str) -> None:
    """Nothing is lost, and the router was heard all the time: an idle app need not wait anew to be called idle."""
    paas.ask(probe)
    known = paas.eventually(lambda: (found := paas.json("metrics", "--app", probe))["heard_since"] and found)
    before = _total(paas, probe)["requests"]
    pid = paas.instance.pid_of("node")
    os.kill(pid, signal.SIGTERM)
    paas.ask(probe)

    def again() -> bool:
        done = paas.instance.cli("metrics", "--app", probe, "--json")
        return done.returncode == 0 and paas.json("metrics", "--app", probe)["heard_since"] == known["heard_since"]

    paas.eventually(lambda: paas.instance.pid_of("node") not in (None, pid))
    paas.eventually(again)
    paas.eventually(lambda: _total(paas, probe)["requests"] > before)


def test_prometheus(paas: Any, probe: str) -> None:
    """A scrape as Prometheus sends it, with an admin's token that can only read."""
    token = paas.run("tokens:create", "--scope", "read").strip().splitlines()[-1]
    accept = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.2,*/*;q=0.1"

    def scrape() -> dict[str, float]:
        headers = {"Authorization": f"Bearer {token}", "Accept": accept}
        answer = httpx.get(f"{paas.instance.env['NOMAPAAS_API_URL']}/metrics", headers=headers, timeout=10)
        assert answer.status_code == 200, answer.text
        assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
        samples = (line.rpartition(" ") for line in answer.text.splitlines() if not line.startswith("#"))
        return {name: float(value) for name, _, value in samples}

    name = f'nomapaas_router_requests_total{{app="{probe}",status="2xx"}}'
    paas.ask(probe)
    before = paas.eventually(lambda: scrape().get(name))
    for _ in range(5):
        paas.ask(probe)
    found = paas.eventually(lambda: (now := scrape())[name] >= before + 5 and now)

    assert found[f'nomapaas_router_service_seconds_count{{app="{probe}"}}'] >= found[name]
    assert abs(time.time() - found["nomapaas_router_heard_timestamp_seconds"]) < 10

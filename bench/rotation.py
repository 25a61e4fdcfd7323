"""How soon a healthy dyno gets its first request, and for how long one that was told to end gets some.

Healthy is one whose check Consul has seen pass; told to end, one that has its SIGTERM. The dynos say themselves, in
their log, when their requests came, while 100 requests a second come and the app is scaled up and down. Once with
few apps on the platform and once with many, with the CPU time that a change costs the parts that spread the news.
"""

from __future__ import annotations

import json
import os
import statistics
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, Self

import httpx
import psutil

from bench import apps
from bench.measure import Row, percentile, ratio
from bench.prober import Prober
from bench.site import Site
from jobs.names import DYNO_SERVICE

CHANGES = 30
"""With few apps, and again with many; half of them bring a dyno and half end one."""
FEW, MANY = 10, 1000
RATE = 100
LIMIT_S = 1.0
LIMIT_RATIO = 2.0
SOURCE = Path(__file__).parent / "pushed" / "witness"
HOME = os.environ.get("NOMAPAAS_HOME", "/var/lib/nomapaas")
PARTS = ("nginx", "consul-template", "consul")

_CALM_S, _LOOKS = 3, 5
_PATIENCE_S = 60


class Figures(NamedTuple):
    """What one number of apps gave: seconds, a figure a change."""

    firsts: list[float]
    after_listening: list[float]
    """The same first requests, from when the dyno took connections: Consul looks once a second."""
    lasts: list[float]
    cpu: list[float]


class Health:
    """Notes when Consul first had each dyno as passing, in seconds since 1970."""

    def __init__(self, site: Site) -> None:
        self.passing: dict[str, float] = {}
        headers = {"X-Consul-Token": site.env["CONSUL_HTTP_TOKEN"]}
        self._consul = httpx.Client(base_url=site.env["CONSUL_HTTP_ADDR"], headers=headers, timeout=60)
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        self._consul.close()

    def _watch(self) -> None:
        index = "0"
        while not self._over.is_set():
            answer = self._consul.get(
                f"/v1/health/service/{DYNO_SERVICE}", params={"passing": "1", "index": index, "wait": "2s"}
            )
            now, index = time.time(), answer.headers["X-Consul-Index"]
            for each in answer.raise_for_status().json():
                self.passing.setdefault(each["Service"]["ID"], now)


def measure(say: Callable[[str], None]) -> list[Row]:
    """Measure `first_request`, `last_request`, and both figures of a change with many apps against few."""
    site = Site()
    with apps.account(site) as client, site.app() as app:
        site.run("push", "--app", app, "--dir", str(SOURCE))
        apps.create(client, FEW, say=say)
        few = _stage(site, app, say)
        apps.create(client, MANY - FEW, say=say)
        many = _stage(site, app, say)
    return [
        percentile("first_request", few.firsts, share=99, unit="s", limit=LIMIT_S),
        percentile("last_request", few.lasts, share=99, unit="s", limit=LIMIT_S),
        percentile("last_request_1000", many.lasts, share=99, unit="s", limit=LIMIT_S),
        ratio("first_request_1000", many.firsts, few.firsts, unit="s", limit=LIMIT_RATIO),
        ratio("change_cpu_1000", many.cpu, few.cpu, unit="s", limit=LIMIT_RATIO),
    ]


def _stage(site: Site, app: str, say: Callable[[str], None]) -> Figures:
    """Scale the app up and down under requests."""
    figures = Figures([], [], [], [])
    with Health(site) as health, Prober(site.env["NOMAPAAS_ROUTER_URL"], f"{app}.localhost", rate=RATE) as prober:
        calm = _calm_rate()
        spent = []
        for number in range(CHANGES):
            comes = number % 2 == 0
            kind = "first" if comes else "last"
            known = len(_told(site, app, kind))
            before, started = _cpu(), time.monotonic()
            site.run("ps:scale", f"web={2 if comes else 1}", "--app", app)
            told = _next(site, app, kind, known)
            spent.append((_cpu() - before, time.monotonic() - started))
            if comes:
                figures.after_listening.append(told["at"] - told["since"])
                figures.firsts.append(max(0.0, told["at"] - max(health.passing.values())))
            else:
                figures.lasts.append(max(0.0, told["at"] - told["since"]))
            found = figures.firsts[-1] if comes else figures.lasts[-1]
            say(f"  {number + 1}/{CHANGES}: {kind} request after {found:.3f} s")
        calm = min(calm, _calm_rate())
        figures.cpu.extend(cpu - calm * seconds for cpu, seconds in spent)
    if prober.failed:
        raise SystemExit(f"Requests failed: {dict(prober.answers)}.")
    say(f"  CPU a change: {statistics.median(figures.cpu):.3f} s, beside {calm:.3f} s a second for the requests")
    say(f"  first requests came {statistics.median(figures.after_listening):.3f} s after the dyno took connections")
    return figures


def _next(site: Site, app: str, kind: str, known: int) -> dict[str, float]:
    """What the dyno that has just come or gone says."""
    deadline = time.monotonic() + _PATIENCE_S
    while len(told := _told(site, app, kind)) <= known:
        if time.monotonic() > deadline:
            raise SystemExit(f"No dyno told of its {kind} request.")
        time.sleep(0.2)
    return told[known]


def _told(site: Site, app: str, kind: str) -> list[dict[str, float]]:
    """All that dynos said so far of their first or last requests: `at` and `since`, in seconds since 1970."""
    found = []
    for line in site.run("logs", "--app", app, "--num", "1500", "--source", "app").splitlines():
        with suppress(ValueError):
            said = json.loads(line[line.index("{") :])
            if said.get("event") == kind:
                found.append(said)
    return found


def _calm_rate() -> float:
    """CPU seconds a second while nothing changes: the least of several looks, for work may be left from before."""
    rates = []
    for _ in range(_LOOKS):
        before = _cpu()
        time.sleep(_CALM_S)
        rates.append((_cpu() - before) / _CALM_S)
    return min(rates)


def _cpu() -> float:
    """CPU seconds that the instance's routing parts have used so far."""
    total = 0.0
    for process in psutil.process_iter(["name", "cmdline"]):
        if process.info["name"] in PARTS:
            with suppress(psutil.Error):
                parent = process.parent()
                words = [*process.info["cmdline"], *(parent.cmdline() if parent else [])]
                if HOME in " ".join(words):
                    total += sum(process.cpu_times()[:2])
    return total

"""What an app feels of a neighbour that floods: the p99 of its answers meanwhile against that of a quiet machine.

The floods are those of tests/e2e/apps/hostile; each is begun in a dyno, whose limits end it, and ends by itself. The
client stands for one on another machine: it is given real-time priority, so that what it waits for is the platform.
"""

from __future__ import annotations

import http.client
import os
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from bench.measure import Row, ratio
from bench.site import Site

SOURCE = Path(__file__).parents[1] / "tests" / "e2e" / "apps" / "hostile"
FLOODS = ("bomb", "spin", "memory", "log", "disk")
ROUNDS = 5
SECONDS = 6
RATE = 100
LIMIT = 2.0
_PATIENCE_S = 120


def measure(say: Callable[[str], None]) -> list[Row]:
    """One row a flood: calm and flood in turn."""
    site = Site()
    with site.app() as quiet, site.app() as hostile:
        for app in (quiet, hostile):  # the same code: what the quiet one answers costs next to nothing
            site.run("push", "--app", app, "--dir", str(SOURCE))
        rows = []
        for kind in FLOODS:
            calm, flooded = [], []
            for number in range(ROUNDS):
                _settle(site, hostile)
                with _on_time():
                    calm.append(_p99(site, quiet))
                    site.get(hostile, f"/flood?kind={kind}&seconds={SECONDS}")
                    flooded.append(_p99(site, quiet))
                say(f"  {kind} {number + 1}/{ROUNDS}: {flooded[-1]:.1f} ms, calm {calm[-1]:.1f} ms")
            rows.append(ratio(f"neighbour_{kind}", flooded, calm, unit="ms p99", limit=LIMIT))
        return rows


def _settle(site: Site, app: str) -> None:
    """Wait until the last flood is over and the app answers again."""
    deadline = time.monotonic() + _PATIENCE_S
    while time.monotonic() < deadline:
        answer = site.get(app, "/calm")
        if answer.status_code == http.client.OK and answer.json() is not None:
            return
        time.sleep(0.5)
    raise SystemExit(f"{app} did not come back within {_PATIENCE_S} s of its flood.")


@contextmanager
def _on_time() -> Iterator[None]:
    """It mostly sleeps, so nobody has to fear it."""
    os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    try:
        yield
    finally:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


def _p99(site: Site, app: str) -> float:
    """Of requests at a steady rate, in milliseconds from when each was due: a late one delays what follows it."""
    place = urlsplit(site.env["NOMAPAAS_ROUTER_URL"])
    connection = http.client.HTTPConnection(str(place.hostname), place.port, timeout=30)
    took = []
    due = time.monotonic()
    for _ in range(RATE * SECONDS):
        due += 1 / RATE
        time.sleep(max(0.0, due - time.monotonic()))
        connection.request("GET", "/", headers={"Host": f"{app}.localhost"})
        answer = connection.getresponse()
        answer.read()
        if answer.status != http.client.OK:
            raise SystemExit(f"The neighbour answered {answer.status} during a flood.")
        took.append((time.monotonic() - due) * 1000)
    connection.close()
    return statistics.quantiles(took, n=100)[98]

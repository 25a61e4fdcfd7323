"""A steady 200 requests a second through 50 changes of the app: of 100,000 none may fail.

One of a hundred takes 5 s to answer, and one of a hundred comes in pieces over 5 s.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from bench import deploys
from bench.measure import Row, at_most
from bench.prober import Prober
from bench.site import Site

CHANGES = 50
RATE = 200
REQUESTS = 100_000
PATHS = [*["/"] * 49, "/slow", *["/"] * 49, "/stream"]
SOURCE = Path(__file__).parent / "pushed" / "witness"


def measure(say: Callable[[str], None]) -> list[Row]:
    """Deploys, scales, rollbacks and sleeps in turn, each waited for; the next request wakes what sleeps."""
    site = Site()
    with tempfile.TemporaryDirectory() as folder, site.app() as app:
        source = deploys.copy_to(Path(folder), SOURCE)
        deploys.push_and_wait(site, app, source, "first")
        started = time.monotonic()
        with Prober(site.env["NOMAPAAS_ROUTER_URL"], f"{app}.localhost", rate=RATE, paths=PATHS) as prober:
            for number in range(CHANGES):
                kind = _change(site, app, source, number)
                say(f"  {number + 1}/{CHANGES} after {time.monotonic() - started:.0f} s: {kind} {dict(prober.answers)}")
                while prober.answers.total() < REQUESTS * (number + 1) / CHANGES:
                    time.sleep(0.1)
    say(f"  answers: {dict(prober.answers)}")
    return [at_most("steady_failed_requests", [float(prober.failed)], unit="requests", limit=0)]


def _change(site: Site, app: str, source: Path, number: int) -> str:
    kind = ("deploy", "scale", "rollback", "scale back", "sleep and wake")[number % 5]
    if kind == "deploy":
        deploys.push_and_wait(site, app, source, f"v{number}")
    elif kind == "scale":
        site.run("ps:scale", "web=2", "--app", app)
        _wait_for(site, app, dynos=2)
    elif kind == "rollback":
        site.run("rollback", "--app", app)
    else:
        words = ["ps:scale", "web=1"] if kind == "scale back" else ["ps:sleep"]
        site.run(*words, "--app", app)
        _wait_for(site, app, dynos=1)
    return kind


def _wait_for(site: Site, app: str, *, dynos: int) -> None:
    while [dyno["state"] for dyno in site.json("ps", "--app", app)] != ["up"] * dynos:
        time.sleep(0.1)

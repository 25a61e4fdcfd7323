"""A steady 50 requests a second while the app's stack is built anew, its dynos move to it, and back: none may fail.

It is done to the last one that the platform has, and moves every app that is on it.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from bench.measure import Row, at_most
from bench.prober import Prober
from bench.site import Site

RATE = 50
SOURCE = Path(__file__).parent / "pushed" / "witness"


def measure(say: Callable[[str], None]) -> list[Row]:
    """Upgrade and rollback, each with the requests that failed and the seconds that it took."""
    site = Site()
    stack = site.json("stacks")[-1]["stack"]
    rows = []
    with site.app() as app:
        site.run("stack:set", stack, "--app", app)
        site.run("push", "--app", app, "--dir", str(SOURCE))
        for command in ("upgrade", "rollback"):
            before, started = _dynos(site, app), time.monotonic()
            with Prober(site.env["NOMAPAAS_ROUTER_URL"], f"{app}.localhost", rate=RATE) as prober:
                site.run(f"stacks:{command}", stack)
            took = time.monotonic() - started
            moved = not before & _dynos(site, app)
            say(f"  {command}: {took:.0f} s, the dyno moved: {moved}, answers {dict(prober.answers)}")
            if not moved:
                raise SystemExit(f"No dyno moved with stacks:{command}.")
            rows.append(at_most(f"stack_{command}_failed", [float(prober.failed)], unit="requests", limit=0))
    return rows


def _dynos(site: Site, app: str) -> set[str]:
    return {dyno["id"] for dyno in site.json("ps", "--app", app)}

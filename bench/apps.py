"""What a list of apps costs: a page of ten with 1,000 apps against one with 10, and the CLI's whole list of 1,000."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx
import psutil

from bench.measure import Row, at_most, ratio, rounds
from bench.site import CLI, Site

FEW, MANY = 10, 1000
ROUNDS = 7
REQUESTS = 200
"""In a round, of which the p99 is the figure."""

_REMOVAL_S = 900
_CALM_S = 120
_CALM_SHARE = 15
"""Per cent of the processors."""


def measure(say: Callable[[str], None]) -> list[Row]:
    """Measure `apps_page` and `apps_list`, as one account that owns all of the apps."""
    site = Site()
    with account(site) as client:
        create(client, FEW, say=say)
        _await_calm(say)
        say(f"  GET /apps, Range: id ..; max=10, with {FEW} apps: p99 in ms")
        few = rounds(ROUNDS, lambda _: _page(client), say=say)
        create(client, MANY - FEW, say=say)
        _await_calm(say)
        say(f"  the same with {MANY} apps")
        many = rounds(ROUNDS, lambda _: _page(client), say=say)
        say(f"  nomapaas apps, with {MANY} apps: s")
        env = os.environ | site.env | {"NOMAPAAS_API_KEY": client.headers["Authorization"].removeprefix("Bearer ")}
        whole = rounds(ROUNDS, lambda _: _listing(env), say=say)
    return [
        ratio("apps_page", many, few, unit="ms", limit=1.5),
        at_most("apps_list", whole, unit="s", limit=2),
    ]


@contextmanager
def account(site: Site) -> Iterator[httpx.Client]:
    """An account without limits for the time of a measurement, and the API as it sees it."""
    email = f"bench-{uuid.uuid4().hex[:8]}@example.com"
    token = site.json("users:add", email)["token"]
    site.run("users:quota", email, "apps=0")
    headers = {"Accept": "application/vnd.heroku+json; version=3", "Authorization": f"Bearer {token}"}
    with httpx.Client(base_url=site.env["NOMAPAAS_API_URL"], headers=headers, timeout=30) as client:
        try:
            yield client
        finally:
            _destroy(client)
            _remove(site, email)


def create(client: httpx.Client, count: int, *, say: Callable[[str], None]) -> None:
    """Create so many apps that nothing was pushed to."""
    say(f"  creating {count} apps")
    for _ in range(count):
        client.post("/apps", json={}).raise_for_status()


def _await_calm(say: Callable[[str], None]) -> None:
    """The worker and the router take some seconds for hundreds of new apps; the figure is of what comes after them."""
    started = time.monotonic()
    while max(psutil.cpu_percent(interval=0.5) for _ in range(4)) > _CALM_SHARE:
        if time.monotonic() - started > _CALM_S:
            raise SystemExit(f"The processors are still busy after {_CALM_S} s: something else runs on this machine.")
    say(f"  calm after {time.monotonic() - started:.0f} s")


def _page(client: httpx.Client) -> float:
    """The p99 of one round, in ms."""
    times = []
    for _ in range(REQUESTS):
        started = time.perf_counter()
        found = client.get("/apps", headers={"Range": "id ..; max=10"})
        times.append((time.perf_counter() - started) * 1000)
        if len(found.json()) != FEW:
            raise SystemExit(f"The page has {len(found.json())} apps: {found.status_code}.")
    return statistics.quantiles(times, n=100)[98]


def _listing(env: dict[str, str]) -> float:
    """Seconds of one whole listing, the start of the CLI included."""
    started = time.perf_counter()
    printed = subprocess.run([CLI, "apps", "--json"], env=env, check=True, capture_output=True, text=True)
    took = time.perf_counter() - started
    if len(json.loads(printed.stdout)) != MANY:
        raise SystemExit(f"The CLI lists {len(json.loads(printed.stdout))} apps.")
    return took


def _destroy(client: httpx.Client) -> None:
    while apps := client.get("/users/~/apps").raise_for_status().json():
        for app in apps:
            client.delete(f"/apps/{app['id']}").raise_for_status()


def _remove(site: Site, email: str) -> None:
    """Remove the account as soon as the worker is done with its apps."""
    deadline = time.monotonic() + _REMOVAL_S
    while True:
        done = subprocess.run(
            [CLI, "users:remove", email, "--confirm", email],
            env=os.environ | site.env,
            check=False,
            capture_output=True,
            text=True,
        )
        if not done.returncode:
            return
        if "still being destroyed" not in done.stderr or time.monotonic() > deadline:
            raise SystemExit(done.stderr)
        time.sleep(2)

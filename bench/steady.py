"""A steady 100 requests a second while the app is deployed, scaled and rolled back 20 times: none may fail."""

from __future__ import annotations

import asyncio
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Self

import httpx

from bench import deploys
from bench.measure import Row, at_most
from bench.site import Site

OPERATIONS = 20
RATE = 100


class Prober:
    """Sends requests at a fixed rate in a thread of its own and counts what came back."""

    def __init__(self, url: str, host: str) -> None:
        self.answers: Counter[str] = Counter()
        self._url, self._host = url, host
        self._stop = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._probe()))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    async def _probe(self) -> None:
        limits = httpx.Limits(max_connections=200)
        async with (
            httpx.AsyncClient(base_url=self._url, timeout=40, limits=limits) as client,
            asyncio.TaskGroup() as all_,
        ):
            loop = asyncio.get_running_loop()
            due = loop.time()
            while not self._stop.is_set():
                all_.create_task(self._one(client))
                due += 1 / RATE
                await asyncio.sleep(max(0.0, due - loop.time()))

    async def _one(self, client: httpx.AsyncClient) -> None:
        try:
            answer = await client.get("/", headers={"Host": self._host})
            self.answers[str(answer.status_code)] += 1
        except httpx.HTTPError as exc:
            self.answers[type(exc).__name__] += 1


def measure(say: Callable[[str], None]) -> list[Row]:
    """Deploys, scales and rollbacks in turn, each waited for."""
    site = Site()
    with tempfile.TemporaryDirectory() as folder, site.app() as app:
        source = deploys.copy_to(Path(folder))
        deploys.push_and_wait(site, app, source, "first")
        with Prober(site.env["NOMAPAAS_ROUTER_URL"], f"{app}.localhost") as prober:
            for number in range(OPERATIONS):
                say(f"  {number + 1}/{OPERATIONS}: {_change(site, app, source, number)} {dict(prober.answers)}")
    failed = sum(count for answer, count in prober.answers.items() if answer != "200")
    say(f"  answers: {dict(prober.answers)}")
    return [at_most("steady_failed_requests", [float(failed)], unit="requests", limit=0)]


def _change(site: Site, app: str, source: Path, number: int) -> str:
    kind = ("deploy", "scale", "rollback", "scale back")[number % 4]
    if kind == "deploy":
        deploys.push_and_wait(site, app, source, f"v{number}")
    elif kind == "scale":
        site.run("ps:scale", "web=2", "--app", app)
        while [dyno["state"] for dyno in site.json("ps", "--app", app)] != ["up", "up"]:
            time.sleep(0.1)
    elif kind == "rollback":
        site.run("rollback", "--app", app)
    else:
        site.run("ps:scale", "web=1", "--app", app)
    return kind

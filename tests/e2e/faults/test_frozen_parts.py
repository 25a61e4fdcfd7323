"""Any routing part may stand still: requests go on by the table that is there, and all is well again afterwards."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import httpx
import psutil
import pytest

from tests.campaign.counts import LONG
from tests.e2e.faults.processes import processes_of
from tests.freezing import frozen

pytestmark = pytest.mark.platform

SERVERS = ("consul", "node", *(("vault", "nomad", "nomad-client") if LONG else ()))
JOBS = ("nginx: worker", "consul-template", *(("nginx: master", "gunicorn", "control.worker") if LONG else ()))
FROZEN_S = 3
FOREIGN = "frozen-other"
H81 = 502
"""An app that nothing was pushed to."""


@pytest.fixture(scope="module")
def apps(paas: Any) -> Iterator[tuple[str, str]]:
    """One app that has to serve throughout, and one that has no release."""
    paas.run("create", "frozen")
    paas.run("push", "--app", "frozen", "--dir", str(Path(__file__).parents[1] / "apps" / "probe"))
    paas.run("create", FOREIGN)
    paas.eventually(lambda: _status(paas, FOREIGN) == H81)
    yield "frozen", FOREIGN
    for name in ("frozen", FOREIGN):
        paas.run("destroy", "--app", name, "--confirm", name)


@dataclass(frozen=True)
class Visit:
    """When somebody asked, what came (a status or a trouble), and after how many seconds."""

    at: float
    found: object
    seconds: float


class Visitors:
    """Ask for an app all the time, each on a connection of his own; none waits for another's answer."""

    def __init__(self, paas: Any, app: str) -> None:
        self._url = paas.instance.env["NOMAPAAS_ROUTER_URL"]
        self._host = f"{app}.localhost"
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._ask) for _ in range(4)]
        self.visits: list[Visit] = []

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _ask(self) -> None:
        with httpx.Client(base_url=self._url, timeout=20, trust_env=False) as client:
            while not self._over.wait(0.05):
                at = time.monotonic()
                try:
                    found: object = client.get("/", headers={"Host": self._host, "Connection": "close"}).status_code
                except httpx.HTTPError as error:
                    found = repr(error)
                self.visits.append(Visit(at, found, time.monotonic() - at))


def _nginx(paas: Any, kind: str) -> list[int]:
    """Processes of the instance's own nginx."""
    masters = [
        process
        for process in psutil.process_iter(["cmdline"])
        if (line := " ".join(process.info["cmdline"] or [])).startswith("nginx: master")
        and str(paas.instance.home) in line
    ]
    if kind == "nginx: master":
        return [process.pid for process in masters]
    return [
        child.pid
        for master in masters
        for child in master.children()
        if " ".join(child.cmdline()).startswith("nginx: worker")
    ]


def _pids(paas: Any, part: str) -> list[int]:
    if part in SERVERS:
        return [paas.instance.pid_of(part)]
    if part.startswith("nginx"):
        # One worker: the others take what comes.
        return _nginx(paas, part)[:1]
    return [process.pid for process in processes_of(paas, part)]


@pytest.mark.parametrize("part", [*SERVERS, *JOBS])
def test_requests_go_on_while_a_part_stands_still(paas: Any, apps: tuple[str, str], part: str) -> None:
    """SIGSTOP: the app is answered all the time, the one without a release has its H81, and all goes on afterwards."""
    app, empty = apps
    with Visitors(paas, app) as visitors:
        with frozen(_pids(paas, part)):
            begin = time.monotonic()
            while time.monotonic() < begin + FROZEN_S:
                assert _status(paas, empty) == H81
            end = time.monotonic()
        paas.eventually(lambda: any(visit.at > end for visit in visitors.visits))

    assert {visit.found for visit in visitors.visits} == {200}
    # What a worker had taken before it stood still has to wait for it, and nobody else.
    meanwhile = [visit.seconds for visit in visitors.visits if begin < visit.at < end]
    assert len(meanwhile) > FROZEN_S
    assert max(meanwhile) < FROZEN_S
    paas.eventually(lambda: _well(paas), seconds=60)


def test_a_frozen_node_agent_takes_no_lines_and_blocks_no_request(paas: Any, apps: tuple[str, str]) -> None:
    """Its socket fills up; thousands of requests go on as fast as before, and their lines come later."""
    app, _ = apps

    def seconds_for(count: int) -> float:
        started = time.monotonic()
        for _ in range(count):
            assert paas.get(app).status_code == 200
        return time.monotonic() - started

    before = seconds_for(150)
    with frozen(_pids(paas, "node")):
        during = seconds_for(150)

    assert during < 5 * before + 1


def test_after_a_kill_the_kept_table_serves_within_a_second(paas: Any, apps: tuple[str, str]) -> None:
    """Without consul-template and Consul, which stand still: nginx begins with the table that it had."""
    app, _ = apps
    stopped = [*_pids(paas, "consul-template"), *_pids(paas, "consul")]
    with frozen(stopped):
        (master,) = _nginx(paas, "nginx: master")
        # The master first: it would begin new workers, which outlive it and keep its ports.
        for pid in [master, *_nginx(paas, "nginx: worker")]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        paas.eventually(lambda: _nginx(paas, "nginx: master") not in ([], [master]), seconds=30)
        started = time.monotonic()
        paas.eventually(lambda: _serves(paas, app), seconds=10)
        taken = time.monotonic() - started

    assert taken < 1.5
    paas.eventually(lambda: _well(paas), seconds=60)


def _status(paas: Any, app: str) -> int:
    return int(paas.router.get("/", headers={"Host": f"{app}.localhost", "Connection": "close"}).status_code)


def _serves(paas: Any, app: str) -> bool:
    try:
        return bool(paas.get(app).status_code == 200)
    except httpx.HTTPError:
        return False


def _well(paas: Any) -> bool:
    try:
        return httpx.get(f"{paas.instance.env['NOMAPAAS_API_URL']}/health", timeout=5).status_code == 200
    except httpx.HTTPError:
        return False

"""Sleeping apps: what the first request waits, stopped and frozen, and what a hundred at once cost.

A wake is timed at the router, from the connect to the first byte of the answer. Beside each one, in turn, the same job
is started by Nomad alone and probed on its port, as in `dyno_start`.
"""

from __future__ import annotations

import socket
import statistics
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from bench import dyno_start
from bench.measure import Row, at_most, percentile, ratio
from bench.site import Site

SOURCE = Path(__file__).parent / "pushed" / "trivial"
WAKES, THAWS, CROWDS, CROWD = 15, 15, 7, 100
WAKE_P50_S, WAKE_P99_S, OVER_NOMAD, THAW_S = 1.0, 2.0, 1.2, 0.05

_PATIENCE_S = 60


def measure(say: Callable[[str], None]) -> list[Row]:
    """Measure `wake`, `wake_p99`, `wake_over_nomad`, `wake_crowd…` and `wake_frozen`."""
    site = Site()
    with _app(site) as app:
        job = site.nomad.get(f"/v1/job/{_id(site, app)}").raise_for_status().json()
        wakes, starts = [], []
        for number in range(WAKES):
            starts.append(dyno_start.start(site, job, number))
            _fall_asleep(site, app)
            wakes.append(_first_byte(site, app))
            say(f"  {number + 1}/{WAKES}: wake {wakes[-1]:.3f} s, Nomad alone {starts[-1]:.3f} s")
        crowds = [_crowd(site, app, say) for _ in range(CROWDS)]
        site.run("ps:autosleep", "--freeze", "--app", app)
        thaws = []
        for number in range(THAWS):
            _freeze(site, app)
            thaws.append(_first_byte(site, app))
            say(f"  {number + 1}/{THAWS}: thaw {thaws[-1]:.4f} s, awake {_first_byte(site, app):.4f} s")
    return [
        at_most("wake", wakes, unit="s", limit=WAKE_P50_S),
        percentile("wake_p99", wakes, share=99, unit="s", limit=WAKE_P99_S),
        ratio("wake_over_nomad", wakes, starts, unit="s", limit=OVER_NOMAD),
        percentile("wake_crowd_starts", [each[0] for each in crowds], share=100, unit="starts", limit=1),
        percentile("wake_crowd_failed", [each[1] for each in crowds], share=100, unit=f"of {CROWD}", limit=0),
        at_most("wake_crowd_last", [each[2] for each in crowds], unit="s", limit=WAKE_P99_S),
        at_most("wake_frozen", thaws, unit="s", limit=THAW_S),
    ]


@contextmanager
def _app(site: Site) -> Iterator[str]:
    with site.app() as app:
        site.run("config:set", "SOME=value", "--app", app)
        site.run("push", "--app", app, "--dir", str(SOURCE))
        yield app


def _id(site: Site, app: str) -> str:
    return str(site.json("info", "--app", app)["app"]["id"])


def _allocations(site: Site, app_id: str) -> list[dict[str, Any]]:
    return list(site.nomad.get(f"/v1/job/{app_id}/allocations").raise_for_status().json())


def _fall_asleep(site: Site, app: str) -> None:
    """Put it to sleep; return when no dyno of it is left."""
    app_id = _id(site, app)
    site.run("ps:sleep", "--app", app)
    _until(lambda: not any(each["ClientStatus"] in {"pending", "running"} for each in _allocations(site, app_id)))


def _freeze(site: Site, app: str) -> None:
    """Put it to sleep; return when its dyno answers nobody."""
    site.run("ps:sleep", "--app", app)
    app_id = _id(site, app)
    (running,) = [each["ID"] for each in _allocations(site, app_id) if each["ClientStatus"] == "running"]
    _until(lambda: any(_is_frozen(path) for path in _cgroups(running)))


def _cgroups(allocation_id: str) -> list[Path]:
    """The files that say whether an allocation's dyno is frozen: of control groups v1, and v2."""
    root = Path("/sys/fs/cgroup")
    return [*root.glob(f"freezer/**/{allocation_id}*/freezer.state"), *root.glob(f"**/{allocation_id}*/cgroup.freeze")]


def _is_frozen(path: Path) -> bool:
    try:
        return path.read_text().strip() in {"FROZEN", "1"}
    except OSError:
        return False


def _until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + _PATIENCE_S
    while not reached():
        if time.monotonic() > deadline:
            raise SystemExit(f"The app did not fall asleep within {_PATIENCE_S} s.")
        time.sleep(0.05)


def _first_byte(site: Site, app: str) -> float:
    """Seconds until the answer to a request begins, which has to be 200."""
    place = urlsplit(site.env["NOMAPAAS_ROUTER_URL"])
    started = time.monotonic()
    with socket.create_connection((place.hostname, place.port), timeout=_PATIENCE_S) as connection:
        connection.sendall(f"GET / HTTP/1.0\r\nHost: {app}.localhost\r\n\r\n".encode())
        answer = connection.recv(4096)
        took = time.monotonic() - started
    if b" 200 " not in answer.split(b"\r\n", 1)[0]:
        raise SystemExit(f"The app did not wake up: {answer!r}")
    return took


def _crowd(site: Site, app: str, say: Callable[[str], None]) -> tuple[int, int, float]:
    """Starts, failures and the last answer's time of many first requests at once."""
    _fall_asleep(site, app)
    app_id = _id(site, app)
    before = len(_allocations(site, app_id))

    def ask(_: int) -> float | None:
        try:
            return _first_byte(site, app)
        except (SystemExit, OSError):
            return None

    with ThreadPoolExecutor(CROWD) as pool:
        times = list(pool.map(ask, range(CROWD)))
    good = [each for each in times if each is not None]
    starts = len(_allocations(site, app_id)) - before
    say(f"  crowd: {starts} start, {len(good)} of {CROWD} answered, median {statistics.median(good):.3f} s")
    return starts, CROWD - len(good), max(good)

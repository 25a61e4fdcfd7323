"""A dyno's start: from the job's submit to Nomad until its port accepts, probed directly."""

from __future__ import annotations

import copy
import os
import socket
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.measure import Row, at_most, rounds
from bench.site import Site

LEASES = Path(os.environ.get("NOMAPAAS_HOME", "/var/lib/nomapaas")) / "cni-leases" / "nomapaas"
ROUNDS = 15
LIMIT_S = 1.0
PORT = 5000
SOURCE = Path(__file__).parents[1] / "tests" / "e2e" / "apps" / "probe"


def measure(say: Callable[[str], None]) -> list[Row]:
    """Start the same dyno beside the app's own, again and again, with network, Vault and config as always."""
    site = Site()
    with site.app() as app:
        site.run("config:set", "SOME=value", "--app", app)
        site.run("push", "--app", app, "--dir", str(SOURCE))
        app_id = site.json("info", "--app", app)["app"]["id"]
        job = site.nomad.get(f"/v1/job/{app_id}").raise_for_status().json()
        values = rounds(ROUNDS, lambda number: start(site, job, number), say=say)
    return [at_most("dyno_start", values, unit="s", limit=LIMIT_S)]


def start(site: Site, job: dict[str, Any], number: int) -> float:
    """Seconds from the submit of a copy of an app's job, of its web dyno alone, until that accepts connections."""
    job = copy.deepcopy(job)
    job["ID"] = f"{job['ID']}.run-{number}"
    job["TaskGroups"] = [group for group in job["TaskGroups"] if group["Name"] == "web"]
    job["TaskGroups"][0]["Services"] = None
    job["TaskGroups"][0]["Update"] = None
    job["Update"] = None
    started = time.monotonic()
    site.nomad.post("/v1/jobs", json={"Job": job}).raise_for_status()
    try:
        while not (address := _address(site, job["ID"])):
            time.sleep(0.01)
        while not _accepts(address):
            time.sleep(0.005)
        return time.monotonic() - started
    finally:
        site.nomad.delete(f"/v1/job/{job['ID']}", params={"purge": "true", "namespace": "apps"}).raise_for_status()


def _address(site: Site, job_id: str) -> str | None:
    """The dyno's address from its lease: Nomad's API shows it up to a second later, when its client reports."""
    for allocation in site.nomad.get(f"/v1/job/{job_id}/allocations").json():
        for lease in LEASES.glob("10.*"):
            if lease.read_text().startswith(allocation["ID"]):
                return lease.name
    return None


def _accepts(address: str) -> bool:
    try:
        with socket.create_connection((address, PORT), timeout=0.2):
            return True
    except OSError:
        return False

"""What wears away under a running app, and how long it takes until it is mended: 95th percentile a fault."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from bench.measure import Row, percentile, rounds
from bench.site import Site
from jobs import names

ROUNDS = 8
LIMIT_S = 30.0
GIVE_UP_S = 120.0
STAYS_S = 5.0
"""For so long all has to be well before it counts as mended: a client that came back may yet find a dyno lost."""
PROMPT_S = 2.0
"""A request that the router held for longer was answered, but not well."""
SOURCE = Path(__file__).parents[1] / "tests" / "e2e" / "apps" / "probe"
HOME = Path(os.environ.get("NOMAPAAS_HOME", "/var/lib/nomapaas"))

Fault = Callable[[], Callable[[], bool]]
"""Does the damage; what it returns says whether that is mended."""


class Faults:
    """The ways in which one app's ground wears away."""

    def __init__(self, site: Site, app: str) -> None:
        self._site, self._app = site, app
        self._app_id = site.json("info", "--app", app)["app"]["id"]
        self._consul = httpx.Client(
            base_url=site.env["CONSUL_HTTP_ADDR"], headers={"X-Consul-Token": site.env["CONSUL_HTTP_TOKEN"]}, timeout=30
        )

    def killed_client(self) -> Callable[[], bool]:
        """Nomad's client dies; the dyno may be too young to be known again."""
        self._site.run("ps:restart", "--app", self._app)
        before = _client_pid()
        os.kill(before, signal.SIGKILL)
        return lambda: _client_pid(missing=before) != before and self._is_held() and self._serves()

    def lost_route(self) -> Callable[[], bool]:
        """The app's record in Consul is deleted."""
        path = f"/v1/kv/{names.route_key(self._app_id)}"
        self._consul.delete(path).raise_for_status()
        return lambda: self._consul.get(path).status_code == 200 and self._serves()

    def lost_registration(self) -> Callable[[], bool]:
        """The dyno's registration in Consul is deleted."""
        for service in self._registered():
            self._consul.put(f"/v1/agent/service/deregister/{service}").raise_for_status()
        return lambda: bool(self._registered()) and self._serves()

    def deleted_folder(self) -> Callable[[], bool]:
        """The files of the dyno's allocation are deleted under it."""
        before = self._dyno()
        for part in ("alloc", "dyno/local", "dyno/app"):
            shutil.rmtree(HOME / "nomad" / "alloc" / before / part)
        return lambda: self._dyno() not in ("", before) and self._serves()

    def stopped_job(self) -> Callable[[], bool]:
        """Somebody stops the app's job in Nomad's own UI."""
        path = f"/v1/job/{self._app_id}"
        self._site.nomad.delete(path).raise_for_status()
        return lambda: self._site.nomad.get(path).json()["Stop"] is False and self._serves()

    def settle(self) -> None:
        """Wait until nothing of the last round is left."""
        _until(lambda: self._serves() and [each["state"] for each in self._dynos()] == ["up"])

    def _registered(self) -> list[str]:
        return list(self._consul.get("/v1/agent/services", params={"filter": f'Meta.app == "{self._app_id}"'}).json())

    def _dynos(self) -> list[dict[str, str]]:
        found: list[dict[str, str]] = self._site.json("ps", "--app", self._app)
        return found

    def _dyno(self) -> str:
        up = [each["id"] for each in self._dynos() if each["state"] == "up"]
        return up[0] if len(up) == 1 else ""

    def _serves(self) -> bool:
        try:
            return self._site.get(self._app).status_code == 200
        except httpx.HTTPError:
            return False

    def _is_held(self) -> bool:
        """Whether Nomad's client knows the dyno: what the servers say of it may still be of the client that died."""
        dyno = self._dyno()
        return bool(dyno) and self._site.nomad.get(f"/v1/client/allocation/{dyno}/stats").status_code == 200


def measure(say: Callable[[str], None]) -> list[Row]:
    """Each fault again and again, on one app of one dyno."""
    site = Site()
    with site.app() as app:
        site.run("push", "--app", app, "--dir", str(SOURCE))
        faults = Faults(site, app)
        rows = []
        for fault in (
            faults.lost_route,
            faults.lost_registration,
            faults.deleted_folder,
            faults.stopped_job,
            faults.killed_client,
        ):
            say(f"  {fault.__name__}")
            values = rounds(ROUNDS, lambda _number, fault=fault: _mended(faults, fault), say=say)  # type: ignore[misc]
            rows.append(percentile(f"repair_{fault.__name__}", values, share=95, unit="s", limit=LIMIT_S))
    return rows


def _mended(faults: Faults, fault: Fault) -> float:
    """Seconds from the damage until all was well, and stayed so."""
    faults.settle()
    is_mended = fault()
    started = well_since = time.monotonic()
    while (looked := time.monotonic()) < well_since + STAYS_S:
        if not is_mended() or time.monotonic() > looked + PROMPT_S:
            well_since = time.monotonic()
            _give_up_after(started)
        time.sleep(0.1)
    return well_since - started


def _until(condition: Callable[[], bool]) -> None:
    started = time.monotonic()
    while not condition():
        _give_up_after(started)
        time.sleep(0.1)


def _give_up_after(started: float) -> None:
    if time.monotonic() > started + GIVE_UP_S:
        raise SystemExit(f"Nothing was mended within {GIVE_UP_S:.0f} s.")


def _client_pid(*, missing: int = 0) -> int:
    """The process of Nomad's client; `missing` while there is none."""
    config = HOME / "etc" / "supervisord.conf"
    command = [str(Path(sys.executable).with_name("supervisorctl")), "-c", str(config), "pid", "nomad-client"]
    said = subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip()
    return int(said) if said.isdigit() and said != "0" else missing

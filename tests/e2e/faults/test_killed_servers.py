"""Any one server may be killed: apps serve on, and it heals alone."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from tests.e2e.faults.processes import processes_of

pytestmark = pytest.mark.platform

SERVERS = ("consul", "vault", "minio", "nomad", "node", "unsealer")
NOMAD_SAVES_S = 65
"""Nomad's client writes down what it knows of a network once a minute; killed before, it makes the dyno anew."""
JOBS = ("nginx", "consul-template", "control.worker", "gunicorn")


@pytest.fixture(scope="module")
def app(paas: Any) -> Iterator[str]:
    """An app that has to serve throughout."""
    paas.run("create", "killed")
    paas.run("push", "--app", "killed", "--dir", str(Path(__file__).parents[1] / "apps" / "probe"))
    yield "killed"
    paas.run("destroy", "--app", "killed", "--confirm", "killed")


def _healthy(paas: Any) -> bool:
    try:
        answer = httpx.get(f"{paas.instance.env['NOMAPAAS_API_URL']}/health", timeout=5)
    except httpx.HTTPError:
        return False
    return answer.status_code == 200


@pytest.mark.parametrize("server", SERVERS)
def test_a_killed_server_heals_while_apps_serve(paas: Any, app: str, server: str) -> None:
    """SIGKILL; the app answers all the time, and soon everything is well again."""
    _kill_and_see_it_heal(paas, app, server)


def _kill_and_see_it_heal(paas: Any, app: str, server: str) -> None:
    before = {each["id"] for each in paas.json("ps", "--app", app)}
    pid = paas.instance.pid_of(server)
    os.kill(pid, signal.SIGKILL)
    killed_at = time.monotonic()

    def healed() -> bool:
        assert paas.ask(app)["version"] == "one"
        back = paas.instance.pid_of(server) not in (None, pid)
        # The health page may repeat what it found a second ago.
        return back and time.monotonic() - killed_at > 1.5 and _healthy(paas)

    paas.eventually(healed, seconds=60)
    assert {each["id"] for each in paas.json("ps", "--app", app)} == before


@pytest.mark.parametrize("job", JOBS)
def test_a_killed_part_comes_back(paas: Any, app: str, job: str) -> None:
    """The platform's own jobs are Nomad's to restart."""
    found = processes_of(paas, job)
    assert found
    for process in found:
        # The first one's end may be the end of others.
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()

    paas.eventually(lambda: processes_of(paas, job) and _healthy(paas) and _serves(paas, app), seconds=60)


def test_a_killed_nomad_client_finds_its_dynos_again(paas: Any, probe: str) -> None:
    """The same dynos serve on: those of an app that has mostly been there for a while."""
    paas.eventually(lambda: _age_s(paas, probe) > NOMAD_SAVES_S, seconds=90)
    _kill_and_see_it_heal(paas, probe, "nomad-client")


def test_a_change_works_after_all_that(paas: Any, app: str) -> None:
    """The whole chain is sound: a config change goes on the air."""
    # This app's dyno may have been too young for Nomad's client to find it again: then it is being made anew.
    paas.eventually(lambda: _serves(paas, app))
    paas.run("config:set", "AFTER=kills", "--app", app)

    paas.eventually(lambda: paas.ask(app, "/env", name="AFTER") == "kills")


def test_after_sigkill_of_everything_one_up_brings_every_app_back(
    paas: Any, app: str, everything_of_the_instance: Callable[[], list[psutil.Process]]
) -> None:
    """As after a power cut, without the reboot; what was ordered the moment before is carried out."""
    paas.run("config:set", "AFTER=a power cut", "--app", app)
    for process in everything_of_the_instance():
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue

    paas.run("up")

    # What Nomad was just stopping may come back for the moment until its client has heard so again.
    paas.eventually(lambda: _serves(paas, app, "/env", name="AFTER") == "a power cut", seconds=90)


def _age_s(paas: Any, app: str) -> float:
    started = min(datetime.fromisoformat(each["created_at"]) for each in paas.json("ps", "--app", app))
    return (datetime.now(UTC) - started).total_seconds()


def _serves(paas: Any, app: str, path: str = "/", /, **query: object) -> Any:
    """What it answers; None while it does not."""
    try:
        answer = paas.get(app, path, **query)
    except httpx.HTTPError:
        return None
    return answer.json() if answer.status_code == 200 else None


@pytest.fixture
def everything_of_the_instance(paas: Any) -> Callable[[], list[psutil.Process]]:
    """The supervisor first, so that it starts nothing anew; then all that hangs on the instance, dynos included."""

    def find() -> list[psutil.Process]:
        supervisor = psutil.Process(paas.instance.pid_of("supervisord"))
        below = supervisor.children(recursive=True)
        alloc_root = str(paas.instance.home / "nomad")
        tasks = [
            process
            for process in psutil.process_iter(["cmdline"])
            if alloc_root in " ".join(process.info["cmdline"] or [])
        ]
        dynos = [child for task in tasks for child in task.children(recursive=True)]
        return [supervisor, *below, *tasks, *dynos]

    return find

"""One suite, two implementations of each port: the in-memory twin, and the adapter of a real server."""

from __future__ import annotations

import pwd
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from control.adapters.nomad_scheduler import NomadScheduler
from jobs import spec
from tests.waiting import until

NAMESPACE = "contract"


@pytest.fixture(name="until")
def _until() -> Callable[..., Any]:
    return until


def shell_job(app_id: str, script: str, *, job_id: str | None = None, kind: str = "service", **changes: Any) -> Any:
    """A job that runs a shell script in the stack's `run` root, isolated like a dyno."""
    site = spec.Site(artifacts_url="http://127.0.0.1:9", dyno_uid=_uid("nomapaas-dyno"))
    app = spec.AppRef(id=app_id, name="contract", stack="nomapaas-13")
    name = changes.get("group", "web" if kind == "service" else "build")
    task = spec.task(
        name="dyno" if kind == "service" else name,
        mode="boot",
        site=site,
        app=app,
        env={},
        config_version=0,
        artifacts=[],
        resources=spec.Resources(cpu=20, memory_mb=changes.get("memory_mb", 32), disk_mb=50, processes=64),
        kill_timeout_s=1,
    )
    task["Config"] |= {"command": "/bin/sh", "args": ["-c", script]}
    group = spec.group(
        name=name, count=changes.get("count", 1), task=task, site=site, app=app, stack_root="run", disk_mb=50
    )
    if kind == "batch":
        group = spec.run_once(group)
    else:
        group["RestartPolicy"] = {"Attempts": 0, "Mode": "fail", "Interval": 600 * spec.SECOND, "Delay": spec.SECOND}
        group["ReschedulePolicy"] = {
            "Unlimited": True,
            "Delay": 5 * spec.SECOND,
            "DelayFunction": "constant",
        }
        group["Update"] = {
            "MaxParallel": 1,
            "Canary": group["Count"],
            "AutoPromote": True,
            "HealthCheck": "task_states",
            "MinHealthyTime": 0,
            "HealthyDeadline": 20 * spec.SECOND,
            "ProgressDeadline": 0,
        }
    meta = {"app": app_id, "release": changes.get("release", "1")}
    job = spec.job(job_id=job_id or app_id, name="contract", kind=kind, groups=[group], meta=meta, site=site)
    return job | {"Namespace": NAMESPACE}


@pytest.fixture(name="shell_job")
def _shell_job() -> Callable[..., Any]:
    return shell_job


@pytest.fixture(scope="session")
def nomad(instance: Any) -> Iterator[NomadScheduler]:
    """The Nomad adapter in a namespace of its own, where the platform's repair loop does not look."""
    address, token = instance.env["NOMAD_ADDR"], instance.env["NOMAD_TOKEN"]
    with httpx.Client(base_url=address, headers={"X-Nomad-Token": token}) as http:
        http.put(f"/v1/namespace/{NAMESPACE}", json={"Name": NAMESPACE}).raise_for_status()
        scheduler = NomadScheduler(address, token, namespace=NAMESPACE)
        try:
            yield scheduler
        finally:
            for job_id in scheduler.jobs():
                scheduler.stop(job_id, purge=True)
            until(lambda: http.delete(f"/v1/namespace/{NAMESPACE}").is_success)


def _uid(name: str) -> int:
    try:
        return pwd.getpwnam(name).pw_uid
    except KeyError:
        return 0

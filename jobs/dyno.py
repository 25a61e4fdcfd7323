"""The Nomad job of an app: one task group a process type."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from jobs import names, spec
from jobs.sizes import SIZES
from jobs.spec import SECOND, AppRef, Resources, Site

WEB = "web"

_SHUTDOWN_DELAY_S = 2
"""Between leaving the catalogue and SIGTERM, so that the router hears of it while the dyno still answers."""


@dataclass(frozen=True, kw_only=True)
class ProcessSpec:
    """The wanted dynos of one process type."""

    type: str
    command: str
    quantity: int
    size: str


@dataclass(frozen=True, kw_only=True)
class HealthSpec:
    """What web dynos are asked to know whether they are well, beyond accepting connections."""

    path: str
    host: str
    """The Host header: frameworks refuse names that are not theirs."""
    interval_s: int
    timeout_s: int
    restart_after: int
    """Failures in a row after which Nomad replaces the dyno; 0 for never."""


@dataclass(frozen=True, kw_only=True)
class DynoSpec:
    """One release, ready to run."""

    app: AppRef
    release_version: int
    slug_sha256: str
    config_version: int
    processes: tuple[ProcessSpec, ...]
    restart_nonce: int = 0
    stack_version: str = ""
    """Another one makes a new set of dynos, which see the new stack."""
    boot_timeout_s: int = 60
    kill_timeout_s: int = 30
    health: HealthSpec | None = None
    frozen: bool = False
    """Its dynos are to be frozen: nobody asks them whether they are well, for they could not answer."""


def build(dyno: DynoSpec, site: Site) -> dict[str, Any]:
    """A release in, a Nomad job out.

    Whatever is in the job's meta makes a new set of dynos when it changes; scaling must change nothing but counts.
    """
    return spec.job(
        job_id=names.app_job_id(dyno.app.id),
        name=dyno.app.name,
        kind="service",
        groups=[_group(dyno, process, site) for process in sorted(dyno.processes, key=lambda each: each.type)],
        meta={
            "app": dyno.app.id,
            "release": str(dyno.release_version),
            "nonce": str(dyno.restart_nonce),
            "stack": names.stack_stamp(dyno.app.stack, dyno.stack_version),
        },
        site=site,
    )


def _group(dyno: DynoSpec, process: ProcessSpec, site: Site) -> dict[str, Any]:
    size = SIZES[process.size]
    task = spec.task(
        name="dyno",
        mode="boot",
        site=site,
        app=dyno.app,
        env={
            "NOMAPAAS_COMMAND": spec.encoded(process.command),
            "NOMAPAAS_TYPE": process.type,
            "NOMAPAAS_PORT": str(names.DYNO_PORT),
            "NOMAPAAS_RELEASE": f"v{dyno.release_version}",
        },
        config_version=dyno.config_version,
        artifacts=[spec.slug_artifact(site, dyno.app.id, dyno.slug_sha256)],
        resources=Resources(cpu=size.cpu, memory_mb=size.memory_mb, disk_mb=size.disk_mb, processes=size.processes),
        kill_timeout_s=dyno.kill_timeout_s,
    )
    group = spec.group(
        name=process.type,
        count=process.quantity,
        task=task,
        site=site,
        app=dyno.app,
        stack_root="run",
        disk_mb=size.disk_mb,
    )
    group["RestartPolicy"] = {"Attempts": 0, "Mode": "fail", "Interval": 600 * SECOND, "Delay": SECOND}
    group["ReschedulePolicy"] = {
        "Unlimited": True,
        "Delay": 5 * SECOND,
        "DelayFunction": "exponential",
        "MaxDelay": 600 * SECOND,
    }
    group["Migrate"] = _one_by_one(process, dyno.boot_timeout_s)
    if process.type == WEB:
        group["Services"] = [_service(dyno, process, site)]
        group["ShutdownDelay"] = _SHUTDOWN_DELAY_S * SECOND
        group["Update"] = _blue_green(process.quantity, dyno.boot_timeout_s)
    else:
        group["Update"] = _all_at_once()
    return group


def _one_by_one(process: ProcessSpec, boot_timeout_s: int) -> dict[str, Any]:
    """How dynos leave a node that is drained: the next one when the one before runs elsewhere."""
    return {
        "MaxParallel": 1,
        "HealthCheck": "checks" if process.type == WEB else "task_states",
        "MinHealthyTime": SECOND,
        "HealthyDeadline": boot_timeout_s * SECOND,
    }


def _blue_green(quantity: int, boot_timeout_s: int) -> dict[str, Any]:
    """A whole new set beside the old one; Nomad switches over when all of it is healthy.

    Without a progress deadline a release may wait for capacity for as long as it takes, and the first dyno that is
    judged unhealthy ends the deployment.
    """
    return {
        "MaxParallel": max(1, quantity),
        "Canary": quantity,
        "AutoPromote": quantity > 0,
        "AutoRevert": False,
        "HealthCheck": "checks",
        "MinHealthyTime": 0,
        "HealthyDeadline": boot_timeout_s * SECOND,
        "ProgressDeadline": 0,
        "Stagger": SECOND,
    }


def _all_at_once() -> dict[str, Any]:
    """No deployment at all (Nomad: `max_parallel = 0`): a worker that crashes must not fail the release."""
    return {
        "MaxParallel": 0,
        "Canary": 0,
        "AutoPromote": False,
        "AutoRevert": False,
        "HealthCheck": "task_states",
        "MinHealthyTime": 0,
        "HealthyDeadline": 60 * SECOND,
        "ProgressDeadline": 0,
        "Stagger": SECOND,
    }


def _service(dyno: DynoSpec, process: ProcessSpec, site: Site) -> dict[str, Any]:
    meta = {
        "app": dyno.app.id,
        "process": process.type,
        "index": "${NOMAD_ALLOC_INDEX}",
        "release": str(dyno.release_version),
        "alloc": "${NOMAD_ALLOC_ID}",
    }
    if dyno.health:
        # The router tries the ports of booting dynos by itself, but cannot know whether such a one is well.
        meta["check"] = "own"
    return {
        "Name": names.DYNO_SERVICE,
        "Provider": "consul",
        "PortLabel": str(names.DYNO_PORT),
        "AddressMode": "alloc",
        "Meta": {**meta, "stage": "live"},
        "CanaryMeta": {**meta, "stage": "canary"},
        "Checks": [] if dyno.frozen else _checks(dyno, site),
    }


def _checks(dyno: DynoSpec, site: Site) -> list[dict[str, Any]]:
    accepts = {
        "Name": "accepts",
        "Type": "tcp",
        "PortLabel": str(names.DYNO_PORT),
        "AddressMode": "alloc",
        "Interval": SECOND,
        "Timeout": SECOND,
    }
    return [accepts, _health_check(dyno, dyno.health, site)] if dyno.health else [accepts]


def _health_check(dyno: DynoSpec, health: HealthSpec, site: Site) -> dict[str, Any]:
    """Consul asks the node agent, which asks the dyno: Consul itself would follow a tenant's redirect to anywhere.

    Nomad resolves the path against the dyno's address, and one that begins with two slashes brings its own host.
    """
    asked = urlencode({"path": health.path, "host": health.host, "timeout": health.timeout_s})
    address = site.artifacts_url.removeprefix("http:")
    check = {
        "Name": "well",
        "Type": "http",
        "Path": f"{address}/health/${{NOMAD_ALLOC_ID}}?{asked}",
        "PortLabel": str(names.DYNO_PORT),
        "AddressMode": "alloc",
        "Interval": health.interval_s * SECOND,
        "Timeout": (health.timeout_s + 1) * SECOND,
    }
    if health.restart_after:
        # The time to boot is no time of failure. A frozen dyno would fail as well, and has no check.
        check["CheckRestart"] = {"Limit": health.restart_after, "Grace": dyno.boot_timeout_s * SECOND}
    return check

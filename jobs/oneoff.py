"""Jobs that run once: builds, release phases and one-off dynos."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from jobs import names, spec
from jobs.sizes import BUILD_CPU, SIZES
from jobs.spec import AppRef, Resources, Site

_KILL_TIMEOUT_S = 10
"""Between SIGTERM and SIGKILL of a build or release phase: nobody waits for an answer of theirs."""


@dataclass(frozen=True, kw_only=True)
class BuildSpec:
    """One build. `source_id` names an uploaded source; without it the build itself fetches `source_url`."""

    app: AppRef
    build_id: str
    source_id: str | None
    source_url: str
    config_version: int
    buildpacks: tuple[str, ...] = ()
    private_fetch: bool = False
    """Whether what a user names by URL may be at a private address."""
    first: bool = False
    """Whether the app was never deployed: then its app.json may set it up."""
    build_env: dict[str, str] = field(default_factory=dict)
    """The host's registry settings; they reach builds and never dynos."""
    source_version: str | None = None
    memory_mb: int = 2048
    disk_mb: int = 4096
    timeout_s: int = 900
    slug_max_mb: int = 500
    cache_max_mb: int = 1024


def build(build: BuildSpec, site: Site) -> dict[str, Any]:
    """The job that turns a source tarball into a slug in the `build` root of the app's stack."""
    artifacts = [spec.file_artifact(f"{site.artifacts_url}/caches/{build.app.id}", "local/cache.tar")]
    if build.source_id:
        artifacts.append(spec.file_artifact(f"{site.artifacts_url}/sources/{build.source_id}", "local/source.tgz"))
    env = {
        "NOMAPAAS_BUILDPACKS": spec.encoded(json.dumps(build.buildpacks)),
        "NOMAPAAS_BUILD_ENV": spec.encoded(json.dumps(build.build_env)),
        "NOMAPAAS_SLUG_MAX_MB": str(build.slug_max_mb),
        "NOMAPAAS_BUILD_CACHE_MB": str(build.cache_max_mb),
        "NOMAPAAS_BUILD_TIMEOUT": str(build.timeout_s),
        "NOMAPAAS_BUILD_DISK_MB": str(build.disk_mb),
        "NOMAPAAS_DYNO": "build",
        "NOMAPAAS_STACK_NAME": build.app.stack,
        "NOMAPAAS_REQUEST_ID": build.build_id,
        "NOMAPAAS_SOURCE_VERSION": spec.encoded(build.source_version or ""),
    }
    if build.private_fetch:
        env["NOMAPAAS_FETCH_PRIVATE"] = "1"
    if build.first:
        env["NOMAPAAS_FIRST_BUILD"] = "1"
    if not build.source_id:
        env["NOMAPAAS_SOURCE_URL"] = spec.encoded(build.source_url)
    return _once(
        name="build",
        mode="build",
        job_id=names.build_job_id(build.app.id, build.build_id),
        app=build.app,
        env=env,
        config_version=build.config_version,
        artifacts=artifacts,
        stack_root="build",
        resources=Resources(cpu=BUILD_CPU, memory_mb=build.memory_mb, disk_mb=build.disk_mb, processes=2048),
        site=site,
        meta={"app": build.app.id, "build": build.build_id},
    )


@dataclass(frozen=True, kw_only=True)
class ReleasePhaseSpec:
    """The `release` process of a new release, run to its end before any dyno of it starts."""

    app: AppRef
    release_version: int
    slug_sha256: str
    config_version: int
    command: str
    size: str


def release_phase(phase: ReleasePhaseSpec, site: Site) -> dict[str, Any]:
    """The one-off dyno of a release phase."""
    return _dyno(
        phase,
        site,
        name="release",
        number=phase.release_version,
        job_id=names.release_phase_job_id(phase.app.id, phase.release_version),
        meta={"release": str(phase.release_version)},
        kill_timeout_s=_KILL_TIMEOUT_S,
    )


@dataclass(frozen=True, kw_only=True)
class OneoffSpec:
    """One one-off dyno, `run.<number>`."""

    app: AppRef
    number: int
    release_version: int
    slug_sha256: str
    config_version: int
    command: str
    size: str
    kill_timeout_s: int = 30


def run(oneoff: OneoffSpec, site: Site) -> dict[str, Any]:
    """The job of a one-off dyno."""
    return _dyno(
        oneoff,
        site,
        name="run",
        number=oneoff.number,
        job_id=names.oneoff_job_id(oneoff.app.id, oneoff.number),
        meta={"oneoff": str(oneoff.number)},
        kill_timeout_s=oneoff.kill_timeout_s,
    )


def _dyno(
    once: ReleasePhaseSpec | OneoffSpec,
    site: Site,
    *,
    name: str,
    number: int,
    job_id: str,
    meta: dict[str, str],
    kill_timeout_s: int,
) -> dict[str, Any]:
    """The job of dyno `name.number`, which runs one command of a release to its end."""
    size = SIZES[once.size]
    return _once(
        name=name,
        mode="boot",
        job_id=job_id,
        app=once.app,
        env={
            "NOMAPAAS_COMMAND": spec.encoded(once.command),
            "NOMAPAAS_DYNO": f"{name}.{number}",
            "NOMAPAAS_PORT": str(names.DYNO_PORT),
            "NOMAPAAS_RELEASE": f"v{once.release_version}",
        },
        config_version=once.config_version,
        artifacts=[spec.slug_artifact(site, once.app.id, once.slug_sha256)],
        stack_root="run",
        resources=Resources(cpu=size.cpu, memory_mb=size.memory_mb, disk_mb=size.disk_mb, processes=size.processes),
        site=site,
        meta={"app": once.app.id, **meta},
        kill_timeout_s=kill_timeout_s,
    )


def _once(
    *,
    name: str,
    mode: str,
    job_id: str,
    app: AppRef,
    env: dict[str, str],
    config_version: int,
    artifacts: list[dict[str, Any]],
    stack_root: str,
    resources: Resources,
    site: Site,
    meta: dict[str, str],
    kill_timeout_s: int = _KILL_TIMEOUT_S,
) -> dict[str, Any]:
    task = spec.task(
        name=name,
        mode=mode,
        site=site,
        app=app,
        env=env,
        config_version=config_version,
        artifacts=artifacts,
        resources=resources,
        kill_timeout_s=kill_timeout_s,
    )
    group = spec.group(
        name=name, count=1, task=task, site=site, app=app, stack_root=stack_root, disk_mb=resources.disk_mb
    )
    return spec.job(
        job_id=job_id, name=f"{app.name} {name}", kind="batch", groups=[spec.run_once(group)], meta=meta, site=site
    )

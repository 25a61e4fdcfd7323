"""Builds: from the queue, through a Nomad job, to a slug and a release.

Each step can be taken again: a worker that is killed leaves a pending build, and the next one goes on with the job that
runs already, from the byte of output that it wrote last.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import uuid4

import structlog

from control.domain.apps import App
from control.domain.builds import Build, BuildStatus
from control.domain.manifests import Manifest
from control.domain.releases import Release
from control.domain.rules import BrokenRule
from control.domain.slugs import Slug
from control.ports.bundle import Ports
from control.ports.errors import NodeUnavailable, PortError, StoreFull
from control.ports.scheduler import Allocation, AllocationStatus
from control.ports.state import UnitOfWork
from control.services.builds import source_id_of
from control.services.releases import create_release
from control.settings import Settings
from control.worker import slug_store
from control.worker.build_key import SourceRejected, build_key
from control.worker.build_result import (
    BuildFailed,
    BuildResult,
    BuildSaidWhy,
    demand_success,
    may_be_memory,
    read_result,
)
from control.worker.first_deploy import Prepared, discard, is_first, prepare, set_up
from control.worker.output import WAITING, OutputTail
from control.worker.slug_check import SlugRejected
from jobs import names, oneoff
from jobs.spec import AppRef, Site

log = structlog.get_logger()

_TICK_S = 0.1


@dataclass(frozen=True, kw_only=True)
class Made:
    """What a build came to: a slug, stored but not yet in the database, and what its app.json asks for."""

    slug: Slug
    manifest: Manifest = field(default_factory=Manifest)
    reports: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Builder:
    """Runs one build to its end."""

    ports: Ports
    settings: Settings
    site: Site

    def run(self, build_id: str) -> None:
        """Run or go on with a pending build."""
        with self.ports.state.view() as work:
            build = work.builds.get(build_id)
            app = work.apps.get(build.app_id) if build else None
            base = work.releases.base(build.app_id) if build else None
        if build is None or app is None or build.status is not BuildStatus.PENDING:
            return
        try:
            self._run(build, app, base)
        except BuildFailed as exc:
            self._fail(build, str(exc), said=isinstance(exc, BuildSaidWhy), reports=exc.reports)
        except (BrokenRule, SourceRejected, SlugRejected, StoreFull) as exc:
            self._fail(build, str(exc))
        except PortError as exc:
            self._wait_for(build, exc)

    def _run(self, build: Build, app: App, base: Release | None) -> None:
        if build.cancel_requested:
            raise BuildFailed("The build was canceled before it began.")
        first = is_first(base)
        config_version = base.config_version if base else 0
        key = build_key(self.ports, self.settings, build, config_version=config_version)
        known = self._known_slug(build, key, first=first)
        made = (
            Made(slug=known) if known else self._build(build, self._spec(build, app, config_version, first=first), key)
        )
        while not self._succeed(build, made, prepared := prepare(self.ports, app.id, made.manifest)):
            discard(self.ports, app.id, prepared)

    def _wait_for(self, build: Build, error: PortError) -> None:
        """Leave the build pending, so that the next tick goes on where this one stopped; but not for ever."""
        log.warning("build.waits", build=build.id, reason=str(error))
        age = self.ports.clock.now() - (build.started_at or build.created_at)
        if age.total_seconds() > self.settings.build_timeout:
            self._fail(build, str(error))
        else:
            self.ports.clock.wait(1)

    def _known_slug(self, build: Build, key: str | None, *, first: bool) -> Slug | None:
        """The slug of an equal build. What app.json asks for at the first deploy is not kept: that is built again."""
        if key is None:
            return None
        with self.ports.state.begin() as work:
            slug = work.slugs.by_build_key(build.app_id, key)
            if slug is not None and first and (slug.app_json or {}).get("env"):
                return None
            if slug is not None and build.started_at is None:
                text = "-----> Nothing has changed since the last build of this source: its slug is used again\n"
                work.outputs.append(build.id, text)
                work.commit()
        return slug

    def _build(self, build: Build, spec: oneoff.BuildSpec, key: str | None) -> Made:
        if spec.config_version:
            self.ports.vault.admit(build.app_id)
        job_id = names.build_job_id(build.app_id, build.id)
        if build.started_at is None:
            self.ports.scheduler.submit(oneoff.build(spec, self.site))
            build = self._save(replace(build, started_at=self.ports.clock.now()))
        allocation, result = self._follow(build, job_id)
        demand_success(allocation, result, self.settings)
        made = self._store(build, allocation, read_result(result, self.settings), key)
        self._keep_cache(build, allocation)
        return made

    def _spec(self, build: Build, app: App, config_version: int, *, first: bool) -> oneoff.BuildSpec:
        return oneoff.BuildSpec(
            app=AppRef(id=app.id, name=app.name, stack=build.stack),
            build_id=build.id,
            source_id=source_id_of(build.source_url),
            source_url=build.source_url,
            source_version=build.source_version,
            buildpacks=build.buildpacks,
            config_version=config_version,
            build_env=dict(self.settings.build_env),
            memory_mb=self.settings.build_memory_mb,
            disk_mb=self.settings.build_disk_mb,
            timeout_s=self.settings.build_timeout,
            slug_max_mb=self.settings.slug_max_mb,
            cache_max_mb=self.settings.build_cache_mb,
            private_fetch=self.settings.fetch_private,
            first=first,
        )

    def _follow(self, build: Build, job_id: str) -> tuple[Allocation, Mapping[str, Any]]:
        """Copy what the build prints until it ends. Raises BuildFailed when it is canceled or takes too long.

        A build writes its result last of all: seeing that saves the second until Nomad's client reports its end. Only
        that report says whether a buildpack that failed was out of memory.
        """
        tail = OutputTail(self.ports, owner_id=build.id, task="build")
        deadline = self.ports.clock.monotonic() + self.settings.build_timeout + 30
        said = None
        while True:
            allocation = next(iter(self.ports.scheduler.allocations(job_id)), None)
            if allocation and allocation.status is not AllocationStatus.PENDING:
                tail.copy(allocation.id)
            result = self.ports.node.result(allocation.id) if allocation else None
            if allocation and (allocation.status.has_ended or (result is not None and not may_be_memory(result))):
                tail.drain(allocation.id)
                return allocation, result or self.ports.node.result(allocation.id) or {}
            if allocation is None and (lack := self.ports.scheduler.missing_capacity(job_id)) and lack != said:
                tail.say(f"{WAITING}for room to build: {lack}\n")
                said = lack
            if allocation is None:
                deadline = self.ports.clock.monotonic() + self.settings.build_timeout + 30
            self._demand_time(build, job_id, late=self.ports.clock.monotonic() > deadline)
            self.ports.clock.wait(_TICK_S)

    def _demand_time(self, build: Build, job_id: str, *, late: bool) -> None:
        with self.ports.state.view() as work:
            latest = work.builds.get(build.id)
        if latest is None or latest.cancel_requested:
            self.ports.scheduler.stop(job_id)
            raise BuildFailed("The build was canceled.")
        if late:
            self.ports.scheduler.stop(job_id)
            raise BuildFailed(
                f"The build took longer than {self.settings.build_timeout} seconds and was stopped: see its output for "
                "what it was at, make that shorter, or ask for a higher NOMAPAAS_BUILD_TIMEOUT of the platform."
            )

    def _store(self, build: Build, allocation: Allocation, result: BuildResult, key: str | None) -> Made:
        pieces = _pieces_of_slug(self.ports, allocation.id)
        spooled = slug_store.store(self.ports, self.settings, app_id=build.app_id, pieces=pieces)
        now = self.ports.clock.now()
        slug = Slug(
            id=str(uuid4()),
            app_id=build.app_id,
            sha256=spooled.sha256,
            size=spooled.size,
            process_types=result.process_types,
            stack=build.stack,
            created_at=now,
            updated_at=now,
            commit=build.source_version,
            commit_description=build.source_description,
            buildpack_provided_description=result.description,
            build_key=key,
            health_check=result.manifest.health_check,
            app_json=result.manifest.kept,
        )
        return Made(slug=slug, manifest=result.manifest, reports=result.reports)

    def _keep_cache(self, build: Build, allocation: Allocation) -> None:
        """The slug is good without it: the next build is only slower."""
        try:
            self.ports.node.keep_cache(allocation.id, app_id=build.app_id)
        except NodeUnavailable as exc:
            tail = OutputTail(self.ports, owner_id=build.id, task="build")
            tail.say(f" !     The build cache was not kept: {exc}\n")

    def _succeed(self, build: Build, made: Made, prepared: Prepared) -> bool:
        """End the build and make its release, in one unit of work; False when config vars have changed meanwhile."""
        now, slug = self.ports.clock.now(), made.slug
        with self.ports.state.begin() as work:
            app = work.apps.get(build.app_id)
            if app is None or self._fresh(work, build).status is not BuildStatus.PENDING:
                return True
            base = work.releases.base(build.app_id)
            if (base.config_version if base else 0) != prepared.seen:
                return False
            if work.slugs.get(slug.id) is None:
                work.slugs.add(slug)
            if base and base.slug_id == slug.id:
                release = base
            else:
                quota = self.settings.quota
                refused = set_up(work, app, slug, made.manifest, prepared, now=now, user_id=build.user_id, quota=quota)
                if refused:
                    work.outputs.append(build.id, f" !     {refused}\n")
                release = create_release(
                    work,
                    now=now,
                    app_id=build.app_id,
                    slug=slug,
                    config_version=prepared.version,
                    pages=prepared.pages,
                    description=f"Deploy {(build.source_version or slug.sha256 or slug.id)[:8]}",
                    user_id=build.user_id,
                )
            ended = replace(
                self._fresh(work, build),
                status=BuildStatus.SUCCEEDED,
                slug_id=slug.id,
                release_id=release.id,
                reports=made.reports,
                updated_at=now,
            )
            work.builds.save(ended)
            work.commit()
        return True

    def _fail(
        self, build: Build, message: str, *, said: bool = False, reports: Mapping[str, str] | None = None
    ) -> None:
        with self.ports.state.begin() as work:
            latest = self._fresh(work, build)
            if latest.status is not BuildStatus.PENDING:
                return
            if not said:
                work.outputs.append(build.id, f" !     {message}\n")
            ended = replace(
                latest,
                status=BuildStatus.FAILED,
                failure_message=message,
                reports=reports or {},
                updated_at=self.ports.clock.now(),
            )
            work.builds.save(ended)
            work.commit()

    def _save(self, build: Build) -> Build:
        with self.ports.state.begin() as work:
            build = replace(self._fresh(work, build), started_at=build.started_at)
            work.builds.save(build)
            work.commit()
        return build

    def _fresh(self, work: UnitOfWork, build: Build) -> Build:
        """The row as it is now: a cancellation may have come meanwhile."""
        return work.builds.get(build.id) or build


def _pieces_of_slug(ports: Ports, allocation_id: str) -> Iterator[bytes]:
    try:
        yield from ports.node.slug(allocation_id)
    except KeyError as exc:
        raise BuildFailed("The build ended well but left no slug; push again.") from exc

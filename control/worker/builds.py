"""Builds: from the queue, through a Nomad job, to a slug and a release.

Each step can be taken again: a worker that is killed leaves a pending build, and the next one goes on with the job that
runs already, from the byte of output that it wrote last.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import uuid4

import structlog

from control.domain.apps import App
from control.domain.builds import Build, BuildStatus
from control.domain.rules import BrokenRule
from control.domain.slugs import Slug, check_process_types
from control.ports.bundle import Ports
from control.ports.errors import PortError, StoreFull
from control.ports.scheduler import Allocation, AllocationStatus
from control.ports.state import UnitOfWork
from control.services import holds
from control.services.builds import source_id_of
from control.services.releases import create_release
from control.settings import Settings
from control.worker import slug_store
from control.worker.build_key import SourceRejected, build_key
from control.worker.crew import Crew
from control.worker.output import OutputTail
from control.worker.slug_check import SlugRejected
from jobs import names, oneoff
from jobs.spec import AppRef, Site

log = structlog.get_logger()

_TICK_S = 0.1


class BuildFailed(Exception):
    """The build ends here; the message is for the user."""


class BuildSaidWhy(BuildFailed):
    """The build itself has printed the message already."""


@dataclass(frozen=True, kw_only=True)
class BuildQueue:
    """Hands pending builds to the crew, oldest first, one an app at a time."""

    ports: Ports
    crew: Crew
    builder: Builder

    def tick(self) -> None:
        """One look at the queue."""
        with self.ports.state.view() as work:
            pending = work.builds.pending()
        seen: set[str] = set()
        for build in pending:
            if build.app_id not in seen:
                hold = self.ports.state.hold(holds.building(build.app_id))
                self.crew.dispatch(build.app_id, lambda build=build: self.builder.run(build.id), hold=hold)  # type: ignore[misc]
            seen.add(build.app_id)


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
            config_version = _config_version(work, build.app_id) if build else 0
        if build is None or app is None or build.status is not BuildStatus.PENDING:
            return
        try:
            self._run(build, app, config_version)
        except BuildSaidWhy as exc:
            self._fail(build, str(exc), said=True)
        except (BuildFailed, SourceRejected, SlugRejected) as exc:
            self._fail(build, str(exc))
        except StoreFull as exc:
            self._fail(build, str(exc))
        except PortError as exc:
            self._wait_for(build, exc)

    def _run(self, build: Build, app: App, config_version: int) -> None:
        if build.cancel_requested:
            raise BuildFailed("The build was canceled before it began.")
        key = build_key(self.ports, self.settings, build, config_version=config_version)
        slug = self._known_slug(build, key) or self._build(build, app, config_version, key)
        self._succeed(build, slug)

    def _wait_for(self, build: Build, error: PortError) -> None:
        """Leave the build pending, so that the next tick goes on where this one stopped; but not for ever."""
        log.warning("build.waits", build=build.id, reason=str(error))
        age = self.ports.clock.now() - (build.started_at or build.created_at)
        if age.total_seconds() > self.settings.build_timeout:
            self._fail(build, str(error))
        else:
            self.ports.clock.wait(1)

    def _known_slug(self, build: Build, key: str | None) -> Slug | None:
        if key is None:
            return None
        with self.ports.state.begin() as work:
            slug = work.slugs.by_build_key(build.app_id, key)
            if slug is not None and build.started_at is None:
                text = "-----> Nothing has changed since the last build of this source: its slug is used again\n"
                work.outputs.append(build.id, text)
                work.commit()
        return slug

    def _build(self, build: Build, app: App, config_version: int, key: str | None) -> Slug:
        if config_version:
            self.ports.vault.admit(app.id)
        job_id = names.build_job_id(app.id, build.id)
        if build.started_at is None:
            self.ports.scheduler.submit(oneoff.build(self._spec(build, app, config_version), self.site))
            build = self._save(replace(build, started_at=self.ports.clock.now()))
        allocation, result = self._follow(build, job_id)
        self._demand_success(allocation, result)
        slug = self._store(build, allocation, result, key)
        self.ports.node.keep_cache(allocation.id, app_id=app.id)
        return slug

    def _spec(self, build: Build, app: App, config_version: int) -> oneoff.BuildSpec:
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
        )

    def _follow(self, build: Build, job_id: str) -> tuple[Allocation, Mapping[str, Any]]:
        """Copy what the build prints until it ends. Raises BuildFailed when it is canceled or takes too long.

        A build writes its result last of all: seeing that saves the second until Nomad's client reports its end.
        """
        tail = OutputTail(self.ports, owner_id=build.id, task="build")
        deadline = self.ports.clock.monotonic() + self.settings.build_timeout + 30
        said = None
        while True:
            allocation = next(iter(self.ports.scheduler.allocations(job_id)), None)
            if allocation and allocation.status is not AllocationStatus.PENDING:
                tail.copy(allocation.id)
            result = self.ports.node.result(allocation.id) if allocation else None
            if allocation and (result is not None or allocation.status.has_ended):
                tail.drain(allocation.id)
                return allocation, result or self.ports.node.result(allocation.id) or {}
            if allocation is None and (lack := self.ports.scheduler.missing_capacity(job_id)) and lack != said:
                tail.say(f"-----> Waiting for room to build: {lack}\n")
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
            raise BuildFailed(f"The build took longer than {self.settings.build_timeout} seconds and was stopped.")

    def _demand_success(self, allocation: Allocation, result: Mapping[str, Any]) -> None:
        if isinstance(reason := result.get("failure_message"), str):
            raise BuildSaidWhy(reason[:1000])
        if result or (allocation.status is AllocationStatus.COMPLETE and allocation.exit_code == 0):
            return
        if allocation.oom_killed:
            raise BuildFailed(f"The build needed more than {self.settings.build_memory_mb} MB of memory.")
        if allocation.exit_code is None:
            raise BuildFailed(f"The build could not be started: {allocation.message or allocation.status}")
        raise BuildFailed(f"The build failed with exit code {allocation.exit_code}; see its output.")

    def _store(self, build: Build, allocation: Allocation, result: Mapping[str, Any], key: str | None) -> Slug:
        pieces = _pieces_of_slug(self.ports, allocation.id)
        spooled = slug_store.store(self.ports, self.settings, app_id=build.app_id, pieces=pieces)
        now = self.ports.clock.now()
        slug = Slug(
            id=str(uuid4()),
            app_id=build.app_id,
            sha256=spooled.sha256,
            size=spooled.size,
            process_types=_process_types(result),
            stack=build.stack,
            created_at=now,
            updated_at=now,
            commit=build.source_version,
            buildpack_provided_description=_description(result),
            build_key=key,
        )
        with self.ports.state.begin() as work:
            work.slugs.add(slug)
            work.commit()
        return slug

    def _succeed(self, build: Build, slug: Slug) -> None:
        """End the build and make its release, in one unit of work."""
        with self.ports.state.begin() as work:
            if self._fresh(work, build).status is not BuildStatus.PENDING:
                return
            base = work.releases.base(build.app_id)
            if base and base.slug_id == slug.id:
                release = base
            else:
                label = (build.source_version or slug.sha256 or slug.id)[:8]
                release = create_release(
                    work,
                    now=self.ports.clock.now(),
                    app_id=build.app_id,
                    slug=slug,
                    description=f"Deploy {label}",
                    user_id=build.user_id,
                )
            ended = replace(
                self._fresh(work, build),
                status=BuildStatus.SUCCEEDED,
                slug_id=slug.id,
                release_id=release.id,
                updated_at=self.ports.clock.now(),
            )
            work.builds.save(ended)
            work.commit()

    def _fail(self, build: Build, message: str, *, said: bool = False) -> None:
        with self.ports.state.begin() as work:
            latest = self._fresh(work, build)
            if latest.status is not BuildStatus.PENDING:
                return
            if not said:
                work.outputs.append(build.id, f" !     {message}\n")
            ended = replace(
                latest, status=BuildStatus.FAILED, failure_message=message, updated_at=self.ports.clock.now()
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


def _config_version(work: UnitOfWork, app_id: str) -> int:
    base = work.releases.base(app_id)
    return base.config_version if base else 0


def _pieces_of_slug(ports: Ports, allocation_id: str) -> Iterator[bytes]:
    try:
        yield from ports.node.slug(allocation_id)
    except KeyError as exc:
        raise BuildFailed("The build ended well but left no slug; push again.") from exc


def _process_types(result: Mapping[str, Any]) -> dict[str, str]:
    try:
        return check_process_types(result.get("process_types"))
    except BrokenRule as exc:
        raise BuildFailed(str(exc)) from exc


def _description(result: Mapping[str, Any]) -> str | None:
    found = result.get("buildpack_provided_description")
    return found[:200] if isinstance(found, str) else None

"""The release phase: the `release` process of a new release, run to its end before the release boots.

Heroku runs it after every build, config change and rollback; output is kept with the release, and a failure keeps the
release before it on the air.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from control.domain.releases import Release
from control.domain.slugs import RELEASE_TYPE
from control.ports.bundle import Ports
from control.ports.scheduler import Allocation, AllocationStatus, Job
from control.settings import Settings
from control.worker.output import OutputTail
from jobs import names, oneoff
from jobs.sizes import DEFAULT_SIZE
from jobs.spec import AppRef, Site

_TICK_S = 0.1


class PhaseFailed(Exception):
    """The release phase failed; the message is for the user."""


@dataclass(frozen=True, kw_only=True)
class ReleasePhase:
    """Runs the release phase of one release, or goes on with the one that runs already."""

    ports: Ports
    settings: Settings
    site: Site

    def run(self, release: Release, *, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Return when it ended well or there is none. Raises PhaseFailed.

        `meanwhile` is called again and again; what it raises leaves the phase running, and the next call goes on.
        """
        job = self._job(release)
        if job is None:
            return
        job_id = job["ID"]
        if release.config_version:
            self.ports.vault.admit(release.app_id)
        if self.ports.scheduler.job(job_id) is None:
            self.ports.scheduler.submit(job)
        allocation = self._follow(release, job_id, meanwhile)
        if allocation.status is not AllocationStatus.COMPLETE or allocation.exit_code != 0:
            raise PhaseFailed(_explain(allocation))

    def is_under_way(self, release: Release) -> bool:
        """Whether it was placed and has not ended."""
        job_id = names.release_phase_job_id(release.app_id, release.version)
        return any(not each.status.has_ended for each in self.ports.scheduler.allocations(job_id))

    def drop(self, release: Release) -> None:
        """Stop a release phase that waits for capacity; one that was never submitted is success."""
        self.ports.scheduler.stop(names.release_phase_job_id(release.app_id, release.version))

    def _job(self, release: Release) -> Job | None:
        with self.ports.state.view() as work:
            app = work.apps.get(release.app_id)
            slug = work.slugs.get(release.slug_id) if release.slug_id else None
        if app is None or slug is None or slug.sha256 is None or RELEASE_TYPE not in slug.process_types:
            return None
        spec = oneoff.ReleasePhaseSpec(
            app=AppRef(id=app.id, name=app.name, stack=slug.stack),
            release_version=release.version,
            slug_sha256=slug.sha256,
            config_version=release.config_version,
            command=slug.process_types[RELEASE_TYPE],
            size=DEFAULT_SIZE,
        )
        return oneoff.release_phase(spec, self.site)

    def _follow(self, release: Release, job_id: str, meanwhile: Callable[[], None]) -> Allocation:
        tail = OutputTail(self.ports, owner_id=release.id, task=RELEASE_TYPE)
        most = timedelta(seconds=self.settings.release_timeout)
        while True:
            allocation = next(iter(self.ports.scheduler.allocations(job_id)), None)
            if allocation and allocation.status is not AllocationStatus.PENDING:
                tail.copy(allocation.id)
            if allocation and allocation.status.has_ended:
                tail.drain(allocation.id)
                return allocation
            if allocation and self.ports.clock.now() - allocation.created_at > most:
                self.ports.scheduler.stop(job_id)
                raise PhaseFailed(
                    f"The release phase took longer than {self.settings.release_timeout} seconds and was stopped."
                )
            meanwhile()
            self.ports.clock.wait(_TICK_S)


def _explain(allocation: Allocation) -> str:
    if allocation.oom_killed:
        return "The release phase was killed for its use of memory."
    if allocation.exit_code is None:
        return f"The release phase could not be started: {allocation.message or 'the node gave no reason'}"
    return f"The release phase ended with exit code {allocation.exit_code}; see its output with releases:output."

"""Brings apps to another version of their stack, a few at a time, while they serve.

An app's job says which version its dynos run on. Where that differs from what the platform was told, raising the app's
generation makes `attend` submit the job anew, and Nomad starts a whole new set of dynos beside the old one. The next
apps follow when those before have settled: rolling all at once would need twice the memory of everything.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import structlog

from control.domain.apps import App
from control.ports.bundle import Ports
from control.ports.scheduler import JobSummary
from control.services.releases import thaw
from control.settings import Settings
from jobs import names

log = structlog.get_logger()

AT_ONCE = 2
"""Apps that have two sets of dynos at a time."""

_UNSETTLED = frozenset({"running", "pending", "paused", "blocked", "unblocking", "initializing"})


@dataclass(frozen=True, kw_only=True)
class StackRoll:
    """Remembers which apps are on their way; forgetting them, after a restart, only makes it a little bolder."""

    ports: Ports
    settings: Settings
    _on_their_way: set[str] = field(default_factory=set)

    def sweep(self, apps: Mapping[str, App], jobs: Mapping[str, JobSummary], *, busy: Collection[str]) -> None:
        """Take up as many outdated apps as there is room for. `busy` ones have a release on its way."""
        self._on_their_way.intersection_update({each for each in self._on_their_way if self._moves(apps.get(each))})
        for app in apps.values():
            if len(self._on_their_way) >= AT_ONCE:
                return
            job = jobs.get(names.app_job_id(app.id))
            settled = app.id not in busy and app.applied_generation == app.desired_generation
            if job and settled and self._outdated(app, job):
                self._take_up(app, job)

    def _outdated(self, app: App, job: JobSummary) -> bool:
        """Whether it runs on another version of its stack; a stack that is not among ours is nobody's to change.

        Jobs of the first version of nomapaas say nothing of their stack.
        """
        runs_on = job.meta.get("stack", "")
        stack = runs_on.partition("@")[0] or app.stack
        wanted = self.settings.stack_versions.get(stack)
        return not job.stopped and wanted is not None and runs_on != names.stack_stamp(stack, wanted)

    def _take_up(self, app: App, job: JobSummary) -> None:
        log.info("stack.roll", app=app.id, runs_on=job.meta.get("stack"))
        self._on_their_way.add(app.id)
        with self.ports.state.begin() as work:
            thaw(work, app.id)
            work.apps.touch(app.id)
            work.commit()

    def _moves(self, app: App | None) -> bool:
        if app is None:
            return False
        if app.applied_generation < app.desired_generation:
            return True
        deployment = self.ports.scheduler.deployment(names.app_job_id(app.id))
        if deployment is not None and deployment.status == "failed":
            log.warning("stack.failed", app=app.id, reason=deployment.description)
        return deployment is not None and deployment.status in _UNSETTLED

"""A release on its way to the air: release phase, submit, boot, switch-over.

```mermaid
stateDiagram-v2
    [*] --> pending
    pending --> failed: release phase fails
    pending --> booting: job submitted
    booting --> succeeded: every web dyno accepts
    booting --> booting: the node lost a dyno
    booting --> failed: a web dyno ends or does not bind in time
    pending --> expired: a newer release came
    booting --> expired: a newer release came
```

A release phase may take an hour, and a boot waits for capacity for as long as it takes. So a rollout gives its hand
back after a while and is taken up again where it was, just as after a kill: what Nomad has says how far it came.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import structlog

from control.domain.releases import Release, ReleaseStatus
from control.ports.bundle import Ports
from control.ports.errors import EdgeUnavailable, JobRejected
from control.ports.state import UnitOfWork
from control.services import desired
from control.services.apply import ApplyApp
from control.services.desired import Desired
from control.settings import Settings
from control.worker import losses, slug_store
from control.worker.boot_failure import explain
from control.worker.postdeploy import order_postdeploy
from control.worker.release_phase import PhaseFailed, ReleasePhase
from control.worker.slug_check import SlugRejected
from control.worker.verdict import Outcome, Verdict, judge
from jobs import names
from jobs.dyno import WEB
from jobs.spec import Site

log = structlog.get_logger()

_TICK_S = 0.1
_SHIFT_S = 10
"""How long a release occupies a hand of the worker at a time."""
_EDGE_FOLLOWS_S = 5
"""The edge mostly follows in 0.3 s; a release does not fail because it is away."""
_LOOK_S = 0.05


class _ShiftOver(Exception):
    """The release is not on the air yet, and it is somebody else's turn."""


@dataclass(frozen=True, kw_only=True)
class Rollout:
    """Puts one app's newest pending release on the air, or says why it cannot be."""

    ports: Ports
    settings: Settings
    site: Site

    def run(self, app_id: str) -> None:
        """Take the newest pending release on, to its end if it does not wait for long; older pending ones expire."""
        release = self._take_newest(app_id)
        if release is None:
            return
        shift_ends = self.ports.clock.monotonic() + _SHIFT_S
        try:
            if not self._boots(release):
                self._adopt_slug(release)
                self._phase.run(release, meanwhile=lambda: self._during_phase(app_id, shift_ends))
            self._boot(release, shift_ends)
        except _ShiftOver:
            return
        except (PhaseFailed, SlugRejected) as exc:
            self._fail(release, str(exc))
        except JobRejected as exc:
            self._fail(release, f"The release could not be scheduled: {exc}")

    @property
    def _phase(self) -> ReleasePhase:
        return ReleasePhase(ports=self.ports, settings=self.settings, site=self.site)

    def _take_newest(self, app_id: str) -> Release | None:
        """The newest one; but a release phase that runs is first brought to its end: two at once may harm data."""
        with self.ports.state.view() as work:
            pending = [each for each in work.releases.pending() if each.app_id == app_id]
        if not pending:
            return None
        *older, newest = sorted(pending, key=lambda each: each.version)
        for each in older:
            if self._phase.is_under_way(each):
                return each
            self._phase.drop(each)
        with self.ports.state.begin() as work:
            for each in older:
                work.releases.save(replace(each, status=ReleaseStatus.EXPIRED, updated_at=self.ports.clock.now()))
            work.commit()
        return newest

    def _boots(self, release: Release) -> bool:
        """Whether its job was submitted, and so its release phase is over, which Nomad forgets after an hour."""
        job = self.ports.scheduler.job(names.app_job_id(release.app_id))
        return job is not None and job.meta.get("release") == str(release.version)

    def _adopt_slug(self, release: Release) -> None:
        with self.ports.state.view() as work:
            slug = work.slugs.get(release.slug_id) if release.slug_id else None
        if slug is not None:
            slug_store.adopt_posted(self.ports, self.settings, slug)

    def _during_phase(self, app_id: str, shift_ends: float) -> None:
        self._wake_old(app_id)
        self._demand_shift(shift_ends)

    def _demand_shift(self, shift_ends: float) -> None:
        if self.ports.clock.monotonic() > shift_ends:
            raise _ShiftOver

    def _wake_old(self, app_id: str) -> None:
        """Somebody wakes the app while its release phase runs: what is on the air starts, as if it had been awake."""
        with self.ports.state.view() as work:
            woken = any(each.id == app_id for each in work.apps.waking())
        if woken:
            apply = ApplyApp(ports=self.ports, settings=self.settings, site=self.site)
            apply(app_id, despite_pending=True)

    def _boot(self, release: Release, shift_ends: float) -> None:
        wanted = self._submit(release)
        while wanted is not None:
            verdict = self._judge(wanted)
            if verdict.outcome is Outcome.UP:
                if wanted.slug is not None:
                    # A sleeping app has started nothing that would have brought it.
                    slug_store.bring_to_node(self.ports, wanted.slug)
                self._succeed(wanted)
                return
            if verdict.outcome is Outcome.LOST:
                losses.start_anew(self.ports, release.app_id, verdict.lost)
            elif verdict.outcome is not Outcome.WAITING:
                self._fail(release, explain(self.ports, self.settings, verdict, wanted))
                return
            self._demand_shift(shift_ends)
            self.ports.clock.wait(_TICK_S)
            wanted = self._renew(wanted)

    def _submit(self, release: Release) -> Desired | None:
        """Hand the release with its formation to the scheduler; None when it is no longer wanted."""
        with self.ports.state.view() as work:
            app = work.apps.get(release.app_id)
            if app is None or app.destroyed_at:
                return None
            wanted = desired.of_release(work, app, release)
            route = desired.route(work, app, settings=self.settings, starting=wanted.web_quantity > 0)
        modify_index = desired.hand_over(self.ports, self.settings, self.site, app.id, wanted)
        self.ports.catalog.put_route(route)
        with self.ports.state.begin() as work:
            work.apps.applied(app.id, generation=app.desired_generation, modify_index=modify_index)
            work.commit()
        return wanted

    def _judge(self, wanted: Desired) -> Verdict:
        if wanted.runs_nothing:
            return Verdict(outcome=Outcome.UP)
        job_id = names.app_job_id(wanted.app.id)
        return judge(
            [each for each in self.ports.scheduler.allocations(job_id) if each.group == WEB],
            self.ports.scheduler.deployment(job_id),
            version=wanted.release.version,
            nonce=wanted.app.restart_nonce,
            quantity=wanted.web_quantity,
        )

    def _renew(self, wanted: Desired) -> Desired | None:
        """The same while nothing changed; submitted anew after a scale; None when a newer release is there."""
        with self.ports.state.view() as work:
            app = work.apps.get(wanted.app.id)
            latest = work.releases.latest(wanted.app.id)
        if app is None or app.destroyed_at:
            return None
        if latest and latest.version > wanted.release.version:
            return None
        return wanted if app.desired_generation == wanted.app.desired_generation else self._submit(wanted.release)

    def _succeed(self, wanted: Desired) -> None:
        self._switch_over(wanted)
        with self.ports.state.begin() as work:
            if not _is_pending(work, wanted.release):
                return
            release = replace(wanted.release, status=ReleaseStatus.SUCCEEDED, updated_at=self.ports.clock.now())
            postdeploy = order_postdeploy(work, release, now=release.updated_at)
            work.releases.save(release)
            app = work.apps.get(release.app_id)
            if app is not None:
                work.apps.save(replace(app, released_at=release.updated_at))
            work.commit()
        with self.ports.state.view() as work:
            app = work.apps.get(release.app_id)
            route = desired.route(work, app, settings=self.settings) if app else None
        if route:
            self.ports.catalog.put_route(route)
        if postdeploy:
            line = f"Running the postdeploy script of app.json as {postdeploy.name}"
            self.ports.node.log(release.app_id, source="app", dyno="api", lines=[line])

    def _switch_over(self, wanted: Desired) -> None:
        """Send the requests to this release's dynos, so that whoever reads that it succeeded is answered by them."""
        with self.ports.state.view() as work:
            app = work.apps.get(wanted.app.id)
            route = desired.route(work, app, settings=self.settings, starting=wanted.web_quantity > 0) if app else None
        if route:
            self.ports.catalog.put_route(replace(route, release=wanted.release.version))
            self._await_edge(wanted)

    def _await_edge(self, wanted: Desired) -> None:
        deadline = self.ports.clock.monotonic() + _EDGE_FOLLOWS_S
        try:
            while wanted.web_quantity and self.ports.edge.release_served(wanted.app.id) != wanted.release.version:
                if self.ports.clock.monotonic() > deadline:
                    log.warning("the edge does not follow", app=wanted.app.id, release=wanted.release.version)
                    return
                self.ports.clock.wait(_LOOK_S)
        except EdgeUnavailable as exc:
            log.warning("the edge was not asked", app=wanted.app.id, problem=str(exc))

    def _fail(self, release: Release, message: str) -> None:
        """End the release. The raised generation makes the repair loop bring back what ran before."""
        job_id = names.app_job_id(release.app_id)
        deployment = self.ports.scheduler.deployment(job_id)
        if deployment:
            self.ports.scheduler.fail_deployment(deployment.id)
        with self.ports.state.begin() as work:
            if not _is_pending(work, release):
                return
            work.releases.save(
                replace(
                    release,
                    status=ReleaseStatus.FAILED,
                    failure_message=message,
                    updated_at=self.ports.clock.now(),
                )
            )
            work.apps.touch(release.app_id)
            work.commit()
        headline = message.splitlines()[0]
        self.ports.node.log(
            release.app_id, source="app", dyno="api", lines=[f"Release v{release.version} failed: {headline}"]
        )


def _is_pending(work: UnitOfWork, release: Release) -> bool:
    """Whether nobody else has ended it meanwhile."""
    latest = work.releases.get(release.id)
    return latest is not None and latest.status is ReleaseStatus.PENDING

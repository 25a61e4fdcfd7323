"""The repair loop: what should run against what runs, in a few calls whatever the number of apps.

The scheduler's index of each job is compared with the one of our last submit, so a job that somebody stopped, scaled or
edited in Nomad's own UI is noticed without reading it. Mending is not done here: raising the app's generation hands it
to `attend`, the one place where an app is applied.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from control.domain.apps import App
from control.ports.bundle import Ports
from control.ports.catalog import Route
from control.ports.errors import PortError
from control.ports.scheduler import Allocation, AllocationStatus, JobSummary
from control.services import desired, holds
from control.services.desired import Desired
from control.settings import Settings
from control.worker import losses
from control.worker.stack_roll import StackRoll
from jobs import names
from jobs.dyno import WEB

log = structlog.get_logger()

_FIRST_PAUSE_S = 5
_LONGEST_PAUSE_S = 600
_PATIENCE = timedelta(seconds=3)


@dataclass(frozen=True, kw_only=True)
class Reconcile:
    """Compares and marks."""

    ports: Ports
    settings: Settings
    roll: StackRoll

    def tick(self) -> None:
        """One sweep over everything, unless another worker is at it."""
        try:
            with self.ports.state.hold(holds.SWEEP) as alone:
                if alone:
                    self._sweep()
        except PortError as exc:
            log.warning("reconcile.waits", reason=str(exc))

    def _sweep(self) -> None:
        jobs = self.ports.scheduler.jobs()
        routes = self.ports.catalog.routes()
        serving = Counter(each.app_id for each in self.ports.catalog.instances() if each.passing)
        with self.ports.state.view() as work:
            apps = {app.id: app for app in work.apps.list()}
            gone = {app.id for app in work.apps.destroyed()}
            busy = {each.app_id for each in work.releases.pending()}
            calm = [app for app in apps.values() if app.id not in busy]
            wanted = {app.id: desired.of_current(work, app) for app in calm}
            expected = {app.id: desired.route_to(work, app, wanted[app.id], settings=self.settings) for app in calm}
        for app in calm:
            self._check_job(app, jobs)
            self._check_web(app, wanted[app.id], expected[app.id], routes.get(app.id), serving=serving[app.id])
        self.roll.sweep(apps, jobs, busy=busy)
        self._drop_strangers(jobs, routes, known=apps.keys() | gone)

    def _check_job(self, app: App, jobs: Mapping[str, JobSummary]) -> None:
        if app.applied_generation < app.desired_generation:
            return
        job = jobs.get(names.app_job_id(app.id))
        index = 0 if job is None or job.stopped else job.modify_index
        if index == app.applied_modify_index:
            return
        log.info("reconcile.differs", app=app.id, expected=app.applied_modify_index, found=index)
        with self.ports.state.begin() as work:
            work.apps.touch(app.id)
            work.commit()

    def _check_web(
        self, app: App, wanted: Desired | None, expected: Route, found: Route | None, *, serving: int
    ) -> None:
        """Write a missing or differing route, with `crashed` for an app none of whose web dynos lives.

        Requests for one whose dynos the node lost wait, as they do for one that boots.
        Fewer dynos than wanted are Nomad's to replace, but for those that it has given up.
        """
        # One that has just been woken has none yet but those that ended when it fell asleep.
        if wanted is not None and expected.state == "up" and serving < wanted.web_quantity and not app.waking:
            allocations = self.ports.scheduler.allocations(names.app_job_id(app.id))
            web = [each for each in allocations if each.group == WEB]
            ended = [each for each in web if each.status.has_ended]
            if web and len(ended) == len(web) and not losses.is_lost(_newest(web)):
                expected = replace(expected, state="crashed")
            if len(ended) == len(web) or _one_was_given_up(web, wanted):
                self._start_anew(app, [each for each in ended if each.meta.get("release") == str(expected.release)])
        if found != expected:
            self._put_route(app, expected)

    def _put_route(self, app: App, expected: Route) -> None:
        """Write a record, unless the app is just being changed: what we saw of it may be a moment old."""
        with self.ports.state.hold(holds.attending(app.id)) as ours:
            if not ours:
                return
            with self.ports.state.view() as work:
                latest = work.apps.get(app.id)
            if latest is not None and latest.desired_generation == app.desired_generation:
                self.ports.catalog.put_route(expected)

    def _start_anew(self, app: App, web: Sequence[Allocation]) -> None:
        """Restart an app of whose web dynos Nomad has given up some or all.

        It does so when a dyno ends while a deployment runs, and even a scale is one for a second.
        """
        if web and losses.is_lost(_newest(web)):
            losses.start_anew(self.ports, app.id, [each for each in web if losses.is_lost(each)])
        elif web and _is_due(web, self.ports.clock.now()):
            losses.start_anew(self.ports, app.id)

    def _drop_strangers(
        self, jobs: Mapping[str, JobSummary], routes: Mapping[str, Route], *, known: frozenset[str] | set[str]
    ) -> None:
        """Stop jobs and remove routes of apps that there are no more: a kill in the middle of a removal left them."""
        for job_id, job in jobs.items():
            if names.app_of_job(job_id) not in known and not job.stopped:
                log.info("reconcile.stranger", job=job_id)
                self.ports.scheduler.stop(job_id, purge=True)
        for app_id in routes.keys() - known:
            self.ports.catalog.delete_route(app_id)


def _one_was_given_up(web: Sequence[Allocation], wanted: Desired) -> bool:
    """Whether dynos are missing, and the newest that failed is of this very start and has no successor."""
    running = sum(each.desired == "run" and not each.status.has_ended for each in web)
    if running >= wanted.web_quantity:
        return False
    failed = [each for each in web if each.status in (AllocationStatus.FAILED, AllocationStatus.LOST)]
    newest = max(failed, key=lambda each: each.created_at, default=None)
    return (
        newest is not None
        and newest.rescheduled_to is None
        and newest.meta.get("nonce") == str(wanted.app.restart_nonce)
        and newest.meta.get("release") == str(wanted.release.version)
    )


def _is_due(web: Sequence[Allocation], now: datetime) -> bool:
    """Whether to start an app anew of whose release these dynos ended: not while Nomad itself will try again.

    The pause grows with the dynos of this release that failed, as Nomad's own does.
    """
    if any(_will_be_tried_again(each, now) for each in web):
        return False
    failures = sum(each.status is AllocationStatus.FAILED and not losses.is_lost(each) for each in web)
    pause_s = min(_LONGEST_PAUSE_S, _FIRST_PAUSE_S * 2 ** max(0, failures - 1))
    return now >= max(each.modified_at for each in web) + timedelta(seconds=pause_s)


def _newest(web: Sequence[Allocation]) -> Allocation:
    return max(web, key=lambda each: each.created_at)


def _will_be_tried_again(allocation: Allocation, now: datetime) -> bool:
    """Whether Nomad still means to replace it; a time that has passed without a successor was an empty promise."""
    if allocation.rescheduled_to is not None or allocation.reschedule_at is None:
        return False
    return now < allocation.reschedule_at + _PATIENCE

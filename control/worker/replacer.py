"""Replaces dynos that refuse connections: the router takes one out for a few seconds, this ends it for good.

What the router tells is a hint only. A dyno goes when it refuses again and again, or refused once and passes no check
since; and it goes gently: one of an app in a while, few in all, none while a release is on its way or a dyno boots.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from control.ports.bundle import Ports
from control.ports.catalog import Instance
from control.ports.errors import NodeUnavailable, PortError
from control.ports.node import Refusal
from control.ports.scheduler import Allocation, AllocationStatus
from control.services import holds
from control.services.actor import record
from control.settings import Settings
from jobs import names

log = structlog.get_logger()

_OFTEN = 3
_PAUSE = timedelta(seconds=60)
"""Between two dynos of one app: the one that took the first one's place has begun to answer by then."""
_MOST_IN_A_PAUSE = 5
"""Of all apps: what refuses everywhere at once is no dyno's fault."""


@dataclass(frozen=True, kw_only=True)
class Replacer:
    """Looks at what the router reported."""

    ports: Ports
    settings: Settings
    _replaced: dict[str, datetime] = field(default_factory=dict)
    """When an app had a dyno replaced last."""

    def tick(self) -> None:
        """One look; without a refusal it is one question to the node agent."""
        try:
            refusals = self.ports.node.refusals()
            if refusals:
                self._look_at(refusals, self.ports.catalog.instances())
        except PortError as exc:
            log.warning("replacer.waits", reason=str(exc))

    def _look_at(self, refusals: Collection[Refusal], instances: Collection[Instance]) -> None:
        now = self.ports.clock.now()
        for app_id in [key for key, at in self._replaced.items() if now - at >= _PAUSE]:
            del self._replaced[app_id]
        patience = timedelta(seconds=self.settings.replace_after)
        for refusal in refusals:
            if refusal.app_id in self._replaced or len(self._replaced) >= _MOST_IN_A_PAUSE:
                continue
            if now - refusal.first >= patience:
                with self.ports.state.hold(holds.attending(refusal.app_id)) as ours:
                    if ours:
                        self._replace(refusal, instances, now)

    def _replace(self, refusal: Refusal, instances: Collection[Instance], now: datetime) -> None:
        if not self._is_steady(refusal.app_id):
            return
        job_id = names.app_job_id(refusal.app_id)
        found = [each for each in self.ports.scheduler.allocations(job_id) if each.id == refusal.allocation_id]
        if not found or not self._ought_to_answer(found[0], now):
            return
        passing = any(
            each.passing and each.app_id == refusal.app_id and each.address == found[0].address for each in instances
        )
        if passing and refusal.times < _OFTEN:
            return
        deployment = self.ports.scheduler.deployment(job_id)
        if deployment is not None and deployment.status == "running":
            return
        self._replaced[refusal.app_id] = now
        self._note(refusal, now)
        self.ports.scheduler.stop_allocation(refusal.allocation_id)

    def _is_steady(self, app_id: str) -> bool:
        """Whether the app is there, awake, and nothing of it is on its way."""
        with self.ports.state.view() as work:
            app = work.apps.get(app_id)
            if app is None or app.asleep or app.applied_generation < app.desired_generation:
                return False
            return all(each.app_id != app_id for each in work.releases.pending())

    def _ought_to_answer(self, allocation: Allocation, now: datetime) -> bool:
        """A dyno that has just started, or is being started again after a crash, may still boot."""
        boot = timedelta(seconds=self.settings.boot_timeout)
        return (
            allocation.status is AllocationStatus.RUNNING
            and allocation.desired == "run"
            and allocation.rescheduled_to is None
            and allocation.started_at is not None
            and now - allocation.started_at >= boot
        )

    def _note(self, refusal: Refusal, now: datetime) -> None:
        """Before it is done: what a kill leaves undone is done, and told, again."""
        log.info("replacer.replaces", app=refusal.app_id, allocation=refusal.allocation_id, times=refusal.times)
        with self.ports.state.begin() as work:
            detail = f"{refusal.dyno} refused connections"
            record(work, now=now, action="dyno.replace", detail=detail, actor_id=None, app_id=refusal.app_id)
            work.commit()
        seconds = (now - refusal.first).total_seconds()
        line = f"Replacing this dyno: it has refused connections for {seconds:.0f} seconds"
        try:
            self.ports.node.log(refusal.app_id, source="heroku", dyno=refusal.dyno, lines=[line])
        except NodeUnavailable as exc:
            log.warning("replacer.lost", app=refusal.app_id, reason=str(exc))

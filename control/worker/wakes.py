"""Apps that were woken: did their dynos boot? One that did not sleeps again, so that the next request tries anew."""

from __future__ import annotations

from dataclasses import dataclass, replace

import structlog

from control.domain.apps import App
from control.domain.sleeping import SleepCause
from control.ports.bundle import Ports
from control.ports.errors import PortError
from control.ports.scheduler import Allocation
from control.services import desired
from control.services.desired import Desired
from control.services.sleeping import fall_asleep, say
from control.settings import Settings
from control.worker import losses
from control.worker.boot_failure import explain
from control.worker.verdict import Outcome, Verdict, judge
from jobs import names
from jobs.dyno import WEB

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class Wakes:
    """Judges the boot of every app that was woken and whose boot nobody has judged."""

    ports: Ports
    settings: Settings

    def tick(self) -> bool:
        """One look at each. Whether there was any."""
        with self.ports.state.view() as work:
            waking = work.apps.waking()
        for app in waking:
            try:
                self._look(app)
            except PortError as exc:
                log.warning("wakes.waits", app=app.id, reason=str(exc))
        return bool(waking)

    def _look(self, app: App) -> None:
        with self.ports.state.view() as work:
            current = work.releases.current(app.id)
            wanted = desired.of_release(work, app, current) if current else None
            if app.applied_generation < app.desired_generation:
                return
            # A release on its way is judged by its rollout.
            if any(each.app_id == app.id for each in work.releases.pending()):
                return
        verdict = self._verdict(app, wanted)
        if verdict.outcome is Outcome.UP:
            self._settle(app)
        elif verdict.outcome is Outcome.LOST:
            losses.start_anew(self.ports, app.id, verdict.lost)
        elif verdict.outcome is not Outcome.WAITING and wanted is not None:
            self._fail(app, explain(self.ports, self.settings, verdict, wanted))

    def _verdict(self, app: App, wanted: Desired | None) -> Verdict:
        if wanted is None or wanted.runs_nothing:
            return Verdict(outcome=Outcome.UP)
        job_id = names.app_job_id(app.id)
        found = self.ports.scheduler.allocations(job_id)
        return judge(
            [each for each in found if each.group == WEB and _is_of_this_wake(each, app)],
            self.ports.scheduler.deployment(job_id),
            version=wanted.release.version,
            nonce=app.restart_nonce,
            quantity=wanted.web_quantity,
        )

    def _settle(self, app: App) -> None:
        with self.ports.state.begin() as work:
            latest = work.apps.get(app.id)
            if latest is not None and latest.woken_at == app.woken_at:
                work.apps.save(replace(latest, waking=False))
                work.commit()

    def _fail(self, app: App, message: str) -> None:
        headline, *lines = message.splitlines()
        with self.ports.state.begin() as work:
            latest = work.apps.get(app.id)
            if latest is None or latest.woken_at != app.woken_at or not latest.waking:
                return
            now = self.ports.clock.now()
            fall_asleep(work, latest, SleepCause.FAILED, now=now, actor=None, why=f"its wake failed: {headline}")
            work.commit()
        for line in (headline, *lines, "The app sleeps again; the next request tries to start it anew."):
            say(self.ports, app.id, line)


def _is_of_this_wake(allocation: Allocation, app: App) -> bool:
    """Not one that ended before, or still stops: sleeping changes nothing but how many there are to be."""
    if allocation.desired != "run" or app.woken_at is None:
        return False
    return not allocation.status.has_ended or allocation.modified_at >= app.woken_at

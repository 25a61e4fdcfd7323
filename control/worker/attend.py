"""One app at a time: whatever of it is not as it should be is taken up here.

Pending releases are rolled out; an app whose generation was raised (scale, restart, rename, maintenance, a failed
release) gets its job and route anew; a destroyed one is removed with all that it owned.

Nobody may keep the others waiting: one owner's apps occupy some of the crew's hands only, a release that waits for long
gives its hand back (see `rollout`), and the app that was taken up longest ago comes first.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from math import inf

import structlog

from control.ports.bundle import Ports
from control.ports.errors import PortError
from control.ports.state import UnitOfWork
from control.services import holds
from control.services.apply import ApplyApp
from control.settings import Settings
from control.worker.bedtime import Bedtime
from control.worker.crew import Crew
from control.worker.rollout import Rollout
from jobs import names
from jobs.spec import Site

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class Attend:
    """Looks which apps need work, and hands each to the crew."""

    ports: Ports
    settings: Settings
    site: Site
    crew: Crew
    _taken_up: dict[str, float] = field(default_factory=dict, init=False)
    """When each app that still needs work was taken up last."""

    def tick(self) -> bool:
        """One look: three indexed queries, whatever the number of apps. Whether any app needs work."""
        with self.ports.state.view() as work:
            waiting = self._waiting(work)
        for app_id in self._taken_up.keys() - waiting.keys():
            del self._taken_up[app_id]
        for app_id in sorted(waiting, key=lambda each: self._taken_up.get(each, -inf)):
            hold = self.ports.state.hold(holds.attending(app_id))
            attend = partial(self.attend, app_id)
            if self.crew.dispatch(app_id, attend, owner=waiting[app_id], hold=hold):
                self._taken_up[app_id] = self.ports.clock.monotonic()
        return bool(waiting)

    def _waiting(self, work: UnitOfWork) -> dict[str, str]:
        """The apps that need work, each with its owner; those at work now are in it as well."""
        found = {each.id: each.owner_id for each in (*work.apps.behind(), *work.apps.destroyed())}
        for app_id in {each.app_id for each in work.releases.pending()} - found.keys():
            if app := work.apps.get(app_id):
                found[app_id] = app.owner_id
        return found

    def attend(self, app_id: str) -> None:
        """Do all that this app needs now. A part that does not answer leaves it for a later tick."""
        try:
            if self._destroyed(app_id):
                self._remove_unless_built(app_id)
                return
            Rollout(ports=self.ports, settings=self.settings, site=self.site).run(app_id)
            bedtime = Bedtime(ports=self.ports, settings=self.settings)
            bedtime.wait(app_id)
            bedtime.thaw(app_id)
            ApplyApp(ports=self.ports, settings=self.settings, site=self.site)(app_id)
            bedtime.freeze(app_id)
        except PortError as exc:
            log.warning("attend.waits", app=app_id, reason=str(exc))
            self.ports.clock.wait(1)

    def _destroyed(self, app_id: str) -> bool:
        with self.ports.state.view() as work:
            return any(each.id == app_id for each in work.apps.destroyed())

    def _remove_unless_built(self, app_id: str) -> None:
        """Remove the app, but wait for the end of its build, which would leave a slug of no app behind."""
        with self.ports.state.hold(holds.building(app_id)) as free:
            if free:
                self._remove(app_id)

    def _remove(self, app_id: str) -> None:
        """Remove all that the app owned. Every step may be repeated; the row goes last, so that none is forgotten."""
        self.ports.catalog.delete_route(app_id)
        for job_id in self.ports.scheduler.jobs(prefix=app_id):
            self.ports.scheduler.stop(job_id, purge=True)
        self.ports.vault.forget(app_id)
        for key in list(self.ports.blobs.keys(names.SLUGS_BUCKET, prefix=f"{app_id}/")):
            self.ports.blobs.delete(names.SLUGS_BUCKET, key)
        self.ports.node.forget(app_id)
        with self.ports.state.begin() as work:
            work.apps.remove(app_id)
            work.commit()
        log.info("app.removed", app=app_id)

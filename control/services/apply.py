"""Makes the scheduler and the router have what an app's current release and formation say."""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from control.ports.bundle import Ports
from control.ports.errors import JobRejected
from control.services import desired
from control.settings import Settings
from jobs.spec import Site

log = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class ApplyApp:
    """Hands over one app whose generation was raised. Whoever calls it holds `holds.attending`."""

    ports: Ports
    settings: Settings
    site: Site

    def __call__(self, app_id: str, *, admit: bool = True, despite_pending: bool = False) -> None:
        """Apply it, unless that is done, or a release on its way will. Raises PortError.

        Without `admit`, Vault is not told anew who may read the app's config: it knows since the release was made.
        With `despite_pending` a release that is not yet handed over does not count.
        """
        with self.ports.state.view() as work:
            app = work.apps.get(app_id)
            if app is None or app.applied_generation >= app.desired_generation:
                return
            if not despite_pending and any(each.app_id == app_id for each in work.releases.pending()):
                return
            wanted = desired.of_current(work, app)
            route = desired.route_to(work, app, wanted, settings=self.settings)
        if route.state == "idle":
            # Requests are held from here on, before a dyno is gone.
            self.ports.catalog.put_route(route)
        modify_index = 0
        try:
            modify_index = desired.hand_over(self.ports, self.settings, self.site, app_id, wanted, admit=admit)
        except JobRejected as exc:
            log.warning("apply.rejected", app=app_id, reason=str(exc))
        if route.state != "idle":
            self.ports.catalog.put_route(route)
        with self.ports.state.begin() as work:
            work.apps.applied(app_id, generation=app.desired_generation, modify_index=modify_index)
            work.commit()

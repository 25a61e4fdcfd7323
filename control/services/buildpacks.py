"""The buildpacks of an app."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from control.domain.apps import App
from control.domain.buildpacks import check_buildpacks
from control.ports.bundle import Ports
from control.services.actor import Actor, record_by


@dataclass(frozen=True, kw_only=True)
class SetBuildpacks:
    """Choose the buildpacks that the next builds use, in their order; none means that builds detect one."""

    ports: Ports

    def __call__(self, actor: Actor, app: App, wanted: Sequence[str]) -> App:
        """Return the app after the change. Raises BrokenRule."""
        chosen = check_buildpacks(wanted)
        now = self.ports.clock.now()
        with self.ports.state.begin() as work:
            app = work.apps.get(app.id) or app
            if chosen == app.buildpacks:
                return app
            app = replace(app, buildpacks=chosen, updated_at=now)
            work.apps.save(app)
            detail = ", ".join(chosen) or "none"
            record_by(work, actor, app, now=now, action="buildpacks.update", detail=detail)
            work.commit()
        return app

"""What an app wants of encrypted requests: that there be no others, and that browsers remember it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from control.domain.apps import App, check_hsts
from control.ports.bundle import Ports
from control.services.actor import Actor, record_by


@dataclass(frozen=True, kw_only=True)
class UpdateEncryption:
    """Change it; the worker tells the router."""

    ports: Ports

    def __call__(self, actor: Actor, app: App, *, force: bool | None, hsts: int | None) -> App:
        """Change what is given. Raises BrokenRule."""
        now = self.ports.clock.now()
        with self.ports.state.begin() as work:
            app = work.apps.get(app.id) or app
            changed = replace(
                app,
                force_https=app.force_https if force is None else force,
                hsts=app.hsts if hsts is None else check_hsts(hsts),
            )
            if changed == app:
                return app
            work.apps.save(replace(changed, updated_at=now))
            work.apps.touch(app.id)
            detail = f"force={changed.force_https}, hsts={changed.hsts}"
            record_by(work, actor, app, now=now, action="https.update", detail=detail)
            work.commit()
        return changed

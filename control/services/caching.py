"""The HTTP cache of an app: on or off, and forgetting."""

from __future__ import annotations

from dataclasses import dataclass, replace

from control.domain.apps import App
from control.domain.caching import parse_target
from control.errors import InvalidParams
from control.ports.bundle import Ports
from control.services.actor import Actor, record_by


@dataclass(frozen=True, kw_only=True)
class SwitchCache:
    """Put the cache before an app's dynos, or take it away; the worker tells the router."""

    ports: Ports

    def __call__(self, actor: Actor, app: App, *, enabled: bool) -> App:
        """Switch it. What was stored before is never shown again."""
        with self.ports.state.begin() as work:
            app = work.apps.get(app.id) or app
            if app.cache == enabled:
                return app
            now = self.ports.clock.now()
            app = replace(app, cache=enabled, cache_purges=app.cache_purges + 1, updated_at=now)
            work.apps.save(app)
            work.apps.touch(app.id)
            record_by(work, actor, app, now=now, action="cache.update", detail=f"enabled={enabled}")
            work.commit()
        return app


@dataclass(frozen=True, kw_only=True)
class PurgeCache:
    """Have the cache forget what it has of an app: all, one URL, or all that begin like one."""

    ports: Ports

    def __call__(self, actor: Actor, app: App, *, url: str | None = None, prefix: str | None = None) -> App:
        """Purge. Raises BrokenRule, InvalidParams, EdgeUnavailable."""
        if url is not None and prefix is not None:
            raise InvalidParams("The fields url and prefix exclude each other; give one of them, or none for all.")
        wanted = url if prefix is None else prefix
        target = None if wanted is None else parse_target(wanted, prefix=prefix is not None)
        if target is not None:
            # First, and outside of the unit of work: nobody's change has to wait for the edge.
            self.ports.edge.purge(app.id, host=target.host, path=target.path, prefix=target.prefix)
        with self.ports.state.begin() as work:
            app = work.apps.get(app.id) or app
            now = self.ports.clock.now()
            detail = "everything" if target is None else str(target)
            record_by(work, actor, app, now=now, action="cache.purge", detail=detail)
            if target is None:
                # A generation that nobody has asked for yet: it holds after any failure, and for every edge.
                app = replace(app, cache_purges=app.cache_purges + 1)
                work.apps.save(app)
                work.apps.touch(app.id)
            work.commit()
        return app

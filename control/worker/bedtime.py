"""The last moments of an app that falls asleep: nobody's request may be cut off or stand still.

The router is told first and holds what comes from then on. What it had passed on before may go on for a moment: its
workers' next report says when nothing is under way any more. Only then do the dynos stop, or freeze.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from control.domain.apps import App
from control.domain.sleeping import SleepCause
from control.ports.bundle import Ports
from control.services import desired
from control.services.releases import thaw
from control.services.sleeping import wake_up
from control.settings import Settings

log = structlog.get_logger()

_PATIENCE = timedelta(seconds=20)
"""From the moment that an app falls asleep: who is not done by then keeps it awake, unless somebody wants it asleep."""
_PUSH = timedelta(seconds=1)
"""Until every worker of the router has the new table."""
_RECENT = timedelta(minutes=10)
_TICK_S = 0.2


@dataclass(frozen=True, kw_only=True)
class Bedtime:
    """Looks after one app that falls asleep, for whoever is about to apply it."""

    ports: Ports
    settings: Settings

    def wait(self, app_id: str) -> None:
        """Return when its dynos may go. Raises PortError. An app that is not just falling asleep waits for nothing."""
        held_at: datetime | None = None
        while (app := self._falling_asleep(app_id)) is not None and app.asleep_since is not None:
            if held_at is None:
                self._hold_requests(app)
                held_at = self.ports.clock.now()
            activity = self.ports.node.activity()
            if activity.heard_at is None:
                return
            seen = activity.apps.get(app_id)
            is_busy = seen is not None and seen.in_flight > 0
            if activity.heard_at >= held_at + _PUSH and not is_busy:
                return
            if self.ports.clock.now() - app.asleep_since > _PATIENCE:
                self._decide(app_id, is_busy=is_busy)
                return
            self.ports.clock.wait(_TICK_S)

    def thaw(self, app_id: str) -> None:
        """Thaw what has just been woken, should that not be done yet. Raises PortError."""
        app = self._app(app_id)
        if app is None or app.asleep or app.woken_at is None or app.applied_generation >= app.desired_generation:
            return
        if self.ports.clock.now() - app.woken_at < _RECENT:
            self.ports.node.thaw(app_id)

    def freeze(self, app_id: str) -> None:
        """Freeze what is to sleep so and has been applied. Raises PortError.

        Who wakes an app writes that down before the thaw. So whoever freezes looks once more afterwards: a wake that is
        not seen then is still to thaw.
        """
        app = self._app(app_id)
        if app is None or not app.frozen or app.applied_generation < app.desired_generation:
            return
        frozen = self.ports.node.freeze(app_id)
        latest = self._app(app_id)
        if latest is None or not latest.frozen:
            self.ports.node.thaw(app_id)
        elif not frozen:
            log.warning("bedtime.not_frozen", app=app_id)
            stop_frozen(self.ports, app_id)

    def _app(self, app_id: str) -> App | None:
        with self.ports.state.view() as work:
            return work.apps.get(app_id)

    def _falling_asleep(self, app_id: str) -> App | None:
        app = self._app(app_id)
        if app is None or app.asleep_since is None or app.asleep_because is SleepCause.FAILED:
            return None
        if app.applied_generation >= app.desired_generation:
            return None
        # One that has slept for longer has no dyno left to wait for.
        return app if self.ports.clock.now() - app.asleep_since <= 2 * _PATIENCE else None

    def _hold_requests(self, app: App) -> None:
        with self.ports.state.view() as work:
            route = desired.route(work, app, settings=self.settings)
        self.ports.catalog.put_route(route)

    def _decide(self, app_id: str, *, is_busy: bool) -> None:
        """Somebody is not done: an idle app was not idle then, and one that was asked to sleep is not frozen."""
        if not is_busy:
            return
        with self.ports.state.begin() as work:
            app = work.apps.get(app_id)
            if app is None or not app.asleep:
                return
            if app.asleep_because is SleepCause.IDLE:
                wake_up(work, app, now=self.ports.clock.now(), actor=None, why="a request is under way")
            elif app.frozen:
                work.apps.save(replace(app, frozen=False))
            work.commit()


def stop_frozen(ports: Ports, app_id: str) -> None:
    """Let a frozen app sleep without its dynos, which are not what was frozen any more."""
    with ports.state.begin() as work:
        thaw(work, app_id)
        work.apps.touch(app_id)
        work.commit()

"""The last moments of an app that falls asleep: nobody's request may be cut off or stand still.

The router is told first and holds what comes from then on, once it has taken that in: until it says so, the dynos run.
What it had passed on before may go on for a moment: its workers' next report says when nothing is under way any more.
Only then do the dynos stop, or freeze.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog

from control.domain.apps import App
from control.domain.sleeping import SleepCause
from control.ports.bundle import Ports
from control.ports.errors import EdgeUnavailable
from control.ports.node import Activity
from control.services import desired
from control.services.releases import thaw
from control.services.sleeping import wake_up
from control.settings import Settings

log = structlog.get_logger()

_PATIENCE = timedelta(seconds=20)
"""From the moment that an app falls asleep: who is not done by then keeps it awake, unless somebody wants it asleep."""
_PUSH = timedelta(seconds=1)
"""From the moment that the router has the new table, until every worker of it goes by that."""
_RECENT = timedelta(minutes=10)
_TICK_S = 0.2


@dataclass(frozen=True, kw_only=True)
class Bedtime:
    """Looks after one app that falls asleep, for whoever is about to apply it."""

    ports: Ports
    settings: Settings

    def wait(self, app_id: str) -> None:
        """Return when its dynos may go. Raises PortError. An app that is awake, or applied, waits for nothing."""
        state: str | None = None
        held_at: datetime | None = None
        while (app := self._falling_asleep(app_id)) is not None and app.asleep_since is not None:
            state = state or self._hold_requests(app)
            if held_at is None and self._router_follows(app_id, state):
                held_at = self.ports.clock.now()
            age = self.ports.clock.now() - app.asleep_since
            if held_at is not None and (_is_long(age) or self._is_quiet(app_id, held_at)):
                return
            if age > _PATIENCE:
                self._decide(app_id, age, held=held_at is not None)
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
        return app if app.applied_generation < app.desired_generation else None

    def _hold_requests(self, app: App) -> str:
        """Write the route record down; its state."""
        with self.ports.state.view() as work:
            route = desired.route(work, app, settings=self.settings)
        self.ports.catalog.put_route(route)
        return route.state

    def _router_follows(self, app_id: str, state: str) -> bool:
        """Whether it goes by that state. An app that it does not know has no request to hold."""
        try:
            return self.ports.edge.state_served(app_id) in (state, None)
        except EdgeUnavailable as exc:
            log.warning("bedtime.waits", app=app_id, reason=str(exc))
            return False

    def _is_quiet(self, app_id: str, held_at: datetime) -> bool:
        """Whether no request is under way that was passed on before; a router that never reported serves none."""
        activity = self.ports.node.activity()
        heard_at = activity.heard_at
        return heard_at is None or (heard_at >= held_at + _PUSH and not _is_busy(activity, app_id))

    def _decide(self, app_id: str, age: timedelta, *, held: bool) -> None:
        """Somebody is not done: an idle app was not idle then, and one that was asked to sleep is not frozen.

        The router may be the one: then an idle app stays awake, and any other waits with its dynos until it follows.
        """
        if held and not _is_busy(self.ports.node.activity(), app_id):
            return
        why = "a request is under way" if held else "the router does not hold its requests"
        with self.ports.state.begin() as work:
            app = work.apps.get(app_id)
            if app is None or not app.asleep:
                return
            if app.asleep_because is SleepCause.IDLE and not _is_long(age):
                wake_up(work, app, now=self.ports.clock.now(), actor=None, why=why)
            elif not held:
                raise EdgeUnavailable("The router does not hold the app's requests yet, so that its dynos go on.")
            elif app.frozen:
                work.apps.save(replace(app, frozen=False))
            work.commit()


def _is_busy(activity: Activity, app_id: str) -> bool:
    seen = activity.apps.get(app_id)
    return seen is not None and seen.in_flight > 0


def _is_long(age: timedelta) -> bool:
    """One that has slept for so long has no dyno left to wait for."""
    return age > 2 * _PATIENCE


def stop_frozen(ports: Ports, app_id: str) -> None:
    """Let a frozen app sleep without its dynos, which are not what was frozen any more."""
    with ports.state.begin() as work:
        thaw(work, app_id)
        work.apps.touch(app_id)
        work.commit()

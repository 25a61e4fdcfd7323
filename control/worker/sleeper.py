"""Puts apps to sleep that nobody has asked for in a while, and wakes those that are to be kept warm from now on.

Idle is judged by what the router's workers report to the node agent: when an app had its last request, and whether one
is under way. A router that was not heard lately may be serving anything, so then nothing falls asleep.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from control.domain.apps import App
from control.domain.sleeping import SleepCause, idle_time, kept_warm_since, may_not_sleep
from control.errors import PlatformError
from control.ports.bundle import Ports
from control.ports.errors import PortError
from control.ports.node import Activity
from control.ports.state import UnitOfWork
from control.services import holds
from control.services.sleeping import SleepApp, WakeApp, running_formation
from control.settings import Settings
from control.worker.bedtime import stop_frozen

log = structlog.get_logger()

_AT_ONCE = 4
"""Apps that fall asleep at the same time: each occupies a hand of the worker until its last request is done."""
_WAKES_AT_ONCE = 4
"""Apps that are woken at one look: should many windows open at eight, not all of their dynos boot in one moment."""
_HEARD = timedelta(seconds=30)
"""A report is newer than that, or the router counts as silent."""


@dataclass(frozen=True, kw_only=True)
class Sleeper:
    """Looks which apps are idle."""

    ports: Ports
    settings: Settings

    def tick(self) -> None:
        """One look at all apps: one listing, and a few queries for each that may have been idle long enough."""
        try:
            self._check_frozen()
            now = self.ports.clock.now()
            for app in self._to_keep_warm(now)[:_WAKES_AT_ONCE]:
                WakeApp(ports=self.ports, apply=None)(app.id, why="it is to be kept warm from now on")
            activity = self.ports.node.activity()
            if activity.since is None or activity.heard_at is None or now - activity.heard_at > _HEARD:
                return
            for app, idle in self._idle(activity, heard_at=activity.heard_at, now=now).items():
                self._put_to_sleep(app, idle)
        except PortError as exc:
            log.warning("sleeper.waits", reason=str(exc))

    def _check_frozen(self) -> None:
        """What is frozen and what ought to be: a node that starts anew thaws everything, a dyno may be replaced."""
        frozen = self.ports.node.frozen()
        with self.ports.state.view() as work:
            ought = {app.id for app in work.apps.list() if app.frozen}
        for app_id in ought ^ frozen.keys():
            with self.ports.state.hold(holds.attending(app_id)) as ours:
                if ours:
                    self._set_right(app_id)

    def _set_right(self, app_id: str) -> None:
        """The same for one app, while nobody changes it."""
        with self.ports.state.view() as work:
            app = work.apps.get(app_id)
        is_frozen = app_id in self.ports.node.frozen()
        if is_frozen and (app is None or not app.frozen):
            log.warning("sleeper.thaws", app=app_id)
            self.ports.node.thaw(app_id)
        elif app is not None and app.frozen and not is_frozen and app.applied_generation >= app.desired_generation:
            log.warning("sleeper.not_frozen", app=app_id)
            stop_frozen(self.ports, app_id)

    def _to_keep_warm(self, now: datetime) -> Sequence[App]:
        with self.ports.state.view() as work:
            return [app for app in work.apps.list() if _wakes_by_itself(app, now)]

    def _idle(self, activity: Activity, *, heard_at: datetime, now: datetime) -> Mapping[App, timedelta]:
        """The apps that are to sleep, with how long each was idle when the last report came: nobody knows of later."""
        found: dict[App, timedelta] = {}
        with self.ports.state.view() as work:
            apps = work.apps.list()
            room = _AT_ONCE - sum(app.asleep and app.applied_generation < app.desired_generation for app in apps)
            for app in apps:
                if len(found) >= room:
                    break
                wanted = idle_time(app.autosleep, self.settings.autosleep_after)
                idle = heard_at - _busy_until(app, activity)
                if wanted is None or idle < wanted or not _is_settled(app):
                    continue
                if not kept_warm_since(app.autosleep, now) and not self._has_reasons(work, app, now - wanted):
                    found[app] = idle
        return found

    def _has_reasons(self, work: UnitOfWork, app: App, limit: datetime) -> bool:
        """Whether its formation forbids it, or has just changed."""
        rows = running_formation(work, app)
        return may_not_sleep(app.autosleep, rows) is not None or any(row.updated_at > limit for row in rows)

    def _put_to_sleep(self, app: App, idle: timedelta) -> None:
        try:
            why = f"no request for {idle // timedelta(minutes=1)} minutes"
            SleepApp(ports=self.ports)(app, cause=SleepCause.IDLE, why=why)
        except PlatformError as exc:
            log.info("sleeper.leaves", app=app.id, reason=exc.message)


def _wakes_by_itself(app: App, now: datetime) -> bool:
    """Whether it is to be kept warm, and nobody wanted it asleep since then. One that did not boot is left alone."""
    if app.asleep_since is None or app.maintenance or app.asleep_because is SleepCause.FAILED:
        return False
    since = kept_warm_since(app.autosleep, now)
    return since is not None and (app.asleep_because is SleepCause.IDLE or app.asleep_since < since)


def _is_settled(app: App) -> bool:
    return not app.asleep and not app.waking and app.applied_generation >= app.desired_generation


def _busy_until(app: App, activity: Activity) -> datetime:
    """When it had its last request, or what else its idle time begins with: a wake, say, or a release."""
    seen = activity.apps.get(app.id)
    if seen is not None and seen.in_flight:
        return datetime.max.replace(tzinfo=app.created_at.tzinfo)
    moments = (activity.since, app.created_at, app.woken_at, app.released_at, seen.last_request if seen else None)
    return max(moment for moment in moments if moment is not None)

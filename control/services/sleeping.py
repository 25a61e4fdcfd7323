"""Putting apps to sleep and waking them: the state first, and what follows from it at once or by the worker."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

import structlog

from control.domain.apps import App
from control.domain.formations import Formation
from control.domain.sleeping import (
    OFF,
    Autosleep,
    SleepCause,
    can_be_woken,
    check_after,
    check_keep_warm,
    idle_time,
    may_not_sleep,
)
from control.domain.slugs import WEB_TYPE
from control.errors import Conflict, InvalidParams, NotFound
from control.ports.bundle import Ports
from control.ports.errors import NodeUnavailable, PortError
from control.ports.state import UnitOfWork
from control.services import holds
from control.services.actor import Actor, record
from control.services.announce import announce
from control.services.apply import ApplyApp
from control.settings import Settings

log = structlog.get_logger()


class Wakefulness(StrEnum):
    """What a wake found, or made."""

    STARTING = "starting"
    UP = "up"


def running_formation(work: UnitOfWork, app: App) -> Sequence[Formation]:
    """The process types of the release on the air, with what is wanted of each."""
    current = work.releases.current(app.id)
    slug = work.slugs.get(current.slug_id) if current and current.slug_id else None
    types = slug.scalable_types if slug else {}
    return [row for row in work.formations.list(app.id) if row.type in types]


def why_not(work: UnitOfWork, app: App, *, default_s: int) -> str | None:
    """Why an app does not sleep by itself, as the end of a sentence; None when it does."""
    if idle_time(app.autosleep, default_s) is None:
        return "it was told not to" if app.autosleep and app.autosleep.after_s == OFF else "the platform has it off"
    return may_not_sleep(app.autosleep, running_formation(work, app))


def fall_asleep(work: UnitOfWork, app: App, cause: SleepCause, *, now: datetime, actor: Actor | None, why: str) -> App:
    """Let an app sleep from the end of this unit of work on. The caller commits."""
    frozen = app.autosleep is not None and app.autosleep.freeze and cause is not SleepCause.FAILED
    asleep = replace(app, asleep_since=now, asleep_because=cause, frozen=frozen, waking=False)
    work.apps.save(asleep)
    work.apps.touch(app.id)
    _record(work, asleep, now=now, actor=actor, action="app.sleep", detail=why)
    return asleep


def wake_up(work: UnitOfWork, app: App, *, now: datetime, actor: Actor | None, why: str) -> App:
    """Wake an app that is asleep, in the unit of work that makes it necessary. The caller commits."""
    awake = replace(
        app,
        asleep_since=None,
        asleep_because=None,
        frozen=False,
        woken_at=now,
        waking=not app.frozen,
    )
    work.apps.save(awake)
    work.apps.touch(app.id)
    _record(work, awake, now=now, actor=actor, action="app.wake", detail=why)
    return awake


@dataclass(frozen=True, kw_only=True)
class SleepApp:
    """Put an app to sleep; the worker stops or freezes its dynos once the router holds its requests."""

    ports: Ports

    def __call__(
        self, app: App, *, cause: SleepCause = SleepCause.ASKED, actor: Actor | None = None, why: str = "by hand"
    ) -> App:
        """Return it asleep; one that is stays so. Raises NotFound, Conflict, InvalidParams.

        An idle one must be as it was seen: whatever happened to it meanwhile may be a reason to stay awake.
        """
        with self.ports.state.begin() as work:
            latest = work.apps.get(app.id)
            if latest is None:
                raise NotFound(f"Couldn't find that app ({app.name}).", resource="app")
            if latest.asleep:
                return latest
            if cause is SleepCause.IDLE and latest != app:
                raise Conflict(f"The app {app.name} has just changed.")
            self._demand_fit(work, latest)
            asleep = fall_asleep(work, latest, cause, now=self.ports.clock.now(), actor=actor, why=why)
            work.commit()
        say(self.ports, app.id, "Idling")
        return asleep

    def _demand_fit(self, work: UnitOfWork, app: App) -> None:
        if any(each.app_id == app.id for each in work.releases.pending()):
            raise Conflict(f"A release of {app.name} is on its way; put it to sleep when that is on the air.")
        if not can_be_woken(running_formation(work, app)):
            raise InvalidParams(
                f"The app {app.name} has no web dyno that a request could wake; scale it with "
                "`nomapaas ps:scale web=1` first."
            )


@dataclass(frozen=True, kw_only=True)
class WakeApp:
    """Wake an app: one start, however many ask."""

    ports: Ports
    apply: ApplyApp | None
    """Hands the job to the scheduler at once; without it the worker does, within its next look."""

    def __call__(self, app_id: str, *, actor: Actor | None = None, why: str = "by a request") -> Wakefulness:
        """Say whether it is up already or starts. Raises NotFound, StateUnavailable."""
        with self.ports.state.view() as work:
            app = work.apps.get(app_id)
        if app is not None and app.asleep:
            # Taken before the change can be seen, so that the worker leaves the app to us.
            with self.ports.state.hold(holds.attending(app_id)) as ours:
                app = self._wake(app_id, actor, why)
                if app is not None and not app.waking and not self._thaw(app_id):
                    app = self._start(app)
                if app is not None and app.waking and ours and self.apply is not None:
                    self._apply(self.apply, app_id)
            if app is not None and app.waking:
                say(self.ports, app_id, "Unidling")
        if app is None:
            raise NotFound("Couldn't find that app.", resource="app")
        return Wakefulness.STARTING if app.waking else Wakefulness.UP

    def _wake(self, app_id: str, actor: Actor | None, why: str) -> App | None:
        with self.ports.state.begin() as work:
            app = work.apps.get(app_id)
            if app is None or not app.asleep:
                return app
            awake = wake_up(work, app, now=self.ports.clock.now(), actor=actor, why=why)
            work.commit()
        return awake

    def _thaw(self, app_id: str) -> bool:
        """All that a request waits for; the worker tells scheduler and router. False when nothing is frozen."""
        try:
            frozen = app_id in self.ports.node.frozen()
            self.ports.node.thaw(app_id)
        except NodeUnavailable as exc:
            log.warning("wake.waits", app=app_id, reason=str(exc))
            return True
        return frozen

    def _start(self, app: App) -> App:
        """What was frozen is gone: somebody stopped it in Nomad, and no worker has seen that yet."""
        with self.ports.state.begin() as work:
            latest = work.apps.get(app.id) or app
            starting = replace(latest, waking=not latest.asleep)
            work.apps.save(starting)
            work.apps.touch(app.id)
            work.commit()
        return starting

    def _apply(self, apply: ApplyApp, app_id: str) -> None:
        """What fails here, the worker does again."""
        try:
            apply(app_id, admit=False)
        except PortError as exc:
            log.warning("wake.waits", app=app_id, reason=str(exc))


@dataclass(frozen=True, kw_only=True)
class SetAutosleep:
    """Tell an app when to sleep by itself, and how."""

    ports: Ports
    settings: Settings

    def __call__(self, actor: Actor, app: App, changes: dict[str, object]) -> App:
        """Change what is given of `after`, `keep_warm` and `freeze`. Raises BrokenRule, InvalidParams."""
        checked = self._checked(changes)
        now = self.ports.clock.now()
        with self.ports.state.begin() as work:
            app = work.apps.get(app.id) or app
            before = app.autosleep or Autosleep()
            after = replace(before, **checked)  # type: ignore[arg-type]
            if after == before:
                return app
            app = replace(app, autosleep=after, updated_at=now)
            work.apps.save(app)
            told = ", ".join(f"{key}={value}" for key, value in changes.items())
            _record(work, app, now=now, actor=actor, action="app.autosleep", detail=told)
            work.commit()
        announce(self.ports, app.id, f"Autosleep set ({told}) by user {actor.account.email}")
        return app

    def _checked(self, changes: dict[str, object]) -> dict[str, object]:
        freeze = changes.get("freeze", False)
        if not isinstance(freeze, bool):
            raise InvalidParams("The field freeze must be true or false.")
        checked: dict[str, object] = {"freeze": freeze} if "freeze" in changes else {}
        if "after" in changes:
            checked["after_s"] = check_after(changes["after"], shortest_s=self.settings.autosleep_least)
        if "keep_warm" in changes:
            checked["keep_warm"] = check_keep_warm(changes["keep_warm"])
        return checked


def _record(work: UnitOfWork, app: App, *, now: datetime, actor: Actor | None, action: str, detail: str) -> None:
    record(
        work,
        now=now,
        action=action,
        detail=detail,
        actor_id=actor.account.id if actor else None,
        app_id=app.id,
        remote=actor.remote if actor else None,
    )


def say(ports: Ports, app_id: str, line: str) -> None:
    """A line of the platform on an app's web dyno, in its log; a log that is away stops nothing."""
    try:
        ports.node.log(app_id, source="heroku", dyno=f"{WEB_TYPE}.1", lines=[line])
    except NodeUnavailable as exc:
        log.warning("sleeping.untold", app=app_id, reason=str(exc))

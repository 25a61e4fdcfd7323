"""Apps that are to be kept warm at some times wake when these begin."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from control.domain.apps import App
from control.domain.sleeping import Autosleep, SleepCause
from control.services.sleeping import SleepApp
from control.worker.sleeper import Sleeper

MIDNIGHT = datetime(2026, 1, 1, tzinfo=UTC)
"""When the clock begins."""


@pytest.fixture
def app(world: Any) -> App:
    """An app on the air, and a router that is heard."""
    made = world.app()
    world.on_air(made)
    world.node.hear()
    return world.latest(made)


def _look(world: Any, app: App) -> bool:
    """One look of the sleeper; whether the app sleeps afterwards."""
    Sleeper(ports=world.ports, settings=world.settings).tick()
    return world.latest(app).asleep


def _tell(world: Any, app: App, keep_warm: str) -> None:
    with world.ports.state.begin() as work:
        work.apps.save(replace(world.latest(app), autosleep=Autosleep(keep_warm=keep_warm)))
        work.commit()


def _asleep_before(world: Any, app: App, cause: SleepCause, **changes: Any) -> None:
    """The app sleeps at midnight, and is to be kept warm from eight o'clock on."""
    _tell(world, app, "daily 08:00-20:00")
    SleepApp(ports=world.ports)(world.latest(app), cause=cause)
    world.attend.attend(app.id)
    with world.ports.state.begin() as work:
        work.apps.save(replace(world.latest(app), **changes))
        work.commit()
    world.clock.advance(8 * 3600 - (world.clock.now() - MIDNIGHT).total_seconds() - 1)


@pytest.mark.parametrize("cause", [SleepCause.IDLE, SleepCause.ASKED])
def test_it_wakes_when_it_is_to_be_kept_warm(world: Any, app: App, cause: SleepCause) -> None:
    """At the beginning of its window, not before, whyever it sleeps; also while the router is silent."""
    _asleep_before(world, app, cause)
    world.node.heard_since = None
    assert _look(world, app)

    world.clock.advance(1)
    assert not _look(world, app)
    world.attend.attend(app.id)
    assert world.scheduler.submitted_job(app.id)["TaskGroups"][0]["Count"] == 1
    with world.ports.state.view() as work:
        event = next(each for each in work.events.list(app.id) if each.action == "app.wake")
    assert (event.actor_id, event.detail) == (None, "it is to be kept warm from now on")


@pytest.mark.parametrize(
    ("cause", "changes"), [(SleepCause.IDLE, {"maintenance": True}), (SleepCause.FAILED, {"frozen": False})]
)
def test_who_is_not_woken_to_be_kept_warm(world: Any, app: App, cause: SleepCause, changes: Any) -> None:
    """One in maintenance, and one that did not boot when it was woken."""
    _asleep_before(world, app, cause, **changes)
    world.clock.advance(60)

    assert _look(world, app)


def test_who_is_put_to_sleep_while_kept_warm_sleeps_until_the_next_time(world: Any, app: App) -> None:
    """Somebody wants it asleep now; tomorrow is another day."""
    _tell(world, app, "daily 08:00-20:00")
    world.clock.advance(9 * 3600)
    SleepApp(ports=world.ports)(world.latest(app))
    world.clock.script = [lambda: world.clock.advance(30)]
    world.attend.attend(app.id)

    world.clock.advance(3600)
    assert _look(world, app)
    world.clock.advance(22 * 3600)
    assert not _look(world, app)


def test_a_few_are_woken_at_a_time(world: Any, app: App) -> None:
    """Many windows open at the same hour."""
    apps = [app, *(world.app(f"other-{number}") for number in range(5))]
    for each in apps[1:]:
        world.on_air(each)
    for each in apps:
        _tell(world, each, "daily 00:00-24:00")
        with world.ports.state.begin() as work:
            asleep = replace(world.latest(each), asleep_since=world.clock.now(), asleep_because=SleepCause.IDLE)
            work.apps.save(asleep)
            work.commit()

    for asleep_yet in (2, 0):
        _look(world, app)
        assert sum(world.latest(each).asleep for each in apps) == asleep_yet

"""Which apps fall asleep by themselves, and that nobody's request is cut off by it."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from control.domain.apps import App
from control.domain.sleeping import OFF, Autosleep
from control.services.sleeping import SleepApp, WakeApp
from control.worker.sleeper import Sleeper
from control.worker.wakes import Wakes

AFTER = timedelta(minutes=30)


@pytest.fixture
def app(world: Any) -> App:
    """An app on the air, and a router that is heard."""
    made = world.app()
    world.on_air(made, web="serve", worker="work")
    world.node.hear()
    return world.latest(made)


def _look(world: Any, app: App) -> bool:
    """One look of the sleeper; whether the app sleeps afterwards."""
    Sleeper(ports=world.ports, settings=world.settings).tick()
    return world.latest(app).asleep


def _tell(world: Any, app: App, **told: Any) -> None:
    with world.ports.state.begin() as work:
        work.apps.save(replace(world.latest(app), autosleep=Autosleep(**told)))
        work.commit()


def test_it_sleeps_after_its_time_and_not_before(world: Any, app: App) -> None:
    """30 minutes after its last request; the event says so and has nobody for an actor."""
    world.clock.advance(AFTER.total_seconds() / 2)
    world.node.hear(app.id)
    world.clock.advance(AFTER.total_seconds() - 1)
    assert not _look(world, app)

    world.clock.advance(1)
    assert _look(world, app)
    with world.ports.state.view() as work:
        event = next(each for each in work.events.list(app.id) if each.action == "app.sleep")
    assert (event.actor_id, event.detail) == (None, "no request for 30 minutes")
    world.attend.attend(app.id)
    assert world.catalog.routes()[app.id].state == "idle"


def test_a_request_under_way_keeps_it_awake(world: Any, app: App) -> None:
    """However long ago it began: a download, a WebSocket."""
    world.node.hear(app.id, in_flight=1)
    world.clock.advance(10 * AFTER.total_seconds())

    assert not _look(world, app)


def test_what_no_report_can_tell_yet_keeps_it_awake(world: Any, app: App) -> None:
    """A report of some seconds ago says nothing of a request that came since."""
    world.node.report_age = timedelta(seconds=10)
    world.clock.advance(AFTER.total_seconds() + 9)
    assert not _look(world, app)

    world.clock.advance(1)
    assert _look(world, app)


def test_nothing_sleeps_while_the_router_is_silent(world: Any, app: App) -> None:
    """Never heard, or lately only: the idle time begins with its first word."""
    world.node.heard_since = None
    world.clock.advance(10 * AFTER.total_seconds())
    assert not _look(world, app)

    world.node.hear()
    assert not _look(world, app)
    world.clock.advance(AFTER.total_seconds())
    assert _look(world, app)


@pytest.mark.parametrize(
    ("told", "seconds", "expected"),
    [
        ({"after_s": 60}, 59, False),
        ({"after_s": 60}, 60, True),
        ({"after_s": OFF}, 100_000, False),
        ({"keep_warm": "daily 00:00-24:00"}, 100_000, False),
        ({"freeze": False}, 1800, True),
    ],
)
def test_what_it_was_told(world: Any, app: App, told: Any, seconds: int, *, expected: bool) -> None:
    """A time of its own, off, windows in which it stays awake."""
    _tell(world, app, **told)
    world.clock.advance(seconds)

    assert _look(world, app) is expected


def test_what_may_not_sleep_stays_awake_unless_told(world: Any, app: App) -> None:
    """A worker keeps it awake; told a time it sleeps with its worker."""
    world.scale(app, "worker", 1)
    world.attend.attend(app.id)
    world.clock.advance(AFTER.total_seconds())
    assert not _look(world, app)

    _tell(world, app, after_s=60)
    assert _look(world, app)


def test_an_app_on_its_way_is_left_alone(world: Any, app: App) -> None:
    """Not applied yet, or with a release that boots."""
    world.clock.advance(AFTER.total_seconds())
    with world.ports.state.begin() as work:
        work.apps.touch(app.id)
        work.commit()
    assert not _look(world, app)

    world.attend.attend(app.id)
    world.release(app)
    assert not _look(world, app)


def test_requests_under_way_end_before_the_dynos_go(world: Any, app: App) -> None:
    """The router holds what is new, and the dynos run until its report says that nothing is under way."""
    world.clock.advance(AFTER.total_seconds())
    assert _look(world, app)
    world.node.hear(app.id, in_flight=2)
    seen: list[tuple[str, int]] = []

    def end() -> None:
        count = world.scheduler.submitted_job(app.id)["TaskGroups"][0]["Count"]
        seen.append((world.catalog.routes()[app.id].state, count))
        world.clock.advance(2)
        world.node.hear(app.id, in_flight=0)

    world.clock.script = [end]
    world.attend.attend(app.id)

    assert seen == [("idle", 1)]
    assert world.scheduler.submitted_job(app.id)["TaskGroups"][0]["Count"] == 0


def test_who_is_not_done_keeps_an_idle_app_awake(world: Any, app: App) -> None:
    """A WebSocket that was opened in the last moment: the dyno stays, and the route is as it was."""
    world.clock.advance(AFTER.total_seconds())
    assert _look(world, app)
    world.node.hear(app.id, in_flight=1)
    submitted = len(world.scheduler.submitted)

    world.clock.script = [lambda: world.clock.advance(30)]
    world.attend.attend(app.id)

    assert not world.latest(app).asleep
    assert world.catalog.routes()[app.id].state == "up"
    assert all(job == world.scheduler.submitted[-1] for job in world.scheduler.submitted[submitted:])
    assert [each.desired for each in world.scheduler.allocations(app.id)] == ["run"]


def test_a_router_that_does_not_follow_keeps_an_idle_app_awake(world: Any, app: App) -> None:
    """Its dyno runs as long as requests still go to it; the app may sleep when it has been idle anew."""
    world.clock.advance(AFTER.total_seconds())
    assert _look(world, app)
    world.ports.edge.behind[app.id] = "up"
    submitted = len(world.scheduler.submitted)

    world.attend.attend(app.id)

    assert not world.latest(app).asleep
    assert world.catalog.routes()[app.id].state == "up"
    assert all(job == world.scheduler.submitted[-1] for job in world.scheduler.submitted[submitted:])
    with world.ports.state.view() as work:
        event = next(each for each in work.events.list(app.id) if each.action == "app.wake")
    assert event.detail == "the router does not hold its requests"

    world.ports.edge.behind.clear()
    Wakes(ports=world.ports, settings=world.settings).tick()
    world.clock.advance(AFTER.total_seconds())
    world.node.hear()
    assert _look(world, app)


@pytest.mark.parametrize("trouble", ["behind", "down"])
def test_who_was_asked_to_sleep_waits_for_the_router(world: Any, app: App, trouble: str) -> None:
    """However long that takes: it is asleep, but its dyno runs until the router holds its requests."""
    world.ports.edge.behind[app.id] = "up"
    world.ports.edge.down = trouble == "down"
    SleepApp(ports=world.ports)(app)
    for _ in range(3):
        world.attend.attend(app.id)
        assert world.scheduler.submitted_job(app.id)["TaskGroups"][0]["Count"] == 1
        world.clock.advance(60)

    world.ports.edge.down = False
    world.ports.edge.behind.clear()
    world.attend.attend(app.id)

    assert world.latest(app).asleep
    assert world.scheduler.submitted_job(app.id)["TaskGroups"][0]["Count"] == 0


def test_a_wake_in_its_last_moment_keeps_it_awake(world: Any, app: App) -> None:
    """A request that comes while others still end: the dyno never goes."""
    world.clock.advance(AFTER.total_seconds())
    assert _look(world, app)
    world.node.hear(app.id, in_flight=1)

    world.clock.script = [lambda: WakeApp(ports=world.ports, apply=None)(app.id)]
    world.attend.attend(app.id)

    assert world.catalog.routes()[app.id].state == "up"
    assert [each.desired for each in world.scheduler.allocations(app.id)] == ["run"]


def test_a_node_that_is_away_puts_nothing_to_sleep(world: Any, app: App) -> None:
    """The next look tries again."""
    world.clock.advance(AFTER.total_seconds())
    world.node.down = True

    assert not _look(world, app)


def test_a_few_at_a_time(world: Any, app: App) -> None:
    """Many apps that are idle at once leave the worker hands for other things."""
    others = [world.app(f"other-{number}") for number in range(6)]
    for each in others:
        world.on_air(each)
    world.clock.advance(AFTER.total_seconds())

    for asleep in (4, 4):
        _look(world, app)
        assert sum(world.latest(each).asleep for each in (app, *others)) == asleep
    for each in (app, *others):
        world.clock.script = [lambda: world.clock.advance(2)]
        world.attend.attend(each.id)
    _look(world, app)
    assert all(world.latest(each).asleep for each in (app, *others))

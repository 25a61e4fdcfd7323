"""Apps that sleep by freezing: their dynos stay, thaw at a wake, and give way to whatever makes new ones."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from control.domain.apps import App
from control.domain.sleeping import Autosleep
from control.services.actor import Actor
from control.services.apply import ApplyApp
from control.services.dynos import RestartDynos, list_dynos
from control.services.sleeping import SleepApp, WakeApp, Wakefulness
from control.worker.sleeper import Sleeper
from jobs.spec import Site

SITE = Site(artifacts_url="http://127.0.0.1:8085", dyno_uid=997)


@pytest.fixture
def app(world: Any) -> App:
    """An app on the air that is to freeze."""
    made = world.app()
    world.on_air(made)
    world.node.hear()
    world.node.freezable[made.id] = [each.id for each in world.scheduler.allocations(made.id)]
    with world.ports.state.begin() as work:
        work.apps.save(replace(world.latest(made), autosleep=Autosleep(freeze=True)))
        work.commit()
    return world.latest(made)


def _sleep(world: Any, app: App) -> None:
    SleepApp(ports=world.ports)(world.latest(app))
    world.clock.script = [lambda: world.clock.advance(2)]
    world.attend.attend(app.id)
    world.attend.attend(app.id)


def _wake(world: Any, app: App) -> str:
    apply = ApplyApp(ports=world.ports, settings=world.settings, site=SITE)
    return str(WakeApp(ports=world.ports, apply=apply)(app.id))


def _web(world: Any, app: App) -> tuple[int, int]:
    """Wanted web dynos, and their checks."""
    group = world.scheduler.submitted_job(app.id)["TaskGroups"][0]
    return group["Count"], len(group["Services"][0]["Checks"])


def _route(world: Any, app: App) -> tuple[str, bool]:
    route = world.catalog.routes()[app.id]
    return route.state, route.frozen


@pytest.fixture
def frozen(world: Any, app: App) -> App:
    """The same, asleep."""
    _sleep(world, app)
    assert app.id in world.node.frozen()
    return world.latest(app)


def test_a_frozen_app_keeps_its_dynos(world: Any, frozen: App) -> None:
    """The dyno is wanted and unchecked, the route idle and frozen, `ps` says idle, with the memory that it has."""
    assert _web(world, frozen) == (1, 0)
    assert _route(world, frozen) == ("idle", True)
    assert [each.desired for each in world.scheduler.allocations(frozen.id)] == ["run"]
    dynos = list_dynos(world.ports, frozen)
    assert [(each.name, str(each.state), each.updated_at) for each in dynos] == [("web.1", "idle", frozen.asleep_since)]


def test_a_wake_thaws_and_is_up_at_once(world: Any, frozen: App) -> None:
    """Nothing is submitted before the answer; the worker brings route and checks back, and the same dyno goes on."""
    submitted = len(world.scheduler.submitted)
    assert _wake(world, frozen) == "up"
    assert frozen.id not in world.node.frozen()
    assert world.node.lines[frozen.id][-1].endswith("heroku[web.1]: Unidling")
    assert len(world.scheduler.submitted) == submitted

    world.attend.attend(frozen.id)

    assert _web(world, frozen) == (1, 1)
    assert _route(world, frozen) == ("up", False)
    assert [each.desired for each in world.scheduler.allocations(frozen.id)] == ["run"]


def test_a_node_that_is_away_thaws_later(world: Any, frozen: App) -> None:
    """The wake is written down; the worker thaws before it tells anybody that the app is up."""
    world.node.down = True
    assert _wake(world, frozen) == "up"
    world.attend.attend(frozen.id)
    assert _route(world, frozen) == ("idle", True)
    world.node.down = False

    world.attend.attend(frozen.id)

    assert frozen.id not in world.node.frozen()
    assert _route(world, frozen) == ("up", False)


def test_a_wake_in_the_middle_of_freezing_wins(world: Any, app: App) -> None:
    """Whoever freezes looks once more: what was woken meanwhile is thawed."""
    freeze = world.node.freeze

    def freeze_late(app_id: str) -> Any:
        WakeApp(ports=world.ports, apply=None)(app_id)
        return freeze(app_id)

    world.node.freeze = freeze_late
    SleepApp(ports=world.ports)(world.latest(app))
    world.clock.script = [lambda: world.clock.advance(2)]
    world.attend.attend(app.id)
    world.attend.attend(app.id)

    assert app.id not in world.node.frozen()
    assert _route(world, app) == ("up", False)


def test_what_cannot_be_frozen_is_stopped(world: Any, app: App) -> None:
    """The app sleeps all the same, without its dynos."""
    world.node.freezable.clear()
    _sleep(world, app)

    assert _web(world, app) == (0, 1)
    assert _route(world, app) == ("idle", False)
    assert world.latest(app).asleep


def test_a_deploy_stops_what_is_frozen(world: Any, frozen: App) -> None:
    """The app sleeps on with the new release, and starts it from nothing."""
    release = world.release(frozen, world.slug(frozen, web="serve2"))
    world.attend.attend(frozen.id)

    assert world.fresh(release).status == "succeeded"
    assert _web(world, frozen) == (0, 1)
    assert _route(world, frozen) == ("idle", False)
    assert _wake(world, frozen) == "starting"


@pytest.mark.parametrize("what", ["all", "one"])
def test_a_restart_stops_what_is_frozen(world: Any, frozen: App, what: str) -> None:
    """There is nothing to restart in an app that sleeps: its next start is a new one."""
    restart, actor = RestartDynos(ports=world.ports), Actor(account=world.owner)
    if what == "all":
        restart.all(actor, frozen)
    else:
        restart.one(actor, frozen, "web.1")
    world.attend.attend(frozen.id)

    assert _web(world, frozen) == (0, 1)
    assert world.latest(frozen).asleep


def test_a_dyno_that_is_not_frozen_any_more_is_stopped(world: Any, frozen: App) -> None:
    """Its node started anew, or Nomad replaced it: the sleeper notices."""
    world.node.iced.clear()
    Sleeper(ports=world.ports, settings=world.settings).tick()
    world.attend.attend(frozen.id)

    assert _web(world, frozen) == (0, 1)
    assert _route(world, frozen) == ("idle", False)


def test_a_wake_that_finds_nothing_frozen_is_a_start(world: Any, frozen: App) -> None:
    """Somebody stopped the dyno in Nomad, and no worker has seen it yet: the router must not use what is gone."""
    world.node.iced.clear()

    wakefulness = WakeApp(ports=world.ports, apply=None)(frozen.id)

    assert wakefulness is Wakefulness.STARTING
    assert world.latest(frozen).waking


def test_a_dyno_of_an_app_that_is_awake_is_thawed(world: Any, app: App) -> None:
    """Whatever froze it: nobody may be left waiting."""
    world.node.freeze(app.id)
    world.node.iced["00000000-0000-4000-8000-000000000000"] = ["x"]

    Sleeper(ports=world.ports, settings=world.settings).tick()

    assert world.node.frozen() == {}


def test_the_repair_loop_leaves_frozen_apps_alone(world: Any, frozen: App) -> None:
    """Their checks are silent, and that is no reason for anything."""
    submitted, writes = len(world.scheduler.submitted), world.catalog.writes
    for _ in range(3):
        world.reconcile.tick()
        Sleeper(ports=world.ports, settings=world.settings).tick()
        world.attend.attend(frozen.id)

    assert (submitted, writes) == (len(world.scheduler.submitted), world.catalog.writes)
    assert frozen.id in world.node.frozen()

"""Dynos that refuse connections are replaced, one at a time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from control.domain.apps import App
from control.ports.catalog import Instance
from control.ports.node import Refusal
from control.ports.scheduler import Allocation
from control.worker.replacer import Replacer


@pytest.fixture
def replacer(world: Any) -> Replacer:
    return Replacer(ports=world.ports, settings=world.settings)


@pytest.fixture
def app(world: Any) -> App:
    """An app with one web dyno that has run for a while."""
    app = world.app()
    world.on_air(app)
    world.clock.advance(world.settings.boot_timeout + 60)
    return app


def web(world: Any, app: App) -> list[Allocation]:
    return [each for each in world.scheduler.allocations(app.id) if each.desired == "run"]


def refuse(world: Any, allocation: Allocation, app: App, *, times: int = 1, since: float = 11) -> None:
    """The router has told of it, first some seconds ago."""
    now = world.clock.now()
    first = now - timedelta(seconds=since)
    name = f"web.{allocation.index + 1}"
    refusal = Refusal(app_id=app.id, allocation_id=allocation.id, dyno=name, times=times, first=first, last=now)
    world.node.refused = [*world.node.refused, refusal]


def serve(world: Any, allocation: Allocation, app: App) -> None:
    """Its check passes."""
    instance = Instance(app_id=app.id, dyno="web.1", address=allocation.address, port=5000, release=1, passing=True)
    world.catalog.dynos = [instance]


@pytest.mark.parametrize(("passing", "times"), [(False, 1), (True, 3)])
def test_a_dyno_that_goes_on_refusing_is_replaced(
    world: Any, app: App, replacer: Replacer, *, passing: bool, times: int
) -> None:
    """Whatever its check says, when it refuses often; the app's log and its events say why."""
    (dyno,) = web(world, app)
    refuse(world, dyno, app, times=times)
    if passing:
        serve(world, dyno, app)

    replacer.tick()

    assert dyno.id not in [each.id for each in web(world, app)]
    assert any(
        "heroku[web.1]: Replacing this dyno: it has refused connections for 11 seconds" in line
        for line in world.node.lines[app.id]
    )
    with world.ports.state.view() as work:
        (event,) = [each for each in work.events.list(app.id) if each.action == "dyno.replace"]
    assert (event.actor_id, event.detail) == (None, "web.1 refused connections")


def _is_passing(world: Any, app: App) -> None:
    serve(world, web(world, app)[0], app)


def _has_just_begun(world: Any, app: App) -> None:
    world.scheduler.change(web(world, app)[0].id, started_at=world.clock.now())


def _is_being_deployed(world: Any, app: App) -> None:
    world.scheduler.set_deployment(app.id, "running")


def _has_a_release_on_its_way(world: Any, app: App) -> None:
    world.release(app, world.slug(app))


def _is_being_scaled(world: Any, app: App) -> None:
    world.scale(app, "web", 2)


@pytest.mark.parametrize(
    "why_not", [_is_passing, _has_just_begun, _is_being_deployed, _has_a_release_on_its_way, _is_being_scaled]
)
def test_a_dyno_may_have_a_reason(world: Any, app: App, replacer: Replacer, why_not: Any) -> None:
    """One refusal of a dyno that is well, or of an app at which something is done, replaces nothing."""
    (dyno,) = web(world, app)
    refuse(world, dyno, app)
    why_not(world, app)

    replacer.tick()

    assert dyno.id in [each.id for each in web(world, app)]


def test_a_short_refusal_is_waited_out(world: Any, app: App, replacer: Replacer) -> None:
    """Nothing happens before the time is over, nor to a dyno that is no more."""
    (dyno,) = web(world, app)
    refuse(world, dyno, app, times=9, since=9)
    world.node.refused += [
        Refusal(app_id="none", allocation_id="none", dyno="web.1", times=9, first=app.created_at, last=app.created_at)
    ]

    replacer.tick()

    assert dyno.id in [each.id for each in web(world, app)]


def test_never_all_of_an_app_at_once(world: Any, replacer: Replacer) -> None:
    """Of three that refuse one goes; the next one only a minute later."""
    app = world.app()
    world.on_air(app)
    world.scale(app, "web", 3)
    world.attend.attend(app.id)
    world.scheduler.pass_health(app.id)
    world.clock.advance(world.settings.boot_timeout + 60)
    before = {each.id for each in web(world, app)}
    assert len(before) == 3
    for each in web(world, app):
        refuse(world, each, app, times=5)

    left = []
    for pause in (0, 30, 31):
        world.clock.advance(pause)
        replacer.tick()
        left.append(len(before & {each.id for each in web(world, app)}))

    assert left == [2, 2, 1]


def test_a_part_that_is_away_is_waited_for(world: Any, app: App, replacer: Replacer) -> None:
    """The next look goes on."""
    (dyno,) = web(world, app)
    refuse(world, dyno, app)
    world.node.down = True
    replacer.tick()
    world.node.down = False
    world.catalog.down = True
    replacer.tick()
    world.catalog.down = False
    assert dyno.id in [each.id for each in web(world, app)]

    replacer.tick()

    assert dyno.id not in [each.id for each in web(world, app)]

"""A stack upgrade reaches every app, a few at a time, and leaves those alone that have it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from control.domain.apps import App
from control.worker.stack_roll import AT_ONCE


def _upgrade(world: Any, version: str) -> None:
    world.settings = replace(world.settings, stack_versions={"nomapaas-13": version})


def _sweep(world: Any, apps: list[App]) -> None:
    world.reconcile.tick()
    for app in apps:
        world.attend.attend(app.id)


def _runs_on(world: Any, app: App) -> str:
    stamp: str = world.scheduler.jobs()[app.id].meta["stack"]
    return stamp


@pytest.fixture
def apps(world: Any) -> list[App]:
    """More than may be rolled at once."""
    _upgrade(world, "one")
    found = [world.app(f"app-{number}") for number in range(AT_ONCE + 1)]
    for app in found:
        world.on_air(app)
    return found


def test_an_upgrade_makes_new_dynos_beside_the_old_ones(world: Any, apps: list[App]) -> None:
    """The old ones serve until the new ones are healthy."""
    old = world.scheduler.allocations(apps[0].id)
    _upgrade(world, "two")

    _sweep(world, apps)

    assert _runs_on(world, apps[0]) == "nomapaas-13@two"
    now = world.scheduler.allocations(apps[0].id)
    assert [each.canary for each in now if not each.status.has_ended] == [True, False]
    assert old[0].id in {each.id for each in now}


def test_only_a_few_apps_have_two_sets_of_dynos_at_a_time(world: Any, apps: list[App]) -> None:
    """The next one follows when one has settled."""
    _upgrade(world, "two")

    _sweep(world, apps)
    _sweep(world, apps)

    assert [_runs_on(world, app) for app in apps] == ["nomapaas-13@two"] * AT_ONCE + ["nomapaas-13@one"]
    world.scheduler.pass_health(apps[0].id)
    _sweep(world, apps)
    assert _runs_on(world, apps[-1]) == "nomapaas-13@two"


def test_an_app_that_does_not_start_on_it_keeps_its_old_dynos_and_holds_nobody_up(world: Any, apps: list[App]) -> None:
    """It has got its chance; the operator takes the upgrade back or mends the app."""
    serving = {each.id for each in world.scheduler.allocations(apps[0].id)}
    _upgrade(world, "two")
    _sweep(world, apps)
    for app in apps[:AT_ONCE]:
        world.scheduler.fail_deployment(world.scheduler.deployment(app.id).id)

    _sweep(world, apps)

    assert {each.id for each in world.scheduler.allocations(apps[0].id) if not each.status.has_ended} == serving
    assert _runs_on(world, apps[-1]) == "nomapaas-13@two"


def test_an_upgrade_is_taken_back_the_same_way(world: Any, apps: list[App]) -> None:
    """Back is a version like any other."""
    _upgrade(world, "two")
    _sweep(world, apps)
    world.scheduler.pass_health(apps[0].id)
    _upgrade(world, "one")

    _sweep(world, apps)
    world.scheduler.pass_health(apps[0].id)

    assert _runs_on(world, apps[0]) == "nomapaas-13@one"


def test_what_runs_on_the_version_that_is_wanted_is_left_alone(world: Any, apps: list[App]) -> None:
    """No submit without a reason."""
    submitted = len(world.scheduler.submitted)

    _sweep(world, apps)

    assert len(world.scheduler.submitted) == submitted


def test_a_stack_that_this_platform_does_not_have_is_nobodys_to_change(world: Any, apps: list[App]) -> None:
    """An operator who took a stack away finds its apps as they were."""
    world.settings = replace(world.settings, stack_versions={"nomapaas-12": "one"})
    submitted = len(world.scheduler.submitted)

    _sweep(world, apps)

    assert len(world.scheduler.submitted) == submitted


def test_a_job_of_a_nomapaas_that_knew_no_versions_is_rolled_once(world: Any, apps: list[App]) -> None:
    """Its meta says nothing of a stack."""
    jobs = {key: replace(job, meta={"app": key}) for key, job in world.scheduler.jobs().items()}
    with world.ports.state.view() as work:
        known = {app.id: app for app in work.apps.list()}

    world.roll.sweep(known, jobs, busy=())

    assert len(world.rolling) == AT_ONCE

"""One-off dynos: what the worker makes of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from control.adapters.memory import MemoryScheduler
from control.domain.apps import App
from control.domain.oneoffs import Oneoff
from control.services.actor import Actor
from control.services.oneoffs import RunOneoff, StopOneoffs, Wish
from control.worker.crew import Crew
from control.worker.oneoffs import Oneoffs
from jobs import names
from jobs.spec import Site


@pytest.fixture
def app(world: Any) -> App:
    found: App = world.app()
    world.on_air(found, web="serve", worker="work")
    return found


@pytest.fixture
def runner(world: Any) -> Oneoffs:
    site = Site(artifacts_url="http://127.0.0.1:8085", dyno_uid=997)
    return Oneoffs(ports=world.ports, settings=world.settings, site=site, crew=Crew("oneoff", 1))


def _run(world: Any, app: App, **wish: Any) -> Oneoff:
    run = RunOneoff(ports=world.ports, settings=world.settings)
    return run(Actor(account=world.owner), app, Wish(**{"command": "echo hi", "env": {}, **wish}))


def _fresh(world: Any, oneoff: Oneoff) -> Oneoff:
    with world.ports.state.view() as work:
        found: Oneoff = work.oneoffs.get(oneoff.id)
    return found


def _job(oneoff: Oneoff) -> str:
    return names.oneoff_job_id(oneoff.app_id, oneoff.number)


def _started(scheduler: MemoryScheduler, oneoff: Oneoff) -> None:
    scheduler.run(_job(oneoff))


def test_from_submit_to_exit_code(world: Any, app: App, runner: Oneoffs) -> None:
    """Submitted, running, ended: each look takes the next step, and one look too many changes nothing."""
    one = _run(world, app)

    runner.look(one.id)
    assert (_fresh(world, one).state, world.scheduler.job(_job(one)) is not None) == ("starting", True)
    _started(world.scheduler, one)
    runner.look(one.id)
    assert _fresh(world, one).state == "up"
    world.scheduler.exit(_job(one), code=3)
    runner.look(one.id)

    ended = _fresh(world, one)
    assert (ended.state, ended.exit_code, ended.reason) == ("crashed", 3, "It ended with exit code 3.")
    runner.look(one.id)
    assert _fresh(world, one) == ended


def test_a_good_end_is_down(world: Any, app: App, runner: Oneoffs) -> None:
    """Exit code 0 is no crash."""
    one = _run(world, app)
    runner.look(one.id)
    _started(world.scheduler, one)
    world.scheduler.exit(_job(one), code=0)
    runner.look(one.id)

    assert (_fresh(world, one).state, _fresh(world, one).exit_code) == ("down", 0)


def test_its_own_config_goes_with_it(world: Any, app: App, runner: Oneoffs) -> None:
    """Vault forgets the values when the dyno has ended, and the app's own stay."""
    one = _run(world, app, env={"TOKEN": "secret"})
    runner.look(one.id)
    world.scheduler.exit(_job(one), code=0)
    runner.look(one.id)

    with pytest.raises(KeyError):
        world.vault.read(app.id, one.config_version)


def test_a_stop_before_and_after_the_submit(world: Any, app: App, runner: Oneoffs) -> None:
    """One that never ran leaves no job; one that runs is told to end, and is down when it has."""
    early, late = _run(world, app), _run(world, app)
    runner.look(late.id)
    _started(world.scheduler, late)
    runner.look(late.id)
    StopOneoffs(ports=world.ports).all(Actor(account=world.owner), app)

    for _ in range(2):
        runner.look(early.id)
        runner.look(late.id)

    assert world.scheduler.job(_job(early)) is None
    for each in (early, late):
        ended = _fresh(world, each)
        assert (ended.state, ended.ended_at is not None, ended.reason) == ("down", True, "It was stopped by a user.")


def test_its_time_to_live_is_over(world: Any, app: App, runner: Oneoffs) -> None:
    """It is stopped, and says why."""
    one = _run(world, app, time_to_live=60)
    runner.look(one.id)
    _started(world.scheduler, one)
    world.clock.wait(59)
    runner.look(one.id)
    assert _fresh(world, one).ended_at is None

    world.clock.wait(2)
    runner.look(one.id)
    runner.look(one.id)

    ended = _fresh(world, one)
    assert ended.ended_at is not None
    assert ended.reason == "It was stopped because its time to live of 60 seconds was over."


def test_without_room_it_says_what_is_missing(world: Any, app: App, runner: Oneoffs) -> None:
    """It waits, and starts when there is room."""
    one = _run(world, app)
    world.scheduler.no_capacity = "No node has room for run: memory is exhausted on 1 of 1 nodes."

    runner.look(one.id)

    assert (_fresh(world, one).state, _fresh(world, one).reason) == ("starting", world.scheduler.no_capacity)


def test_a_refused_job_ends_it(world: Any, app: App, runner: Oneoffs) -> None:
    """Nomad's reason is the user's."""
    one = _run(world, app)
    world.scheduler.reject = "no such volume"

    runner.look(one.id)

    assert _fresh(world, one).reason == "It could not be scheduled: no such volume"


def test_a_removed_job_ends_it(world: Any, app: App, runner: Oneoffs) -> None:
    """Purged in Nomad's UI before it was placed: it does not wait for ever."""
    one = _run(world, app)
    world.scheduler.no_capacity = "No node is ready."
    runner.look(one.id)
    world.scheduler.stop(_job(one), purge=True)

    runner.look(one.id)

    assert "removed its job" in str(_fresh(world, one).reason)


def test_a_part_that_is_away_is_waited_for(world: Any, app: App, runner: Oneoffs) -> None:
    """Nothing is lost while Nomad does not answer."""
    one = _run(world, app)
    world.scheduler.down = True
    runner.look(one.id)
    assert _fresh(world, one).submitted_at is None
    world.scheduler.down = False

    runner.look(one.id)

    assert _fresh(world, one).submitted_at is not None


def test_a_stop_that_comes_meanwhile_is_not_lost(world: Any, app: App, runner: Oneoffs) -> None:
    """What the worker writes leaves the user's wish as it is."""
    one = _run(world, app)
    submit = world.scheduler.submit

    def stop_meanwhile(job: Any) -> int:
        StopOneoffs(ports=world.ports).one(Actor(account=world.owner), app, "run.1")
        return int(submit(job))

    world.scheduler.submit = stop_meanwhile
    runner.look(one.id)

    assert _fresh(world, one).stop_requested


def test_a_destroyed_app_takes_them_along(world: Any, app: App, runner: Oneoffs) -> None:
    """Jobs and rows are gone."""
    one = _run(world, app)
    runner.look(one.id)
    with world.ports.state.begin() as work:
        work.apps.save(replace(work.apps.get(app.id), destroyed_at=world.clock.now()))
        work.commit()

    world.attend.attend(app.id)

    assert world.scheduler.job(_job(one)) is None
    assert _fresh(world, one) is None

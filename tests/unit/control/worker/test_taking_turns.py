"""Releases that wait for long keep nobody else waiting, and lose nothing by it."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from control.adapters.memory import ManualClock
from control.domain.apps import App
from control.domain.releases import Release, ReleaseStatus
from control.worker.attend import Attend
from control.worker.crew import Crew
from jobs import names
from tests.waiting import until

_HANDS, _OF_ONE_OWNER = 16, 8
_SECONDS = 20
_PHASED = {"web": "serve", "release": "sleep 3600"}


class StandingClock(ManualClock):
    """Whoever waits does so until the test is over."""

    def __init__(self) -> None:
        super().__init__()
        self.go = threading.Event()

    def wait(self, seconds: float) -> None:
        self.go.wait(_SECONDS)
        super().wait(seconds + 3600)


@pytest.fixture
def standing() -> Iterator[StandingClock]:
    clock = StandingClock()
    yield clock
    clock.go.set()


def _stranger_s_app(world: Any) -> App:
    """One that is on the air, and belongs to somebody else."""
    stranger = replace(world.owner, id=str(uuid4()), email="b@example.com")
    with world.ports.state.begin() as work:
        work.accounts.add(stranger)
        work.commit()
    app = world.app("strange")
    world.on_air(app)
    with world.ports.state.begin() as work:
        work.apps.save(replace(world.latest(app), owner_id=stranger.id))
        work.commit()
    return app


def _phase(release: Release) -> str:
    return names.release_phase_job_id(release.app_id, release.version)


def test_seventeen_stuck_apps_leave_hands_for_a_stranger(world: Any, standing: StandingClock) -> None:
    """Their owner occupies half of the hands, all of which wait; the stranger's scale is done at once."""
    app = _stranger_s_app(world)
    for number in range(17):
        stuck = world.app(f"stuck-{number}")
        world.release(stuck, world.slug(stuck, **_PHASED))
    crew = Crew("app", _HANDS, for_one=_OF_ONE_OWNER)
    ports = replace(world.ports, clock=standing)
    attend = Attend(ports=ports, settings=world.settings, site=world.attend.site, crew=crew)
    attend.tick()
    assert len(crew.busy) == _OF_ONE_OWNER

    world.scale(app, "web", 3)
    attend.tick()

    until(lambda: world.latest(app).applied_generation == world.latest(app).desired_generation, seconds=_SECONDS)
    assert world.scheduler.submitted_job(app.id)["TaskGroups"][0]["Count"] == 3
    until(lambda: len(crew.busy) == _OF_ONE_OWNER, seconds=_SECONDS)


def test_a_long_release_phase_gives_its_hand_back(world: Any) -> None:
    """Its release stays pending; the next hand follows the same phase, and brings the release to its end."""
    app = world.app()
    release = world.release(app, world.slug(app, **_PHASED))
    world.clock.script = [lambda: world.scheduler.run(_phase(release))]
    began = world.clock.monotonic()

    world.attend.attend(app.id)

    assert 5 < world.clock.monotonic() - began < 15
    assert world.fresh(release).status is ReleaseStatus.PENDING
    assert app.id not in world.scheduler.jobs()

    world.scheduler.exit(_phase(release), 0)
    world.scheduler.auto = True
    world.attend.attend(app.id)

    assert world.fresh(release).status is ReleaseStatus.SUCCEEDED
    assert [job["ID"] for job in world.scheduler.submitted] == [_phase(release), app.id]


def test_a_release_phase_may_take_its_time_in_all(world: Any) -> None:
    """However often it was handed back, it is stopped when its time is over."""
    world.settings = replace(world.settings, release_timeout=60)
    app = world.app()
    release = world.release(app, world.slug(app, **_PHASED))
    world.clock.script = [lambda: world.scheduler.run(_phase(release))]
    shifts = 0

    while world.fresh(release).status is ReleaseStatus.PENDING and shifts < 20:
        world.attend.attend(app.id)
        shifts += 1

    assert shifts > 2
    assert world.fresh(release).failure_message == "The release phase took longer than 60 seconds and was stopped."
    assert world.scheduler.jobs()[_phase(release)].stopped


def test_release_phases_of_an_app_never_meet(world: Any) -> None:
    """A newer release waits for the end of a phase that was handed back."""
    app = world.app()
    first = world.release(app, world.slug(app, **_PHASED))
    world.clock.script = [lambda: world.scheduler.run(_phase(first))]
    world.attend.attend(app.id)
    second = world.release(app, world.slug(app, **_PHASED))

    world.attend.attend(app.id)

    assert world.fresh(first).status is ReleaseStatus.PENDING
    assert list(world.scheduler.jobs()) == [_phase(first)]

    world.scheduler.exit(_phase(first), 0)
    for _ in range(2):
        world.attend.attend(app.id)

    assert world.fresh(first).status is ReleaseStatus.EXPIRED
    assert _phase(second) in world.scheduler.jobs()


def test_a_release_phase_without_capacity_gives_way(world: Any) -> None:
    """One that was never placed is dropped for a newer release, and does not run later."""
    app = world.app()
    world.scheduler.no_capacity = "memory"
    first = world.release(app, world.slug(app, **_PHASED))
    world.attend.attend(app.id)
    second = world.release(app, world.slug(app))
    world.scheduler.no_capacity = None
    world.scheduler.auto = True

    world.attend.attend(app.id)

    assert world.fresh(first).status is ReleaseStatus.EXPIRED
    assert world.fresh(second).status is ReleaseStatus.SUCCEEDED
    assert world.scheduler.jobs()[_phase(first)].stopped


def test_a_boot_without_capacity_gives_its_hand_back(world: Any) -> None:
    """It waits for as long as it takes, and its release phase is not run again, though Nomad has forgotten it."""
    app = world.app()
    release = world.release(app, world.slug(app, **_PHASED))

    def ends() -> None:
        world.scheduler.exit(_phase(release), 0)
        world.scheduler.no_capacity = "memory"

    world.clock.script = [lambda: world.scheduler.run(_phase(release)), ends]
    world.attend.attend(app.id)
    assert world.fresh(release).status is ReleaseStatus.PENDING
    assert app.id in world.scheduler.jobs()

    world.scheduler.stop(_phase(release), purge=True)
    world.attend.attend(app.id)
    world.scheduler.no_capacity = None
    world.clock.script = [lambda: world.scheduler.pass_health(app.id)]
    world.attend.attend(app.id)

    assert world.fresh(release).status is ReleaseStatus.SUCCEEDED
    assert [job["ID"] for job in world.scheduler.submitted].count(_phase(release)) == 1


def test_who_was_taken_up_longest_ago_is_next(world: Any) -> None:
    """With one hand and three apps that need work for ever, each has its turn."""
    turns: list[str] = []
    go = threading.Semaphore(0)

    class Recorded(Attend):
        def attend(self, app_id: str) -> None:
            turns.append(app_id)
            go.acquire(timeout=_SECONDS)

    apps = [world.app(name).id for name in ("one", "two", "three")]
    for app_id in apps:
        with world.ports.state.begin() as work:
            work.apps.touch(app_id)
            work.commit()
    crew = Crew("app", 1)
    attend = Recorded(ports=world.ports, settings=world.settings, site=world.attend.site, crew=crew)
    for _ in range(6):
        attend.tick()
        world.clock.wait(1)
        go.release()
        until(lambda: not crew.busy, seconds=_SECONDS)

    assert sorted(turns[:3]) == sorted(apps)
    assert turns[3:] == turns[:3]

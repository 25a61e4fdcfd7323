"""Two workers on one database: everything is done once, and what a dead one left is taken up by the other."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest

from control.adapters.state_store import SqlStateStore
from control.domain.builds import BuildStatus
from control.domain.releases import ReleaseStatus
from control.services import holds
from control.worker.attend import Attend
from control.worker.build_queue import BuildQueue
from control.worker.builds import Builder
from control.worker.crew import Crew

_APPS = 6
_SECONDS = 60


class Worker:
    """A worker's two loops, each with its own connections to the database, in a thread."""

    def __init__(self, world: Any, state: SqlStateStore) -> None:
        ports = replace(world.ports, state=state)
        site = world.attend.site
        self.state = state
        self.crews = [Crew("build", 2), Crew("app", 4)]
        builder = Builder(ports=ports, settings=world.settings, site=site)
        self._builds = BuildQueue(ports=ports, crew=self.crews[0], builder=builder)
        self._attend = Attend(ports=ports, settings=world.settings, site=site, crew=self.crews[1])
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._stop.set()
        self._thread.join()
        for crew in self.crews:
            crew.close(wait=True)  # they have connections of a store that is about to be closed

    def _run(self) -> None:
        while not self._stop.is_set():
            self._builds.tick()
            self._attend.tick()
            self._stop.wait(0.005)


@pytest.fixture(params=["sqlite", "postgresql"])
def two(request: pytest.FixtureRequest, make_world: Callable[..., Any]) -> Iterator[tuple[Any, list[SqlStateStore]]]:
    """A world on a real database, and two stores of it besides."""
    first: SqlStateStore = request.getfixturevalue(f"{request.param}_store")
    url = first._engine.url.render_as_string(hide_password=False)
    stores = [SqlStateStore(url), SqlStateStore(url)]
    yield make_world(first), stores
    for store in stores:
        store.close()


def _drive(world: Any, slug_archive: bytes, done: Callable[[], bool]) -> None:
    """Be Nomad: builds end well, dynos are healthy."""
    pause = threading.Event()
    for _ in range(_SECONDS * 100):
        for job_id in world.scheduler.jobs():
            if ".build-" not in job_id:
                world.scheduler.pass_health(job_id)
                continue
            for allocation in world.scheduler.allocations(job_id):
                if not allocation.status.has_ended:
                    world.scheduler.run(job_id)
                    world.node.prints(allocation.id, "Building\n", task="build")
                    world.node.leave(allocation.id, slug=slug_archive, result={"process_types": {"web": "serve"}})
                    world.scheduler.exit(job_id, 0)
        if done():
            return
        pause.wait(0.01)
    raise AssertionError(f"it was not done within {_SECONDS} s")


def _all_on_the_air(world: Any, apps: list[Any]) -> bool:
    with world.ports.state.view() as work:
        return all(work.releases.current(app.id) for app in apps) and not work.apps.behind()


def test_everything_is_done_once(two: tuple[Any, list[SqlStateStore]], slug_archive: bytes) -> None:
    """Builds of many apps, each with one job, one slug, one release and one copy of its output."""
    world, stores = two
    apps = [world.app(f"app-{number}") for number in range(_APPS)]
    builds = [world.build(app, source=app.name.encode()) for app in apps]
    workers = [Worker(world, store) for store in stores]
    for worker in workers:
        worker.start()
    try:
        _drive(world, slug_archive, lambda: _all_on_the_air(world, apps))
    finally:
        for worker in workers:
            worker.stop()

    assert len([job for job in world.scheduler.submitted if job["Type"] == "batch"]) == _APPS
    with world.ports.state.view() as work:
        for app, build in zip(apps, builds, strict=True):
            (release,) = work.releases.list(app.id)
            assert release.status is ReleaseStatus.SUCCEEDED
            assert len(work.slugs.list(app.id)) == 1
            assert work.outputs.read(build.id).count(b"Building\n") == 1


def test_what_a_dead_worker_held_is_taken_up(two: tuple[Any, list[SqlStateStore]], slug_archive: bytes) -> None:
    """One worker dies with a build in its hands; the other waits for that, then goes on with it."""
    world, (dead, alive) = two
    app = world.app()
    build = world.build(app)
    held = dead.hold(holds.building(app.id))
    assert held.__enter__()
    worker = Worker(world, alive)
    worker.start()
    try:
        _wait_until_looked_at(worker, world)
        assert world.scheduler.jobs() == {}
        dead.close()
        _drive(world, slug_archive, lambda: _all_on_the_air(world, [app]))
    finally:
        worker.stop()

    assert world.fresh_build(build).status is BuildStatus.SUCCEEDED


def _wait_until_looked_at(worker: Worker, world: Any) -> None:
    """Until it has had the chance to take the build: something that it does later has been done."""
    other = world.app("looked-at")
    with world.ports.state.begin() as work:
        work.apps.touch(other.id)
        work.commit()
    deadline = threading.Event()
    for _ in range(_SECONDS * 100):
        if other.id in world.catalog.routes():
            return
        deadline.wait(0.01)
    raise AssertionError("the worker does nothing")

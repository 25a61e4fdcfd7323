"""The queue of builds."""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from control.domain.builds import Build, BuildStatus
from control.worker.build_queue import BuildQueue
from control.worker.crew import Crew
from control.worker.output import WAITING, OutputTail
from tests.waiting import until

_SECONDS = 20


class Held:
    """A builder that works until it is let go."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.began: list[str] = []

    def run(self, build_id: str) -> None:
        self.began.append(build_id)
        self.go.wait(10)


@pytest.fixture
def builder() -> Iterator[Held]:
    held = Held()
    yield held
    held.go.set()


def _said(world: Any, build: Any) -> str:
    with world.ports.state.view() as work:
        return work.outputs.read(build.id).decode()


def test_who_waits_is_told_for_what_and_once(world: Any, builder: Held) -> None:
    """For the app's own build, for a free place, and how many wait before."""
    app = world.app("one")
    builds = []
    for each in (app, app, world.app("two"), world.app("three")):
        builds.append(world.build(each))
        world.clock.wait(1)
    running, behind, second, third = builds
    queue = BuildQueue(ports=world.ports, crew=Crew("build", 1), builder=builder)

    for _ in range(3):
        queue.tick()

    assert builder.began == [running.id]
    assert _said(world, running) == ""
    assert _said(world, behind) == "-----> Waiting for the end of the build before this one\n"
    assert _said(world, second) == "-----> Waiting for a free place: another build runs\n"
    assert (
        _said(world, third) == "-----> Waiting for a free place: another build runs, and 1 more come first as of now\n"
    )


class Noted(Crew):
    """A crew that knows in which order it was given work."""

    def __init__(self, size: int) -> None:
        super().__init__("build", size)
        self.began: list[Hashable] = []

    def dispatch(self, key: Hashable, work: Callable[[], None], **options: Any) -> bool:
        started = super().dispatch(key, work, **options)
        self.began += [key] * started
        return started


class Stepwise:
    """A builder each of whose builds ends when the test says so."""

    def __init__(self, world: Any) -> None:
        self._world = world
        self._ends: defaultdict[str, threading.Event] = defaultdict(threading.Event)

    def run(self, build_id: str) -> None:
        with self._world.ports.state.view() as work:
            build = work.builds.get(build_id)
        self._ends[build.app_id].wait(_SECONDS)
        with self._world.ports.state.begin() as work:
            work.builds.save(replace(build, status=BuildStatus.SUCCEEDED))
            work.commit()

    def end(self, app_id: str) -> None:
        self._ends[app_id].set()


def _builds_of(world: Any, name: str, number: int) -> list[Build]:
    """Waiting builds of as many apps of one account, oldest first."""
    owner = replace(world.owner, id=str(uuid4()), email=f"{name}@example.com")
    with world.ports.state.begin() as work:
        work.accounts.add(owner)
        work.commit()
    found = []
    for count in range(number):
        app = replace(world.app(f"{name}-{count}"), owner_id=owner.id)
        with world.ports.state.begin() as work:
            work.apps.save(app)
            work.commit()
        found.append(world.build(app))
        world.clock.wait(1)
    return found


def _order(world: Any, size: int, builds: Sequence[Build]) -> list[Build]:
    """The builds in the order in which they begin, when the one that began first always ends next."""
    builder, crew = Stepwise(world), Noted(size)
    queue = BuildQueue(ports=world.ports, crew=crew, builder=builder)
    for done in range(len(builds)):
        queue.tick()
        builder.end(crew.began[done])
        until(lambda ended=crew.began[done]: ended not in crew.busy, seconds=_SECONDS)
    by_app = {build.app_id: build for build in builds}
    return [by_app[app_id] for app_id in crew.began]


def test_accounts_take_turns(world: Any) -> None:
    """With one place: who comes with one build waits for one, though five were there before; oldest first each."""
    many, few = _builds_of(world, "many", 5), _builds_of(world, "few", 2)

    assert _order(world, 1, many + few) == [many[0], few[0], many[1], few[1], *many[2:]]


def test_nobody_takes_every_place_while_others_wait(world: Any) -> None:
    """With three places a second account has one of them at once, and from then on every other one that gets free."""
    many, few = _builds_of(world, "many", 5), _builds_of(world, "few", 3)

    taken = [many[0], few[0], many[1], few[1], many[2], few[2], *many[3:]]
    assert _order(world, 3, many + few) == taken


def test_who_waits_is_told_of_their_turn(world: Any, builder: Held) -> None:
    """Not of their place by age: the only build of an account comes before the second one of another."""
    many, few = _builds_of(world, "many", 3), _builds_of(world, "few", 1)
    BuildQueue(ports=world.ports, crew=Crew("build", 1), builder=builder).tick()

    said = [_said(world, build) for build in (*few, *many[1:])]

    assert said == [
        "-----> Waiting for a free place: another build runs\n",
        "-----> Waiting for a free place: another build runs, and 1 more come first as of now\n",
        "-----> Waiting for a free place: another build runs, and 2 more come first as of now\n",
    ]


def test_another_worker_s_build_waits_for_nothing(world: Any, builder: Held) -> None:
    """It is at work elsewhere, so nothing is said of waiting."""
    build = world.build(world.app())
    queue = BuildQueue(ports=world.ports, crew=Crew("build", 1), builder=builder)

    with world.ports.state.hold(f"build {build.app_id}") as free:
        assert free
        queue.tick()

    assert builder.began == []
    assert _said(world, build) == ""


def test_words_of_waiting_take_nothing_from_the_build(world: Any, slug_archive: bytes) -> None:
    """A worker that was told to go on, and one that begins, keep every byte that the build prints."""
    build = world.build(world.app())
    with world.ports.state.begin() as work:
        work.outputs.append(build.id, f"{WAITING}for a free place: another build runs\n")
        work.commit()
    world.node.prints("a1", "-----> Building\n", task="build")

    OutputTail(world.ports, owner_id=build.id, task="build").copy("a1")
    OutputTail(world.ports, owner_id=build.id, task="build").copy("a1")

    assert _said(world, build) == f"{WAITING}for a free place: another build runs\n-----> Building\n"

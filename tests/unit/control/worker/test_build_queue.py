"""The queue of builds."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from control.worker.build_queue import BuildQueue
from control.worker.crew import Crew
from control.worker.output import WAITING, OutputTail


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
    assert _said(world, third) == "-----> Waiting for a free place: another build runs, and 1 more come first\n"


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

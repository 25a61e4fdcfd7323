"""What the node agent knows and tells of dynos' memory."""

from __future__ import annotations

import uuid
from dataclasses import replace
from pathlib import Path

import pytest

from control.adapters.memory_clock import ManualClock
from control.node.allocations import AllocationState
from control.node.lines import Filter
from control.node.logbook import Logbook
from control.node.memory import MemoryWatch, find_cgroup, read_figures

APP = str(uuid.UUID(int=1))
KEY = str(uuid.UUID(int=11))
MB = 1 << 20
STATE = AllocationState(
    id=KEY,
    app_id=APP,
    dyno="web.1",
    long_running=True,
    task="dyno",
    ended=False,
    wanted=True,
    healthy=None,
    deployed=True,
    events=(),
    disk_mb=None,
    memory_mb=100,
)


class Node:
    """One dyno's cgroup as version 1 shows it, and the watch over it."""

    def __init__(self, folder: Path) -> None:
        self.cgroup = folder / "memory" / "nomad" / f"{KEY}.dyno"
        self.cgroup.mkdir(parents=True)
        self.clock = ManualClock()
        self.logbook = Logbook(folder / "applogs", limit=1 << 20)
        self.watch = MemoryWatch(self.logbook, clock=self.clock, find=lambda state: find_cgroup(state, cgroups=folder))
        self.watch.update(STATE)
        self.uses(10)

    def uses(self, mb: int, *, idle_mb: int = 0, kills: int = 0) -> None:
        (self.cgroup / "memory.usage_in_bytes").write_text(f"{mb * MB}\n")
        (self.cgroup / "memory.stat").write_text(
            f"cache 1\ntotal_inactive_file {idle_mb * MB - MB}\ntotal_active_file {MB}\n" if idle_mb else "cache 1\n"
        )
        (self.cgroup / "memory.oom_control").write_text(f"oom_kill_disable 0\nunder_oom 0\noom_kill {kills}\n")

    def log(self) -> list[str]:
        return [line.split(" ", 1)[1] for line in self.logbook.recent(APP, Filter(), 10)]


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return Node(tmp_path)


def test_figures_leave_out_what_can_be_given_back(node: Node) -> None:
    """Pages of files are no use of memory."""
    node.uses(60, idle_mb=20)

    assert node.watch.of_app(APP) == [{"allocation": KEY, "dyno": "web.1", "used_mb": 40.0}]
    assert node.watch.of_app(str(uuid.UUID(int=2))) == []


def test_version_2_of_cgroups(tmp_path: Path) -> None:
    """The same from the other files."""
    folder = tmp_path / "nomad.slice" / "share.slice" / f"{KEY}.dyno.scope"
    folder.mkdir(parents=True)
    (folder / "memory.current").write_text(f"{50 * MB}\n")
    (folder / "memory.stat").write_text(f"anon 1\ninactive_file {20 * MB}\n")
    (folder / "memory.events").write_text("low 0\noom 2\noom_kill 1\n")

    assert find_cgroup(STATE, cgroups=tmp_path) == folder
    figures = read_figures(folder)
    assert figures is not None
    assert (figures.used, figures.kills) == (30 * MB, 1)


def test_r14_tells_of_a_dyno_that_is_nearly_full(node: Node) -> None:
    """Once, and again after a minute, for as long as it lasts."""
    node.uses(94)
    node.watch.step()
    assert node.log() == []

    node.uses(97)
    for _ in range(3):
        node.watch.step()
    assert node.log() == [
        "heroku[web.1]: Process running mem=97M(97.0%)",
        "heroku[web.1]: Error R14 (Memory quota exceeded)",
    ]
    node.clock.advance(61)
    node.watch.step()
    assert len(node.log()) == 4


def test_r15_tells_of_a_child_that_was_killed(node: Node) -> None:
    """The dyno lives on, and the log says what happened in it, once."""
    node.watch.step()
    node.uses(50, kills=1)
    for _ in range(4):
        node.watch.step()

    assert node.log() == [
        "heroku[web.1]: Process running mem=50M(50.0%)",
        "heroku[web.1]: Error R15 (Memory quota vastly exceeded)",
    ]


def test_the_end_of_a_dyno_is_told_elsewhere(node: Node) -> None:
    """Its main process was killed: the line of its end says R15 already."""
    node.watch.step()
    node.uses(50, kills=1)
    node.watch.step()
    node.watch.update(replace(STATE, ended=True))
    node.watch.step()

    assert node.log() == []
    assert node.watch.of_app(APP) == []
    node.watch.gone(KEY)


def test_a_cgroup_that_is_gone(node: Node) -> None:
    """Between two looks: nothing is told and nothing breaks."""
    node.watch.step()
    for file in node.cgroup.iterdir():
        file.unlink()
    node.watch.step()

    assert node.log() == []

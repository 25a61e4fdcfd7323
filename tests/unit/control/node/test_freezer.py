"""Freezing and thawing dynos, on both versions of cgroups."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from control.adapters.memory_clock import ManualClock
from control.node.allocations import AllocationState, Event
from control.node.freezer import Freezer, find_switch

APP, OTHER = (str(uuid.UUID(int=number)) for number in (1, 2))
KEY, SECOND = (str(uuid.UUID(int=number)) for number in (11, 12))
STARTED = Event(at=1, kind="Started", exit_code=None, oom_killed=False)
STATE = AllocationState(
    id=KEY,
    app_id=APP,
    dyno="web.1",
    long_running=True,
    task="dyno",
    ended=False,
    wanted=True,
    healthy=True,
    deployed=True,
    events=(STARTED,),
    disk_mb=None,
)


class Kernel:
    """Cgroups as files: what is written comes true with the next tick of the clock."""

    def __init__(self, folder: Path, version: int) -> None:
        self.folder = folder
        self.version = version

    def add(self, key: str) -> None:
        group = self.folder / ("freezer/nomad" if self.version == 1 else "nomad.slice/share.slice") / f"{key}.dyno"
        group.mkdir(parents=True)
        (group / self._name).write_text("THAWED\n" if self.version == 1 else "0\n")
        (group / "cgroup.events").write_text("populated 1\nfrozen 0\n")

    def remove(self, key: str) -> None:
        for file in self._group(key).iterdir():
            file.unlink()
        self._group(key).rmdir()

    def word(self, key: str) -> str:
        return (self._group(key) / self._name).read_text().strip()

    def settle(self) -> None:
        """Version 2 says in another file what has come true."""
        for switch in self.folder.glob("*/*/*/cgroup.freeze"):
            switch.with_name("cgroup.events").write_text(f"populated 1\nfrozen {switch.read_text().strip()}\n")

    @property
    def _name(self) -> str:
        return "freezer.state" if self.version == 1 else "cgroup.freeze"

    def _group(self, key: str) -> Path:
        return next(self.folder.glob(f"*/*/{key}.dyno"))


class Ticking(ManualClock):
    """Each wait gives the kernel a moment."""

    def __init__(self, kernel: Kernel) -> None:
        super().__init__()
        self._kernel = kernel

    def wait(self, seconds: float) -> None:
        super().wait(seconds)
        self._kernel.settle()


@pytest.fixture(params=[1, 2])
def kernel(request: pytest.FixtureRequest, tmp_path: Path) -> Kernel:
    made = Kernel(tmp_path, request.param)
    made.add(KEY)
    return made


@pytest.fixture
def make(kernel: Kernel) -> Callable[[], Freezer]:
    """An agent that has just learnt what there is."""

    def start() -> Freezer:
        freezer = Freezer(clock=Ticking(kernel), find=lambda state: find_switch(state, cgroups=kernel.folder))
        freezer.update(STATE)
        freezer.listed()
        return freezer

    return start


@pytest.fixture
def freezer(make: Callable[[], Freezer]) -> Freezer:
    return make()


def test_freeze_and_thaw(kernel: Kernel, freezer: Freezer) -> None:
    """A dyno is frozen when the kernel says so, and thawed again; twice changes nothing."""
    awake = kernel.word(KEY)
    for _ in range(2):
        assert freezer.freeze(APP) == [KEY]
    assert kernel.word(KEY) in ("FROZEN", "1")
    assert freezer.is_frozen(KEY)
    assert freezer.frozen() == {APP: [KEY]}

    for _ in range(2):
        freezer.thaw(APP)
    assert kernel.word(KEY) == awake
    assert not freezer.is_frozen(KEY)
    assert freezer.frozen() == {}


def test_another_agent_finds_what_is_frozen(kernel: Kernel, freezer: Freezer, make: Callable[[], Freezer]) -> None:
    """The cgroup knows it, not the agent."""
    freezer.freeze(APP)

    successor = make()

    assert successor.frozen() == {APP: [KEY]}
    successor.thaw(APP)
    assert kernel.word(KEY) in ("THAWED", "0")


def test_all_or_none(kernel: Kernel, freezer: Freezer) -> None:
    """An app with a dyno that cannot be frozen has none that is."""
    freezer.update(replace(STATE, id=SECOND, dyno="worker.1"))

    assert freezer.freeze(APP) == []
    assert freezer.frozen() == {}
    kernel.add(SECOND)
    assert sorted(freezer.freeze(APP)) == [KEY, SECOND]


@pytest.mark.parametrize(
    "news",
    [
        {"wanted": False},
        {"events": (STARTED, replace(STARTED, at=2, kind="Killing"))},
        {"events": (STARTED, replace(STARTED, at=2, kind="Restart Signaled"))},
    ],
)
def test_what_is_to_end_is_thawed(
    kernel: Kernel, freezer: Freezer, make: Callable[[], Freezer], news: dict[str, object]
) -> None:
    """Whoever stops or restarts it, and whether or not this agent has frozen it; and it is not frozen then."""
    freezer.freeze(APP)
    successor = make()

    for each in (freezer, successor):
        each.update(replace(STATE, **news))
        assert kernel.word(KEY) in ("THAWED", "0")
        assert each.freeze(APP) == []


def test_a_restarted_task_may_be_frozen_again(kernel: Kernel, freezer: Freezer) -> None:
    """What was said before its last start does not count."""
    killed = replace(STARTED, at=2, kind="Killing")
    freezer.update(replace(STATE, events=(STARTED, killed, replace(STARTED, at=3))))

    assert freezer.freeze(APP) == [KEY]


def test_only_dynos_of_the_formation(kernel: Kernel, freezer: Freezer) -> None:
    """A one-off dyno or a build of the app, and other apps, go on."""
    freezer.update(replace(STATE, id=SECOND, long_running=False, dyno="run.1"))
    kernel.add(SECOND)

    assert freezer.freeze(APP) == [KEY]
    assert kernel.word(SECOND) in ("THAWED", "0")
    assert freezer.freeze(OTHER) == []


def test_what_is_gone_is_forgotten(kernel: Kernel, freezer: Freezer) -> None:
    """A dyno that has ended is nobody's concern, nor one whose cgroup vanishes meanwhile."""
    freezer.freeze(APP)
    kernel.remove(KEY)
    assert freezer.frozen() == {}
    assert freezer.freeze(APP) == []

    freezer.update(replace(STATE, ended=True))
    freezer.gone(KEY)
    assert freezer.freeze(APP) == []

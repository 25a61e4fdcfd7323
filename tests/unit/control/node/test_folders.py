"""A dyno whose folder was deleted is ended, so that Nomad starts another one."""

from __future__ import annotations

import shutil
import uuid
from dataclasses import replace
from pathlib import Path

import pytest

from control.adapters.memory_clock import ManualClock
from control.node.allocations import AllocationState, Event
from control.node.folders import FolderWatch
from control.node.lines import Filter
from control.node.logbook import Logbook

APP = str(uuid.UUID(int=1))
DYNO = AllocationState(
    id=str(uuid.UUID(int=11)),
    app_id=APP,
    dyno="web.1",
    long_running=True,
    task="dyno",
    ended=False,
    wanted=True,
    healthy=True,
    deployed=True,
    events=(Event(at=1, kind="Started", exit_code=None, oom_killed=False),),
    disk_mb=100,
)


class Watched:
    """A watch over real folders; killing is noted."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "alloc"
        self.killed: list[str] = []
        self.logbook = Logbook(folder / "applogs", limit=1 << 20)
        self.replaced: list[str] = []
        self.nomad_answers = False
        self.watch = FolderWatch(self.root, self.logbook, clock=ManualClock(), kill=self.kill, replace=self.replace)

    def kill(self, one: AllocationState) -> bool:
        self.killed.append(one.id)
        return True

    def replace(self, key: str) -> bool:
        self.replaced.append(key)
        return self.nomad_answers

    def fill(self) -> None:
        for name in ("dyno/local", "dyno/secrets", "alloc/logs"):
            (self.root / DYNO.id / name).mkdir(parents=True, exist_ok=True)

    def log(self) -> list[str]:
        return [line.split(" ", 1)[1] for line in self.logbook.recent(APP, Filter(), 10)]


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    """A dyno that runs and was seen."""
    found = Watched(tmp_path)
    found.fill()
    found.watch.update(DYNO)
    found.watch.step()
    return found


def test_a_deleted_folder_ends_the_dyno_once_and_its_log_says_why(watched: Watched) -> None:
    """What is mounted stays behind, and does not count."""
    shutil.rmtree(watched.root / DYNO.id / "alloc")
    shutil.rmtree(watched.root / DYNO.id / "dyno/local")

    watched.watch.step()
    watched.watch.step()

    assert watched.killed == [DYNO.id]
    assert watched.log() == [
        "heroku[web.1]: Error: its folder on the node was deleted. Stopping the dyno, which then starts anew."
    ]


def test_a_dyno_with_its_folder_is_left_alone(watched: Watched) -> None:
    """Look after look."""
    watched.watch.step()

    assert watched.killed == []


@pytest.mark.parametrize("change", [{"ended": True}, {"wanted": False}])
def test_one_that_ends_loses_its_folder_rightly(watched: Watched, change: dict[str, bool]) -> None:
    """Nomad removes it itself."""
    watched.watch.update(replace(DYNO, **change))
    shutil.rmtree(watched.root / DYNO.id)

    watched.watch.step()

    assert watched.killed == []


def test_one_that_is_being_placed_has_no_folder_yet(tmp_path: Path) -> None:
    """It counts from the moment on that its task began, also where nobody looked in between."""
    watched = Watched(tmp_path)
    watched.watch.update(replace(DYNO, events=()))
    watched.watch.step()
    assert watched.killed == []

    watched.watch.update(DYNO)
    watched.watch.step()
    assert watched.killed == [DYNO.id]


def test_a_build_has_no_log_of_the_apps(watched: Watched) -> None:
    """It ends all the same, and its own output says that it did."""
    watched.watch.update(replace(DYNO, dyno=None))
    shutil.rmtree(watched.root / DYNO.id)

    watched.watch.step()

    assert watched.killed == [DYNO.id]
    assert watched.log() == []


def test_nomad_replaces_a_dyno_at_once(watched: Watched) -> None:
    """What is no fault of the app's is no crash, after which Nomad would wait, longer each time."""
    watched.nomad_answers = True
    shutil.rmtree(watched.root / DYNO.id / "dyno/local")

    watched.watch.step()

    assert (watched.replaced, watched.killed) == ([DYNO.id], [])
    assert len(watched.log()) == 1


def test_what_runs_once_is_not_begun_again(watched: Watched) -> None:
    """A build or one-off dyno ends with its folder."""
    watched.nomad_answers = True
    watched.watch.update(replace(DYNO, long_running=False))
    shutil.rmtree(watched.root / DYNO.id / "dyno/local")

    watched.watch.step()

    assert (watched.replaced, watched.killed) == ([], [DYNO.id])

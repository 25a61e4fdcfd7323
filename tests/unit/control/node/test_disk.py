"""Disk limits."""

from __future__ import annotations

import subprocess
import uuid
from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace

import pytest

from control.adapters.memory_clock import ManualClock
from control.node import disk
from control.node.allocations import AllocationState
from control.node.disk import DiskWatch
from control.node.lines import Filter
from control.node.logbook import Logbook

APP = str(uuid.UUID(int=1))
KEY = str(uuid.UUID(int=11))


def state(**changes) -> AllocationState:
    fields = {
        "id": KEY,
        "app_id": APP,
        "dyno": "web.1",
        "long_running": True,
        "task": "dyno",
        "ended": False,
        "wanted": True,
        "healthy": None,
        "deployed": True,
        "events": (),
        "disk_mb": 100,
    }
    return AllocationState(**(fields | changes))


class Watched:
    """A disk watch whose measuring and killing are noted."""

    def __init__(self, folder: Path, used: int) -> None:
        self.used = used
        self.measured = 0
        self.counted = 0
        self.killed: list[str] = []
        self.logbook = Logbook(folder / "applogs", limit=1 << 20)
        self.files = 1
        self.slow = 0
        self.clock = ManualClock()
        self.watch = DiskWatch(
            folder,
            self.logbook,
            clock=self.clock,
            measure=self.measure,
            count=self.count,
            kill=self.kill,
        )

    def measure(self, _root, keys):
        self.measured += 1
        self.clock.advance(self.slow)
        return dict.fromkeys(keys, self.used)

    def count(self, _root, keys):
        self.counted += 1
        return dict.fromkeys(keys, self.files)

    def kill(self, one: AllocationState) -> bool:
        self.killed.append(one.id)
        return True

    def run(self, free: SimpleNamespace, losses: Iterable[int], kind: str = "f_bavail") -> list[int]:
        """Lose so much of the room before each turn; how often it had looked until then."""
        turns, looks = iter((*losses, None)), []

        def wait(_seconds):
            looks.append(self.measured + self.counted)
            loss = next(turns)
            setattr(free, kind, getattr(free, kind) - (loss or 0))
            self.clock.advance(5)
            return loss is None

        self.watch.run(SimpleNamespace(wait=wait))
        return looks

    def log(self) -> list[str]:
        return [line.split(" ", 1)[1] for line in self.logbook.recent(APP, Filter(), 10)]


@pytest.fixture
def free(monkeypatch):
    """What the file system has room for."""
    room = SimpleNamespace(f_bavail=1 << 30, f_frsize=1, f_ffree=1_000_000)
    monkeypatch.setattr(disk.os, "statvfs", lambda _: room)
    return room


def test_dyno_over_its_limit_is_stopped_with_a_message(tmp_path):
    """One megabyte more than it may: killed, and its log says why."""
    watched = Watched(tmp_path, 101)
    watched.watch.update(state())
    watched.watch.step()

    assert watched.killed == [KEY]
    assert watched.log() == ["heroku[web.1]: Error: disk quota exceeded (101 MB of 100 MB). Stopping the dyno."]


def test_why_a_build_was_stopped_is_known(tmp_path):
    """The worker asks for it; a dyno's log says it."""
    watched = Watched(tmp_path, 120)
    watched.watch.update(state(dyno=None))
    watched.watch.step()

    assert watched.watch.why(KEY) == "disk quota exceeded (120 MB of 100 MB)"
    watched.watch.gone(KEY)
    assert watched.watch.why(KEY) is None


def test_dyno_within_its_limit_is_left_alone(tmp_path):
    """So is one whose limit is not known, a build that is only a little over, and one that ended."""
    watched = Watched(tmp_path, 100)
    watched.watch.update(state())
    watched.watch.update(state(id=str(uuid.UUID(int=12)), disk_mb=None))
    watched.watch.update(state(id=str(uuid.UUID(int=13)), dyno=None, disk_mb=95))
    watched.watch.update(state(id=str(uuid.UUID(int=14)), disk_mb=1))
    watched.watch.update(state(id=str(uuid.UUID(int=14)), disk_mb=1, ended=True))
    watched.watch.step()

    assert (watched.measured, watched.killed, watched.log()) == (1, [], [])


def test_nothing_is_measured_while_nobody_writes(tmp_path):
    """A silent node costs one question to the file system."""
    watched = Watched(tmp_path, 1)
    watched.watch.step()
    assert watched.measured == 0
    watched.watch.update(state())
    watched.watch.step()
    watched.watch.update(state(disk_mb=None))
    watched.watch.step()
    assert watched.measured == 1

    watched.watch.gone(KEY)
    watched.watch.step()
    assert watched.measured == 1


def test_dyno_with_too_many_files_is_stopped_with_a_message(tmp_path, free):
    """Empty files use up the machine's inodes; they are counted when it has many fewer than before."""
    watched = Watched(tmp_path, 1)
    watched.files = 50_001
    watched.watch.update(state())
    watched.watch.step()
    assert watched.killed == []
    free.f_ffree -= 20_000
    watched.watch.step()

    assert watched.killed == [KEY]
    assert watched.log() == ["heroku[web.1]: Error: too many files (50,001 of 50,000). Stopping the dyno."]


@pytest.mark.parametrize(
    ("kind", "losses"),
    [
        ("f_bavail", (1 << 20, 256 << 20)),
        ("f_bavail", (-(2 << 30), 256 << 20)),
        ("f_ffree", (20_000, 500_000)),
        ("f_ffree", (-2_000_000, 500_000)),
    ],
    ids=["bytes", "bytes, after others were given back", "files", "files, after others were given back"],
)
def test_a_sudden_loss_of_room_ends_the_pause(tmp_path, free, kind, losses):
    """A look that took long is followed by a long pause, unless somebody writes much meanwhile."""
    watched = Watched(tmp_path, 1)
    watched.watch.update(state())
    watched.slow = 10

    looks = watched.run(free, (0, *losses), kind)

    assert looks[1] == looks[2] < looks[3]


def test_after_a_look_that_failed_comes_another(tmp_path, free):
    """Though nobody wrote any more: what was written before it is still nobody's."""
    watched = Watched(tmp_path, 101)
    watched.watch.update(state())
    failing = iter((subprocess.TimeoutExpired("du", 120),))

    def fails_once(root, keys):
        if failure := next(failing, None):
            raise failure
        return watched.measure(root, keys)

    watched.watch._measure = fails_once
    watched.run(free, (0, 0))

    assert watched.killed == [KEY]


def test_a_look_that_failed_is_made_again_without_a_pause(tmp_path, free):
    """The one before it took long, and a pause was due, which a sudden loss of room had ended."""
    watched = Watched(tmp_path, 1)
    watched.slow = 10
    watched.watch.update(state())
    looks = iter((None, subprocess.TimeoutExpired("du", 120), None))

    def looked(root, keys):
        if failure := next(looks):
            raise failure
        return watched.measure(root, keys)

    watched.watch._measure = looked
    watched.run(free, (0, 256 << 20, 0))

    assert watched.measured == 2


def test_files_are_counted_with_their_folders(tmp_path):
    """Each takes an inode."""
    (tmp_path / KEY / "a").mkdir(parents=True)
    (tmp_path / KEY / "a" / "file").touch()

    assert disk.usage_files(tmp_path, [KEY]) == {KEY: 3}


def test_usage_is_what_lies_on_disk(tmp_path):
    """Links lead nowhere, deep folders count, a vanished allocation does not matter."""
    deep = tmp_path / KEY
    for _ in range(300):
        deep = deep / "d"
    deep.mkdir(parents=True)
    (deep / "file").write_bytes(b"x" * (3 << 20))
    (tmp_path / KEY / "link").symlink_to("/usr")

    found = disk.usage_mb(tmp_path, [KEY, str(uuid.UUID(int=12))])

    assert set(found) == {KEY}
    assert 3 <= found[KEY] <= 6


@pytest.mark.parametrize("name", [f"{KEY}.dyno", f"{KEY}.dyno.scope"])
def test_every_process_of_the_task_is_killed(tmp_path, name):
    """Those that its cgroup lists, and nobody else; an allocation without processes is left alone."""
    folder = tmp_path / "memory" / "nomad" / name
    folder.mkdir(parents=True)
    with subprocess.Popen(["sleep", "60"]) as victim, subprocess.Popen(["sleep", "60"]) as neighbour:
        (folder / "cgroup.procs").write_text(f"{victim.pid}\n")
        killed = disk.kill_all(state(), cgroups=tmp_path)
        assert victim.wait(5) == -9
        assert neighbour.poll() is None
        neighbour.kill()
    (folder / "cgroup.procs").write_text("")

    assert killed
    assert not disk.kill_all(state(), cgroups=tmp_path)

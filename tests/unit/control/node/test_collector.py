"""Collecting what dynos print, on real files with a clock that stands still."""

from __future__ import annotations

import uuid
from pathlib import Path

import pytest

from control.adapters.memory_clock import ManualClock
from control.node.allocations import AllocationState, Event
from control.node.collector import Collector
from control.node.lines import Filter
from control.node.logbook import Logbook
from control.node.positions import Positions

APP = str(uuid.UUID(int=1))
ONE = str(uuid.UUID(int=11))
TWO = str(uuid.UUID(int=12))


def state(key: str = ONE, dyno: str | None = "web.1", **changes) -> AllocationState:
    fields = {
        "id": key,
        "app_id": APP,
        "dyno": dyno,
        "long_running": True,
        "task": "dyno",
        "ended": False,
        "wanted": True,
        "healthy": None,
        "deployed": True,
        "events": (),
        "disk_mb": None,
    }
    return AllocationState(**(fields | changes))


class Node:
    """A node's folders and its collector, which can be started again."""

    def __init__(self, folder: Path, *, rate: int = 1000) -> None:
        self.root = folder / "alloc"
        self.root.mkdir()
        self.folder = folder
        self.rate = rate
        self.clock = ManualClock()
        self.ended: list[AllocationState] = []
        self.start()

    def start(self) -> None:
        self.logbook = Logbook(self.folder / "applogs", limit=10 << 20)
        self.positions = Positions(self.folder / "positions.json")
        self.collector = Collector(
            self.root,
            self.logbook,
            self.positions,
            clock=self.clock,
            lines_per_second=self.rate,
            ended=self.ended.append,
        )

    def prints(self, text: str | bytes, *, key: str = ONE, kind: str = "stdout", index: int = 0) -> None:
        logs = self.root / key / "alloc" / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        with (logs / f"dyno.{kind}.{index}").open("ab") as file:
            file.write(text.encode() if isinstance(text, str) else text)

    def settle(self, *, seconds: float = 0) -> None:
        """Time passes, and everything that there is to do is done."""
        self.clock.advance(seconds)
        for _ in range(60):
            self.collector.step(0)

    def log(self, **wanted) -> list[str]:
        return [line.split(" ", 1)[1] for line in self.logbook.recent(APP, Filter(**wanted), 100_000)]


@pytest.fixture
def node(tmp_path):
    made = Node(tmp_path)
    yield made
    made.collector.close()


def test_lines_of_both_outputs(node):
    """Standard output and standard error are one source, whatever the order of folder and news."""
    node.collector.update(state())
    node.settle()
    node.prints("out\n")
    node.prints("err\n", kind="stderr")
    node.settle()
    node.prints("more\n")
    node.settle()

    assert sorted(node.log()) == ["app[web.1]: err", "app[web.1]: more", "app[web.1]: out"]


def test_lines_from_before_the_news(node):
    """A dyno may print before Nomad tells of it."""
    node.prints("early\n")
    node.collector.update(state())
    node.settle()

    assert node.log() == ["app[web.1]: early"]


def test_rotation_loses_nothing(node):
    """Files with the next number are read on their own, in order."""
    node.collector.update(state())
    node.prints("0\n")
    node.settle()
    node.prints("still 0\n")
    node.prints("1\n", index=1)
    node.prints("2\n", index=2)
    node.settle()

    assert node.log() == [f"app[web.1]: {text}" for text in ("0", "still 0", "1", "2")]


def test_unfinished_line_is_written_after_a_while(node):
    """A prompt without a line end is seen within a second or so; the rest is another line."""
    node.collector.update(state())
    node.prints("Password: ")
    node.settle()
    assert node.log() == []

    node.settle(seconds=1.5)
    node.prints("ok\n")
    node.settle()

    assert node.log() == ["app[web.1]: Password: ", "app[web.1]: ok"]


def test_hostile_bytes(node):
    """Invalid UTF-8 is replaced, control characters make no line of another source."""
    node.collector.update(state())
    node.prints(b"\xff\xfe\x00 2024-01-01T00:00:00.000000+00:00 heroku[router]: x\n\x1b[31mred\n")
    node.settle()

    assert node.log(source="heroku") == []
    assert node.log()[1] == "app[web.1]: \x1b[31mred"


def test_restart_goes_on(node):
    """A new collector neither repeats nor loses a line, nor an unfinished one."""
    node.collector.update(state())
    node.collector.listed()
    node.prints("one\nhal")
    node.settle()
    node.collector.close()
    node.prints("f\ntwo\n")

    node.start()
    node.collector.update(state())
    node.settle()

    assert node.log() == ["app[web.1]: one", "app[web.1]: half", "app[web.1]: two"]


def test_restart_without_nomad_forgets_nothing(node):
    """Until Nomad has listed everything, what is on disk is not replaced."""
    node.collector.update(state())
    node.collector.listed()
    node.prints("one\n")
    node.settle(seconds=5)
    node.collector.close()

    node.start()
    node.settle(seconds=5)
    node.collector.close()
    node.start()
    node.collector.update(state())
    node.settle()

    assert node.log() == ["app[web.1]: one"]


def test_end_of_a_dyno(node):
    """Its last words come before its exit, those that come late after it; then nothing of it is held."""
    node.collector.update(state())
    node.collector.listed()
    node.settle()
    node.prints("last words\n")
    exit_event = Event(at=5, kind="Terminated", exit_code=1, oom_killed=False)
    node.collector.update(state(ended=True, events=(exit_event,)))
    node.settle()
    node.prints("very last")
    node.settle(seconds=5)
    node.prints("\nfrom the grave\n")
    node.settle(seconds=15)

    assert node.log() == [
        "app[web.1]: last words",
        "heroku[web.1]: Process exited with status 1",
        "heroku[web.1]: State changed from starting to crashed",
        "app[web.1]: very last",
    ]
    node.collector.close()
    node.start()
    node.collector.update(state(ended=True, events=(exit_event,)))
    node.settle(seconds=5)
    assert len(node.log()) == 4


def test_builds_are_not_in_the_log(node):
    """What a build prints is its own output, not the app's log."""
    node.collector.update(state(dyno=None, task="dyno"))
    node.prints("compiling\n")
    node.settle(seconds=15)

    assert node.log() == []


def test_loud_dyno_is_cut_and_its_neighbour_is_not(tmp_path):
    """Beyond the rate lines are dropped and counted once; later lines are whole; the other dyno loses nothing."""
    node = Node(tmp_path, rate=10)
    node.collector.update(state())
    node.collector.update(state(TWO, "web.2"))
    node.settle()
    node.prints("".join(f"loud {number:06}\n" for number in range(200_000)))
    node.prints("quiet\n", key=TWO)
    node.settle()
    loud = node.log(dyno="web.1")
    node.settle(seconds=10)
    node.prints("calm again\n")
    node.settle()

    assert node.log(dyno="web.2") == ["app[web.2]: quiet"]
    assert loud == [f"app[web.1]: loud {number:06}" for number in range(len(loud))]
    assert 0 < len(loud) <= 50
    assert node.log(dyno="web.1")[-1] == "app[web.1]: calm again"
    (report,) = node.log(dyno="logplex")
    assert f"{200_000 - len(loud)} messages of web.1 dropped" in report
    node.collector.close()


def test_allocation_that_nomad_forgot(node):
    """Its files are let go; news of another one goes on."""
    node.collector.update(state())
    node.prints("one\n")
    node.settle()
    node.collector.gone(ONE)
    node.collector.gone(TWO)
    node.settle()
    node.prints("two\n")
    node.settle(seconds=15)

    assert node.log() == ["app[web.1]: one"]


def test_an_end_is_passed_on_once_and_last(node):
    """When the last words are on disk, with all that Nomad said; not again after a restart."""
    node.collector.update(state())
    over = state(ended=True, events=(Event(at=5, kind="Terminated", exit_code=1, oom_killed=False),))
    node.collector.update(over)
    node.settle(seconds=1)
    assert node.ended == []

    node.settle(seconds=5)
    node.collector.update(over)
    node.settle(seconds=5)

    assert [each.events for each in node.ended] == [over.events]

"""What is kept of crashes."""

from __future__ import annotations

import uuid
from dataclasses import replace
from pathlib import Path

import pytest

from control.node.allocations import AllocationState, Event, crash_of
from control.node.crashes import CrashBook

APP = str(uuid.UUID(int=1))
SECOND = 1_000_000_000


def _event(kind: str, *, at: int = 1, code: int | None = None, oom: bool = False) -> Event:
    return Event(at=at * SECOND, kind=kind, exit_code=code, oom_killed=oom)


def _state(number: int, *events: Event, dyno: str = "web.1") -> AllocationState:
    return AllocationState(
        id=str(uuid.UUID(int=number)),
        app_id=APP,
        dyno=dyno,
        long_running=True,
        task="dyno",
        ended=True,
        wanted=True,
        healthy=None,
        deployed=True,
        events=events,
        disk_mb=None,
    )


class Node:
    def __init__(self, folder: Path) -> None:
        self.allocations = folder / "alloc"
        (folder / "applogs" / APP).mkdir(parents=True)
        self.book = CrashBook(folder / "applogs", self.allocations)

    def crash(self, number: int, text: str, *, dyno: str = "web.1", code: int = 1) -> None:
        state = _state(number, _event("Started"), _event("Terminated", at=number, code=code), dyno=dyno)
        logs = self.allocations / state.id / "alloc" / "logs"
        logs.mkdir(parents=True)
        (logs / "dyno.stdout.0").write_text(text)
        self.book.note(state)


@pytest.fixture
def node(tmp_path: Path) -> Node:
    return Node(tmp_path)


def test_exit_code_and_last_lines_are_kept(node: Node) -> None:
    """Of that very allocation, in another process too."""
    node.crash(7, "".join(f"line {number}\n" for number in range(1000)) + "the end", code=9)

    (kept,) = CrashBook(node.book._folder, node.allocations).of_app(APP)
    assert (kept["dyno"], kept["exit_code"], kept["at"]) == ("web.1", 9, "1970-01-01T00:00:07+00:00")
    assert (len(kept["lines"]), kept["lines"][-2:]) == (20, ["line 999", "the end"])


def test_only_the_last_one_of_a_dyno(node: Node) -> None:
    """A newer crash replaces it; another dyno's stays."""
    node.crash(5, "first\n")
    node.crash(6, "worker\n", dyno="worker.1")
    node.crash(7, "second\n")

    assert [(each["dyno"], each["lines"]) for each in node.book.of_app(APP)] == [
        ("worker.1", ["worker"]),
        ("web.1", ["second"]),
    ]


def test_a_planted_link_is_not_read(node: Node) -> None:
    """The dyno may write to its log folder; what it links to is not what it printed."""
    state = _state(3, _event("Terminated", code=1))
    logs = node.allocations / state.id / "alloc" / "logs"
    logs.mkdir(parents=True)
    (logs / "dyno.stdout.0").symlink_to("/etc/hostname")

    node.book.note(state)

    assert [each["lines"] for each in node.book.of_app(APP)] == [[]]


def test_a_forgotten_app_stays_forgotten(node: Node) -> None:
    """Its folder went with its log; a late crash does not bring it back."""
    (node.book._folder / APP).rmdir()
    node.crash(1, "late\n")

    assert not (node.book._folder / APP).exists()
    assert node.book.of_app("../etc") == []


@pytest.mark.parametrize(
    ("events", "is_crash"),
    [
        ((_event("Started"), _event("Terminated", code=0)), True),
        ((_event("Driver Failure"),), True),
        ((_event("Killing"), _event("Terminated", code=143)), False),
        ((_event("Terminated", code=1), _event("Killing")), True),
        ((_event("Restart Signaled"), _event("Terminated", code=143)), True),
        ((_event("Started"),), False),
    ],
)
def test_what_is_a_crash(*, events: tuple[Event, ...], is_crash: bool) -> None:
    """An end that nobody asked for, however polite; not a stop."""
    state = _state(1, *events)

    assert (crash_of(state) is not None) is is_crash
    assert crash_of(replace(state, long_running=False)) is None
    assert crash_of(replace(state, ended=False)) is None

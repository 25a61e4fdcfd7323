"""Apps' logs on disk and their readers."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime

from control.node.lines import Filter, render
from control.node.logbook import Logbook

APP = str(uuid.UUID(int=1))
OTHER = str(uuid.UUID(int=2))
MOMENT = datetime(2024, 1, 1, tzinfo=UTC)


def line(text: str, dyno: str = "web.1") -> str:
    return render(MOMENT, "app", dyno, text)


def test_last_lines_come_oldest_first(tmp_path):
    """As many as were asked for, across both files."""
    book = Logbook(tmp_path, limit=200_000)
    for number in range(4000):
        book.append(APP, [line(f"line {number}")])

    assert book.recent(APP, Filter(), 3) == [line(f"line {number}") for number in (3997, 3998, 3999)]
    found = book.recent(APP, Filter(), 10_000)
    assert found == [line(f"line {number}") for number in range(4000 - len(found), 4000)]
    sizes = [file.stat().st_size for file in (tmp_path / APP).iterdir()]
    assert len(sizes) == 2
    assert all(size <= 100_000 for size in sizes)


def test_only_what_passes(tmp_path):
    """The filter narrows before lines are counted; another app's log is another's."""
    book = Logbook(tmp_path, limit=1 << 20)
    book.append(APP, [line("a", "web.1"), line("b", "worker.1"), line("c", "web.1")])
    book.append(OTHER, [line("z", "worker.1")])

    assert book.recent(APP, Filter(process_type="worker"), 1) == [line("b", "worker.1")]
    assert book.recent(str(uuid.UUID(int=9)), Filter(), 10) == []
    assert book.recent("../../etc", Filter(), 10) == []


def test_follower_misses_nothing(tmp_path):
    """Recent lines end where the follower's begin; one that reads too slowly loses lines and is told how many."""
    book = Logbook(tmp_path, limit=1 << 20)
    book.append(APP, [line("old")])
    recent, follower = book.recent_and_follow(APP, Filter(), 10)
    book.append(APP, [line("new")])

    assert recent == [line("old")]
    assert follower.take(0) == ([line("new")], 0)
    assert follower.take(0) == ([], 0)

    book.append(APP, [line(str(number)) for number in range(2500)])

    lines, dropped = follower.take(0)
    assert (len(lines), dropped) == (2000, 500)
    book.leave(APP, follower)
    book.append(APP, [line("unheard")])
    assert follower.take(0) == ([], 0)


def test_forgotten_app_leaves_nothing(tmp_path):
    """Files go, followers end, late lines make no new file."""
    book = Logbook(tmp_path, limit=1 << 20)
    book.append(APP, [line("x")])
    _, follower = book.recent_and_follow(APP, Filter(), 0)
    book.forget(APP)
    book.append(APP, [line("late")])

    assert follower.take(0) is None
    assert not (tmp_path / APP).exists()


def test_restart_goes_on_and_mends_a_torn_line(tmp_path):
    """A new logbook appends to what is there, on a line of its own."""
    first = Logbook(tmp_path, limit=1 << 20)
    first.append(APP, [line("one")])
    first.close()
    with (tmp_path / APP / "log").open("a") as file:
        file.write("torn")
    second = Logbook(tmp_path, limit=1 << 20)
    second.append(APP, [line("two")])

    assert second.recent(APP, Filter(), 10) == [line("one"), "torn", line("two")]

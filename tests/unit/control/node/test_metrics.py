from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control.adapters.memory_clock import ManualClock
from control.node import metrics_wire
from control.node.activity import ActivityBook
from control.node.histogram import bucket_of
from control.node.metrics import KEPT_MINUTES, MetricsBook
from control.node.metrics_file import MetricsFile
from control.node.minutes import Minute
from control.node.router_reports import AppCounts, Report
from control.ports.metrics import LIMITS_MS, Metrics

ONE = "11111111-1111-1111-1111-111111111111"
OTHER = "22222222-2222-2222-2222-222222222222"
COUNTS = st.dictionaries(st.integers(0, 303), st.integers(1, 1 << 40), max_size=20)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def start(tmp_path: Path, clock: ManualClock) -> Callable[..., MetricsBook]:
    """Begins an agent's book, on the file that an earlier one left."""

    def start(limit: int = 1 << 30) -> MetricsBook:
        return MetricsBook(MetricsFile(tmp_path / "m" / "minutes.db", limit=limit), ActivityBook(clock), clock)

    return start


@pytest.fixture
def book(start: Callable[..., MetricsBook]) -> MetricsBook:
    return start()


def hear(book: MetricsBook, app_id: str = ONE, *, in_flight: int = 0, **counts: Any) -> None:
    app = AppCounts(app_id=app_id, in_flight=in_flight, **({"requests": 1} | counts))
    book.note(Report(worker="1.1", slot=0, of=1, apps=(app,)))


def silence(book: MetricsBook) -> None:
    book.note(Report(worker="1.1", slot=0, of=1, apps=()))


def last(book: MetricsBook, clock: ManualClock, minutes: int, *, app_id: str = ONE, step: int = 1) -> Metrics:
    now = int(clock.now().timestamp()) // 60
    return book.read(app_id, first=now - minutes + 1, last=now, step=step)


def test_minutes_are_told_apart(book: MetricsBook, clock: ManualClock) -> None:
    """With and without having been written down; an idle one has zeros, an unheard one is missing."""
    hear(book, service={bucket_of(5): 1}, statuses=(0, 1, 0, 0, 0))
    clock.advance(60)
    book.step()
    silence(book)
    clock.advance(120)
    book.step()
    hear(book, codes={"H12": 1}, statuses=(0, 0, 0, 0, 1), queue=3, sent=10, hits=2, misses=1)
    hear(book, queue=1)
    clock.advance(30)
    found = last(book, clock, 5)

    assert [point.figures.requests for point in found.points] == [1, 0, 2]
    assert [clock.now() - point.start for point in found.points] == [timedelta(seconds=s) for s in (210, 150, 30)]
    assert [point.figures.seconds for point in found.points] == [60, 60, 30]
    assert [point.figures.service.p50 for point in found.points] == [5, None, None]
    assert found.total.requests == 3
    assert found.total.statuses == {"1xx": 0, "2xx": 1, "3xx": 0, "4xx": 0, "5xx": 1}
    assert (found.total.codes, found.total.queue, found.total.sent) == ({"H12": 1}, 3, 10)
    assert (found.total.hits, found.total.misses, found.total.seconds) == (2, 1, 150)
    assert last(book, clock, 5, app_id=OTHER).total.requests == 0


def test_several_minutes_make_a_point(book: MetricsBook, clock: ManualClock) -> None:
    """Percentiles are those of all of their requests, not of the minutes' percentiles."""
    for ms in (1, 2, 3, 1000):
        hear(book, service={bucket_of(ms): 1})
        clock.advance(60)
    silence(book)
    (point,) = last(book, clock, 5, step=5).points

    assert point.figures.requests == 4
    assert point.figures.service.p50 == 2
    assert point.figures.service.p99 == pytest.approx(1000, rel=0.05)


def test_a_restart_loses_nothing(start: Callable[..., MetricsBook], clock: ManualClock) -> None:
    """Not even a part of a minute, nor since when the router was heard."""
    book = start()
    begun = clock.now()
    hear(book, in_flight=1)
    clock.advance(1)
    book.close()
    clock.advance(5)
    book = start()
    assert book.activity().since is None
    hear(book, OTHER)

    assert last(book, clock, 1).total.requests == 1
    assert book.activity().since == begun
    assert book.activity().apps[ONE].last_request == begun
    book.close()
    assert last(start(), clock, 1).total.requests == 1


@pytest.mark.parametrize("how", ["killed", "late"])
def test_who_may_have_missed_something_begins_anew(
    start: Callable[..., MetricsBook], clock: ManualClock, how: str
) -> None:
    """An agent that was killed, or away for too long, does not claim to have heard everything."""
    book = start()
    hear(book)
    clock.advance(60)
    hear(book)
    book.step()
    if how == "late":
        book.close()
        clock.advance(31)
    book = start()
    silence(book)

    assert book.activity().since == clock.now()
    assert last(book, clock, 5).total.requests == (1 if how == "killed" else 2)


def test_a_day_is_kept(book: MetricsBook, clock: ManualClock) -> None:
    """What is older goes; an app without requests takes no room."""
    hear(book)
    for _ in range(KEPT_MINUTES // 60 + 2):
        clock.advance(3600)
        silence(book)
        book.step()

    assert last(book, clock, 2 * KEPT_MINUTES).total.requests == 0
    assert len(last(book, clock, 2 * KEPT_MINUTES).points) <= KEPT_MINUTES // 60 + 2


def test_a_full_file_loses_what_is_oldest(start: Callable[..., MetricsBook], clock: ManualClock) -> None:
    """It stays below its limit, whatever the apps do; the newest minutes are there."""
    limit = 200_000
    book = start(limit)
    for _ in range(8):
        for _ in range(30):
            for app in range(10):
                hear(book, f"{app:08}-1111-1111-1111-111111111111", service=dict.fromkeys(range(0, 300, 10), 1))
            clock.advance(60)
            book.step()
        clock.advance(3600)
        silence(book)
    app_id = "00000000-1111-1111-1111-111111111111"
    book._file.drop(0)

    assert book._file.size <= limit
    assert last(book, clock, 100, app_id=app_id).total.requests == 30
    assert last(book, clock, KEPT_MINUTES, app_id=app_id).total.requests < 240


def test_a_broken_file_is_begun_anew(start: Callable[..., MetricsBook], tmp_path: Path, clock: ManualClock) -> None:
    """The node agent starts, whatever lies there."""
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "minutes.db").write_bytes(b"nonsense" * 1000)
    book = start()
    hear(book)

    assert last(book, clock, 1).total.requests == 1


def test_a_forgotten_app_leaves_nothing(book: MetricsBook, clock: ManualClock) -> None:
    """Neither what was written down nor what was not."""
    hear(book)
    hear(book, OTHER)
    clock.advance(60)
    book.step()
    hear(book)
    book.forget(ONE)
    book.forget(ONE)

    assert last(book, clock, 5).total.requests == 0
    assert set(book.tallies()) == {OTHER}
    assert last(book, clock, 5, app_id=OTHER).total.requests == 1


def test_the_queues_of_all_workers_count(book: MetricsBook, clock: ManualClock) -> None:
    """As long as those who wait are in flight."""
    for slot in (0, 1):
        app = AppCounts(app_id=ONE, in_flight=5, queue=4)
        book.note(Report(worker=f"{slot}.1", slot=slot, of=2, apps=(app,)))
    assert book.tallies()[ONE].queue == 8
    clock.advance(20)

    assert book.tallies()[ONE].queue == 0


def test_tallies_only_grow(book: MetricsBook, clock: ManualClock) -> None:
    """Times by coarse buckets, whose last takes the rest."""
    times = {bucket_of(ms): 1 for ms in (1, 5, 6, 29_000, 60_000)}
    for _ in range(2):
        hear(book, statuses=(0, 1, 0, 0, 0), codes={"H12": 1}, service=times, in_flight=2)
        clock.advance(120)
        book.step()
    tally = book.tallies()[ONE]

    assert tuple(tally.statuses) == (0, 2, 0, 0, 0)
    assert tally.codes == {"H12": 2}
    assert sum(tally.service) == 10
    assert tally.service[0] == 4
    assert tally.service[-1] == 2
    assert len(tally.service) == len(LIMITS_MS) + 1
    assert tally.service_ms == pytest.approx(2 * (1 + 5 + 6 + 29_000 + 60_000), rel=0.05)
    assert metrics_wire.unpacked_tallies(metrics_wire.packed_tallies({ONE: tally}))[ONE].codes == tally.codes


@given(COUNTS, COUNTS, st.integers(0, 1 << 60))
def test_what_is_written_down_is_read_back(connect: dict[int, int], service: dict[int, int], sent: int) -> None:
    """A minute is the same afterwards."""
    minute = Minute(requests=3, codes={"H10": 1}, sent=sent, connect=connect, service=service, queue=1, misses=2)

    assert Minute.unpack(minute.pack()) == minute


@pytest.mark.parametrize("text", ["", "[]", "{}", "[1,2]", '[1,"x",{},0,[],[],0,0,0]', "[1,[],{},0,[1],[],0,0,0]"])
def test_a_minute_that_cannot_be_read_is_none(text: str) -> None:
    """It raises ValueError, and nothing else."""
    with pytest.raises(ValueError):  # noqa: PT011 - any
        Minute.unpack(text)

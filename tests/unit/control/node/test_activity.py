from __future__ import annotations

from datetime import timedelta

import pytest

from control.adapters.memory_clock import ManualClock
from control.node import activity
from control.node.activity import ActivityBook
from control.node.router_reports import AppCounts, Report

ONE = "11111111-1111-1111-1111-111111111111"
OTHER = "22222222-2222-2222-2222-222222222222"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def book(clock: ManualClock) -> ActivityBook:
    return ActivityBook(clock)


def report(*apps: AppCounts, worker: str = "1.1", slot: int = 0, of: int = 1) -> Report:
    return Report(worker=worker, slot=slot, of=of, apps=apps)


def busy(app_id: str = ONE, *, in_flight: int = 1, requests: int = 0) -> AppCounts:
    return AppCounts(app_id=app_id, in_flight=in_flight, requests=requests)


def test_a_router_that_was_never_heard_proves_nothing(book: ActivityBook) -> None:
    """No since, no apps."""
    known = book.read()

    assert (known.since, known.heard_at, known.apps) == (None, None, {})


def test_since_begins_when_every_worker_was_heard(book: ActivityBook, clock: ManualClock) -> None:
    """One of two may have served what the other knows nothing of."""
    book.note(report(of=2))
    assert book.read().since is None
    clock.advance(2)
    book.note(report(worker="2.1", slot=1, of=2))

    known = book.read()
    assert known.since == clock.now()
    assert known.heard_at == clock.now() - timedelta(seconds=2)


@pytest.mark.parametrize(("silence", "goes_on"), [(30, True), (31, False)])
def test_since_begins_anew_after_a_gap(book: ActivityBook, clock: ManualClock, *, silence: int, goes_on: bool) -> None:
    """Silence of one worker is enough; during it nothing is known."""
    start = clock.now()
    for worker in (0, 1):
        book.note(report(worker=f"{worker}.1", slot=worker, of=2))
    clock.advance(silence - 1)
    book.note(report(worker="0.1", slot=0, of=2))
    clock.advance(1)
    assert (book.read().since is not None) is goes_on
    book.note(report(worker="1.1", slot=1, of=2))

    assert book.read().since == (start if goes_on else clock.now())


def test_a_request_is_there_until_its_end(book: ActivityBook, clock: ManualClock) -> None:
    """A WebSocket's app had its last request when the socket closed."""
    for _ in range(100):
        book.note(report(busy()))
        clock.advance(2)
    book.note(report(busy(in_flight=0, requests=1)))
    ended = clock.now()
    clock.advance(10)
    book.note(report())

    assert book.read().apps[ONE].last_request == ended
    assert book.read().apps[ONE].in_flight == 0


def test_workers_are_added_up(book: ActivityBook) -> None:
    """What is in flight is so in any worker."""
    book.note(report(busy(in_flight=2), busy(OTHER), of=2))
    book.note(report(busy(in_flight=3), worker="2.1", slot=1, of=2))

    assert {app_id: each.in_flight for app_id, each in book.read().apps.items()} == {ONE: 5, OTHER: 1}


def test_a_dead_worker_has_nothing_in_flight(book: ActivityBook, clock: ManualClock) -> None:
    """Its successor's reports do not keep it alive."""
    book.note(report(busy(in_flight=7)))
    for _ in range(8):
        clock.advance(2)
        book.note(report(worker="9.9"))

    assert book.read().apps[ONE].in_flight == 0
    assert book.read().since is not None


def test_an_end_that_was_not_heard_of_is_an_end(book: ActivityBook, clock: ManualClock) -> None:
    """A datagram may be lost; what is in flight is said again and again."""
    book.note(report(busy(), busy(OTHER)))
    for _ in range(8):
        clock.advance(2)
        book.note(report(busy(OTHER)))

    assert {app_id: each.in_flight for app_id, each in book.read().apps.items()} == {ONE: 0, OTHER: 1}


def test_a_forgotten_app_is_missing(book: ActivityBook) -> None:
    """Also from what is in flight."""
    book.note(report(busy()))
    book.forget(ONE)
    book.forget(ONE)

    assert book.read().apps == {}


def test_what_there_is_no_room_for_moves_since(
    book: ActivityBook, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An app that is missing had no request since `since`, also when it was dropped."""
    monkeypatch.setattr(activity, "_MOST_APPS", 1)
    book.note(report())
    clock.advance(5)
    book.note(report(busy()))
    dropped = clock.now()
    clock.advance(5)
    book.note(report(busy(OTHER)))

    assert set(book.read().apps) == {OTHER}
    assert book.read().since == dropped


def test_nobody_can_invent_workers_without_end(book: ActivityBook) -> None:
    """Only the latest count."""
    for pid in range(1000):
        book.note(report(busy(), worker=f"{pid}.1"))

    assert book.read().apps[ONE].in_flight == 64

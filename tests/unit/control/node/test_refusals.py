"""What the router tells of dynos that refuse."""

from __future__ import annotations

from control.adapters.memory_clock import ManualClock
from control.node.refusals import RefusalBook

APP = "11111111-1111-1111-1111-111111111111"
ALLOCATION = "22222222-2222-2222-2222-222222222222"


def test_refusals_are_counted_among_request_lines() -> None:
    """By allocation, from the first to the last one."""
    clock = ManualClock()
    book = RefusalBook(clock)
    began = clock.now()
    book.note(f"{APP} at=info path=/1\n#refused {APP} {ALLOCATION} web.1\n{APP} at=info".encode())
    clock.advance(5)
    book.note(f"#refused {APP} {ALLOCATION} web.1\n#refused {APP} {APP} web.2".encode())

    first, second = book.read()

    assert (first.app_id, first.allocation_id, first.dyno, first.times) == (APP, ALLOCATION, "web.1", 2)
    assert (first.first, first.last) == (began, clock.now())
    assert (second.dyno, second.times) == ("web.2", 1)


def test_what_is_no_refusal_is_left_out() -> None:
    """An app's own request line can never be taken for one."""
    book = RefusalBook(ManualClock())
    for line in (
        f'{APP} at=info path="#refused {APP} {ALLOCATION} web.1"',
        f"#refused {APP} {ALLOCATION}",
        f"#refused {APP} x web.1",
        "#refused ",
    ):
        book.note(line.encode())

    assert book.read() == []


def test_a_minute_without_a_refusal_ends_the_matter() -> None:
    """The next one is a first one."""
    clock = ManualClock()
    book = RefusalBook(clock)
    book.note(f"#refused {APP} {ALLOCATION} web.1".encode())
    clock.advance(61)
    assert book.read() == []

    book.note(f"#refused {APP} {ALLOCATION} web.1".encode())

    assert [each.times for each in book.read()] == [1]

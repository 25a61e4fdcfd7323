"""When the worker looks."""

from __future__ import annotations

import threading

from control.adapters.memory_state import MemoryState
from control.worker.loops import Loop, queue, run


def commit(state):
    with state.begin() as work:
        work.commit()


def test_an_empty_queue_is_looked_at_again_when_somebody_commits():
    """An idle platform asks its database next to nothing."""
    state, looks = MemoryState(), []
    loop = queue("builds", state, lambda: bool(looks.append("look")))

    loop.look()
    loop.look()
    assert len(looks) == 1
    commit(state)
    loop.look()
    assert len(looks) == 2


def test_a_queue_that_holds_something_is_looked_at_every_time():
    """What waits for a free hand, or for time to pass, is not announced by a commit."""
    state, looks = MemoryState(), []

    def look():
        looks.append("look")
        return True

    loop = queue("builds", state, look)
    loop.look()
    loop.look()

    assert len(looks) == 2


def test_what_is_committed_during_a_look_is_seen_by_the_next():
    """The look may have read before the commit."""
    state, looks = MemoryState(), []

    def look():
        looks.append("look")
        commit(state)
        return False

    loop = queue("builds", state, look)
    loop.look()
    loop.look()

    assert len(looks) == 2


def test_a_failed_look_is_repeated_although_nobody_commits():
    """Nothing is known about the queue then."""
    state, stop, looks = MemoryState(), threading.Event(), []

    def look():
        looks.append("look")
        if len(looks) == 1:
            raise RuntimeError("the first look fails")
        stop.set()
        return False

    run([queue("builds", state, look)], stop)

    assert len(looks) == 2


def test_loops_run_side_by_side_until_they_are_to_stop():
    """One that waits keeps none of the others."""
    stop, met = threading.Event(), threading.Barrier(2, timeout=10)

    def look():
        met.wait()
        stop.set()

    run([Loop(name="one", look=look, interval=0.01), Loop(name="two", look=look, interval=0.01)], stop)

    assert stop.is_set()


def test_a_loop_may_wait_before_its_first_look():
    """What is due once an hour is not due whenever a worker starts."""
    looks, stop = [], threading.Event()
    later = Loop(name="later", look=lambda: looks.append("later"), interval=3600, at_once=False)
    now = Loop(name="now", look=stop.set, interval=3600)

    run([later, now], stop)

    assert looks == []

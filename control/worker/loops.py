"""The worker's loops: each looks again and again until the process is to stop."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from control.ports.state import StateStore

log = structlog.get_logger()

_LOOK_S = 0.1
"""Between looks at the queues: what a user waits for at most before the worker has heard of a change."""

_AFTER_ERROR_S = 1


@dataclass(frozen=True, kw_only=True)
class Loop:
    """One look at something, repeated; `interval` in seconds."""

    name: str
    look: Callable[[], object]
    interval: float
    at_once: bool = True
    """Whether the first look comes before the first interval."""


def queue(name: str, state: StateStore, look: Callable[[], bool]) -> Loop:
    """Look at a queue of the database ten times a second, and only when there may be something in it.

    A look says whether it left anything in its queue. When it did not, nobody has to ask again before somebody has
    committed something, and that is far cheaper to see: it keeps an idle platform idle.
    """
    empty_at: list[str | None] = [None]

    def look_when_changed() -> None:
        # The mark comes first: what is committed during the look shows in the next one.
        mark = state.mark()
        if mark != empty_at[0]:
            empty_at[0] = None
            empty_at[0] = None if look() else mark

    return Loop(name=name, look=look_when_changed, interval=_LOOK_S)


def run(loops: Sequence[Loop], stop: threading.Event) -> None:
    """Run every loop in a thread of its own until `stop` is set."""
    for loop in loops:
        threading.Thread(target=_repeat, args=(loop, stop), name=loop.name, daemon=True).start()
    stop.wait()


def _repeat(loop: Loop, stop: threading.Event) -> None:
    """An error in one look is logged, and the next look comes all the same."""
    if not loop.at_once:
        stop.wait(loop.interval)
    while not stop.is_set():
        try:
            loop.look()
        except Exception:
            log.exception("worker.look", loop=loop.name)
            stop.wait(_AFTER_ERROR_S)
        stop.wait(loop.interval)

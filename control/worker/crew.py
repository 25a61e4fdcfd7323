"""A bounded crew of threads: at most one job a key at a time, and so many at once for one owner."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack

import structlog

log = structlog.get_logger()


class Crew:
    """Runs work in threads. What is dispatched twice while it runs, runs once.

    Args:
        name: What its threads are called.
        size: How many hands it has.
        for_one: How many of them one owner may occupy at once; all of them unless given.
    """

    def __init__(self, name: str, size: int, *, for_one: int | None = None) -> None:
        self._size = size
        self._for_one = size if for_one is None else for_one
        self._pool = ThreadPoolExecutor(max_workers=size, thread_name_prefix=name)
        self._busy: dict[Hashable, str | None] = {}
        """What is at work, and whose it is."""
        self._lock = threading.Lock()

    def dispatch(
        self,
        key: Hashable,
        work: Callable[[], None],
        *,
        owner: str | None = None,
        hold: AbstractContextManager[bool] | None = None,
    ) -> bool:
        """Start `work` unless `key` is at work or no hand is free for its owner; says whether it started.

        With `hold` also not while another worker has it: it is taken here, so that what others do occupies no hand.
        """
        with self._lock:
            if key in self._busy or len(self._busy) >= self._size or self._has_enough(owner):
                return False
            held = ExitStack()
            if hold is not None and not held.enter_context(hold):
                held.close()
                return False
            self._busy[key] = owner
        future = self._pool.submit(work)
        future.add_done_callback(lambda done: self._finish(key, done, held))
        return True

    @property
    def busy(self) -> frozenset[Hashable]:
        """The keys at work now."""
        with self._lock:
            return frozenset(self._busy)

    @property
    def is_full(self) -> bool:
        """Whether every hand is busy."""
        return len(self.busy) >= self._size

    def close(self, *, wait: bool = False) -> None:
        """Take no more work. What runs is waited for, or left to end with the process, for the next to take up."""
        self._pool.shutdown(wait=wait, cancel_futures=True)

    def _has_enough(self, owner: str | None) -> bool:
        return owner is not None and sum(each == owner for each in self._busy.values()) >= self._for_one

    def _finish(self, key: Hashable, done: Future[None], held: ExitStack) -> None:
        with held, self._lock:
            self._busy.pop(key, None)
        if not done.cancelled() and (error := done.exception()):
            log.error("worker.failed", key=str(key), error=str(error), exc_info=error)

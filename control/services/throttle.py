"""Counts failures and requests in memory: the API is one process."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque

from control.ports.clock import Clock

_MAX_KEYS = 10_000


class Failures:
    """Failures of the last few minutes by key; the oldest keys are forgotten first when there are very many."""

    def __init__(self, clock: Clock, *, window: float = 300) -> None:
        self._clock = clock
        self._window = window
        self._times: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = threading.Lock()

    def count(self, key: str) -> int:
        """Failures of this key within the window."""
        with self._lock:
            return self._count(key)

    def admit(self, key: str, *, limit: int) -> bool:
        """Note one more unless there are so many already; says whether it did."""
        with self._lock:
            if self._count(key) >= limit:
                return False
            self._times.setdefault(key, deque()).append(self._clock.monotonic())
            self._times.move_to_end(key)
            while len(self._times) > _MAX_KEYS:
                self._times.popitem(last=False)
            return True

    def take_back(self, key: str) -> None:
        """Forget the newest one."""
        with self._lock:
            if times := self._times.get(key):
                times.pop()

    def clear(self, key: str) -> None:
        """Forget a key."""
        with self._lock:
            self._times.pop(key, None)

    def _count(self, key: str) -> int:
        times = self._times.get(key)
        if times is None:
            return 0
        since = self._clock.monotonic() - self._window
        while times and times[0] < since:
            times.popleft()
        return len(times)


class Allowance:
    """Requests left by key: a bucket that refills evenly over an hour."""

    def __init__(self, clock: Clock, *, per_hour: int) -> None:
        self._clock = clock
        self._size = float(per_hour)
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def remaining(self, key: str) -> int:
        """How many are left."""
        with self._lock:
            return int(self._refilled(key))

    def take(self, key: str) -> bool:
        """Use one up; False when there is none."""
        with self._lock:
            left = self._refilled(key)
            taken = left >= 1
            self._left[key] = (left - 1 if taken else left, self._clock.monotonic())
            self._left.move_to_end(key)
            while len(self._left) > _MAX_KEYS:
                self._left.popitem(last=False)
            return taken

    def _refilled(self, key: str) -> float:
        left, at = self._left.get(key, (self._size, 0.0))
        return min(self._size, left + (self._clock.monotonic() - at) * self._size / 3600)

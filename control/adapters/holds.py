"""Who works on what, among the threads of one process."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager


class Holds:
    """Holds among the threads of this process; `state_holds` adds the processes."""

    def __init__(self) -> None:
        self._mine: set[str] = set()
        self._lock = threading.Lock()

    @contextmanager
    def hold(self, key: str) -> Iterator[bool]:
        """Whether the key is ours until the block is left."""
        with self._lock:
            ours = key not in self._mine and self._take(key)
            if ours:
                self._mine.add(key)
        try:
            yield ours
        finally:
            if ours:
                with self._lock:
                    self._mine.discard(key)
                    self._give_back(key)

    def close(self) -> None:
        """Let go of everything."""

    def _take(self, _key: str) -> bool:
        return True

    def _give_back(self, _key: str) -> None:
        pass

"""How many streams may be open at once: each holds a thread, and the rest of the API needs some, too."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable

from control.errors import RateLimited, Unavailable


class Seats:
    """Those that are taken, by the account that owns the app."""

    def __init__(self) -> None:
        self._taken: Counter[str] = Counter()
        self._lock = threading.Lock()

    def take(self, account_id: str, *, limit: int, own_limit: int) -> Callable[[], None]:
        """Take one; what comes back gives it back, and must be called once. Raises RateLimited, Unavailable."""
        with self._lock:
            if self._taken[account_id] >= own_limit:
                raise RateLimited(
                    f"The apps of this app's owner may have {own_limit} log and output streams open at once, and have "
                    "them; close some, or try again in a moment."
                )
            if self._taken.total() >= limit:
                raise Unavailable("Too many streams are open; close some, or try again in a moment.")
            self._taken[account_id] += 1
        return lambda: self._leave(account_id)

    def _leave(self, account_id: str) -> None:
        with self._lock:
            self._taken[account_id] -= 1
            if not self._taken[account_id]:
                del self._taken[account_id]

"""Waiting for something to come about, with a deadline."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any


def until(condition: Callable[[], Any], *, seconds: float = 30, pause: float = 0.01) -> Any:
    """Ask again and again until the answer is true; it is returned."""
    end = time.monotonic() + seconds
    never = threading.Event()
    while not (found := condition()):
        assert time.monotonic() < end, f"it did not come about within {seconds} s"
        never.wait(pause)
    return found

"""One app that sleeps."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

from tests.integration.router.control_api import ControlApi

TOKEN = "what-the-router-shows"
HOST = "one.localhost"
BROWSER = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8", "Sec-Fetch-Mode": "navigate"}


@dataclass(frozen=True)
class Night:
    """An edge, its table with one sleeping app, and the control API that wakes it."""

    edge: Any
    table: Any
    control: ControlApi
    app: str


def pause(seconds):
    threading.Event().wait(seconds)

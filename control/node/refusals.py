"""Dynos that refused requests, as the router tells of them: `#refused APP ALLOCATION DYNO` among its request lines."""

from __future__ import annotations

import re
import threading
from dataclasses import replace
from datetime import timedelta

from control.ports.clock import Clock
from control.ports.node import Refusal

_LINE = re.compile(
    rb"^#refused (?P<app>[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}) (?P<alloc>[0-9a-f-]{36}) (?P<dyno>[\w-]+\.\d+)$",
    re.MULTILINE,
)
_KEPT = timedelta(seconds=60)
"""A dyno that was not refused for so long accepts again, or is no more."""
_MOST = 1000


class RefusalBook:
    """`note` comes from the router's socket, `read` from the API."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[str, Refusal] = {}

    def note(self, datagram: bytes) -> None:
        """Take up what a datagram tells of refusals; whatever else is in it is not looked at."""
        if b"#refused " not in datagram:
            return
        now = self._clock.now()
        for match in _LINE.finditer(datagram):
            key = match["alloc"].decode()
            with self._lock:
                self._forget_old()
                known = self._known.get(key)
                if known is not None:
                    self._known[key] = replace(known, times=known.times + 1, last=now)
                elif len(self._known) < _MOST:
                    app_id, dyno = match["app"].decode(), match["dyno"].decode()
                    self._known[key] = Refusal(
                        app_id=app_id, allocation_id=key, dyno=dyno, times=1, first=now, last=now
                    )

    def read(self) -> list[Refusal]:
        """Those of the last minute, the longest known first."""
        with self._lock:
            self._forget_old()
            return sorted(self._known.values(), key=lambda each: each.first)

    def _forget_old(self) -> None:
        oldest = self._clock.now() - _KEPT
        self._known = {key: each for key, each in self._known.items() if each.last >= oldest}

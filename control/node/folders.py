"""Ends dynos and builds whose folder somebody deleted: they run on without their files, and Nomad does not look."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import structlog

from control.node.allocations import AllocationState
from control.node.disk import kill_all
from control.node.lines import render
from control.node.logbook import Logbook
from control.ports.clock import Clock

_PERIOD_S = 2.0
_LOST = "Error: its folder on the node was deleted. Stopping the dyno, which then starts anew."
_logger = structlog.get_logger()


class FolderWatch:
    """`update` and `gone` come from Nomad's watch; `run` looks now and then.

    A folder counts once its task has begun.
    """

    def __init__(
        self,
        root: Path,
        logbook: Logbook,
        *,
        clock: Clock,
        kill: Callable[[AllocationState], bool] | None = None,
        replace: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self._root = root
        self._logbook = logbook
        self._clock = clock
        self._kill = kill or kill_all
        self._replace = replace
        """Has Nomad put another dyno in an allocation's place at once: one that crashed waits, longer each time."""
        self._lock = threading.Lock()
        self._states: dict[str, AllocationState] = {}
        self._begun: set[str] = set()

    def update(self, state: AllocationState) -> None:
        """News of an allocation."""
        if state.ended or not state.wanted:
            self.gone(state.id)
            return
        with self._lock:
            self._states[state.id] = state
            if state.has_started:
                self._begun.add(state.id)

    def gone(self, allocation_id: str) -> None:
        """Nomad has forgotten it, or ends it itself."""
        with self._lock:
            self._states.pop(allocation_id, None)
            self._begun.discard(allocation_id)

    def run(self, stop: threading.Event) -> None:
        """Look until told to stop."""
        while not stop.wait(_PERIOD_S):
            try:
                self.step()
            except (OSError, ValueError):
                _logger.exception("folders.failed")

    def step(self) -> None:
        """Look once at every folder."""
        with self._lock:
            states = list(self._states.values())
        for state in states:
            whole = self._is_whole(state)
            with self._lock:
                lost = state.id in self._begun and state.id in self._states and not whole
            if lost:
                self._end(state)

    def _is_whole(self, state: AllocationState) -> bool:
        """Mount points outlive a deletion, and with them the folders above: these two have none below."""
        folder = self._root / state.id
        return (folder / state.task / "local").is_dir() and (folder / "alloc" / "logs").is_dir()

    def _end(self, state: AllocationState) -> None:
        self.gone(state.id)
        if (state.long_running and self._replace(state.id)) or self._kill(state):
            _logger.warning("folders.lost", allocation=state.id)
            if state.dyno is not None:
                self._logbook.append(state.app_id, [render(self._clock.now(), "heroku", state.dyno, _LOST)])

"""Freezes dynos and thaws them: the kernel takes their processes off the CPU and leaves all else as it is.

What is frozen, the cgroup itself knows: an agent that starts anew finds it as it was. On version 1 a frozen process
does not even die of SIGKILL, so whatever Nomad means to end is thawed at its first word of that.
"""

from __future__ import annotations

import threading
from collections import defaultdict
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

import structlog

from control.node.allocations import KILLED, AllocationState
from control.ports.clock import Clock

_PATIENCE_S = 1.0
_TICK_S = 0.005
_WORDS = {"freezer.state": ("FROZEN", "THAWED"), "cgroup.freeze": ("1", "0")}
"""By the file that is written: on version 1 and 2 of cgroups."""
_logger = structlog.get_logger()


class Freezer:
    """`update` and `gone` come from Nomad's watch, the rest from the API."""

    def __init__(self, *, clock: Clock, find: Callable[[AllocationState], Path | None] | None = None) -> None:
        self._clock = clock
        self._find = find or find_switch
        self._lock = threading.Lock()
        self._states: dict[str, AllocationState] = {}
        self._switches: dict[str, Path] = {}
        self.is_ready = False
        """Whether Nomad has listed what there is; before that nothing can be said of any app."""

    def listed(self) -> None:
        """Every allocation on this node has had its `update`."""
        self.is_ready = True

    def update(self, state: AllocationState) -> None:
        """News of an allocation; one that is to end is thawed, so that it can."""
        if not state.long_running:
            return
        with self._lock:
            if state.ended:
                self._forget(state.id)
                return
            self._states[state.id] = state
            if _is_ending(state) and self._is_frozen(state):
                _logger.info("freezer.thaws", allocation=state.id, reason="it is to end")
                self._switch(state, frozen=False)

    def gone(self, allocation_id: str) -> None:
        """Nomad has forgotten it."""
        with self._lock:
            self._forget(allocation_id)

    def freeze(self, app_id: str) -> list[str]:
        """Freeze all dynos of an app's formation on this node, or none. The allocations that are frozen now."""
        with self._lock:
            mine = self._of(app_id)
            if not any(_is_ending(state) for state in mine) and all(self._switch(state, frozen=True) for state in mine):
                return [state.id for state in mine]
            for state in mine:
                self._switch(state, frozen=False)
        return []

    def thaw(self, app_id: str) -> bool:
        """Let them run again; what is not frozen stays as it is. Whether any was."""
        with self._lock:
            frozen = [state for state in self._of(app_id) if self._is_frozen(state)]
            for state in frozen:
                self._switch(state, frozen=False)
        return bool(frozen)

    def frozen(self) -> Mapping[str, list[str]]:
        """Which allocations are frozen, by app."""
        found: defaultdict[str, list[str]] = defaultdict(list)
        with self._lock:
            for state in self._states.values():
                if self._is_frozen(state):
                    found[state.app_id].append(state.id)
        return found

    def is_frozen(self, allocation_id: str) -> bool:
        """Whether this one is."""
        with self._lock:
            state = self._states.get(allocation_id)
            return state is not None and self._is_frozen(state)

    def _of(self, app_id: str) -> list[AllocationState]:
        return [state for state in self._states.values() if state.app_id == app_id]

    def _forget(self, allocation_id: str) -> None:
        self._states.pop(allocation_id, None)
        self._switches.pop(allocation_id, None)

    def _switch_of(self, state: AllocationState) -> Path | None:
        known = self._switches.get(state.id) or self._find(state)
        if known is not None:
            self._switches[state.id] = known
        return known

    def _is_frozen(self, state: AllocationState) -> bool:
        switch = self._switch_of(state)
        with suppress(OSError):
            # FREEZING counts: it is under way, and what is to be done about it is the same.
            return switch is not None and switch.read_text().strip() not in ("THAWED", "0")
        return False

    def _switch(self, state: AllocationState, *, frozen: bool) -> bool:
        """Write the word and see it come true; False where it does not, or there is no such cgroup any more."""
        switch = self._switch_of(state)
        if switch is None:
            return False
        word = _WORDS[switch.name][0 if frozen else 1]
        deadline = self._clock.monotonic() + _PATIENCE_S
        with suppress(OSError):
            switch.write_text(word)
            while not _has_come_true(switch, word):
                if self._clock.monotonic() > deadline:
                    return False
                self._clock.wait(_TICK_S)
            return True
        return False


def find_switch(state: AllocationState, *, cgroups: Path = Path("/sys/fs/cgroup")) -> Path | None:
    """The file that freezes an allocation's task, on cgroup v1 or v2; None while it has none."""
    for pattern in (f"freezer/*/{state.id}.{state.task}*/freezer.state", f"*/*/{state.id}.{state.task}*/cgroup.freeze"):
        for switch in cgroups.glob(pattern):
            return switch
    return None


def _has_come_true(switch: Path, word: str) -> bool:
    if switch.name == "freezer.state":
        return switch.read_text().strip() == word
    return f"frozen {word}" in (switch.with_name("cgroup.events")).read_text().splitlines()


def _is_ending(state: AllocationState) -> bool:
    """Whether Nomad stops it, or restarts its task."""
    kinds = [event.kind for event in state.events]
    started = max((index for index, kind in enumerate(kinds) if kind == "Started"), default=-1)
    return not state.wanted or any(kind in KILLED for kind in kinds[started + 1 :])

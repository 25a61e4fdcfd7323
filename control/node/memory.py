"""How much memory dynos use: figures for `ps`, and Heroku's R14 and R15 lines.

There is no swap, so a dyno cannot use more than its size has: R14 tells of one that is about to (95 %), R15 of a
process that the kernel killed for it. When that was the dyno's main process, the line of its end says so instead.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from control.node.allocations import AllocationState
from control.node.lines import render
from control.node.logbook import Logbook
from control.ports.clock import Clock

_PERIOD_S = 5.0
_NEAR = 0.95
_AGAIN_S = 60.0
"""Between two R14 lines of one dyno."""
_MB = 1 << 20
_logger = structlog.get_logger()


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What the kernel says of one dyno's cgroup."""

    used: int
    """Bytes that it cannot give back: all but the pages of files."""
    kills: int
    """How often a process in it was killed for its use of memory, so far."""


@dataclass
class _Watched:
    state: AllocationState
    folder: Path | None = None
    latest: Figures | None = None
    told_kills: int = 0
    warned: float | None = field(default=None)


class MemoryWatch:
    """`update` and `gone` come from Nomad's watch, `of_app` from the API; `run` looks every few seconds."""

    def __init__(
        self,
        logbook: Logbook,
        *,
        clock: Clock,
        find: Callable[[AllocationState], Path | None] | None = None,
    ) -> None:
        self._logbook = logbook
        self._clock = clock
        self._find = find or find_cgroup
        self._lock = threading.Lock()
        self._watched: dict[str, _Watched] = {}

    def update(self, state: AllocationState) -> None:
        """News of an allocation."""
        with self._lock:
            if state.ended or state.dyno is None:
                self._watched.pop(state.id, None)
            elif known := self._watched.get(state.id):
                known.state = state
            else:
                self._watched[state.id] = _Watched(state)

    def gone(self, allocation_id: str) -> None:
        """Nomad has forgotten it."""
        with self._lock:
            self._watched.pop(allocation_id, None)

    def of_app(self, app_id: str) -> list[dict[str, str | float]]:
        """The figures of an app's dynos on this node, in MiB, as they are now."""
        with self._lock:
            mine = [each for each in self._watched.values() if each.state.app_id == app_id]
        for each in mine:
            self._look(each)
        return [
            {"allocation": each.state.id, "dyno": str(each.state.dyno), "used_mb": round(each.latest.used / _MB, 1)}
            for each in mine
            if each.latest
        ]

    def run(self, stop: threading.Event) -> None:
        """Look until told to stop."""
        while not stop.wait(_PERIOD_S):
            self.step()

    def step(self) -> None:
        """One look at every dyno."""
        with self._lock:
            watched = list(self._watched.values())
        for each in watched:
            # One look later than the kernel: should the dyno have ended with it, that is told already.
            before = each.latest.kills if each.latest else 0
            self._look(each)
            if each.latest:
                self._tell(each, each.latest, before)

    def _look(self, each: _Watched) -> None:
        each.folder = each.folder or self._find(each.state)
        if each.folder is not None:
            each.latest = read_figures(each.folder) or each.latest

    def _tell(self, each: _Watched, latest: Figures, kills_before: int) -> None:
        quota = (each.state.memory_mb or 0) * _MB
        if kills_before > each.told_kills:
            each.told_kills = kills_before
            self._say(each.state, latest.used, quota, "Error R15 (Memory quota vastly exceeded)")
        now = self._clock.monotonic()
        if not quota or latest.used < _NEAR * quota:
            return
        if each.warned is None or now - each.warned >= _AGAIN_S:
            each.warned = now
            self._say(each.state, latest.used, quota, "Error R14 (Memory quota exceeded)")

    def _say(self, state: AllocationState, used: int, quota: int, error: str) -> None:
        share = f"({100 * used / quota:.1f}%)" if quota else ""
        _logger.info("memory.told", allocation=state.id, error=error.split(" (", 1)[0], used_mb=used // _MB)
        lines = [f"Process running mem={used // _MB}M{share}", error]
        moment = self._clock.now()
        self._logbook.append(state.app_id, [render(moment, "heroku", str(state.dyno), line) for line in lines])


def find_cgroup(state: AllocationState, *, cgroups: Path = Path("/sys/fs/cgroup")) -> Path | None:
    """The memory cgroup of an allocation's task, on cgroup v1 or v2; None while it has none."""
    for pattern in (f"memory/*/{state.id}.{state.task}*", f"*/*/{state.id}.{state.task}*"):
        for folder in cgroups.glob(pattern):
            if any((folder / name).exists() for name in ("memory.usage_in_bytes", "memory.current")):
                return folder
    return None


def read_figures(folder: Path) -> Figures | None:
    """What the cgroup's files say; None when it is gone."""
    with suppress(OSError, ValueError):
        if (folder / "memory.current").exists():
            used = int((folder / "memory.current").read_text())
            pages = _sum(folder / "memory.stat", "inactive_file", "active_file")
            kills = _fields(folder / "memory.events").get("oom_kill", 0)
        else:
            used = int((folder / "memory.usage_in_bytes").read_text())
            pages = _sum(folder / "memory.stat", "total_inactive_file", "total_active_file")
            kills = _fields(folder / "memory.oom_control").get("oom_kill", 0)
        return Figures(used=max(0, used - pages), kills=kills)
    return None


def _sum(path: Path, *names: str) -> int:
    found = _fields(path)
    return sum(found.get(name, 0) for name in names)


def _fields(path: Path) -> Mapping[str, int]:
    pairs = (line.split() for line in path.read_text().splitlines())
    return {pair[0]: int(pair[1]) for pair in pairs if len(pair) == 2 and pair[1].isdigit()}

"""Stops dynos and builds whose files take more room than they may: Nomad only plans with disk space, it limits none.

Files are counted as well: empty ones take no room that bytes would show, until the machine has no inode left.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from pathlib import Path

import structlog

from control.node.allocations import AllocationState
from control.node.lines import render
from control.node.logbook import Logbook
from control.ports.clock import Clock

_PERIOD_S = 5.0
_SHARE = 20
"""Measuring takes at most a twentieth of the time: after a long look there is a long pause."""
_STEP_BYTES = 4 << 20
"""While the file system has not lost so much room since the last look, nobody can have taken much."""
_URGENT_BYTES = 256 << 20
"""After such a loss of room there is no pause: whoever makes measuring slow must not gain time to write by it."""
_STEP_FILES = 20_000
_URGENT_FILES = 500_000
"""The same for files."""
_FILES_PER_MB = 500
"""Files and folders for each megabyte that a dyno or build may have."""
_MOST_S = 120
_TRIES = 50
_BUILD_SLACK = 1.1
"""A build stops itself at its limit, with a better message; this is for one that does not."""
_logger = structlog.get_logger()


Measure = Callable[[Path, Iterable[str]], Mapping[str, int]]


class _Supply:
    """What the file system has of something, and whether somebody can have taken much of it since the last look."""

    def __init__(self, step: int, *, urgent: int) -> None:
        self._step = step
        self._urgent = urgent
        self._seen = 0

    def sank(self, free: int, *, anyway: bool = False) -> bool:
        """Whether to look who it was."""
        if not anyway and free > self._seen - self._step:
            self._seen = max(free, self._seen)
            return False
        self._seen = free
        return True

    def fell(self, free: int) -> bool:
        """Whether urgently much is gone since the last look, or of what was given back since then."""
        self._seen = max(free, self._seen)
        return free <= self._seen - self._urgent


class DiskWatch:
    """`update` and `gone` come from Nomad's watch; `run` measures now and then."""

    def __init__(
        self,
        root: Path,
        logbook: Logbook,
        *,
        clock: Clock,
        measure: Measure | None = None,
        count: Measure | None = None,
        kill: Callable[[AllocationState], bool] | None = None,
    ) -> None:
        self._root = root
        self._logbook = logbook
        self._clock = clock
        self._measure = measure or usage_mb
        self._count = count or usage_files
        self._kill = kill or kill_all
        self._lock = threading.Lock()
        self._states: dict[str, AllocationState] = {}
        self._limits: dict[str, int] = {}
        self._why: dict[str, str] = {}
        self._fresh = False
        self._bytes = _Supply(_STEP_BYTES, urgent=_URGENT_BYTES)
        self._files = _Supply(_STEP_FILES, urgent=_URGENT_FILES)

    def update(self, state: AllocationState) -> None:
        """News of an allocation."""
        with self._lock:
            if state.ended:
                self._states.pop(state.id, None)
                self._limits.pop(state.id, None)
                return
            self._fresh = self._fresh or state.id not in self._states
            self._states[state.id] = state
            if state.disk_mb:
                self._limits[state.id] = state.disk_mb

    def gone(self, allocation_id: str) -> None:
        """Nomad has forgotten it."""
        with self._lock:
            self._states.pop(allocation_id, None)
            self._limits.pop(allocation_id, None)
            self._why.pop(allocation_id, None)

    def why(self, allocation_id: str) -> str | None:
        """Why this watch stopped a build, for people; None when it did not."""
        return self._why.get(allocation_id)

    def run(self, stop: threading.Event) -> None:
        """Measure until told to stop."""
        rested = self._clock.monotonic()
        while not stop.wait(_PERIOD_S):
            began = self._clock.monotonic()
            try:
                if began < rested and not self._is_urgent():
                    continue
                self.step()
            except (OSError, ValueError, subprocess.SubprocessError):
                _logger.exception("disk.failed")
                with self._lock:
                    # What was written meanwhile is no news to the next look, and yet nobody was asked for it.
                    self._fresh = True
                rested = began
                continue
            ended = self._clock.monotonic()
            rested = ended + _SHARE * (ended - began)

    def step(self) -> None:
        """Look once, if anybody can have written much since the last time."""
        with self._lock:
            states, limits, fresh = dict(self._states), dict(self._limits), self._fresh
            self._fresh = False
        free_bytes, free_files = self._free()
        bytes_sank = self._bytes.sank(free_bytes, anyway=fresh)
        files_sank = self._files.sank(free_files)
        if bytes_sank and states:
            for key, used in self._measure(self._root, states).items():
                limit = limits.get(key)
                if limit is not None and used > limit * (_BUILD_SLACK if states[key].dyno is None else 1):
                    self._stop(states[key], f"disk quota exceeded ({used} MB of {limit} MB)")
        if files_sank and states:
            for key, used in self._count(self._root, states).items():
                limit = limits.get(key, used) * _FILES_PER_MB
                if used > limit:
                    self._stop(states[key], f"too many files ({used:,} of {limit:,})")

    def _is_urgent(self) -> bool:
        free_bytes, free_files = self._free()
        bytes_fell = self._bytes.fell(free_bytes)
        return self._files.fell(free_files) or bytes_fell

    def _free(self) -> tuple[int, int]:
        """Bytes and files that there is room for."""
        room = os.statvfs(self._root)
        return room.f_bavail * room.f_frsize, room.f_ffree

    def _stop(self, state: AllocationState, what: str) -> None:
        if state.dyno is None:
            self._why[state.id] = what  # before it ends: the worker asks as soon as it has
        if not self._kill(state):
            self._why.pop(state.id, None)
            return
        _logger.info("disk.exceeded", allocation=state.id, what=what)
        if state.dyno is not None:
            message = f"Error: {what}. Stopping the dyno."
            self._logbook.append(state.app_id, [render(self._clock.now(), "heroku", state.dyno, message)])


def usage_mb(root: Path, allocation_ids: Iterable[str]) -> dict[str, int]:
    """Megabytes on disk of each allocation's folder."""
    return _usage(root, allocation_ids, "--block-size=1M")


def usage_files(root: Path, allocation_ids: Iterable[str]) -> dict[str, int]:
    """Files and folders in each allocation's folder."""
    return _usage(root, allocation_ids, "--inodes")


def _usage(root: Path, allocation_ids: Iterable[str], of_what: str) -> dict[str, int]:
    """What `du` finds in each folder.

    It follows no link, stays on the file system (a dyno's /proc and secrets are others), counts a file once however
    often it is mounted, and copes with any depth.
    """
    names = b"\0".join(key.encode() for key in allocation_ids)
    done = subprocess.run(
        ["nice", "du", "--summarize", "--one-file-system", of_what, "--null", "--files0-from=-"],
        input=names,
        cwd=root,
        capture_output=True,
        timeout=_MOST_S,
        check=False,  # Files that vanish meanwhile make it say 1.
    )
    found = (line.split(b"\t", 1) for line in done.stdout.split(b"\0") if b"\t" in line)
    return {name.decode(): int(size) for size, name in found}


def kill_all(state: AllocationState, *, cgroups: Path = Path("/sys/fs/cgroup")) -> bool:
    """Kill every process of an allocation's task; whether there was one."""
    killed = False
    for folder in cgroups.glob(f"*/*/{state.id}.{state.task}*"):
        for _ in range(_TRIES):
            # Again and again, because a process may fork while the list is read.
            pids = [int(pid) for pid in (folder / "cgroup.procs").read_text().split()]
            if not pids:
                break
            killed = True
            for pid in pids:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        if killed:
            return True
    return killed

"""Collects what all dynos of this node print.

inotify tells which folder changed, so a line is in its log within milliseconds and a thousand silent dynos cost
nothing; polling as often as that would cost a tenth of a core. (inotify-simple is a thin, typed-by-hand wrapper of the
system call; where the kernel's watches run out, the dynos concerned are polled.)
"""

from __future__ import annotations

import os
import queue
import select
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import structlog
from inotify_simple import INotify, flags

from control.node import files
from control.node.allocations import AllocationState
from control.node.allowance import Allowance
from control.node.dyno_log import DynoLog
from control.node.logbook import Logbook
from control.node.positions import Positions
from control.ports.clock import Clock

_MASK = flags.MODIFY | flags.CREATE | flags.MOVED_TO | flags.ONLYDIR
_GATHER_S = 0.01
"""After the first sign of life: more of it comes, and one look serves all."""
_SOON_S = 0.1
_SWEEP_S = 60.0
"""How often everything is looked at whatever inotify says."""
_LINGER_S = 3.0
"""How long after its end a dyno's last words may still come from Nomad."""
_SAVE_S = 2.0

_logger = structlog.get_logger()


class Collector:
    """`update` and `gone` come from any thread; `step` is called over and over by one."""

    def __init__(
        self,
        root: Path,
        logbook: Logbook,
        positions: Positions,
        *,
        clock: Clock,
        lines_per_second: int,
        ended: Callable[[AllocationState], None] = lambda _: None,
    ) -> None:
        self._root = root
        self._logbook = logbook
        self._positions = positions
        self._clock = clock
        self._lines_per_second = lines_per_second
        self._ended = ended
        """Told of each dyno that has ended, once, when all that it printed is on disk."""
        self._inbox: queue.SimpleQueue[AllocationState | str | None] = queue.SimpleQueue()
        self._dynos: dict[str, DynoLog] = {}
        self._done: set[str] = set()
        self._complete = False
        self._watched: dict[int, str] = {}
        self._unwatched: set[str] = set()
        self._dirty: set[str] = set()
        self._new_files: set[str] = set()
        """Where a file may have come since it was last looked for: only then is the folder listed."""
        self._unsaved = False
        self._ending: dict[str, float] = {}
        self._restless: set[str] = set()
        self._next_sweep = self._next_save = clock.monotonic()
        self._inotify = INotify()
        self._wake = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self._poll = select.poll()
        self._poll.register(self._inotify.fileno(), select.POLLIN)
        self._poll.register(self._wake, select.POLLIN)

    def update(self, state: AllocationState) -> None:
        """News of an allocation."""
        self._tell(state)

    def gone(self, allocation_id: str) -> None:
        """Nomad has forgotten it."""
        self._tell(allocation_id)

    def listed(self) -> None:
        """Everything that Nomad knows has been told: from now on what is kept on disk may be replaced."""
        self._tell(None)

    def run(self, stop: threading.Event) -> None:
        """Collect until told to stop."""
        while not stop.is_set():
            try:
                if self.step(_SWEEP_S):
                    stop.wait(_GATHER_S)
            except Exception:
                # One dyno's oddity must not end everybody's logs.
                _logger.exception("collector.failed")
                stop.wait(1)
        self.close()

    def stop(self) -> None:
        """Wake the loop, so that it sees that it is to stop."""
        os.eventfd_write(self._wake, 1)

    def step(self, timeout: float) -> bool:
        """Wait for something to do, at most so long, and do it; whether there was something."""
        self._wait(timeout)
        now = self._clock.monotonic()
        busy = self._take_news(now)
        busy = self._take_events() or busy
        if now >= self._next_sweep:
            self._next_sweep = now + _SWEEP_S
            self._look_everywhere()
        self._attach()
        self._read(now)
        self._settle(now)
        self._end(now)
        if now >= self._next_save:
            self._next_save = now + _SAVE_S
            self._save()
        return busy

    def close(self) -> None:
        """Remember how far everything was read, and let go."""
        self._save()
        for dyno in self._dynos.values():
            dyno.close()
        self._inotify.close()
        os.close(self._wake)

    def _tell(self, news: AllocationState | str | None) -> None:
        self._inbox.put(news)
        with suppress(OSError):
            os.eventfd_write(self._wake, 1)

    def _wait(self, timeout: float) -> None:
        if self._dirty:
            timeout = 0
        elif self._unwatched or self._ending or self._restless:
            timeout = min(timeout, _SOON_S)
        elif self._unsaved:
            timeout = min(timeout, _SAVE_S)
        self._poll.poll(int(timeout * 1000))
        with suppress(BlockingIOError):
            os.eventfd_read(self._wake)

    def _take_news(self, now: float) -> bool:
        taken = False
        with suppress(queue.Empty):
            while True:
                news = self._inbox.get_nowait()
                taken = True
                if news is None:
                    self._complete = True
                elif isinstance(news, str):
                    self._forget(news)
                else:
                    self._learn(news, now)
        return taken

    def _take_events(self) -> bool:
        events: list[Any] = self._inotify.read(timeout=0)
        for event in events:
            if event.mask & flags.Q_OVERFLOW:
                self._look_everywhere()
            elif event.wd in self._watched:
                key = self._watched[event.wd]
                self._dirty.add(key)
                if not event.mask & flags.MODIFY:
                    self._new_files.add(key)
        return bool(events)

    def _look_everywhere(self) -> None:
        self._dirty.update(self._dynos)
        self._new_files.update(self._dynos)

    def _learn(self, state: AllocationState, now: float) -> None:
        if state.dyno is None or state.id in self._done:
            return
        dyno = self._dynos.get(state.id)
        if dyno is None:
            kept = self._positions.get(state.id)
            if kept.get("done"):
                self._done.add(state.id)
                return
            dyno = self._dynos[state.id] = DynoLog(
                replace(state, events=()),
                self._root,
                write=self._logbook.append,
                allowance=Allowance(self._lines_per_second, now=now),
                kept=kept,
            )
            self._unwatched.add(state.id)
        # Its last words were printed before Nomad told of its end.
        self._new_files.add(state.id)
        self._read_dyno(state.id, now)
        dyno.tell(state, self._clock.now())
        if state.ended and state.id not in self._ending:
            self._ending[state.id] = now + _LINGER_S

    def _attach(self) -> None:
        """Watch folders that Nomad has made by now; what cannot be watched stays, and is looked at again and again."""
        for key in list(self._unwatched):
            with suppress(files.NotThere), files.folder(self._root, key, *files.logs_folder()) as held:
                with suppress(OSError):
                    watch = self._inotify.add_watch(f"/proc/self/fd/{held}", _MASK)
                    self._watched[watch] = key
                    self._dynos[key].watch = watch
                    self._unwatched.discard(key)
                self._dirty.add(key)
                self._new_files.add(key)

    def _read(self, now: float) -> None:
        """One portion of each, so that a loud dyno does not hold up the others."""
        for key in list(self._dirty):
            if not self._read_dyno(key, now):
                self._dirty.discard(key)

    def _read_dyno(self, key: str, now: float) -> bool:
        dyno = self._dynos.get(key)
        if dyno is None:
            return False
        more = dyno.read(now=now, moment=self._clock.now(), look=key in self._new_files)
        if not more:
            self._new_files.discard(key)
        self._restless.add(key)
        self._unsaved = True
        return more

    def _settle(self, now: float) -> None:
        for key in list(self._restless):
            if not self._dynos[key].settle(now=now, moment=self._clock.now()):
                self._restless.discard(key)

    def _end(self, now: float) -> None:
        for key, due in list(self._ending.items()):
            if now >= due and key not in self._dirty:
                self._new_files.add(key)
                self._read_dyno(key, now)
                self._ended(self._dynos[key].state)
                self._drop(key)
                self._done.add(key)

    def _forget(self, key: str) -> None:
        self._unsaved = True
        self._drop(key)
        self._done.discard(key)

    def _drop(self, key: str) -> None:
        self._ending.pop(key, None)
        for keys in (self._unwatched, self._dirty, self._new_files, self._restless):
            keys.discard(key)
        dyno = self._dynos.pop(key, None)
        if dyno is None:
            return
        dyno.finish(self._clock.now())
        if dyno.watch is not None:
            self._watched.pop(dyno.watch, None)
            with suppress(OSError):
                self._inotify.rm_watch(dyno.watch)

    def _save(self) -> None:
        if not self._complete or not self._unsaved:
            return
        kept: dict[str, dict[str, Any]] = {key: {"done": True} for key in self._done}
        kept |= {key: dyno.kept() for key, dyno in self._dynos.items()}
        try:
            self._positions.save(kept)
            self._unsaved = False
        except OSError as exc:
            _logger.warning("positions.save_failed", error=exc.strerror)

"""Puts aside who takes more than a fair part of the processors, until that calms: the others do not wait for it.

Weights divide time justly, but a request passes several processes, and each that wakes beside a flood waits until
somebody's slice ends, some milliseconds each time. Who is put aside loses nothing while a processor is idle.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import structlog

from control.node.allocations import AllocationState
from control.node.cpu_group import Taker, find_group, find_log_readers
from control.ports.clock import Clock

_PERIOD_S = 0.025
"""How long a flood is felt."""
_SHARE = 100
"""Looking takes at most a hundredth of a processor."""
_SEARCH_S = 1.0
_CALM_S = 1.0
"""For so long one has to take no more than one's part to get the weight back."""
_SLACK = 1.25
"""Weights hold among those who want more than there is: taking a little more than one's part is no flood."""
_MOST = 0.75
"""Of what there is for dynos, a part that nobody has a right to more of."""
_LIGHT = 0.1
"""Of one processor: who takes no more is never put aside."""
_logger = structlog.get_logger()


@dataclass
class _Watched:
    taker: Taker
    shares: int = 0
    """Its weight among the dynos; 0 for what only serves one of them, and ought to be light."""
    before: int | None = None
    took: float = 0.0
    """Seconds of processor time between the last two looks."""
    aside: bool | None = None
    """None until it was told, for an agent before this one may have put it aside."""
    calm_at: float = 0.0

    def look(self) -> bool:
        """Whether it is still there."""
        try:
            used = self.taker.used()
        except OSError:
            return False
        self.took = (used - self.before) / 1e9 if self.before is not None else 0.0
        self.before = used
        return True

    def judge(self, most: float, now: float) -> None:
        """Put it aside, or give it back what it had, if that is news."""
        if self.took > most:
            self.calm_at = now + _CALM_S
        aside = now < self.calm_at
        if aside != self.aside:
            with suppress(OSError):
                self.taker.put_aside(aside=aside)
                self.aside = aside


class CpuWatch:
    """`update` and `gone` come from Nomad's watch; `run` looks many times a second."""

    def __init__(
        self,
        allocations: Path,
        *,
        clock: Clock,
        idle: Callable[[], float] | None = None,
        group: Callable[[AllocationState], Taker | None] | None = None,
        log_readers: Callable[[set[str]], Mapping[str, Taker]] | None = None,
    ) -> None:
        self._clock = clock
        self._idle = idle or idle_seconds
        self._group = group or find_group
        self._log_readers = log_readers or (lambda ids: find_log_readers(ids, allocations=allocations))
        self._lock = threading.Lock()
        self._states: dict[str, AllocationState] = {}
        self._groups: dict[str, _Watched] = {}
        self._logs: dict[str, _Watched] = {}
        self._searched_at = 0.0
        self._looked_at = clock.monotonic()
        self._idle_before = self._idle()

    def update(self, state: AllocationState) -> None:
        """News of an allocation."""
        with self._lock:
            if state.ended:
                self._states.pop(state.id, None)
            else:
                self._states[state.id] = state

    def gone(self, allocation_id: str) -> None:
        """Nomad has forgotten it."""
        with self._lock:
            self._states.pop(allocation_id, None)

    def run(self, stop: threading.Event) -> None:
        """Look until told to stop."""
        pause = _PERIOD_S
        while not stop.wait(pause):
            began = time.thread_time()
            try:
                self.step()
            except (OSError, ValueError):
                _logger.exception("cpu.failed")
            pause = max(_PERIOD_S, _SHARE * (time.thread_time() - began))

    def step(self) -> None:
        """One look at everybody."""
        now = self._clock.monotonic()
        if now - self._searched_at >= _SEARCH_S:
            self._searched_at = now
            self._search()
        elapsed, self._looked_at = now - self._looked_at, now
        idle = self._idle()
        idled, self._idle_before = idle - self._idle_before, idle
        for watched in (self._groups, self._logs):
            for key in [key for key, each in watched.items() if not each.look()]:
                watched.pop(key).taker.close()
        self._judge(elapsed, idled, now)

    def _judge(self, elapsed: float, idled: float, now: float) -> None:
        """What the rest of the machine takes is not the dynos' to divide."""
        room = max(0.0, idled) + sum(each.took for each in self._groups.values())
        weights = sum(each.shares for each in self._groups.values() if each.took)
        light = _LIGHT * elapsed
        for each in self._groups.values():
            part = room * each.shares / weights if weights else 0.0
            each.judge(max(light, min(part * _SLACK, room * _MOST)), now)
        for each in self._logs.values():
            each.judge(light, now)

    def _search(self) -> None:
        """Begin to watch what is new, and end with what has ended."""
        with self._lock:
            states = dict(self._states)
        for watched in (self._groups, self._logs):
            for key in watched.keys() - states.keys():
                watched.pop(key).taker.close()
        for key in states.keys() - self._groups.keys():
            if group := self._group(states[key]):
                self._groups[key] = _Watched(group, shares=states[key].cpu_shares or 1)
        if unread := states.keys() - self._logs.keys():
            self._logs |= {key: _Watched(taker) for key, taker in self._log_readers(set(unread)).items()}


def idle_seconds(uptime: Path = Path("/proc/uptime")) -> float:
    """How long the processors had nothing to do since the machine began, all together."""
    return float(uptime.read_text().split()[1])

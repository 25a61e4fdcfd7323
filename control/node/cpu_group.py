"""What takes processor time for an allocation, and how it is put aside: its control group, and what reads its output.

Linux calls both states idle: `cpu.idle` of a control group (5.15 and later), SCHED_IDLE of a process. Whoever is not
idle and wakes takes the processor from it at once; it gets what is left. A lower weight would not do that: it decides
how much somebody gets, not how long the other one waits for it.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Protocol

from control.node.allocations import AllocationState

_LOWEST = {"cpu.shares": 2, "cpu.weight": 1}
"""The file of the weight in cgroup v1 and v2, and the least that it takes."""
_MOST_TOLD = 512
_SHARES_PER_PROCESSOR = 2048
"""Of all that Nomad runs; a program outside of every group of cgroup v1 weighs 1024."""


class Taker(Protocol):
    """Takes processor time. Every method raises OSError once it is gone."""

    def used(self) -> int:
        """Nanoseconds of processor time, since it began."""

    def put_aside(self, *, aside: bool) -> None:
        """Let it have what others leave, or its weight again."""

    def close(self) -> None:
        """Hold no file of it any longer."""


class CpuGroup:
    """The control group of an allocation's task, of version 1 or 2."""

    def __init__(self, folder: Path, account: Path, *, shares: int) -> None:
        self._folder = folder
        self._weight = next(folder / name for name in _LOWEST if (folder / name).exists())
        self._own = self._own_weight(shares)
        self._in_microseconds = account.name == "cpu.stat"
        self._account = os.open(account, os.O_RDONLY | os.O_CLOEXEC)

    def used(self) -> int:
        said = os.pread(self._account, _MOST_TOLD, 0)
        return int(said.split(None, 2)[1]) * 1000 if self._in_microseconds else int(said)

    def put_aside(self, *, aside: bool) -> None:
        idle = self._folder / "cpu.idle"
        if idle.exists():
            idle.write_text(f"{int(aside)}\n")
        if not aside or not idle.exists():
            # The kernel does not remember the weight of a group that was idle.
            self._weight.write_text(f"{_LOWEST[self._weight.name] if aside else self._own}\n")

    def close(self) -> None:
        os.close(self._account)

    def _own_weight(self, shares: int) -> int:
        """As Nomad set it; of a group that an earlier agent put aside it can only be computed, as Nomad's runc does."""
        told = int(self._weight.read_text())
        if told > _LOWEST[self._weight.name] and not self._is_idle():
            return told
        return shares if self._weight.name == "cpu.shares" else 1 + (shares - 2) * 9999 // 262142

    def _is_idle(self) -> bool:
        with suppress(OSError):
            return (self._folder / "cpu.idle").read_text().strip() == "1"
        return False


class LogReader:
    """Nomad's `logmon` of a task: outside of every dyno's control group, and as busy as the task makes it."""

    def __init__(self, process: Path) -> None:
        # The folder stays that of this process, whoever has its number later.
        self._threads = os.open(process / "task", os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        # The kernel's own way to make a clock of a process's number (clock_getcpuclockid).
        self._clock = (~int(process.name) << 3) | 2

    def used(self) -> int:
        return time.clock_gettime_ns(self._clock)

    def put_aside(self, *, aside: bool) -> None:
        policy = os.SCHED_IDLE if aside else os.SCHED_OTHER
        for thread in os.listdir(self._threads):  # noqa: PTH208 - a descriptor
            with suppress(ProcessLookupError):
                os.sched_setscheduler(int(thread), policy, os.sched_param(0))

    def close(self) -> None:
        os.close(self._threads)


def find_group(state: AllocationState, *, cgroups: Path = Path("/sys/fs/cgroup")) -> CpuGroup | None:
    """Of an allocation's task; None while it has none."""
    folders = list(cgroups.glob(f"*/*/{state.id}.{state.task}*"))
    weighing = [each for each in folders for name in _LOWEST if (each / name).exists()]
    accounts = [path for each in folders for path in (each / "cpuacct.usage", each / "cpu.stat")]
    if not weighing:
        return None
    account = next((path for path in accounts if _counts(path)), None)
    with suppress(OSError):
        if account:
            _lift(weighing[0].parent)
            return CpuGroup(weighing[0], account, shares=state.cpu_shares or 2)
    return None


def _lift(parent: Path) -> None:
    """Let all dynos and the edge together weigh more than any one program beside them, on cgroup v1.

    There the group of all of them has the weight of a single process, and what a flood takes counts against it: for
    the kernel's writer of a disk flood, or a reader of lines, the edge would have to wait.
    """
    shares, wanted = parent / "cpu.shares", _SHARES_PER_PROCESSOR * (os.cpu_count() or 1)
    if shares.exists() and int(shares.read_text()) < wanted:
        shares.write_text(f"{wanted}\n")


def _counts(path: Path) -> bool:
    """Whether it says how much processor time was used; `cpu.stat` of version 1 does not."""
    with suppress(OSError):
        return path.read_text().startswith("usage_usec") or path.name == "cpuacct.usage"
    return False


def find_log_readers(
    allocation_ids: set[str], *, allocations: Path, proc: Path = Path("/proc")
) -> dict[str, LogReader]:
    """Those of these allocations, by allocation. Nomad names them `nomad logmon`."""
    found = {}
    for process in proc.iterdir():
        if process.name.isdigit():
            with suppress(OSError):
                if (process / "cmdline").read_bytes().endswith(b"\0logmon\0"):
                    found[_reads_for(process, allocations)] = process
    readers = {}
    for key in found.keys() & allocation_ids:
        with suppress(OSError):
            readers[key] = LogReader(found[key])
    return readers


def _reads_for(process: Path, allocations: Path) -> str:
    """The allocation whose pipes it has open; empty while it has none."""
    for link in (process / "fd").iterdir():
        with suppress(OSError, ValueError):
            return link.readlink().relative_to(allocations).parts[0]
    return ""

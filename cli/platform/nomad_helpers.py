"""Nomad's helper processes: an `executor` and a `logmon` for each task. They outlive a client that is killed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import psutil

_KINDS = frozenset({"executor", "logmon"})
_FIFO = re.compile(r"/alloc/logs/\.(?P<task>.+)\.std(?:out|err)\.fifo$")


@dataclass(frozen=True, kw_only=True)
class Helper:
    """One helper of one task."""

    process: psutil.Process
    kind: str
    """`executor` or `logmon`."""
    allocation: str | None
    """None while it has not been told which task it is for."""
    task: str | None = None
    """Known of a `logmon` alone."""


def helpers(home: Path) -> list[Helper]:
    """Those of the instance in `home`.

    Nomad starts both as `nomad KIND …` and hands its own environment on. An executor's argument names a file of its
    allocation; a logmon has no argument, and tells by the pipes that it reads.
    """
    found = []
    for process in psutil.process_iter():
        try:
            words = process.cmdline()
            if len(words) > 1 and words[1] in _KINDS:
                helper = _helper(home, process, words)
                if helper:
                    found.append(helper)
        except (psutil.Error, OSError):
            # It has ended meanwhile.
            continue
    return found


def superseded(found: list[Helper]) -> list[Helper]:
    """The logmons for whose task there is a younger one: a client that could not take them over started that."""
    youngest: dict[tuple[str | None, str | None], Helper] = {}
    older = []
    for helper in sorted(found, key=lambda each: each.process.create_time()):
        if helper.kind == "logmon" and helper.task:
            key = (helper.allocation, helper.task)
            if key in youngest:
                older.append(youngest[key])
            youngest[key] = helper
    return older


def _helper(home: Path, process: psutil.Process, words: list[str]) -> Helper | None:
    folder = f"{home}/nomad/alloc/"
    named = next((word for word in words[2:] if folder in word), None)
    if named is None and process.environ().get("NOMAPAAS_HOME") != str(home):
        return None
    opened = [named] if named else _pipes(process)
    own = next((path for path in opened if folder in path), None)
    allocation = own.partition(folder)[2].partition("/")[0] if own else None
    fifo = _FIFO.search(own) if own else None
    return Helper(process=process, kind=words[1], allocation=allocation, task=fifo["task"] if fifo else None)


def _pipes(process: psutil.Process) -> list[str]:
    """What it holds open; psutil's own listing leaves out everything but regular files."""
    found = []
    for link in Path(f"/proc/{process.pid}/fd").iterdir():
        try:
            found.append(str(link.readlink()))
        except FileNotFoundError:
            continue
    return found

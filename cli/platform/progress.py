"""Progress for people, on stderr: `Starting consul... done`."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO, TypeVar

from cli.platform.problem import Problem

_T = TypeVar("_T")


class Step:
    """One line of progress. `note` says how it ended, `tick` shows that a long one is alive."""

    def __init__(self, stream: TextIO, title: str) -> None:
        self._stream = stream
        self._title = title
        self._ending = "done"
        self._own_line = False
        self._started = time.monotonic()
        self._said = self._started

    def note(self, ending: str) -> None:
        """What stands where `done` would."""
        self._ending = ending

    def tick(self, detail: str = "", *, every: float = 15.0) -> None:
        """Say on a line of its own, at most once in `every` seconds, that the step goes on."""
        now = time.monotonic()
        if now - self._said < every:
            return
        self._said = now
        if not self._own_line:
            self._stream.write("\n")
            self._own_line = True
        self._stream.write(f"       {self._title}: {now - self._started:.0f} s{', ' + detail if detail else ''}\n")
        self._stream.flush()

    def finish(self, ending: str | None = None) -> None:
        """Write the end of the line."""
        took = time.monotonic() - self._started
        slow = f" ({took:.0f} s)" if took >= 5 else ""
        lead = f"{self._title}... " if self._own_line else ""
        self._stream.write(f"{lead}{ending or self._ending}{slow}\n")
        self._stream.flush()


@contextmanager
def step(title: str, stream: TextIO | None = None) -> Iterator[Step]:
    """Print the title now and how it ended when the block is left."""
    out = stream or sys.stderr
    out.write(f"{title}... ")
    out.flush()
    line = Step(out, title)
    try:
        yield line
    except BaseException:
        line.finish("failed")
        raise
    line.finish()


def wait_for(
    probe: Callable[[], _T | None],
    *,
    seconds: float,
    problem: str,
    tick: Callable[[], None] | None = None,
    pause: float = 0.1,
) -> _T:
    """Ask until the answer is truthy; after `seconds` raise a Problem with this sentence."""
    deadline = time.monotonic() + seconds
    while True:
        answer = probe()
        if answer:
            return answer
        if time.monotonic() > deadline:
            raise Problem(problem)
        if tick:
            tick()
        time.sleep(pause)

"""The log of one dyno: its two outputs, cut into lines, within what it may print."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from control.node.allocations import AllocationState, Life
from control.node.allowance import Allowance
from control.node.lines import render
from control.node.positions import pack, unpack
from control.node.splitter import Splitter
from control.node.stream import Stream

KINDS = ("stdout", "stderr")
_READ = 1 << 16
_SKIP = 1 << 20
_TURNS = 8
_UNFINISHED_S = 1.0
"""How long an unfinished line waits for its end."""

Write = Callable[[str, list[str]], None]


class DynoLog:
    """Reads on whenever it is told to; `write` gets the app and rendered lines."""

    def __init__(
        self,
        state: AllocationState,
        root: Path,
        *,
        write: Write,
        allowance: Allowance,
        kept: dict[str, Any],
    ) -> None:
        self.state = state
        self.watch: int | None = None
        self._unfinished_since: float | None = None
        self._write = write
        self._allowance = allowance
        self._life = Life(told_until=int(kept.get("told") or 0), phase=str(kept.get("phase") or "down"))
        self._splitters = {kind: Splitter() for kind in KINDS}
        self._streams = {kind: Stream(root, state.id, state.task, kind, unpack(kept.get(kind))) for kind in KINDS}

    def read(self, *, now: float, moment: datetime, look: bool) -> bool:
        """Take what is there, in fair portions; whether there may be more. `look`: for files that are new, too."""
        self._allowance.refill(now)
        more = False
        for kind in KINDS:
            more = self._read_one(kind, moment, look=look) or more
        if not any(splitter.held for splitter in self._splitters.values()):
            self._unfinished_since = None
        elif self._unfinished_since is None:
            self._unfinished_since = now
        return more

    def tell(self, state: AllocationState, moment: datetime) -> None:
        """What Nomad says of it now; what it printed before comes first."""
        self.state = state
        told = self._life.tell(state)
        if told:
            self._say("heroku", str(state.dyno), told, moment)

    def settle(self, *, now: float, moment: datetime) -> bool:
        """Write a line whose end does not come, report what was dropped; whether it needs another look soon."""
        if self._unfinished_since is not None and now - self._unfinished_since >= _UNFINISHED_S:
            self._flush(moment)
        self._report(moment, at_once=False)
        return self._unfinished_since is not None or self._allowance.owes

    def finish(self, moment: datetime) -> None:
        """Nothing more will come: write and report what is left, let the files go."""
        self._flush(moment)
        self._report(moment, at_once=True)
        self.close()

    def kept(self) -> dict[str, Any]:
        """What to go on from after a restart."""
        positions = {kind: pack(self._streams[kind].position, self._splitters[kind].held) for kind in KINDS}
        return {**positions, "told": self._life.told_until, "phase": self._life.phase}

    def close(self) -> None:
        """Let the files go."""
        for stream in self._streams.values():
            stream.close()

    def _flush(self, moment: datetime) -> None:
        for splitter in self._splitters.values():
            self._print(splitter.flush(), moment)
        self._unfinished_since = None

    def _report(self, moment: datetime, *, at_once: bool) -> None:
        message = self._allowance.report(str(self.state.dyno), moment, at_once=at_once)
        if message is not None:
            self._say("heroku", "logplex", [message], moment)

    def _read_one(self, kind: str, moment: datetime, *, look: bool) -> bool:
        stream, splitter = self._streams[kind], self._splitters[kind]
        for _ in range(_TURNS):
            if self._allowance.empty:
                # It prints more than may be kept: counting is all that is done, and that is cheap.
                data = stream.read(_SKIP, look=look)
                self._allowance.drop(splitter.skip(data), moment)
                return bool(data)
            data = stream.read(_READ, look=look)
            if not data:
                return False
            self._print(self._allowance.admit(splitter.feed(data), moment), moment)
        return True

    def _print(self, lines: list[bytes], moment: datetime) -> None:
        if lines:
            self._say("app", str(self.state.dyno), [line.decode("utf-8", "replace") for line in lines], moment)

    def _say(self, source: str, dyno: str, messages: list[str], moment: datetime) -> None:
        self._write(self.state.app_id, [render(moment, source, dyno, message) for message in messages])

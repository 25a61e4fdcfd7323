"""Copies what a build or release phase prints from the node to the place where clients read it."""

from __future__ import annotations

import codecs
import itertools

from control.ports.bundle import Ports

_LIMIT = 4 << 20
"""Bytes kept of one build's output; Heroku cuts its build output as well."""

WAITING = "-----> Waiting "
"""How the platform's own lines begin, which stand before all that the build prints."""

_DRAIN_S = 2.0
"""How long after the end of a task its last lines may still come."""


class OutputTail:
    """Follows one task. A new one goes on where the last one stopped, by the size of what was kept."""

    def __init__(self, ports: Ports, *, owner_id: str, task: str) -> None:
        self._ports = ports
        self._owner_id = owner_id
        self._task = task
        self._decode = codecs.getincrementaldecoder("utf-8")(errors="replace").decode
        self._offset = 0
        with ports.state.view() as work:
            kept = work.outputs.read(owner_id)
        self._kept = len(kept)
        self._skip = self._kept - _own_words(kept)

    def say(self, text: str) -> None:
        """Add a line of the platform's own."""
        self._keep(text)

    def copy(self, allocation_id: str) -> bool:
        """Copy what is new; says whether anything was."""
        found = self._ports.node.output(allocation_id, task=self._task, offset=self._offset)
        self._offset += len(found)
        if not found:
            return False
        skipped = min(self._skip, len(found))
        self._skip -= skipped
        self._keep(self._decode(found[skipped:]))
        return True

    def drain(self, allocation_id: str) -> None:
        """Copy the rest of a task that has ended: until nothing new comes for a moment."""
        quiet_since = self._ports.clock.monotonic()
        deadline = quiet_since + _DRAIN_S
        while self._ports.clock.monotonic() < min(deadline, quiet_since + 0.3):
            if self.copy(allocation_id):
                quiet_since = self._ports.clock.monotonic()
            else:
                self._ports.clock.wait(0.05)

    def _keep(self, text: str) -> None:
        if not text or self._kept >= _LIMIT:
            return
        self._kept += len(text.encode())
        if self._kept >= _LIMIT:
            text += "\n !     The rest of this output is cut: it is longer than 4 MB.\n"
        with self._ports.state.begin() as work:
            work.outputs.append(self._owner_id, text)
            work.commit()


def _own_words(kept: bytes) -> int:
    """Bytes at the head of what is kept that the platform said, not the task."""
    lines = itertools.takewhile(lambda line: line.startswith(WAITING.encode()), kept.splitlines(keepends=True))
    return sum(map(len, lines))

"""What is kept of crashes: each dyno's last one, with exit code and last lines, also when Nomad has forgotten it."""

from __future__ import annotations

import json
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import structlog

from control.node import files, outputs
from control.node.allocations import UNWELL, AllocationState, crash_of

_LINES = 20
_BYTES = 8192
_DYNOS = 200
"""Of one app: those that crashed latest."""
_logger = structlog.get_logger()


class CrashBook:
    """One small JSON file an app, beside its log, so that both go together."""

    def __init__(self, folder: Path, allocations: Path) -> None:
        self._folder = folder
        self._allocations = allocations
        self._lock = threading.Lock()

    def note(self, state: AllocationState) -> None:
        """A dyno has ended and its last words are on disk: keep them if it was a crash."""
        crash = crash_of(state)
        if crash is None or state.dyno is None or not (self._folder / state.app_id).is_dir():
            return
        kept = {
            "allocation": state.id,
            "at": datetime.fromtimestamp(crash.at / 1e9, tz=UTC).isoformat(),
            "dyno": state.dyno,
            "exit_code": crash.exit_code,
            "lines": self._last_lines(state),
            "oom_killed": crash.oom_killed,
            "unwell": any(event.kind == UNWELL for event in state.events),
        }
        with self._lock:
            before = [each for each in self.of_app(state.app_id) if each["dyno"] != state.dyno]
            latest = sorted([*before, kept], key=lambda each: str(each["at"]))[-_DYNOS:]
            try:
                self._write(state.app_id, latest)
            except OSError as exc:
                _logger.warning("crashes.write_failed", app=state.app_id, error=exc.strerror)

    def of_app(self, app_id: str) -> list[dict[str, Any]]:
        """The last crash of each dyno, the oldest first; none for an app without a proper id."""
        if not files.is_uuid(app_id):
            return []
        try:
            kept = json.loads(self._file(app_id).read_text())
        except (OSError, ValueError):
            return []
        return kept if isinstance(kept, list) else []

    def _last_lines(self, state: AllocationState) -> list[str]:
        try:
            said = outputs.last(self._allocations, state.id, state.task, limit=_BYTES)
        except files.NotThere:
            return []
        lines = said.decode("utf-8", "replace").split("\n")
        return [line.rstrip("\r") for line in lines if line.strip()][-_LINES:]

    def _write(self, app_id: str, kept: list[dict[str, Any]]) -> None:
        fresh = self._file(app_id).with_suffix(".new")
        fresh.write_text(json.dumps(kept))
        fresh.replace(self._file(app_id))

    def _file(self, app_id: str) -> Path:
        return self._folder / app_id / "crashes.json"

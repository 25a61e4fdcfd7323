"""How far every log has been read, kept on disk so that a restarted node agent goes on where it was."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from control.node.stream import Position


class Positions:
    """A small JSON file, replaced whole."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            kept = json.loads(path.read_text())
        except (OSError, ValueError):
            kept = {}
        self._kept: dict[str, dict[str, Any]] = kept if isinstance(kept, dict) else {}

    def get(self, allocation_id: str) -> dict[str, Any]:
        """What was kept of an allocation; empty for an unknown one."""
        found = self._kept.get(allocation_id)
        return found if isinstance(found, dict) else {}

    def save(self, kept: dict[str, dict[str, Any]]) -> None:
        """Replace everything, if it differs."""
        if kept == self._kept:
            return
        fresh = self._path.with_suffix(".new")
        fd = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
        with os.fdopen(fd, "w") as file:
            json.dump(kept, file)
        fresh.replace(self._path)
        self._kept = kept


def pack(position: Position, held: int) -> list[int]:
    """A position as JSON; bytes of an unfinished line are to be read again."""
    return [position.index, position.inode, max(0, position.offset - held)]


def unpack(value: Any) -> Position | None:
    """The reverse; None for anything else."""
    if isinstance(value, list) and len(value) == len(("index", "inode", "offset")):
        return Position(*(int(part) for part in value))
    return None

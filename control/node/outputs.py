"""What builds and release phases print and leave behind, read out of their allocation's folder."""

from __future__ import annotations

import os
import re
import threading
from pathlib import Path

from control.node import files

LOG_FILE_BYTES = 5 << 20
"""Size at which Nomad begins the next log file, as `jobs` asks for: files missing at the front held so much each."""
_LOST = b"\n(The output was too fast to be kept whole: a part is missing here.)\n"
_TASK = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_REMEMBERED = 1000


class Outputs:
    """Tasks' standard output, as one growing stream each."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._shifts: dict[tuple[str, str], int] = {}
        """How many bytes were purged before anybody read them, less what was said about it."""
        self._lock = threading.Lock()

    def read(self, allocation_id: str, task: str, *, offset: int, limit: int) -> bytes:
        """What the task printed, from a byte offset. Raises NotThere for no such allocation."""
        if not _TASK.fullmatch(task):
            raise files.NotThere(task)
        key = (allocation_id, task)
        at = offset + self._shifts.get(key, 0)
        notice = b""
        taken: list[bytes] = []
        with files.folder(self._root, allocation_id, *files.logs_folder()) as held:
            end: int | None = None
            for index in _indices(held, task):
                start = index * LOG_FILE_BYTES if end is None else end
                if end is None and at < start:
                    notice = _LOST
                    self._shift(key, start - at - len(notice))
                    at = start
                piece, size = _piece(held, f"{task}.stdout.{index}", at - start, limit)
                taken.append(piece)
                at += len(piece)
                limit -= len(piece)
                end = start + size
        return notice + b"".join(taken)

    def _shift(self, key: tuple[str, str], lost: int) -> None:
        with self._lock:
            self._shifts[key] = self._shifts.get(key, 0) + lost
            while len(self._shifts) > _REMEMBERED:
                del self._shifts[next(iter(self._shifts))]


def left(root: Path, allocation_id: str, name: str) -> int:
    """A descriptor of a file that a build left in `/alloc/out`. Raises NotThere."""
    return files.open_file(root, allocation_id, "alloc", "out", name)


def last(root: Path, allocation_id: str, task: str, *, limit: int) -> bytes:
    """The end of what a task printed, at most so many bytes. Raises NotThere for no such allocation."""
    said = b""
    with files.folder(root, allocation_id, *files.logs_folder()) as held:
        for index in reversed(_indices(held, task)):
            room = limit - len(said)
            if room <= 0:
                break
            name = f"{task}.stdout.{index}"
            _, size = _piece(held, name, 0, 0)
            piece, _ = _piece(held, name, max(0, size - room), room)
            said = piece + said
    return said


def _indices(held: int, task: str) -> list[int]:
    pattern = re.compile(re.escape(f"{task}.stdout.") + r"(\d{1,9})")
    found = (pattern.fullmatch(name) for name in os.listdir(held))
    return sorted(int(match[1]) for match in found if match)


def _piece(held: int, name: str, offset: int, limit: int) -> tuple[bytes, int]:
    """Bytes of one file from an offset, and its size; nothing of one that is not Nomad's own."""
    try:
        fd = files.open_in(held, name, owner=os.geteuid())
    except files.NotThere:
        return b"", 0
    try:
        size = os.fstat(fd).st_size
        return (os.pread(fd, limit, offset) if 0 <= offset < size and limit > 0 else b""), size
    finally:
        os.close(fd)

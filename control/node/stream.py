"""What one task prints on one of its outputs, read while Nomad writes and rotates it."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from control.node import files


@dataclass(frozen=True)
class Position:
    """How far a stream has been read: the file's number, its inode, the offset in it."""

    index: int
    inode: int
    offset: int


class Stream:
    """`<task>.<kind>.0`, `.1` … as one stream.

    The folder belongs to Nomad but the dyno may write to it: nothing in it is followed, and only files that Nomad's
    own user made are read.
    """

    def __init__(self, root: Path, allocation_id: str, task: str, kind: str, start: Position | None = None) -> None:
        self._root = root
        self._allocation_id = allocation_id
        self._name = re.compile(re.escape(f"{task}.{kind}.") + r"(\d{1,9})")
        self._prefix = f"{task}.{kind}."
        self._fd = -1
        self._at = start or Position(-1, 0, 0)

    @property
    def position(self) -> Position:
        """Up to where it has been read."""
        return self._at

    def read(self, limit: int, *, look: bool = True) -> bytes:
        """At most `limit` bytes; empty when there is no more yet. With `look` a following file is looked for."""
        if self._fd < 0 and not self._open():
            return b""
        data = self._take(limit)
        if data or not look:
            return data
        following = self._following()
        if following is None:
            return b""
        # Nomad writes to a file until it begins the next one: what came after our last look belongs before it.
        data = self._take(limit)
        if data:
            return data
        self.close()
        self._at = Position(following, 0, 0)
        return self._take(limit) if self._open() else b""

    def close(self) -> None:
        """Let the file go; reading opens it again."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _take(self, limit: int) -> bytes:
        data = os.pread(self._fd, limit, self._at.offset)
        if not data and self._at.offset > os.fstat(self._fd).st_size:
            # Somebody cut the file short.
            self._at = Position(self._at.index, self._at.inode, 0)
            data = os.pread(self._fd, limit, 0)
        self._at = Position(self._at.index, self._at.inode, self._at.offset + len(data))
        return data

    def _open(self) -> bool:
        """The file of the position, else the oldest one after it."""
        with suppress(files.NotThere), files.folder(self._root, self._allocation_id, *files.logs_folder()) as held:
            for index in [index for index in self._indices(held) if index >= self._at.index]:
                with suppress(files.NotThere):
                    self._fd = files.open_in(held, f"{self._prefix}{index}", owner=os.geteuid())
                    inode = os.fstat(self._fd).st_ino
                    known = index == self._at.index and self._at.inode in {0, inode}
                    self._at = Position(index, inode, self._at.offset if known else 0)
                    return True
        return False

    def _following(self) -> int | None:
        with suppress(files.NotThere), files.folder(self._root, self._allocation_id, *files.logs_folder()) as held:
            return next((index for index in self._indices(held) if index > self._at.index), None)
        return None

    def _indices(self, held: int) -> list[int]:
        found = (self._name.fullmatch(name) for name in os.listdir(held))
        return sorted(int(match[1]) for match in found if match)

"""A folder of files of bounded total size: what was used longest ago goes first."""

from __future__ import annotations

import os
import secrets
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


class TooBig(Exception):
    """The file is larger than one may be."""


class Store:
    """Files by name. They appear whole or not at all."""

    def __init__(self, folder: Path, *, limit: int, largest: int) -> None:
        self._folder = folder
        self._limit = limit
        self._largest = largest
        self._locks: dict[str, tuple[threading.Lock, int]] = {}
        self._lock = threading.Lock()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for torn in folder.glob("*.new"):
            torn.unlink(missing_ok=True)
        self._evict()

    def open(self, name: str) -> int | None:
        """A descriptor of a stored file, or None."""
        path = self._folder / name
        try:
            fd = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        with suppress(OSError):
            os.utime(path)
        return fd

    def put(self, name: str, pieces: Iterable[bytes], *, check: Callable[[], None] | None = None) -> None:
        """Store a stream; `check` is asked before it becomes visible, and may raise. Raises TooBig, OSError."""
        fresh = self._folder / f"{name}.{secrets.token_hex(8)}.new"
        try:
            with fresh.open("xb") as file:
                size = 0
                for piece in pieces:
                    size += len(piece)
                    if size > self._largest:
                        raise TooBig(name)
                    file.write(piece)
            if check is not None:
                check()
            fresh.replace(self._folder / name)
        finally:
            fresh.unlink(missing_ok=True)
        self._evict(keep=name)

    def remove(self, name: str) -> None:
        """Remove a file; a missing one is success."""
        (self._folder / name).unlink(missing_ok=True)

    def sizes(self) -> dict[str, int]:
        """Bytes of each stored file, by name."""
        found = {}
        for entry in os.scandir(self._folder):
            with suppress(FileNotFoundError):
                if not entry.name.endswith(".new"):
                    found[entry.name] = entry.stat(follow_symlinks=False).st_size
        return found

    @contextmanager
    def one_at_a_time(self, name: str) -> Iterator[None]:
        """Who wants the same missing file waits for the first to fetch it."""
        with self._lock:
            lock, users = self._locks.get(name, (threading.Lock(), 0))
            self._locks[name] = (lock, users + 1)
        try:
            with lock:
                yield
        finally:
            with self._lock:
                lock, users = self._locks.pop(name)
                if users > 1:
                    self._locks[name] = (lock, users - 1)

    def _evict(self, *, keep: str | None = None) -> None:
        found = []
        for entry in os.scandir(self._folder):
            with suppress(FileNotFoundError):
                status = entry.stat(follow_symlinks=False)
                if not entry.name.endswith(".new"):
                    found.append((status.st_mtime_ns, status.st_size, entry.name))
        total = sum(size for _, size, _ in found)
        for _, size, name in sorted(found):
            if total <= self._limit:
                return
            if name != keep:
                self.remove(name)
                total -= size

"""Every app's log on disk, two files each, and the readers who follow it."""

from __future__ import annotations

import os
import shutil
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import structlog

from control.node import files
from control.node.lines import Filter

_BLOCK = 1 << 16
_logger = structlog.get_logger()


class Follower:
    """One reader of an app's log as it grows; a slow one loses lines rather than memory."""

    def __init__(self, wanted: Filter, *, room: int = 2000) -> None:
        self._wanted = wanted
        self._room = room
        self._lines: deque[str] = deque()
        self._dropped = 0
        self._closed = False
        self._changed = threading.Condition()

    def offer(self, lines: Sequence[str]) -> None:
        """Lines that were just written."""
        fresh = lines if self._wanted.open else [line for line in lines if self._wanted.accepts(line)]
        if not fresh:
            return
        with self._changed:
            room = max(0, self._room - len(self._lines))
            self._lines.extend(fresh[:room])
            self._dropped += max(0, len(fresh) - room)
            self._changed.notify()

    def take(self, timeout: float) -> tuple[list[str], int] | None:
        """Lines that came, and how many did not fit; both empty after `timeout` seconds; None once it is closed."""
        with self._changed:
            if not self._lines and not self._closed:
                self._changed.wait(timeout)
            if self._closed and not self._lines:
                return None
            lines, dropped = list(self._lines), self._dropped
            self._lines.clear()
            self._dropped = 0
            return lines, dropped

    def close(self) -> None:
        """Wake and end the reader."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()


class _AppLog:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lock = threading.Lock()
        self.fd = -1
        self.size = 0
        self.followers: list[Follower] = []
        self.gone = False

    def open(self) -> None:
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.fd = os.open(self.folder / "log", os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self.size = os.fstat(self.fd).st_size
        if self.size and os.pread(self.fd, 1, self.size - 1) != b"\n":
            # A write that was cut off by a full disk or a crash must not swallow the next line.
            self.size += os.write(self.fd, b"\n")

    def close(self) -> None:
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1


class Logbook:
    """Logs below one folder, `<app>/log` and `<app>/log.1`, each at most half of `limit` bytes."""

    def __init__(self, folder: Path, *, limit: int) -> None:
        self._folder = folder
        self._half = max(limit // 2, _BLOCK)
        self._logs: dict[str, _AppLog] = {}
        self._forgotten: set[str] = set()
        self._lock = threading.Lock()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def append(self, app_id: str, lines: Sequence[str]) -> None:
        """Write rendered lines and hand them to who follows. A full disk loses them on disk, not in tails."""
        log = self._log(app_id)
        if log is None or not lines:
            return
        data = ("\n".join(lines) + "\n").encode("utf-8", "replace")
        with log.lock:
            if log.gone:
                return
            try:
                self._write(log, data)
            except OSError as exc:
                _logger.warning("log.write_failed", app=app_id, error=exc.strerror)
            for follower in log.followers:
                follower.offer(lines)

    def follow(self, app_id: str, wanted: Filter) -> Follower:
        """A follower from now on; `leave` when done."""
        follower = Follower(wanted)
        log = self._log(app_id)
        if log is None:
            follower.close()
            return follower
        with log.lock:
            log.followers.append(follower)
        return follower

    def leave(self, app_id: str, follower: Follower) -> None:
        """Take a follower out."""
        log = self._log(app_id)
        if log is not None:
            with log.lock, suppress(ValueError):
                log.followers.remove(follower)

    def recent(self, app_id: str, wanted: Filter, count: int) -> list[str]:
        """The last `count` lines that pass, oldest first."""
        found, _ = self._recent(app_id, wanted, count, follow=False)
        return found

    def recent_and_follow(self, app_id: str, wanted: Filter, count: int) -> tuple[list[str], Follower]:
        """The last lines and a follower of what comes after them: no line is missed or seen twice."""
        found, follower = self._recent(app_id, wanted, count, follow=True)
        return found, follower or Follower(wanted)

    def forget(self, app_id: str) -> None:
        """Remove an app's log; what still comes for it is dropped."""
        log = self._log(app_id)
        with self._lock:
            self._forgotten.add(app_id)
            self._logs.pop(app_id, None)
        if log is not None:
            with log.lock:
                log.gone = True
                log.close()
                for follower in log.followers:
                    follower.close()
        if files.is_uuid(app_id):
            shutil.rmtree(self._folder / app_id, ignore_errors=True)

    def close(self) -> None:
        """End every follower and let the files go."""
        with self._lock:
            logs = list(self._logs.values())
        for log in logs:
            with log.lock:
                log.close()
                for follower in log.followers:
                    follower.close()

    def _log(self, app_id: str) -> _AppLog | None:
        """The app's log; None for an app that was forgotten or has no proper id."""
        with self._lock:
            if app_id in self._forgotten or not files.is_uuid(app_id):
                return None
            return self._logs.setdefault(app_id, _AppLog(self._folder / app_id))

    def _write(self, log: _AppLog, data: bytes) -> None:
        if log.fd < 0:
            log.open()
        if log.size and log.size + len(data) > self._half:
            log.close()
            (log.folder / "log").replace(log.folder / "log.1")
            log.open()
        log.size += os.write(log.fd, data)

    def _recent(self, app_id: str, wanted: Filter, count: int, *, follow: bool) -> tuple[list[str], Follower | None]:
        log = self._log(app_id)
        if log is None:
            closed = Follower(wanted)
            closed.close()
            return [], closed
        follower = Follower(wanted) if follow else None
        opened: list[tuple[int, int]] = []
        with log.lock:
            for name in ("log", "log.1"):
                with suppress(OSError):
                    fd = os.open(log.folder / name, os.O_RDONLY | os.O_CLOEXEC)
                    opened.append((fd, os.fstat(fd).st_size))
            if follower is not None:
                log.followers.append(follower)
        try:
            found: list[str] = []
            for fd, size in opened:
                for line in _backwards(fd, size):
                    if len(found) >= count:
                        break
                    if wanted.accepts(line):
                        found.append(line)
            found.reverse()
            return found, follower
        finally:
            for fd, _ in opened:
                os.close(fd)


def _backwards(fd: int, size: int) -> Iterator[str]:
    """The lines of a file, last one first."""
    rest = b""
    at = size
    while at > 0:
        start = max(0, at - _BLOCK)
        first, *whole = (os.pread(fd, at - start, start) + rest).split(b"\n")
        for line in reversed(whole):
            if line:
                yield line.decode("utf-8", "replace")
        rest = first
        at = start
    if rest:
        yield rest.decode("utf-8", "replace")

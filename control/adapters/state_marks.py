"""Whether anything was committed since the last look, for less than any query of ours costs."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager, closing
from typing import Protocol

from sqlalchemy import Connection, text

from control.ports.state import StateUnavailable

_SNAPSHOT = text("SELECT pg_current_snapshot()::text")
"""Differs after every writing transaction of anybody that began or ended (PostgreSQL >= 13)."""


class Marks(Protocol):
    """Gives a text that differs after every commit."""

    def mark(self) -> str: ...
    def close(self) -> None: ...


class FileMarks:
    """SQLite's own count of what other connections commit (`PRAGMA data_version`), on one that never writes."""

    def __init__(self, path: str) -> None:
        self._path = path
        self._connection: sqlite3.Connection | None = None
        self._lock = threading.Lock()

    def mark(self) -> str:
        try:
            with self._lock:
                if self._connection is None:
                    self._connection = sqlite3.connect(self._path, check_same_thread=False)
                with closing(self._connection.execute("PRAGMA data_version")) as cursor:
                    return str(cursor.fetchone()[0])
        except sqlite3.Error as exc:
            raise StateUnavailable(f"The database {self._path} cannot be read ({exc}); see its folder.") from exc

    def close(self) -> None:
        with self._lock:
            if self._connection is not None:
                self._connection.close()
            self._connection = None


class SnapshotMarks:
    """PostgreSQL's snapshot."""

    def __init__(self, reading: Callable[[], AbstractContextManager[Connection]]) -> None:
        self._reading = reading

    def mark(self) -> str:
        with self._reading() as connection:
            return str(connection.execute(_SNAPSHOT).scalar_one())

    def close(self) -> None:
        """It keeps nothing open."""

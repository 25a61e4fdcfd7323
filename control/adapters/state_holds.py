"""Who works on what, among the processes on one database; what a process held is free when it is dead."""

from __future__ import annotations

import fcntl
import hashlib
import os
import struct
from pathlib import Path

import structlog
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from control.adapters.holds import Holds
from control.ports.state import StateUnavailable

log = structlog.get_logger()

_PATIENCE = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "options": "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3",
}
"""libpq's: either side of a broken line learns of it within half a minute."""


class FileHolds(Holds):
    """Holds among the processes of one machine: each key is one byte of a file, locked.

    The locks belong to the open file (`F_OFD_SETLK`, see fcntl(2)), so the kernel drops them with the process, and two
    stores in one process do not share them.
    """

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path
        self._file: int | None = None

    def close(self) -> None:
        with self._lock:
            if self._file is not None:
                os.close(self._file)
            self._file = None

    def _take(self, key: str) -> bool:
        try:
            self._set(fcntl.F_WRLCK, key)
        except BlockingIOError:
            return False
        except OSError as exc:
            raise StateUnavailable(f"The file {self._path} cannot be locked ({exc.strerror}); see its folder.") from exc
        return True

    def _give_back(self, key: str) -> None:
        if self._file is not None:
            self._set(fcntl.F_UNLCK, key)

    def _set(self, kind: int, key: str) -> None:
        if self._file is None:
            self._file = os.open(self._path, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        first = _number(key) >> 2 & (1 << 61) - 1
        # struct flock: type, whence, start, length, pid (which has to be 0).
        fcntl.fcntl(self._file, fcntl.F_OFD_SETLK, struct.pack("hhqqi4x", kind, os.SEEK_SET, first, 1, 0))


class SessionHolds(Holds):
    """Holds among everybody on one PostgreSQL: advisory locks of a session that is kept open for them."""

    def __init__(self, url: URL) -> None:
        super().__init__()
        self._engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT", connect_args=_PATIENCE)
        self._connection: Connection | None = None

    def close(self) -> None:
        with self._lock:
            self._drop()

    def _take(self, key: str) -> bool:
        return self._ask("pg_try_advisory_lock", key)

    def _give_back(self, key: str) -> None:
        try:
            self._ask("pg_advisory_unlock", key)
        except DBAPIError as exc:
            # A session that is gone holds nothing.
            log.warning("hold.session_lost", key=key, reason=str(exc.orig))

    def _ask(self, function: str, key: str) -> bool:
        try:
            return _call(self._session(), function, key)
        except DBAPIError:
            self._drop()
            raise

    def _session(self) -> Connection:
        """The session; a new one after a loss takes what is still at work here again, if nobody else has it now."""
        if self._connection is None:
            self._connection = self._engine.connect()
            for key in self._mine:
                if not _call(self._connection, "pg_try_advisory_lock", key):
                    log.warning("hold.lost", key=key)
        return self._connection

    def _drop(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.invalidate()
            connection.close()


def _call(connection: Connection, function: str, key: str) -> bool:
    return bool(connection.execute(text(f"SELECT {function}(:key)"), {"key": _number(key)}).scalar_one())


def _number(key: str) -> int:
    """64 bits, signed, as PostgreSQL's advisory locks have."""
    return int.from_bytes(hashlib.blake2b(key.encode(), digest_size=8).digest(), signed=True)

"""Minutes of all apps in one SQLite file: nothing for an app without requests, and what is old goes first."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import structlog

from control.node.minutes import Minute

_TABLES = """
CREATE TABLE IF NOT EXISTS apps (id INTEGER PRIMARY KEY, app TEXT NOT NULL UNIQUE, last_request TEXT);
CREATE TABLE IF NOT EXISTS minutes (
    app INTEGER NOT NULL, minute INTEGER NOT NULL, counts TEXT NOT NULL, PRIMARY KEY (app, minute)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS heard (minute INTEGER PRIMARY KEY);
CREATE TABLE IF NOT EXISTS marks (name TEXT PRIMARY KEY, moment TEXT);
"""
_HOUR = 60
_logger = structlog.get_logger()


class MetricsFile:
    """Minutes are numbered from 1970 on. Not for several threads at once."""

    def __init__(self, path: Path, *, limit: int) -> None:
        """`limit` is the most bytes that the file may hold; what is oldest is dropped when it has more."""
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._limit = limit
        try:
            self._open(path)
        except sqlite3.DatabaseError as exc:
            _logger.warning("metrics.begun_anew", reason=str(exc))
            for each in path.parent.glob(f"{path.name}*"):
                each.unlink()
            self._open(path)

    def _open(self, path: Path) -> None:
        self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._db.execute("PRAGMA journal_mode = WAL")
        # A power cut may cost the last minutes, and nothing else.
        self._db.execute("PRAGMA synchronous = NORMAL")
        self._db.executescript(_TABLES)

    def write(
        self,
        minutes: Mapping[int, Mapping[str, Minute]],
        *,
        heard: Iterable[int] = (),
        last_requests: Mapping[str, datetime] | None = None,
        marks: Mapping[str, datetime | None] | None = None,
    ) -> None:
        """Add to what is there, all or nothing. Raises sqlite3.Error."""
        with self._transaction():
            self._db.executemany("INSERT OR IGNORE INTO heard VALUES (?)", [(minute,) for minute in heard])
            for app_id, last in (last_requests or {}).items():
                self._db.execute("UPDATE apps SET last_request = ? WHERE id = ?", (last.isoformat(), self._key(app_id)))
            for name, moment in (marks or {}).items():
                self._db.execute("REPLACE INTO marks VALUES (?, ?)", (name, moment and moment.isoformat()))
            for minute, apps in minutes.items():
                for app_id, counts in apps.items():
                    self._add(self._key(app_id), minute, counts)

    def read(self, app_id: str, first: int, last: int) -> dict[int, Minute]:
        """An app's minutes, both ends included."""
        rows = self._db.execute(
            "SELECT minute, counts FROM minutes WHERE app = (SELECT id FROM apps WHERE app = ?)"
            " AND minute BETWEEN ? AND ?",
            (app_id, first, last),
        )
        return {minute: counts for minute, text in rows if (counts := _unpacked(text))}

    def heard(self, first: int, last: int) -> set[int]:
        """In which of these minutes the router was heard."""
        rows = self._db.execute("SELECT minute FROM heard WHERE minute BETWEEN ? AND ?", (first, last))
        return {minute for (minute,) in rows}

    def last_requests(self) -> dict[str, datetime]:
        """When each app had its last one, the oldest first."""
        rows = self._db.execute("SELECT app, last_request FROM apps WHERE last_request IS NOT NULL ORDER BY 2")
        return {app_id: datetime.fromisoformat(last) for app_id, last in rows}

    def mark(self, name: str) -> datetime | None:
        """A moment that was marked."""
        found = self._db.execute("SELECT moment FROM marks WHERE name = ?", (name,)).fetchone()
        return datetime.fromisoformat(found[0]).astimezone(UTC) if found and found[0] else None

    def forget(self, app_id: str) -> None:
        """Remove an app; a missing one is success."""
        with self._transaction():
            self._db.execute("DELETE FROM minutes WHERE app = (SELECT id FROM apps WHERE app = ?)", (app_id,))
            self._db.execute("DELETE FROM apps WHERE app = ?", (app_id,))

    def drop(self, before: int) -> None:
        """Remove all minutes before this one, and more if the file holds too much."""
        self._drop(before)
        oldest = self._db.execute("SELECT min(minute) FROM heard").fetchone()[0]
        while self.size > self._limit and oldest is not None:
            before = max(before, oldest) + _HOUR
            _logger.warning("metrics.full", bytes=self.size, kept_from=before)
            self._drop(before)
            oldest = self._db.execute("SELECT min(minute) FROM heard").fetchone()[0]

    @property
    def size(self) -> int:
        """Bytes that are in use."""
        pages, unused, each = (
            self._db.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
        )
        return int((pages - unused) * each)

    def close(self) -> None:
        """Nothing more comes."""
        self._db.close()

    def _drop(self, before: int) -> None:
        # By app, because that is how they lie in the file.
        with closing(self._db.execute("SELECT id FROM apps")) as rows:
            keys = rows.fetchall()
        with self._transaction():
            for (key,) in keys:
                self._db.execute("DELETE FROM minutes WHERE app = ? AND minute < ?", (key, before))
            self._db.execute("DELETE FROM heard WHERE minute < ?", (before,))

    def _add(self, key: int, minute: int, counts: Minute) -> None:
        found = self._db.execute("SELECT counts FROM minutes WHERE app = ? AND minute = ?", (key, minute)).fetchone()
        if found and (together := _unpacked(found[0])):
            together.add(counts)
            counts = together
        self._db.execute("REPLACE INTO minutes VALUES (?, ?, ?)", (key, minute, counts.pack()))

    def _key(self, app_id: str) -> int:
        self._db.execute("INSERT OR IGNORE INTO apps (app) VALUES (?)", (app_id,))
        return int(self._db.execute("SELECT id FROM apps WHERE app = ?", (app_id,)).fetchone()[0])

    def _transaction(self) -> sqlite3.Connection:
        """Commits or rolls back at its end."""
        self._db.execute("BEGIN")
        return self._db


def _unpacked(text: str) -> Minute | None:
    try:
        return Minute.unpack(text)
    except ValueError:
        return None

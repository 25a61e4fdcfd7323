"""The whole state as one SQLite file, whatever database it lives in."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, insert, select

from control.adapters.state_store import SqlStateStore
from control.adapters.state_tables import metadata

_ROWS = 500


class SqlStateArchive:
    """Copies rows between the platform's database and a file.

    The file has a schema of its own, so that Alembic brings one of an older version forward before it is read.
    """

    def __init__(self, store: SqlStateStore) -> None:
        self._store = store

    def save_to(self, path: Path) -> None:
        with self.open(path) as copy, self._store.reading() as source, copy.writing() as target:
            _copy(source, target)
            target.commit()

    @contextmanager
    def open(self, path: Path) -> Iterator[SqlStateStore]:
        store = SqlStateStore(f"sqlite:///{path}")
        try:
            store.migrate()
            yield store
        finally:
            store.close()

    def load_from(self, path: Path) -> None:
        with self.open(path) as copy, copy.reading() as source, self._store.writing() as target:
            for table in reversed(metadata.sorted_tables):
                target.execute(table.delete())
            _copy(source, target)
            target.commit()


def _copy(source: Connection, target: Connection) -> None:
    """All rows of all tables; tables that others refer to come first."""
    for table in metadata.sorted_tables:
        for rows in source.execute(select(table)).mappings().partitions(_ROWS):
            target.execute(insert(table), [dict(row) for row in rows])

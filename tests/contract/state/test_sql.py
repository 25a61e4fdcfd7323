"""What only the SQL state store promises."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from control.adapters import state_tables
from control.adapters.state_store import SqlStateStore
from control.ports.state import StateUnavailable


def test_a_view_cannot_write(sql: SqlStateStore, records: Any) -> None:
    """A SQL view that writes against its nature changes nothing."""
    with suppress(StateUnavailable), sql.view() as work:
        work.accounts.add(records.account())

    with sql.view() as work:
        assert work.accounts.by_email("ada@example.com") is None


def test_migrations_make_the_tables_that_the_code_uses(sql: SqlStateStore) -> None:
    """The schema after all migrations equals the tables of the code, and migrating twice is harmless."""
    sql.migrate()

    with sql._engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), state_tables.metadata) == []


def test_a_missing_database_is_unavailable(tmp_path: Path) -> None:
    """A database that cannot be opened is StateUnavailable, with a sentence."""
    store = SqlStateStore(f"sqlite:///{tmp_path / 'no' / 'folder' / 'state.db'}")

    with pytest.raises(StateUnavailable, match="does not answer"):
        store.ping()
    with pytest.raises(StateUnavailable, match="does not answer"), store.begin():
        pass
    store.close()


def test_polled_questions_use_indexes(tmp_path: Path) -> None:
    """What the worker asks ten times a second never scans a table."""
    store = SqlStateStore(f"sqlite:///{tmp_path / 'state.db'}")
    store.migrate()
    queries = {
        "apps_behind": "SELECT id FROM apps WHERE destroyed_at IS NULL AND applied_generation < desired_generation",
        "apps_destroyed": "SELECT id FROM apps WHERE destroyed_at IS NOT NULL ORDER BY destroyed_at",
        "oneoffs_running": "SELECT id FROM oneoffs WHERE ended_at IS NULL ORDER BY created_at, id",
        "builds_by_status": "SELECT id FROM builds WHERE status = 'pending' ORDER BY created_at, id",
        "releases_by_status": "SELECT id FROM releases WHERE status = 'pending' ORDER BY created_at",
    }

    with store._engine.connect() as connection:
        for index, query in queries.items():
            plan = str(connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {query}").all())
            assert f"INDEX {index}" in plan
    store.close()


def test_the_database_is_private(tmp_path: Path) -> None:
    """Only the owner of the file may read it, and the files that SQLite puts beside it."""
    store = SqlStateStore(f"sqlite:///{tmp_path / 'state.db'}")
    store.migrate()

    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}
    store.close()

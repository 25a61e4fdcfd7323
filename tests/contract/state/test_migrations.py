"""From the schema of every released version to today's, with what people had in it.

`released/` has a dump of each, made by that version: whoever makes a release adds one of either database. A migration
that has been released is never edited.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import create_engine

from control.adapters import state_tables
from control.adapters.state_archive import SqlStateArchive
from control.adapters.state_store import SqlStateStore
from control.domain.builds import BuildStatus
from control.domain.releases import ReleaseStatus
from control.ports.state_archive import SchemaUnknown

RELEASED = Path(__file__).parent / "released"
REVISIONS = sorted(path.name.split(".", 1)[0] for path in RELEASED.glob("*.sqlite.sql"))
APP = "0a0a0a0a-0000-4000-8000-000000000001"


def _load_sqlite(path: Path, revision: str) -> Path:
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript((RELEASED / f"{revision}.sqlite.sql").read_text())
        connection.commit()
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def released(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[str], SqlStateStore]:
    """Makes a database as a released version left it."""

    def load(revision: str) -> SqlStateStore:
        if request.param == "sqlite":
            url = f"sqlite:///{_load_sqlite(tmp_path / 'state.db', revision)}"
        else:
            url = request.getfixturevalue("postgresql").database()
            with psycopg.connect(url) as connection:
                connection.execute((RELEASED / f"{revision}.postgresql.sql").read_bytes())
        store = SqlStateStore(url)
        request.addfinalizer(store.close)
        return store

    return load


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_released_schema_becomes_todays(released: Callable[[str], SqlStateStore], revision: str) -> None:
    """Every row is there and readable afterwards, and the tables are those of the code."""
    store = released(revision)

    store.migrate()

    _assert_everything_is_there(store)
    with store._engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), state_tables.metadata) == []


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_released_migration_is_never_edited(tmp_path: Path, revision: str) -> None:
    """What it makes today is what it made then."""
    engine = create_engine(f"sqlite:///{tmp_path / 'fresh.db'}")
    config = Config()
    config.set_main_option("script_location", str(Path(state_tables.__file__).parent / "migrations"))
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, revision)
        connection.commit()
    engine.dispose()

    assert _schema(tmp_path / "fresh.db") == _schema(_load_sqlite(tmp_path / "released.db", revision))


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_released_versions_backup_can_be_loaded(sql: SqlStateStore, tmp_path: Path, revision: str) -> None:
    """Its state is brought forward on the way into either database."""
    SqlStateArchive(sql).load_from(_load_sqlite(tmp_path / "older.db", revision))

    _assert_everything_is_there(sql)


def test_a_newer_versions_backup_says_so(sql: SqlStateStore, tmp_path: Path) -> None:
    """And changes nothing."""
    path = _load_sqlite(tmp_path / "newer.db", REVISIONS[-1])
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()

    with pytest.raises(SchemaUnknown, match="newer version of nomapaas"):
        SqlStateArchive(sql).load_from(path)
    with sql.view() as work:
        assert list(work.apps.list()) == []


def _assert_everything_is_there(store: SqlStateStore) -> None:
    with store.view() as work:
        account = work.accounts.by_email("ada@example.com")
        app = work.apps.find("quiet-harbor")
        assert account is not None
        assert app is not None
        assert (app.id, app.owner_id, app.applied_modify_index, app.restart_nonce) == (APP, account.id, 77, 1)
        assert [each.name for each in work.apps.destroyed()] == ["going-away"]
        assert [each.description for each in work.accounts.tokens(account.id)] == ["cli"]
        (build,) = work.builds.list(APP)
        assert (build.status, build.buildpacks) == (BuildStatus.SUCCEEDED, ("heroku/python",))
        assert work.outputs.read(build.id) == b"-----> Python app detected\n"
        good, bad = work.releases.list(APP)
        assert (good.status, bad.status, bad.failure_message) == (
            ReleaseStatus.SUCCEEDED,
            ReleaseStatus.FAILED,
            "It crashed.",
        )
        slug = work.slugs.get(good.slug_id or "")
        assert slug is not None
        assert slug.process_types == {"web": "python app.py"}
        assert [(row.type, row.quantity, row.size) for row in work.formations.list(APP)] == [("web", 2, "basic")]
        assert [each.action for each in work.events.list(APP)] == ["app.create"]
        assert app.created_at.isoformat() == "2026-01-02T03:04:05.678900+00:00"
    with store.begin() as work:
        assert work.apps.next_config_version(APP) == 3


def _schema(path: Path) -> list[Any]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()

"""The platform's state in SQL: SQLite in WAL mode by default, PostgreSQL by `DATABASE_URL`."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any, Self

from sqlalchemy import Connection, Engine, create_engine, event, inspect, text
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import DBAPIError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from control.adapters.domain_rows import DomainRows, SniEndpointRows
from control.adapters.dyno_rows import OneoffRows
from control.adapters.holds import Holds
from control.adapters.people_rows import AccountRows, CollaboratorRows, EventRows, TransferRows, UsageRows
from control.adapters.setup_rows import AppSetupRows
from control.adapters.state_holds import FileHolds, SessionHolds
from control.adapters.state_marks import FileMarks, Marks, SnapshotMarks
from control.adapters.state_rows import (
    AppRows,
    BuildRows,
    FormationRows,
    OutputRows,
    ReleaseRows,
    SlugRows,
)
from control.ports.state import (
    Accounts,
    Apps,
    Builds,
    Events,
    Formations,
    Outputs,
    Releases,
    Slugs,
    StateUnavailable,
    UnitOfWork,
)
from control.ports.state_domains import Domains, SniEndpoints
from control.ports.state_oneoffs import Oneoffs
from control.ports.state_people import Collaborators, Transfers, Usages
from control.ports.state_setups import AppSetups

_WRITES = "nomapaas_writes"
_LOCK_KEY = 0x6E6D7061
"""Advisory lock of PostgreSQL that one writing unit of work holds at a time, as SQLite's write lock does."""

_BUSY_SECONDS = 15
_MIGRATIONS = Path(__file__).parent / "migrations"


class SqlStateStore:
    """State in a SQL database."""

    def __init__(self, url: str) -> None:
        self._engine = _engine(url)
        self._holds = _holds(self._engine.url)
        self._marks = self._marks_of(self._engine.url)

    def begin(self) -> UnitOfWork:
        return SqlUnitOfWork(self._engine, writes=True)

    def view(self) -> UnitOfWork:
        return SqlUnitOfWork(self._engine, writes=False)

    def reading(self) -> AbstractContextManager[Connection]:
        """A bare connection in one view, for copying whole tables."""
        return self._bare(writes=False)

    def writing(self) -> AbstractContextManager[Connection]:
        """A bare connection with the write lock; what is not committed is undone."""
        return self._bare(writes=True)

    @contextmanager
    def _bare(self, *, writes: bool) -> Iterator[Connection]:
        with _translated(), self._engine.connect().execution_options(**{_WRITES: writes}) as connection:
            yield connection

    @contextmanager
    def hold(self, key: str) -> Iterator[bool]:
        with _translated(), self._holds.hold(key) as ours:
            yield ours

    def mark(self) -> str:
        return self._marks.mark()

    def _marks_of(self, url: URL) -> Marks:
        return FileMarks(str(url.database)) if url.get_backend_name() == "sqlite" else SnapshotMarks(self.reading)

    def ping(self) -> None:
        with _translated(), self._engine.connect() as connection:
            connection.execute(text("SELECT 1"))

    def migrate(self) -> None:
        """Bring the schema up to date; safe to run again. Raises SchemaUnknown."""
        _make_private(self._engine.url)
        if not self._is_up_to_date():
            # Imported when it is needed: Alembic takes 12 MB that a process would keep for ever.
            from control.adapters.migrate import upgrade  # noqa: PLC0415

            with _translated(), self._engine.connect() as connection:
                upgrade(connection)
                connection.commit()

    def _is_up_to_date(self) -> bool:
        newest = max(path.stem[:4] for path in (_MIGRATIONS / "versions").glob("[0-9]*.py"))
        with _translated(), self._engine.connect() as connection:
            if not inspect(connection).has_table("alembic_version"):
                return False
            return connection.execute(text("SELECT version_num FROM alembic_version")).scalars().all() == [newest]

    def close(self) -> None:
        """Give back every connection, and every hold."""
        self._holds.close()
        self._marks.close()
        self._engine.dispose()


class SqlUnitOfWork:
    """One transaction. A writing one has the only write lock from its beginning to its end."""

    accounts: Accounts
    apps: Apps
    builds: Builds
    slugs: Slugs
    releases: Releases
    formations: Formations
    events: Events
    outputs: Outputs
    collaborators: Collaborators
    transfers: Transfers
    usages: Usages
    oneoffs: Oneoffs
    app_setups: AppSetups
    domains: Domains
    sni_endpoints: SniEndpoints

    def __init__(self, engine: Engine, *, writes: bool) -> None:
        self._engine = engine
        self._writes = writes
        self._connection: Connection

    def __enter__(self) -> Self:
        with _translated():
            self._connection = connection = self._engine.connect().execution_options(**{_WRITES: self._writes})
            try:
                connection.begin()
            except BaseException:
                connection.close()
                raise
        self.accounts = AccountRows(connection)
        self.apps = AppRows(connection)
        self.builds = BuildRows(connection)
        self.slugs = SlugRows(connection)
        self.releases = ReleaseRows(connection)
        self.formations = FormationRows(connection)
        self.events = EventRows(connection)
        self.outputs = OutputRows(connection)
        self.collaborators = CollaboratorRows(connection)
        self.transfers = TransferRows(connection)
        self.usages = UsageRows(connection)
        self.oneoffs = OneoffRows(connection)
        self.app_setups = AppSetupRows(connection)
        self.domains = DomainRows(connection)
        self.sni_endpoints = SniEndpointRows(connection)
        return self

    def __exit__(self, *exc_info: object) -> None:
        with _translated():
            self._connection.close()  # undoes what was not committed
        error = exc_info[1]
        if isinstance(error, SQLAlchemyError):
            raise _unavailable(error) from error

    def commit(self) -> None:
        with _translated():
            self._connection.commit()


def _engine(url: str) -> Engine:
    parsed = make_url(url)
    if parsed.get_backend_name() == "postgresql":
        if parsed.drivername == "postgresql":
            parsed = parsed.set(drivername="postgresql+psycopg")
        engine = create_engine(parsed, pool_pre_ping=True, pool_size=5, max_overflow=15)
        event.listen(engine, "begin", _begin_postgresql)
        return engine
    engine = create_engine(parsed, pool_size=10, max_overflow=40, connect_args={"timeout": _BUSY_SECONDS})
    event.listen(engine, "connect", _set_up_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _holds(url: URL) -> Holds:
    if url.get_backend_name() == "postgresql":
        return SessionHolds(url)
    if url.database in (None, "", ":memory:"):
        return Holds()
    return FileHolds(Path(f"{url.database}-holds"))


def _make_private(url: URL) -> None:
    """Make a new SQLite file that only its owner may read: password hashes lie in it."""
    if url.get_backend_name() == "sqlite" and url.database not in (None, "", ":memory:"):
        with suppress(OSError):
            os.close(os.open(str(url.database), os.O_CREAT | os.O_WRONLY, 0o600))


def _set_up_sqlite(connection: Any, _record: object) -> None:
    # The driver's own idea of when transactions begin is in the way of ours.
    connection.isolation_level = None
    for pragma in ("journal_mode = WAL", "synchronous = NORMAL", "foreign_keys = ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    # A transaction that reads first and writes later would fail if another wrote in between: take the lock at once.
    writes = connection.get_execution_options().get(_WRITES, True)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _begin_postgresql(connection: Connection) -> None:
    if connection.get_execution_options().get(_WRITES, True):
        # READ COMMITTED under the lock: every statement sees the newest state, and nobody else changes it.
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK_KEY})")
    else:
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (DBAPIError, PoolTimeout) as exc:
        raise _unavailable(exc) from exc


def _unavailable(error: SQLAlchemyError) -> Exception:
    if isinstance(error, OperationalError | PoolTimeout):
        return StateUnavailable(
            "The platform's database does not answer, so nothing was changed; try again in a minute."
        )
    return StateUnavailable("The platform's database refused a change, so nothing was changed; see its log for why.")

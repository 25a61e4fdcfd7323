"""Databases for tests: SQLite, and a PostgreSQL of the tests' own.

A plugin that `tests/conftest.py` loads. PostgreSQL is Debian's server on a free port as an unprivileged user, else one
in Docker; where there is neither, its tests are skipped and say so. `NOMAPAAS_TEST_POSTGRESQL_URL` names a server that
runs already; its user has to be allowed to make databases.
"""

from __future__ import annotations

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.engine import make_url

from control.adapters import state_tables
from control.adapters.memory_state import MemoryState
from control.adapters.state_store import SqlStateStore
from control.ports.state import StateStore
from tests.ports import free_port

_PROGRAMS = Path("/usr/lib/postgresql")
_PASSWORD = "nomapaas-tests"
_SECONDS = 60


@dataclass(frozen=True)
class PostgreSQL:
    """A server, by the URL of one of its databases."""

    url: str

    def database(self) -> str:
        """The URL of a new, empty database. It goes with the server."""
        name = f"t{secrets.token_hex(8)}"
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(f"CREATE DATABASE {name}")
        return make_url(self.url).set(database=name).render_as_string(hide_password=False)


def pytest_addoption(parser: pytest.Parser) -> None:
    """The unit tests of the control plane run in memory, or on a database when one asks for it."""
    parser.addoption("--state", choices=("memory", "sqlite", "postgresql"), default="memory")


@pytest.fixture
def state(request: pytest.FixtureRequest) -> StateStore:
    """The state of a control plane under test: of the kind that `--state` names."""
    kind = request.config.getoption("--state")
    return MemoryState() if kind == "memory" else request.getfixturevalue(f"{kind}_store")


@pytest.fixture
def sqlite_store(tmp_path: Path, migrated_sqlite: Path) -> Iterator[SqlStateStore]:
    """An empty SQLite database."""
    path = shutil.copy(migrated_sqlite, tmp_path / "state.db")
    store = SqlStateStore(f"sqlite:///{path}")
    yield store
    store.close()


@pytest.fixture(scope="session")
def migrated_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Migrating takes longer than most tests do: it is done once, and copied."""
    path = tmp_path_factory.mktemp("sqlite") / "state.db"
    store = SqlStateStore(f"sqlite:///{path}")
    store.migrate()
    store.close()
    return path


@pytest.fixture
def postgresql_store(migrated_postgresql: SqlStateStore) -> Iterator[SqlStateStore]:
    """An empty PostgreSQL database."""
    yield migrated_postgresql
    with migrated_postgresql._engine.begin() as connection:
        for table in reversed(state_tables.metadata.sorted_tables):
            connection.execute(table.delete())


@pytest.fixture(scope="session")
def migrated_postgresql(postgresql: PostgreSQL) -> Iterator[SqlStateStore]:
    """One database for the session: to empty its tables is faster than to make another."""
    store = SqlStateStore(postgresql.database())
    store.migrate()
    yield store
    store.close()


@pytest.fixture(scope="session")
def postgresql(request: pytest.FixtureRequest) -> Iterator[PostgreSQL]:
    """A PostgreSQL server for the whole session. Where there is none, the test is skipped and says why."""
    named = os.environ.get("NOMAPAAS_TEST_POSTGRESQL_URL", "")
    if named:
        yield PostgreSQL(named)
    elif (programs := _debians()) is not None:
        with _server(programs) as url:
            yield PostgreSQL(url)
    elif _docker_answers():
        services = request.getfixturevalue("docker_services")
        url = _url(services.port_for("postgresql", 5432))
        services.wait_until_responsive(timeout=_SECONDS, pause=0.2, check=lambda: _answers(url))
        yield PostgreSQL(url)
    else:
        pytest.skip(
            "No PostgreSQL: install Debian's postgresql package (it need not run) or Docker, or name a server by "
            "NOMAPAAS_TEST_POSTGRESQL_URL."
        )


def _debians() -> Path | None:
    """The folder with the newest server's programs."""
    found = sorted(_PROGRAMS.glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    return found[-1].parent if found else None


@contextmanager
def _server(programs: Path) -> Iterator[str]:
    """PostgreSQL refuses to be root, so another user gets the folder."""
    user, port = _unprivileged(), free_port()
    with tempfile.TemporaryDirectory(prefix="nomapaas-postgresql-", dir="/var/tmp") as name:
        folder = Path(name)
        data, password, log = folder / "data", folder / "password", folder / "log"
        password.write_text(_PASSWORD)
        for path in (folder, password):
            os.chown(path, user.pw_uid, user.pw_gid)
        become = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []} if os.geteuid() == 0 else {}
        run = {"env": {"PATH": "/usr/bin:/bin"}, "cwd": "/", "stdin": subprocess.DEVNULL, **become}
        initdb = [programs / "initdb", "-D", data, "-U", "nomapaas", "-A", "scram-sha-256", f"--pwfile={password}"]
        subprocess.run([*initdb, "--no-sync", "-E", "UTF8", "--locale=C"], check=True, capture_output=True, **run)
        options = {
            "listen_addresses": "127.0.0.1",
            "port": port,
            "unix_socket_directories": folder,
            "fsync": "off",
            "full_page_writes": "off",
            "max_connections": 200,
        }
        words = [word for name, value in options.items() for word in ("-c", f"{name}={value}")]
        with log.open("wb") as file:
            server = subprocess.Popen([programs / "postgres", "-D", data, *words], stdout=file, stderr=file, **run)
        try:
            _wait(server, _url(port), log)
            yield _url(port)
        finally:
            # SIGINT is PostgreSQL's fast shutdown: SIGTERM would wait for every client.
            server.send_signal(signal.SIGINT)
            server.wait(_SECONDS)


def _unprivileged() -> pwd.struct_passwd:
    if os.geteuid() != 0:
        return pwd.getpwuid(os.geteuid())
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    return known.get("postgres") or known["nobody"]


def _url(port: int) -> str:
    return f"postgresql://nomapaas:{_PASSWORD}@127.0.0.1:{port}/postgres"


def _wait(server: subprocess.Popen[bytes], url: str, log: Path) -> None:
    deadline = time.monotonic() + _SECONDS
    pause = threading.Event()
    while not _answers(url):
        assert server.poll() is None, log.read_text()
        assert time.monotonic() < deadline, f"PostgreSQL does not answer after {_SECONDS} s"
        pause.wait(0.05)


def _answers(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True


def _docker_answers() -> bool:
    docker = shutil.which("docker")
    if docker is None:
        return False
    found = subprocess.run([docker, "info"], capture_output=True, check=False, stdin=subprocess.DEVNULL)
    return found.returncode == 0

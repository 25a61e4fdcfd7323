"""Holds: one holder a key, among threads and processes, and none left behind by the dead."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest

from control.adapters.state_store import SqlStateStore
from control.ports.state import StateStore, StateUnavailable

_HOLDER = """
import sys
from control.adapters.state_store import SqlStateStore
with SqlStateStore(sys.argv[1]).hold("app 1") as ours:
    print(ours, flush=True)
    sys.stdin.read()
"""


def _url(sql: SqlStateStore) -> str:
    return sql._engine.url.render_as_string(hide_password=False)


@contextmanager
def _process(url: str) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds `app 1` until its standard input ends."""
    words = [sys.executable, "-c", _HOLDER, url]
    process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "True"
        yield process
        process.kill()


def test_one_holder_at_a_time(store: StateStore) -> None:
    """Who comes second is told so and waits for nothing; other keys are free; afterwards the key is free again."""
    with store.hold("app 1") as first, store.hold("app 1") as second, store.hold("app 2") as other:
        assert (first, second, other) == (True, False, True)

    with store.hold("app 1") as again:
        assert again


def test_a_hold_ends_with_an_exception(store: StateStore) -> None:
    """Work that fails leaves nothing held, and its exception comes out as it is."""
    with pytest.raises(ZeroDivisionError), store.hold("app 1"):
        raise ZeroDivisionError

    with store.hold("app 1") as again:
        assert again


def test_a_process_holds_against_others_until_it_is_killed(sql: SqlStateStore, until: Any) -> None:
    """A second process is kept out; after SIGKILL of the first the key is free at once, whatever it was doing."""
    with _process(_url(sql)) as holder:
        with sql.hold("app 1") as ours:
            assert not ours
        with sql.hold("app 2") as other:
            assert other
        holder.kill()

    until(lambda: _is_free(sql), seconds=5)


def test_two_stores_in_one_process_are_two_holders(sql: SqlStateStore) -> None:
    """What is held belongs to the store, and goes when it is closed."""
    other = SqlStateStore(_url(sql))
    with other.hold("app 1") as first, sql.hold("app 1") as second:
        assert (first, second) == (True, False)
    other.close()

    assert _is_free(sql)


def test_a_lost_session_is_taken_up_again(postgresql_store: SqlStateStore, until: Any) -> None:
    """When PostgreSQL comes back, what is still at work is held once more, before anything else is taken."""
    other = SqlStateStore(_url(postgresql_store))
    with postgresql_store.hold("app 1"):
        _end_sessions(_url(postgresql_store))
        until(lambda: _takes(postgresql_store, "app 2"), seconds=5)

        with other.hold("app 1") as theirs:
            assert not theirs
    assert _is_free(other)
    other.close()


def test_a_file_that_cannot_be_locked_is_unavailable(tmp_path: Path) -> None:
    """The port's own error, with a sentence."""
    store = SqlStateStore(f"sqlite:///{tmp_path / 'no' / 'folder' / 'state.db'}")

    with pytest.raises(StateUnavailable, match="cannot be locked"), store.hold("app 1"):
        pass
    store.close()


def _is_free(store: StateStore) -> bool:
    with store.hold("app 1") as ours:
        return ours


def _takes(store: StateStore, key: str) -> bool:
    try:
        with store.hold(key) as ours:
            return ours
    except StateUnavailable:
        return False


def _end_sessions(url: str) -> None:
    """As PostgreSQL's restart does."""
    plain = url.replace("+psycopg", "")
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )

"""What a control plane's state holds, whatever keeps it: to see that nothing changed, to put it back, to take it away.

A plugin that `tests/conftest.py` loads.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, is_dataclass
from functools import partial
from typing import Any, NoReturn, cast

import pytest
from sqlalchemy import Dialect, event

from control.adapters import state_tables
from control.adapters.memory_state import MemoryState
from control.adapters.memory_state_rows import Data
from control.adapters.state_store import SqlStateStore
from control.ports.state import StateStore


@dataclass(frozen=True)
class Snapshot:
    """Everything at one moment: compares and prints with all that is kept, secrets too."""

    rows: Mapping[str, Any]
    put_back: Callable[[], None] = field(compare=False, repr=False)


@pytest.fixture
def snapshot(state: StateStore) -> Callable[[], Snapshot]:
    """Looks at the state under test."""
    return partial(_of_sql if isinstance(state, SqlStateStore) else _of_memory, cast("Any", state))


@pytest.fixture
def lose_state(state: StateStore) -> Iterator[Callable[[], None]]:
    """From then on, to the end of the test, no database answers."""
    if isinstance(state, SqlStateStore):
        engine = state._engine

        def lose() -> None:
            event.listen(engine, "do_connect", _refuse)
            engine.dispose()

        yield lose
        if event.contains(engine, "do_connect", _refuse):
            event.remove(engine, "do_connect", _refuse)
    else:
        yield partial(setattr, state, "down", True)


def _refuse(dialect: Dialect, *_: object) -> NoReturn:
    """In the driver's own words."""
    raise dialect.loaded_dbapi.OperationalError("It does not answer.")


def _of_memory(state: MemoryState) -> Snapshot:
    data = state._data
    rows = {name: {key: _plain(row) for key, row in kept.items()} for name, kept in vars(data).items()}
    return Snapshot(rows, partial(_put_back_in_memory, state, data))


def _plain(row: Any) -> Any:
    return asdict(row) if is_dataclass(row) and not isinstance(row, type) else row


def _put_back_in_memory(state: MemoryState, data: Data) -> None:
    state._data = data


def _of_sql(state: SqlStateStore) -> Snapshot:
    with state.reading() as connection:
        rows = {
            table.name: sorted((dict(row) for row in connection.execute(table.select()).mappings()), key=repr)
            for table in state_tables.metadata.sorted_tables
        }
    return Snapshot(rows, partial(_put_back_in_sql, state, rows))


def _put_back_in_sql(state: SqlStateStore, rows: Mapping[str, list[dict[str, Any]]]) -> None:
    tables = state_tables.metadata.sorted_tables
    with state.writing() as connection:
        for table in reversed(tables):
            connection.execute(table.delete())
        for table in tables:
            if rows[table.name]:
                connection.execute(table.insert(), rows[table.name])
        connection.commit()

"""Which database `up` is told of, and what it refuses."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from cli.platform import files
from cli.platform.database import database, require_database
from cli.platform.problem import Problem

POSTGRESQL = "postgresql://user:secret@db.example.org/nomapaas"


def _told(instance: Any, **settings: str) -> Any:
    return replace(instance, told=tuple(sorted(settings.items())))


def test_sqlite_and_one_of_each_by_default(instance: Any) -> None:
    """Nothing has to be said."""
    found = database(_told(instance))

    assert (found.kind, found.workers, found.api_processes) == ("sqlite", 1, 1)


def test_postgresql_takes_several(instance: Any) -> None:
    """Workers and API processes share it."""
    told = _told(instance, DATABASE_URL=POSTGRESQL, NOMAPAAS_WORKERS="2", NOMAPAAS_API_PROCESSES="3")

    found = database(told)

    assert (found.kind, found.workers, found.api_processes) == ("postgresql", 2, 3)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"NOMAPAAS_WORKERS": "2"}, "SQLite serves one worker"),
        ({"NOMAPAAS_WORKERS": "0"}, "a number from 1 to 64"),
        ({"NOMAPAAS_API_PROCESSES": "many"}, "a number from 1 to 64"),
        ({"DATABASE_URL": "nonsense"}, "is no URL"),
        ({"DATABASE_URL": "mysql://host/x"}, "names mysql"),
    ],
)
def test_bad_settings(instance: Any, settings: dict[str, str], said: str) -> None:
    """One sentence, which shows no password."""
    with pytest.raises(Problem, match=said):
        database(_told(instance, **settings))


def test_another_kind_of_database_is_refused_where_there_is_a_platform(instance: Any) -> None:
    """It would come up empty, and its repair loop would stop every app as a stranger's."""
    asked = _told(instance, DATABASE_URL=POSTGRESQL)
    instance.secrets.mkdir(parents=True)
    instance.memory.parent.mkdir(parents=True)
    require_database(asked)
    files.write_json(instance.secrets / "admin.json", {})

    with pytest.raises(Problem, match="state is in sqlite and DATABASE_URL asks for postgresql"):
        require_database(asked)
    files.write_json(instance.memory, {"DATABASE_URL": POSTGRESQL.replace("secret", "older")})
    require_database(asked)
    with pytest.raises(Problem, match="state is in postgresql"):
        require_database(_told(instance))

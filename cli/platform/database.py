"""Where the control plane keeps its state, and how many of its processes share it."""

from __future__ import annotations

import importlib.util
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

from cli.platform import files
from cli.platform.instance import Instance
from cli.platform.problem import Problem

_MOST = 64


@dataclass(frozen=True, kw_only=True)
class Database:
    """What `up` was told about it."""

    url: str
    """As DATABASE_URL says; empty for the instance's own SQLite."""
    workers: int
    api_processes: int

    @property
    def kind(self) -> str:
        """`sqlite` or `postgresql`."""
        return _parsed(self.url).get_backend_name() if self.url else "sqlite"


def database(instance: Instance) -> Database:
    """Read DATABASE_URL, NOMAPAAS_WORKERS and NOMAPAAS_API_PROCESSES. Raises Problem."""
    told = dict(instance.told)
    found = Database(
        url=told.get("DATABASE_URL", ""),
        workers=_count(told, "NOMAPAAS_WORKERS"),
        api_processes=_count(told, "NOMAPAAS_API_PROCESSES"),
    )
    if found.kind == "sqlite" and found.workers > 1:
        raise Problem(
            f"NOMAPAAS_WORKERS is {found.workers}, and SQLite serves one worker; set DATABASE_URL to a PostgreSQL."
        )
    return found


def require_database(instance: Instance) -> None:
    """Raise a Problem where the driver is missing, or the state lies in another kind of database."""
    wanted = database(instance)
    if wanted.kind == "postgresql" and importlib.util.find_spec("psycopg") is None:
        raise Problem("PostgreSQL's driver is missing; run `make venv`, or pip install 'nomapaas[postgresql]'.")
    if not (instance.secrets / "admin.json").exists():
        return
    before = files.read_json(instance.memory).get("DATABASE_URL", "")
    kind = _parsed(str(before)).get_backend_name() if before else "sqlite"
    if kind != wanted.kind:
        raise Problem(
            f"This platform's state is in {kind} and DATABASE_URL asks for {wanted.kind}, where no app is; to move it, "
            "use `nomapaas backup`, `down --purge`, and `restore` with the other DATABASE_URL."
        )


def _parsed(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError as exc:
        raise Problem("DATABASE_URL is no URL; write it like postgresql://user:password@host/database.") from exc
    if parsed.get_backend_name() not in {"sqlite", "postgresql"}:
        raise Problem(
            f"DATABASE_URL names {parsed.get_backend_name():.40}, and nomapaas keeps its state in sqlite or postgresql."
        )
    return parsed


def _count(told: Mapping[str, str], name: str) -> int:
    text = told.get(name, "1")
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= _MOST):
        raise Problem(f"{name} is {text[:40]!r}; set it to a number from 1 to {_MOST}.")
    return int(text)

"""Repositories over SQL: rows in, frozen domain records out."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import fields
from typing import Any, Generic, TypeVar

from sqlalchemy import ColumnElement, Connection, Select, Table, and_, delete, func, insert, or_, select, tuple_, update
from sqlalchemy.exc import IntegrityError

from control.adapters import people_tables as people
from control.adapters import state_tables as tables
from control.domain.apps import App
from control.domain.builds import Build, BuildStatus
from control.domain.formations import Formation
from control.domain.releases import Release, ReleaseStatus
from control.domain.slugs import Slug
from control.ports.state import NameTaken
from control.ports.windows import Window

R = TypeVar("R")


class Rows(Generic[R]):
    """One table and the record that each of its rows is."""

    table: Table
    record: type[R]

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._columns = [self.table.c[field.name] for field in fields(self.record)]  # type: ignore[arg-type]

    def add(self, record: R) -> None:
        self._connection.execute(insert(self.table).values(self._values(record)))

    def save(self, record: R) -> None:
        values = self._values(record)
        self._connection.execute(update(self.table).where(self.table.c.id == values.pop("id")).values(values))

    def get(self, identity: str) -> R | None:
        return self._one(self.table.c.id == identity)

    def of(self, ids: Collection[str]) -> Mapping[str, R]:
        rows = self._all(self._select(self.table.c.id.in_(list(ids)))) if ids else []
        return {row.id: row for row in rows}  # type: ignore[attr-defined]

    def _values(self, record: R) -> dict[str, Any]:
        return {column.name: _plain(getattr(record, column.name)) for column in self._columns}

    def _select(self, *conditions: ColumnElement[bool]) -> Select[Any]:
        return select(*self._columns).where(*conditions)

    def _window(self, window: Window, *conditions: ColumnElement[bool]) -> list[R]:
        field, identity = self.table.c[window.field], self.table.c.id
        low, high, after = window.low, window.high, window.after
        query = self._select(*conditions)
        if low is not None:
            query = query.where(field >= low)
        if high is not None:
            query = query.where(field <= high)
        if after is not None:
            follows = field < after.value if window.descending else field > after.value
            if after.id is not None:
                nearer = identity < after.id if window.descending else identity > after.id
                follows = or_(follows, and_(field == after.value, nearer))
            query = query.where(follows)
        order = (field.desc(), identity.desc()) if window.descending else (field, identity)
        return self._all(query.order_by(*order).limit(window.limit + 1))

    def _one(self, *conditions: ColumnElement[bool]) -> R | None:
        return self._first(self._select(*conditions))

    def _first(self, query: Select[Any]) -> R | None:
        row = self._connection.execute(query.limit(1)).mappings().first()
        return None if row is None else self.record(**row)

    def _all(self, query: Select[Any]) -> list[R]:
        return [self.record(**row) for row in self._connection.execute(query).mappings()]


def _plain(value: Any) -> Any:
    return dict(value) if isinstance(value, Mapping) else value


class AppRows(Rows[App]):
    """Apps."""

    table = tables.apps
    record = App

    def add(self, app: App) -> None:
        try:
            super().add(app)
        except IntegrityError as exc:
            raise NameTaken(app.name) from exc

    def save(self, app: App) -> None:
        values = self._values(app)
        for column in ("id", "desired_generation", "applied_generation", "applied_modify_index"):
            del values[column]
        try:
            self._connection.execute(update(self.table).where(self.table.c.id == app.id).values(values))
        except IntegrityError as exc:
            raise NameTaken(app.name) from exc

    @property
    def _alive(self) -> ColumnElement[bool]:
        return self.table.c.destroyed_at.is_(None)

    def get(self, app_id: str) -> App | None:
        return self._one(self.table.c.id == app_id, self._alive)

    def find(self, id_or_name: str) -> App | None:
        return self._one(or_(self.table.c.id == id_or_name, self.table.c.name == id_or_name), self._alive)

    def list(self, *, owner_id: str | None = None) -> Sequence[App]:
        mine = [] if owner_id is None else [self.table.c.owner_id == owner_id]
        return self._all(self._select(self._alive, *mine).order_by(self.table.c.name))

    def window(self, window: Window, *, owner_id: str | None = None, shared: bool = False) -> Sequence[App]:
        mine = [] if owner_id is None else [self.table.c.owner_id == owner_id]
        if mine and shared:
            also = select(people.collaborators.c.app_id).where(people.collaborators.c.account_id == owner_id)
            mine = [or_(*mine, self.table.c.id.in_(also))]
        return self._window(window, self._alive, *mine)

    def destroyed(self) -> Sequence[App]:
        gone = self.table.c.destroyed_at.is_not(None)
        return self._all(self._select(gone).order_by(self.table.c.destroyed_at))

    def behind(self) -> Sequence[App]:
        return self._all(self._select(self._alive).where(tables.BEHIND).order_by(self.table.c.updated_at))

    def waking(self) -> Sequence[App]:
        return self._all(self._select(self._alive).where(tables.WAKING).order_by(self.table.c.woken_at))

    def touch(self, app_id: str) -> None:
        self._update(app_id, desired_generation=self.table.c.desired_generation + 1)

    def applied(self, app_id: str, *, generation: int, modify_index: int) -> None:
        self._update(app_id, applied_generation=generation, applied_modify_index=modify_index)

    def next_config_version(self, app_id: str) -> int:
        self._update(app_id, config_versions=self.table.c.config_versions + 1)
        given = select(self.table.c.config_versions).where(self.table.c.id == app_id)
        return int(self._connection.execute(given).scalar_one())

    def _update(self, app_id: str, **values: Any) -> None:
        self._connection.execute(update(self.table).where(self.table.c.id == app_id).values(values))

    def remove(self, app_id: str) -> None:
        for owner in (tables.builds, tables.releases):
            ids = select(owner.c.id).where(owner.c.app_id == app_id)
            self._connection.execute(delete(tables.outputs).where(tables.outputs.c.owner_id.in_(ids)))
        for table in self.table.metadata.sorted_tables:
            if any(key.column.table is self.table for key in table.foreign_keys):
                self._connection.execute(delete(table).where(table.c.app_id == app_id))
        self._connection.execute(delete(self.table).where(self.table.c.id == app_id))


class BuildRows(Rows[Build]):
    """Builds."""

    table = tables.builds
    record = Build

    def list(self, app_id: str) -> Sequence[Build]:
        return self._all(self._select(self.table.c.app_id == app_id).order_by(self.table.c.created_at))

    def pending(self) -> Sequence[Build]:
        waiting = self.table.c.status == BuildStatus.PENDING
        return self._all(self._select(waiting).order_by(self.table.c.created_at, self.table.c.id))


class SlugRows(Rows[Slug]):
    """Slugs."""

    table = tables.slugs
    record = Slug

    def list(self, app_id: str) -> Sequence[Slug]:
        return self._all(self._select(self.table.c.app_id == app_id).order_by(self.table.c.created_at))

    def drop(self, slug_id: str) -> None:
        self._connection.execute(delete(self.table).where(self.table.c.id == slug_id))

    def by_build_key(self, app_id: str, build_key: str) -> Slug | None:
        same = and_(self.table.c.app_id == app_id, self.table.c.build_key == build_key)
        return self._first(self._select(same).order_by(self.table.c.created_at.desc()))


class ReleaseRows(Rows[Release]):
    """Releases."""

    table = tables.releases
    record = Release

    def by_version(self, app_id: str, version: int) -> Release | None:
        return self._one(self.table.c.app_id == app_id, self.table.c.version == version)

    def list(self, app_id: str) -> Sequence[Release]:
        return self._all(self._select(self.table.c.app_id == app_id).order_by(self.table.c.version))

    def latest(self, app_id: str) -> Release | None:
        return self._newest(app_id)

    def current(self, app_id: str) -> Release | None:
        return self._newest(app_id, self.table.c.status == ReleaseStatus.SUCCEEDED)

    def current_of(self, app_ids: Collection[str]) -> Mapping[str, Release]:
        good = (self.table.c.app_id.in_(list(app_ids)), self.table.c.status == ReleaseStatus.SUCCEEDED)
        newest = select(self.table.c.app_id, func.max(self.table.c.version)).where(*good).group_by(self.table.c.app_id)
        rows = self._all(self._select(tuple_(self.table.c.app_id, self.table.c.version).in_(newest)))
        return {row.app_id: row for row in rows}

    def base(self, app_id: str) -> Release | None:
        good = self.table.c.status.in_([ReleaseStatus.SUCCEEDED, ReleaseStatus.PENDING])
        return self._newest(app_id, good)

    def _newest(self, app_id: str, *conditions: ColumnElement[bool]) -> Release | None:
        query = self._select(self.table.c.app_id == app_id, *conditions)
        return self._first(query.order_by(self.table.c.version.desc()))

    def pending(self) -> Sequence[Release]:
        waiting = self.table.c.status == ReleaseStatus.PENDING
        order = (self.table.c.created_at, self.table.c.app_id, self.table.c.version)
        return self._all(self._select(waiting).order_by(*order))


class FormationRows(Rows[Formation]):
    """Formations."""

    table = tables.formations
    record = Formation

    def save(self, formation: Formation) -> None:
        self.remove(formation.app_id, formation.type)
        self.add(formation)

    def list(self, app_id: str) -> Sequence[Formation]:
        return self._all(self._select(self.table.c.app_id == app_id).order_by(self.table.c.type))

    def remove(self, app_id: str, process_type: str) -> None:
        same = and_(self.table.c.app_id == app_id, self.table.c.type == process_type)
        self._connection.execute(delete(self.table).where(same))


class OutputRows:
    """What builds and release phases print, in pieces."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def append(self, owner_id: str, text: str) -> None:
        piece = text.encode(errors="replace")
        if piece:
            row = {"owner_id": owner_id, "start": self.size(owner_id), "bytes": piece}
            self._connection.execute(insert(tables.outputs).values(row))

    def read(self, owner_id: str, *, offset: int = 0) -> bytes:
        pieces = tables.outputs
        # The piece that the offset lies in is the last one that starts at or before it.
        first = select(func.max(pieces.c.start)).where(pieces.c.owner_id == owner_id, pieces.c.start <= offset)
        query = select(pieces.c.start, pieces.c.bytes).where(
            pieces.c.owner_id == owner_id, pieces.c.start >= first.scalar_subquery()
        )
        rows = self._connection.execute(query.order_by(pieces.c.start)).all()
        return b"".join(bytes(piece)[max(0, offset - start) :] for start, piece in rows)

    def size(self, owner_id: str) -> int:
        pieces = tables.outputs
        query = select(pieces.c.start + func.length(pieces.c.bytes)).where(pieces.c.owner_id == owner_id)
        last = self._connection.execute(query.order_by(pieces.c.start.desc()).limit(1)).scalar_one_or_none()
        return int(last or 0)

    def drop(self, owner_id: str) -> None:
        self._connection.execute(delete(tables.outputs).where(tables.outputs.c.owner_id == owner_id))

"""Repository of one-off dynos over SQL."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import and_, delete

from control.adapters import dyno_tables as tables
from control.adapters.state_rows import Rows
from control.domain.oneoffs import Oneoff


class OneoffRows(Rows[Oneoff]):
    """One-off dynos."""

    table = tables.oneoffs
    record = Oneoff

    def by_number(self, app_id: str, number: int) -> Oneoff | None:
        return self._one(self.table.c.app_id == app_id, self.table.c.number == number)

    def list(self, app_id: str) -> Sequence[Oneoff]:
        return self._all(self._select(self.table.c.app_id == app_id).order_by(self.table.c.number))

    def running(self) -> Sequence[Oneoff]:
        order = (self.table.c.created_at, self.table.c.id)
        return self._all(self._select().where(tables.RUNNING).order_by(*order))

    def running_of(self, app_id: str) -> Sequence[Oneoff]:
        mine = and_(self.table.c.app_id == app_id, self.table.c.ended_at.is_(None))
        return self._all(self._select(mine).order_by(self.table.c.number))

    def remove(self, oneoff_id: str) -> None:
        self._connection.execute(delete(self.table).where(self.table.c.id == oneoff_id))

"""The repository of one-off dynos of the in-memory state store."""

from __future__ import annotations

from collections.abc import Sequence

from control.adapters.memory_state_rows import MemoryRows
from control.domain.oneoffs import Oneoff
from control.ports.state import StateUnavailable


class Oneoffs(MemoryRows[Oneoff]):
    """One-off dynos."""

    def add(self, oneoff: Oneoff) -> None:
        if self.by_number(oneoff.app_id, oneoff.number):
            raise StateUnavailable(
                "The platform's database refused a change, so nothing was changed; see its log for why."
            )
        super().add(oneoff)

    def by_number(self, app_id: str, number: int) -> Oneoff | None:
        return next((each for each in self.list(app_id) if each.number == number), None)

    def list(self, app_id: str) -> Sequence[Oneoff]:
        return self._where(lambda each: each.app_id == app_id, key=lambda each: each.number)

    def running(self) -> Sequence[Oneoff]:
        return self._where(lambda each: each.ended_at is None, key=lambda each: (each.created_at, each.id))

    def running_of(self, app_id: str) -> Sequence[Oneoff]:
        return [each for each in self.list(app_id) if each.ended_at is None]

    def remove(self, oneoff_id: str) -> None:
        self._rows.pop(oneoff_id, None)

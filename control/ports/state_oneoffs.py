"""The state's rows of one-off dynos."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from control.domain.oneoffs import Oneoff


class Oneoffs(Protocol):
    """One-off dynos, running ones and those that have ended lately."""

    def add(self, oneoff: Oneoff, /) -> None: ...
    def save(self, oneoff: Oneoff, /) -> None: ...
    def get(self, oneoff_id: str, /) -> Oneoff | None: ...
    def by_number(self, app_id: str, number: int) -> Oneoff | None: ...
    def list(self, app_id: str) -> Sequence[Oneoff]:
        """By number."""
        ...

    def running(self) -> Sequence[Oneoff]:
        """All of every app that have not ended, oldest first; one indexed query."""
        ...

    def running_of(self, app_id: str) -> Sequence[Oneoff]:
        """Those of one app, by number."""
        ...

    def remove(self, oneoff_id: str) -> None: ...

"""The platform's rows about people: who shares an app, who is to get it, what an account uses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from control.domain.people import Collaborator, Transfer, Usage


class Collaborators(Protocol):
    """Collaborators; the owner of an app is none."""

    def save(self, collaborator: Collaborator, /) -> None:
        """Insert or replace, by (app_id, account_id)."""
        ...

    def find(self, app_id: str, account_id: str) -> Collaborator | None: ...
    def list(self, app_id: str) -> Sequence[Collaborator]:
        """Those of one app, oldest first."""
        ...

    def remove(self, app_id: str, account_id: str) -> None: ...


class Transfers(Protocol):
    """Apps offered to other accounts; none of a destroyed app."""

    def add(self, transfer: Transfer, /) -> None: ...
    def save(self, transfer: Transfer, /) -> None: ...
    def get(self, transfer_id: str, /) -> Transfer | None: ...
    def list(self, account_id: str) -> Sequence[Transfer]:
        """Those that an account has offered or was offered, oldest first."""
        ...

    def pending(self, app_id: str) -> Transfer | None:
        """The one of this app that waits for its recipient."""
        ...

    def remove(self, transfer_id: str) -> None: ...


class Usages(Protocol):
    """What the living apps of an account use together; a fixed number of queries however many apps those are."""

    def of(self, owner_id: str) -> Usage: ...

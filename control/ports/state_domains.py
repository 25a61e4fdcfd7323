"""Custom domains in the platform's state."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from control.domain.domains import Domain


class HostnameTaken(Exception):
    """That very name belongs to an app already."""


class Domains(Protocol):
    """Custom domains; a name belongs to one app."""

    def add(self, domain: Domain, /) -> None:
        """Raises HostnameTaken."""
        ...

    def save(self, domain: Domain, /) -> None: ...
    def get(self, domain_id: str, /) -> Domain | None: ...
    def by_hostname(self, hostname: str) -> Domain | None: ...
    def list(self, app_id: str) -> Sequence[Domain]:
        """Those of one app, by name."""
        ...

    def overlapping(self, hostname: str) -> Sequence[Domain]:
        """Those of every app that answer for a name in common with this one: itself, wildcards, names below one."""
        ...

    def remove(self, domain_id: str) -> None: ...

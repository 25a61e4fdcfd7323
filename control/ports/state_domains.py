"""Custom domains and their certificates in the platform's state."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from control.domain.certificates import SniEndpoint
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
    def secured(self) -> Sequence[Domain]:
        """Those of every app that a certificate is shown for."""
        ...

    def due(self, now: datetime) -> Sequence[Domain]:
        """Those of every app whose certificate the platform is to get or renew by now."""
        ...


class SniEndpoints(Protocol):
    """Certificates."""

    def add(self, endpoint: SniEndpoint, /) -> None: ...
    def save(self, endpoint: SniEndpoint, /) -> None: ...
    def get(self, endpoint_id: str, /) -> SniEndpoint | None: ...
    def list(self, app_id: str) -> Sequence[SniEndpoint]:
        """Those of one app, oldest first."""
        ...

    def of(self, endpoint_ids: Collection[str]) -> Mapping[str, SniEndpoint]:
        """Those that there are, by id; one query."""
        ...

    def remove(self, endpoint_id: str) -> None: ...

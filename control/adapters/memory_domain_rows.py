"""The repositories of custom domains and certificates of the in-memory state store."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from operator import attrgetter

from control.adapters.memory_state_rows import MemoryRows
from control.domain.certificates import SniEndpoint
from control.domain.domains import Domain, wildcards_over
from control.ports.state_domains import HostnameTaken


class Domains(MemoryRows[Domain]):
    """Custom domains."""

    def add(self, domain: Domain) -> None:
        if self.by_hostname(domain.hostname):
            raise HostnameTaken(domain.hostname)
        super().add(domain)

    def by_hostname(self, hostname: str) -> Domain | None:
        return next((each for each in self._rows.values() if each.hostname == hostname), None)

    def list(self, app_id: str) -> Sequence[Domain]:
        return self._where(lambda each: each.app_id == app_id, key=attrgetter("hostname"))

    def overlapping(self, hostname: str) -> Sequence[Domain]:
        names = {hostname, *wildcards_over(hostname)}
        below = hostname[1:] if hostname.startswith("*") else None
        return self._where(
            lambda each: each.hostname in names or (below is not None and each.hostname.endswith(below)),
            key=attrgetter("hostname"),
        )

    def remove(self, domain_id: str) -> None:
        self._rows.pop(domain_id, None)

    def secured(self) -> Sequence[Domain]:
        return self._where(lambda each: each.sni_endpoint_id is not None, key=attrgetter("hostname"))

    def due(self, now: datetime) -> Sequence[Domain]:
        return self._where(
            lambda each: each.acm_try_at is not None and each.acm_try_at <= now, key=attrgetter("acm_try_at")
        )


class SniEndpoints(MemoryRows[SniEndpoint]):
    """Certificates."""

    def list(self, app_id: str) -> Sequence[SniEndpoint]:
        return self._where(lambda each: each.app_id == app_id, key=lambda each: (each.created_at, each.id))

    def remove(self, endpoint_id: str) -> None:
        self._rows.pop(endpoint_id, None)

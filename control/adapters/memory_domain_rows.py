"""The repository of custom domains of the in-memory state store."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter

from control.adapters.memory_state_rows import MemoryRows
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

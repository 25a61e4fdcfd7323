"""Custom domains and certificates over SQL."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, delete, or_
from sqlalchemy.exc import IntegrityError

from control.adapters import domain_tables as tables
from control.adapters.state_rows import Rows
from control.domain.certificates import SniEndpoint
from control.domain.domains import Domain, wildcards_over
from control.ports.state_domains import HostnameTaken


class DomainRows(Rows[Domain]):
    """Custom domains."""

    table = tables.domains
    record = Domain

    def add(self, domain: Domain) -> None:
        try:
            super().add(domain)
        except IntegrityError as exc:
            raise HostnameTaken(domain.hostname) from exc

    def by_hostname(self, hostname: str) -> Domain | None:
        return self._one(self.table.c.hostname == hostname)

    def list(self, app_id: str) -> Sequence[Domain]:
        return self._all(self._select(self.table.c.app_id == app_id).order_by(self.table.c.hostname))

    def overlapping(self, hostname: str) -> Sequence[Domain]:
        name = self.table.c.hostname
        found: ColumnElement[bool] = name.in_([hostname, *wildcards_over(hostname)])
        if hostname.startswith("*"):
            found = or_(found, name.endswith(hostname[1:], autoescape=True))
        return self._all(self._select(found).order_by(name))

    def remove(self, domain_id: str) -> None:
        self._connection.execute(delete(self.table).where(self.table.c.id == domain_id))

    def secured(self) -> Sequence[Domain]:
        return self._all(self._select(self.table.c.sni_endpoint_id.is_not(None)).order_by(self.table.c.hostname))

    def due(self, now: datetime) -> Sequence[Domain]:
        return self._all(self._select(self.table.c.acm_try_at <= now).order_by(self.table.c.acm_try_at))


class SniEndpointRows(Rows[SniEndpoint]):
    """Certificates."""

    table = tables.sni_endpoints
    record = SniEndpoint

    def list(self, app_id: str) -> Sequence[SniEndpoint]:
        mine = self._select(self.table.c.app_id == app_id)
        return self._all(mine.order_by(self.table.c.created_at, self.table.c.id))

    def remove(self, endpoint_id: str) -> None:
        self._connection.execute(delete(self.table).where(self.table.c.id == endpoint_id))

"""Custom domains over SQL."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, delete, or_
from sqlalchemy.exc import IntegrityError

from control.adapters import domain_tables as tables
from control.adapters.state_rows import Rows
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

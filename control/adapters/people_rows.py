"""Repositories about people, over SQL."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, and_, delete, func, or_, select, tuple_

from control.adapters import dyno_tables
from control.adapters import people_tables as people
from control.adapters import state_tables as tables
from control.adapters.state_rows import Rows
from control.domain.accounts import Account, AuditEvent, Token
from control.domain.builds import BuildStatus
from control.domain.people import Collaborator, Transfer, TransferState, Usage
from control.domain.releases import ReleaseStatus
from control.ports.windows import Window


class AccountRows(Rows[Account]):
    """Accounts and tokens."""

    table = tables.accounts
    record = Account

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection)
        self._tokens = TokenRows(connection)

    def by_email(self, email: str) -> Account | None:
        return self._one(self.table.c.email == email.lower())

    def list(self) -> Sequence[Account]:
        return self._all(self._select().order_by(self.table.c.email))

    def remove(self, account_id: str) -> None:
        transfers = people.transfers
        mine = or_(transfers.c.owner_id == account_id, transfers.c.recipient_id == account_id)
        self._connection.execute(delete(transfers).where(mine))
        for table in (people.collaborators, tables.tokens):
            self._connection.execute(delete(table).where(table.c.account_id == account_id))
        self._connection.execute(delete(self.table).where(self.table.c.id == account_id))

    def add_token(self, token: Token) -> None:
        self._tokens.add(token)

    def token_by_digest(self, digest: str) -> Token | None:
        return self._tokens._one(tables.tokens.c.digest == digest)  # noqa: SLF001 - two halves of one thing

    def token(self, token_id: str) -> Token | None:
        return self._tokens.get(token_id)

    def tokens(self, account_id: str) -> Sequence[Token]:
        return self._tokens.of_account(account_id)

    def remove_token(self, token_id: str) -> None:
        self._connection.execute(delete(tables.tokens).where(tables.tokens.c.id == token_id))


class TokenRows(Rows[Token]):
    """Tokens."""

    table = tables.tokens
    record = Token

    def of_account(self, account_id: str) -> Sequence[Token]:
        return self._all(self._select(self.table.c.account_id == account_id).order_by(self.table.c.created_at))


class CollaboratorRows(Rows[Collaborator]):
    """Collaborators."""

    table = people.collaborators
    record = Collaborator

    def save(self, collaborator: Collaborator) -> None:
        self.remove(collaborator.app_id, collaborator.account_id)
        self.add(collaborator)

    def find(self, app_id: str, account_id: str) -> Collaborator | None:
        return self._one(self.table.c.app_id == app_id, self.table.c.account_id == account_id)

    def list(self, app_id: str) -> Sequence[Collaborator]:
        mine = self._select(self.table.c.app_id == app_id)
        return self._all(mine.order_by(self.table.c.created_at, self.table.c.id))

    def remove(self, app_id: str, account_id: str) -> None:
        same = and_(self.table.c.app_id == app_id, self.table.c.account_id == account_id)
        self._connection.execute(delete(self.table).where(same))


class TransferRows(Rows[Transfer]):
    """Transfers."""

    table = people.transfers
    record = Transfer

    def get(self, transfer_id: str) -> Transfer | None:
        return self._one(self.table.c.id == transfer_id, self._living)

    def list(self, account_id: str) -> Sequence[Transfer]:
        mine = or_(self.table.c.owner_id == account_id, self.table.c.recipient_id == account_id)
        return self._all(self._select(mine, self._living).order_by(self.table.c.created_at, self.table.c.id))

    def pending(self, app_id: str) -> Transfer | None:
        waiting = self.table.c.state == TransferState.PENDING
        return self._one(self.table.c.app_id == app_id, waiting, self._living)

    def remove(self, transfer_id: str) -> None:
        self._connection.execute(delete(self.table).where(self.table.c.id == transfer_id))

    @property
    def _living(self) -> ColumnElement[bool]:
        return self.table.c.app_id.in_(select(tables.apps.c.id).where(tables.apps.c.destroyed_at.is_(None)))


class UsageRows:
    """What accounts use: a few sums over the apps of one owner."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def of(self, owner_id: str) -> Usage:
        apps, rows = tables.apps, tables.formations
        mine = select(apps.c.id).where(apps.c.owner_id == owner_id, apps.c.destroyed_at.is_(None))
        wanted = select(rows.c.app_id, rows.c.type, rows.c.size, rows.c.quantity).where(
            rows.c.app_id.in_(mine), rows.c.quantity > 0
        )
        once = dyno_tables.oneoffs
        oneoffs = (
            select(once.c.size, func.count())
            .where(once.c.app_id.in_(mine), once.c.ended_at.is_(None))
            .group_by(once.c.size)
        )
        waiting = select(func.count()).where(
            tables.builds.c.status == BuildStatus.PENDING, tables.builds.c.app_id.in_(mine)
        )
        storage = select(func.sum(tables.slugs.c.size)).where(tables.slugs.c.app_id.in_(mine))
        return Usage(
            apps=self._connection.execute(select(func.count()).select_from(mine.subquery())).scalar_one(),
            dynos=dict(self._formation(wanted, mine) + self._sizes(oneoffs)),
            builds=self._connection.execute(waiting).scalar_one(),
            storage=int(self._connection.execute(storage).scalar_one() or 0),
        )

    def _formation(self, wanted: Select[Any], mine: Select[Any]) -> Counter[str]:
        """Formations outlive their process types, and what nothing can run of is not used."""
        rows = list(self._connection.execute(wanted))
        living = self._living_types(mine) if rows else set()
        dynos: Counter[str] = Counter()
        for app_id, process_type, size, quantity in rows:
            if (app_id, process_type) in living:
                dynos[size] += quantity
        return dynos

    def _living_types(self, mine: Select[Any]) -> set[tuple[str, str]]:
        """App and process type, of what is on the air or may take its place."""
        releases, slugs = tables.releases, tables.slugs
        newest = (
            select(releases.c.app_id, func.max(releases.c.version))
            .where(releases.c.app_id.in_(mine), releases.c.status == ReleaseStatus.SUCCEEDED)
            .group_by(releases.c.app_id)
        )
        on_air = tuple_(releases.c.app_id, releases.c.version).in_(newest)
        to_come = and_(releases.c.app_id.in_(mine), releases.c.status == ReleaseStatus.PENDING)
        living = select(releases.c.slug_id).where(or_(on_air, to_come))
        found = self._connection.execute(select(slugs.c.app_id, slugs.c.process_types).where(slugs.c.id.in_(living)))
        return {(app_id, process_type) for app_id, types in found for process_type in types}

    def _sizes(self, counts: Select[Any]) -> Counter[str]:
        return Counter({size: int(count) for size, count in self._connection.execute(counts)})


class EventRows(Rows[AuditEvent]):
    """The audit trail."""

    table = tables.events
    record = AuditEvent

    def list(self, app_id: str | None = None, *, limit: int = 100) -> Sequence[AuditEvent]:
        mine = [] if app_id is None else [self.table.c.app_id == app_id]
        return self._all(self._select(*mine).order_by(self.table.c.created_at.desc()).limit(limit))

    def window(self, window: Window, *, app_id: str | None = None, actor_id: str | None = None) -> Sequence[AuditEvent]:
        wanted = ((self.table.c.app_id, app_id), (self.table.c.actor_id, actor_id))
        return self._window(window, *(column == value for column, value in wanted if value is not None))

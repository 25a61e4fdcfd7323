"""In-memory twins of the repositories about people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from operator import attrgetter

from control.adapters.memory_state_rows import Data, MemoryRows, drop
from control.domain.accounts import Account, AuditEvent, Token
from control.domain.builds import BuildStatus
from control.domain.people import Collaborator, Transfer, TransferState, Usage
from control.domain.releases import ReleaseStatus
from control.ports.state import StateUnavailable
from control.ports.windows import Window, cut


class Accounts(MemoryRows[Account]):
    """Accounts and tokens."""

    def __init__(self, data: Data) -> None:
        super().__init__(data.accounts)
        self._data = data
        self._tokens = data.tokens

    def add(self, account: Account) -> None:
        if self.by_email(account.email):
            raise StateUnavailable(
                "The platform's database refused a change, so nothing was changed; see its log for why."
            )
        super().add(account)

    def by_email(self, email: str) -> Account | None:
        return next((each for each in self._rows.values() if each.email == email.lower()), None)

    def list(self) -> Sequence[Account]:
        return self._where(lambda _: True, key=lambda each: each.email)

    def remove(self, account_id: str) -> None:
        if any(each.owner_id == account_id for each in self._data.apps.values()):
            raise StateUnavailable(
                "The platform's database refused a change, so nothing was changed; see its log for why."
            )
        drop(self._tokens, lambda each: each.account_id == account_id)
        drop(self._data.collaborators, lambda each: each.account_id == account_id)
        drop(self._data.transfers, lambda each: account_id in (each.owner_id, each.recipient_id))
        self._rows.pop(account_id, None)

    def add_token(self, token: Token) -> None:
        self._tokens[token.id] = token

    def token_by_digest(self, digest: str) -> Token | None:
        return next((each for each in self._tokens.values() if each.digest == digest), None)

    def token(self, token_id: str) -> Token | None:
        return self._tokens.get(token_id)

    def tokens(self, account_id: str) -> Sequence[Token]:
        mine = (each for each in self._tokens.values() if each.account_id == account_id)
        return sorted(mine, key=lambda each: each.created_at)

    def remove_token(self, token_id: str) -> None:
        self._tokens.pop(token_id, None)


class Collaborators:
    """Collaborators."""

    def __init__(self, rows: dict[str, Collaborator]) -> None:
        self._rows = rows

    def save(self, collaborator: Collaborator) -> None:
        self.remove(collaborator.app_id, collaborator.account_id)
        self._rows[collaborator.id] = collaborator

    def find(self, app_id: str, account_id: str) -> Collaborator | None:
        return next((each for each in self.list(app_id) if each.account_id == account_id), None)

    def list(self, app_id: str) -> Sequence[Collaborator]:
        mine = [each for each in self._rows.values() if each.app_id == app_id]
        return sorted(mine, key=lambda each: (each.created_at, each.id))

    def remove(self, app_id: str, account_id: str) -> None:
        if found := self.find(app_id, account_id):
            del self._rows[found.id]


class Transfers:
    """Transfers."""

    def __init__(self, data: Data) -> None:
        self._data = data

    def add(self, transfer: Transfer) -> None:
        self._data.transfers[transfer.id] = transfer

    def save(self, transfer: Transfer) -> None:
        if transfer.id in self._data.transfers:
            self._data.transfers[transfer.id] = transfer

    def get(self, transfer_id: str) -> Transfer | None:
        return next((each for each in self._living() if each.id == transfer_id), None)

    def list(self, account_id: str) -> Sequence[Transfer]:
        return [each for each in self._living() if account_id in (each.owner_id, each.recipient_id)]

    def pending(self, app_id: str) -> Transfer | None:
        waiting = (each for each in self._living() if each.state is TransferState.PENDING)
        return next((each for each in waiting if each.app_id == app_id), None)

    def remove(self, transfer_id: str) -> None:
        self._data.transfers.pop(transfer_id, None)

    def _living(self) -> Sequence[Transfer]:
        apps = self._data.apps
        living = [each for each in self._data.transfers.values() if apps[each.app_id].destroyed_at is None]
        return sorted(living, key=lambda each: (each.created_at, each.id))


class Usages:
    """What accounts use."""

    def __init__(self, data: Data) -> None:
        self._data = data

    def of(self, owner_id: str) -> Usage:
        data = self._data
        mine = {app.id for app in data.apps.values() if app.owner_id == owner_id and app.destroyed_at is None}
        living = self._living_types()
        dynos: Counter[str] = Counter()
        for row in data.formations.values():
            if (row.app_id, row.type) in living and row.app_id in mine:
                dynos[row.size] += row.quantity
        for oneoff in data.oneoffs.values():
            if oneoff.app_id in mine and oneoff.ended_at is None:
                dynos[oneoff.size] += 1
        waiting = [each for each in data.builds.values() if each.status is BuildStatus.PENDING and each.app_id in mine]
        storage = sum(slug.size or 0 for slug in data.slugs.values() if slug.app_id in mine)
        return Usage(apps=len(mine), dynos=dict(+dynos), builds=len(waiting), storage=storage)

    def _living_types(self) -> set[tuple[str, str]]:
        """App and process type, of what is on the air or may take its place."""
        rows = self._data.releases.values()
        newest = Counter({each.app_id: 0 for each in rows})
        for each in rows:
            if each.status is ReleaseStatus.SUCCEEDED:
                newest[each.app_id] = max(newest[each.app_id], each.version)
        living = [each for each in rows if each.status is ReleaseStatus.PENDING or each.version == newest[each.app_id]]
        slugs = [slug for each in living if each.slug_id and (slug := self._data.slugs.get(each.slug_id))]
        return {(slug.app_id, process_type) for slug in slugs for process_type in slug.process_types}


class Events(MemoryRows[AuditEvent]):
    """The audit trail."""

    def list(self, app_id: str | None = None, *, limit: int = 100) -> Sequence[AuditEvent]:
        mine = self._where(lambda each: app_id in (None, each.app_id), key=lambda each: each.created_at)
        return mine[::-1][:limit]

    def window(self, window: Window, *, app_id: str | None = None, actor_id: str | None = None) -> Sequence[AuditEvent]:
        mine = [
            each for each in self._rows.values() if app_id in (None, each.app_id) and actor_id in (None, each.actor_id)
        ]
        return cut(mine, window, key=attrgetter(window.field), identity=attrgetter("id"))

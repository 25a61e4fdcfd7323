"""The repositories of the in-memory state store."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from operator import attrgetter
from typing import Any, Generic, Protocol, TypeVar

from control.domain.accounts import Account, AuditEvent, Token
from control.domain.app_setups import AppSetup
from control.domain.apps import App
from control.domain.builds import Build, BuildStatus
from control.domain.certificates import SniEndpoint
from control.domain.domains import Domain
from control.domain.formations import Formation
from control.domain.oneoffs import Oneoff
from control.domain.people import Collaborator, Transfer
from control.domain.releases import Release, ReleaseStatus
from control.domain.slugs import Slug
from control.ports.state import NameTaken, StateUnavailable
from control.ports.windows import Window, cut


class _Record(Protocol):
    @property
    def id(self) -> str: ...


R = TypeVar("R", bound=_Record)


@dataclass
class Data:
    """Everything there is."""

    accounts: dict[str, Account] = field(default_factory=dict)
    tokens: dict[str, Token] = field(default_factory=dict)
    apps: dict[str, App] = field(default_factory=dict)
    builds: dict[str, Build] = field(default_factory=dict)
    slugs: dict[str, Slug] = field(default_factory=dict)
    releases: dict[str, Release] = field(default_factory=dict)
    formations: dict[str, Formation] = field(default_factory=dict)
    events: dict[str, AuditEvent] = field(default_factory=dict)
    outputs: dict[str, bytes] = field(default_factory=dict)
    config_versions: dict[str, int] = field(default_factory=dict)
    collaborators: dict[str, Collaborator] = field(default_factory=dict)
    transfers: dict[str, Transfer] = field(default_factory=dict)
    oneoffs: dict[str, Oneoff] = field(default_factory=dict)
    app_setups: dict[str, AppSetup] = field(default_factory=dict)
    domains: dict[str, Domain] = field(default_factory=dict)
    sni_endpoints: dict[str, SniEndpoint] = field(default_factory=dict)

    def copy(self) -> Data:
        """Give a copy that shares the records, which never change."""
        return Data(**{name: dict(rows) for name, rows in vars(self).items()})


class MemoryRows(Generic[R]):
    """One kind of record, by id."""

    def __init__(self, rows: dict[str, R]) -> None:
        self._rows = rows

    def add(self, record: R) -> None:
        if record.id in self._rows:
            raise StateUnavailable(
                "The platform's database refused a change, so nothing was changed; see its log for why."
            )
        self._rows[record.id] = record

    def save(self, record: R) -> None:
        if record.id in self._rows:
            self._rows[record.id] = record

    def get(self, identity: str) -> R | None:
        return self._rows.get(identity)

    def of(self, ids: Collection[str]) -> Mapping[str, R]:
        return {each: self._rows[each] for each in ids if each in self._rows}

    def _where(self, condition: Callable[[R], bool], *, key: Callable[[R], Any]) -> list[R]:
        return sorted(filter(condition, self._rows.values()), key=key)


def drop(rows: dict[str, Any], condition: Callable[[Any], bool]) -> None:
    """Delete the rows that meet a condition."""
    for key in [key for key, each in rows.items() if condition(each)]:
        del rows[key]


def _last(rows: Iterable[R]) -> R | None:
    found = list(rows)
    return found[-1] if found else None


class Apps(MemoryRows[App]):
    """Apps."""

    def __init__(self, data: Data) -> None:
        super().__init__(data.apps)
        self._data = data

    def add(self, app: App) -> None:
        self._demand_free(app)
        super().add(app)

    def save(self, app: App) -> None:
        self._demand_free(app)
        if now := self._rows.get(app.id):
            self._rows[app.id] = replace(
                app,
                desired_generation=now.desired_generation,
                applied_generation=now.applied_generation,
                applied_modify_index=now.applied_modify_index,
            )

    def _demand_free(self, app: App) -> None:
        if app.destroyed_at is None and any(each.name == app.name and each.id != app.id for each in self.list()):
            raise NameTaken(app.name)

    def get(self, app_id: str) -> App | None:
        app = self._rows.get(app_id)
        return app if app and app.destroyed_at is None else None

    def find(self, id_or_name: str) -> App | None:
        return next((each for each in self.list() if id_or_name in (each.id, each.name)), None)

    def list(self, *, owner_id: str | None = None) -> Sequence[App]:
        return self._where(
            lambda each: each.destroyed_at is None and owner_id in (None, each.owner_id), key=lambda each: each.name
        )

    def window(self, window: Window, *, owner_id: str | None = None, shared: bool = False) -> Sequence[App]:
        also = {each.app_id for each in self._data.collaborators.values() if shared and each.account_id == owner_id}
        seen = [each for each in self.list() if owner_id in (None, each.owner_id) or each.id in also]
        return cut(seen, window, key=attrgetter(window.field), identity=attrgetter("id"))

    def destroyed(self) -> Sequence[App]:
        return self._where(lambda each: each.destroyed_at is not None, key=lambda each: each.destroyed_at)

    def behind(self) -> Sequence[App]:
        return [each for each in self.list() if each.applied_generation < each.desired_generation]

    def waking(self) -> Sequence[App]:
        return sorted((each for each in self.list() if each.waking), key=lambda each: str(each.woken_at))

    def touch(self, app_id: str) -> None:
        if app := self._rows.get(app_id):
            self._rows[app_id] = replace(app, desired_generation=app.desired_generation + 1)

    def applied(self, app_id: str, *, generation: int, modify_index: int) -> None:
        if app := self._rows.get(app_id):
            self._rows[app_id] = replace(app, applied_generation=generation, applied_modify_index=modify_index)

    def next_config_version(self, app_id: str) -> int:
        given = self._data.config_versions[app_id] = self._data.config_versions.get(app_id, 0) + 1
        return given

    def remove(self, app_id: str) -> None:
        for owners in (self._data.builds, self._data.releases):
            for owner in [each for each in owners.values() if each.app_id == app_id]:
                self._data.outputs.pop(owner.id, None)
        tables: tuple[dict[str, Any], ...] = (
            self._data.builds,
            self._data.releases,
            self._data.slugs,
            self._data.formations,
            self._data.collaborators,
            self._data.transfers,
            self._data.oneoffs,
            self._data.app_setups,
            self._data.domains,
            self._data.sni_endpoints,
        )
        for rows in tables:
            drop(rows, lambda each: each.app_id == app_id)
        self._rows.pop(app_id, None)
        self._data.config_versions.pop(app_id, None)


class Builds(MemoryRows[Build]):
    """Builds."""

    def list(self, app_id: str) -> Sequence[Build]:
        return self._where(lambda each: each.app_id == app_id, key=lambda each: each.created_at)

    def pending(self) -> Sequence[Build]:
        return self._where(lambda each: each.status is BuildStatus.PENDING, key=lambda each: (each.created_at, each.id))


class Slugs(MemoryRows[Slug]):
    """Slugs."""

    def list(self, app_id: str) -> Sequence[Slug]:
        return self._where(lambda each: each.app_id == app_id, key=lambda each: each.created_at)

    def drop(self, slug_id: str) -> None:
        self._rows.pop(slug_id, None)

    def by_build_key(self, app_id: str, build_key: str) -> Slug | None:
        same = self._where(
            lambda each: each.app_id == app_id and each.build_key == build_key, key=lambda each: each.created_at
        )
        return _last(same)


class Releases(MemoryRows[Release]):
    """Releases."""

    def add(self, release: Release) -> None:
        if self.by_version(release.app_id, release.version):
            raise StateUnavailable(
                "The platform's database refused a change, so nothing was changed; see its log for why."
            )
        super().add(release)

    def by_version(self, app_id: str, version: int) -> Release | None:
        return next((each for each in self.list(app_id) if each.version == version), None)

    def list(self, app_id: str) -> Sequence[Release]:
        return self._where(lambda each: each.app_id == app_id, key=lambda each: each.version)

    def latest(self, app_id: str) -> Release | None:
        return _last(self.list(app_id))

    def current(self, app_id: str) -> Release | None:
        return _last(each for each in self.list(app_id) if each.status is ReleaseStatus.SUCCEEDED)

    def current_of(self, app_ids: Collection[str]) -> Mapping[str, Release]:
        found = ((app_id, self.current(app_id)) for app_id in app_ids)
        return {app_id: release for app_id, release in found if release}

    def base(self, app_id: str) -> Release | None:
        good = (ReleaseStatus.SUCCEEDED, ReleaseStatus.PENDING)
        return _last(each for each in self.list(app_id) if each.status in good)

    def pending(self) -> Sequence[Release]:
        return self._where(
            lambda each: each.status is ReleaseStatus.PENDING,
            key=lambda each: (each.created_at, each.app_id, each.version),
        )


class Formations(MemoryRows[Formation]):
    """Formations."""

    def save(self, formation: Formation) -> None:
        self.remove(formation.app_id, formation.type)
        self._rows[formation.id] = formation

    def list(self, app_id: str) -> Sequence[Formation]:
        return self._where(lambda each: each.app_id == app_id, key=lambda each: each.type)

    def remove(self, app_id: str, process_type: str) -> None:
        for key in [key for key, each in self._rows.items() if (each.app_id, each.type) == (app_id, process_type)]:
            del self._rows[key]


class Outputs:
    """What builds and release phases print."""

    def __init__(self, pieces: dict[str, bytes]) -> None:
        self._pieces = pieces

    def append(self, owner_id: str, text: str) -> None:
        self._pieces[owner_id] = self._pieces.get(owner_id, b"") + text.encode(errors="replace")

    def read(self, owner_id: str, *, offset: int = 0) -> bytes:
        return self._pieces.get(owner_id, b"")[offset:]

    def size(self, owner_id: str) -> int:
        return len(self._pieces.get(owner_id, b""))

    def drop(self, owner_id: str) -> None:
        self._pieces.pop(owner_id, None)

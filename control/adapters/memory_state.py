"""In-memory twin of the state store: the same rows in dictionaries, copied for each unit of work."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Self

from control.adapters import memory_people_rows as people
from control.adapters import memory_state_rows as rows
from control.adapters.holds import Holds
from control.adapters.memory_domain_rows import Domains, SniEndpoints
from control.adapters.memory_dyno_rows import Oneoffs
from control.ports.state import (
    Accounts,
    Apps,
    Builds,
    Events,
    Formations,
    Outputs,
    Releases,
    Slugs,
    StateUnavailable,
    UnitOfWork,
)
from control.ports.state_domains import Domains as DomainsPort
from control.ports.state_domains import SniEndpoints as SniEndpointsPort
from control.ports.state_oneoffs import Oneoffs as OneoffsPort
from control.ports.state_people import Collaborators, Transfers, Usages
from control.ports.state_setups import AppSetups


class MemoryState:
    """State in memory. `down` makes every call fail."""

    def __init__(self) -> None:
        self.down = False
        self._data = rows.Data()
        self._writing = threading.Lock()
        self._holds = Holds()
        self._commits = 0

    def begin(self) -> UnitOfWork:
        return MemoryUnitOfWork(self, writes=True)

    def view(self) -> UnitOfWork:
        return MemoryUnitOfWork(self, writes=False)

    @contextmanager
    def hold(self, key: str) -> Iterator[bool]:
        self._check()
        with self._holds.hold(key) as ours:
            yield ours

    def mark(self) -> str:
        self._check()
        return str(self._commits)

    def ping(self) -> None:
        self._check()

    def _check(self) -> None:
        if self.down:
            raise StateUnavailable(
                "The platform's database does not answer, so nothing was changed; try again in a minute."
            )


class MemoryUnitOfWork:
    """One transaction over a copy of everything."""

    accounts: Accounts
    apps: Apps
    builds: Builds
    slugs: Slugs
    releases: Releases
    formations: Formations
    events: Events
    outputs: Outputs
    collaborators: Collaborators
    transfers: Transfers
    usages: Usages
    oneoffs: OneoffsPort
    app_setups: AppSetups
    domains: DomainsPort
    sni_endpoints: SniEndpointsPort

    def __init__(self, store: MemoryState, *, writes: bool) -> None:
        self._store = store
        self._writes = writes

    def __enter__(self) -> Self:
        self._store._check()  # noqa: SLF001 - two halves of one thing
        if self._writes and not self._store._writing.acquire(timeout=5):  # noqa: SLF001
            raise StateUnavailable("Another unit of work holds the write lock; end it before you begin this one.")
        self._data = data = self._store._data.copy()  # noqa: SLF001
        self.accounts = people.Accounts(data)
        self.apps = rows.Apps(data)
        self.builds = rows.Builds(data.builds)
        self.slugs = rows.Slugs(data.slugs)
        self.releases = rows.Releases(data.releases)
        self.formations = rows.Formations(data.formations)
        self.events = people.Events(data.events)
        self.outputs = rows.Outputs(data.outputs)
        self.collaborators = people.Collaborators(data.collaborators)
        self.transfers = people.Transfers(data)
        self.usages = people.Usages(data)
        self.oneoffs = Oneoffs(data.oneoffs)
        self.app_setups = rows.MemoryRows(data.app_setups)
        self.domains = Domains(data.domains)
        self.sni_endpoints = SniEndpoints(data.sni_endpoints)
        return self

    def __exit__(self, *_exc_info: object) -> None:
        if self._writes:
            self._store._writing.release()  # noqa: SLF001

    def commit(self) -> None:
        self._store._check()  # noqa: SLF001
        if not self._writes:
            raise StateUnavailable("A unit of work that only reads cannot be committed.")
        self._store._data = self._data.copy()  # noqa: SLF001
        self._store._commits += 1  # noqa: SLF001

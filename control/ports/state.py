"""The platform's own rows: one unit of work around every change.

`with store.begin() as work:` … `work.commit()`. Leaving without commit undoes everything. Reads inside one unit of work
see one state. Repositories return frozen domain objects; `save` takes a `dataclasses.replace`d one.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol, Self

from control.domain.accounts import Account, AuditEvent, Token
from control.domain.apps import App
from control.domain.builds import Build
from control.domain.formations import Formation
from control.domain.releases import Release
from control.domain.slugs import Slug
from control.ports.errors import PortError
from control.ports.state_domains import Domains, SniEndpoints
from control.ports.state_oneoffs import Oneoffs
from control.ports.state_people import Collaborators, Transfers, Usages
from control.ports.state_setups import AppSetups
from control.ports.windows import Window


class StateUnavailable(PortError):
    """The database does not answer."""


class NameTaken(Exception):
    """An app of that name exists."""


class Accounts(Protocol):
    """Accounts and tokens."""

    def add(self, account: Account, /) -> None: ...
    def save(self, account: Account, /) -> None: ...
    def get(self, account_id: str, /) -> Account | None: ...
    def by_email(self, email: str) -> Account | None:
        """By e-mail address, whatever its case."""
        ...

    def list(self) -> Sequence[Account]:
        """All, by e-mail address."""
        ...

    def of(self, account_ids: Collection[str]) -> Mapping[str, Account]:
        """Those that there are, by id; one query."""
        ...

    def remove(self, account_id: str) -> None:
        """Delete an account that owns no app, with its tokens, its collaborations and its transfers."""
        ...

    def add_token(self, token: Token) -> None: ...
    def token_by_digest(self, digest: str) -> Token | None: ...
    def token(self, token_id: str) -> Token | None: ...
    def tokens(self, account_id: str) -> Sequence[Token]: ...
    def remove_token(self, token_id: str) -> None: ...


class Apps(Protocol):
    """Apps. Destroyed ones whose remains the worker has not yet removed are seen by `destroyed` alone."""

    def add(self, app: App, /) -> None:
        """Raises NameTaken."""
        ...

    def save(self, app: App, /) -> None:
        """Write all but what `touch` and `applied` alone change. Raises NameTaken."""
        ...

    def get(self, app_id: str, /) -> App | None: ...
    def find(self, id_or_name: str) -> App | None: ...
    def of(self, app_ids: Collection[str]) -> Mapping[str, App]:
        """Those that there are, by id, destroyed ones too; one query."""
        ...

    def list(self, *, owner_id: str | None = None) -> Sequence[App]: ...
    def window(self, window: Window, *, owner_id: str | None = None, shared: bool = False) -> Sequence[App]:
        """A window on the list, by `id`, `name` or `updated_at`, with one row more when more follow.

        All apps, or one owner's; `shared` adds those that the owner is a collaborator of.
        """
        ...

    def destroyed(self) -> Sequence[App]: ...

    def behind(self) -> Sequence[App]:
        """Apps whose `applied_generation` is less than `desired_generation`; one indexed query."""
        ...

    def waking(self) -> Sequence[App]:
        """Apps that were woken and whose boot nobody has judged, the first woken first; one indexed query."""
        ...

    def touch(self, app_id: str) -> None:
        """Raise `desired_generation` by one: what should run has changed."""
        ...

    def applied(self, app_id: str, *, generation: int, modify_index: int) -> None:
        """The scheduler has this generation, as this version of the job (JobSummary.modify_index)."""
        ...

    def next_config_version(self, app_id: str) -> int:
        """Give out a config version number that was given out before, counting from 1."""
        ...

    def remove(self, app_id: str) -> None:
        """Delete the row and every row that hangs on it."""
        ...


class Builds(Protocol):
    """Builds and what they printed."""

    def add(self, build: Build, /) -> None: ...
    def save(self, build: Build, /) -> None: ...
    def get(self, build_id: str, /) -> Build | None: ...
    def list(self, app_id: str) -> Sequence[Build]: ...

    def pending(self) -> Sequence[Build]:
        """All that have not ended, oldest first, running ones included; one indexed query."""
        ...


class Slugs(Protocol):
    """Slugs."""

    def add(self, slug: Slug, /) -> None: ...
    def save(self, slug: Slug, /) -> None: ...
    def get(self, slug_id: str, /) -> Slug | None: ...
    def list(self, app_id: str) -> Sequence[Slug]: ...

    def drop(self, slug_id: str) -> None:
        """Delete the row; releases that named it have no slug from then on."""
        ...

    def of(self, slug_ids: Collection[str]) -> Mapping[str, Slug]:
        """Those that there are, by id; one query."""
        ...

    def by_build_key(self, app_id: str, build_key: str) -> Slug | None: ...


class Releases(Protocol):
    """Releases."""

    def add(self, release: Release, /) -> None: ...
    def save(self, release: Release, /) -> None: ...
    def get(self, release_id: str, /) -> Release | None: ...
    def by_version(self, app_id: str, version: int) -> Release | None: ...
    def list(self, app_id: str) -> Sequence[Release]: ...

    def latest(self, app_id: str) -> Release | None:
        """The one with the highest version, whatever became of it."""
        ...

    def current(self, app_id: str) -> Release | None:
        """The newest that succeeded: what should run."""
        ...

    def current_of(self, app_ids: Collection[str]) -> Mapping[str, Release]:
        """The current releases of several apps, by app; one query."""
        ...

    def base(self, app_id: str) -> Release | None:
        """What the next change starts from: the newest that succeeded or is pending."""
        ...

    def pending(self) -> Sequence[Release]:
        """All pending ones of every app, oldest first; one indexed query."""
        ...


class Formations(Protocol):
    """Formations."""

    def save(self, formation: Formation, /) -> None:
        """Insert or replace, by (app_id, type)."""
        ...

    def list(self, app_id: str) -> Sequence[Formation]: ...
    def remove(self, app_id: str, process_type: str) -> None: ...


class Events(Protocol):
    """The audit trail."""

    def add(self, event: AuditEvent, /) -> None: ...
    def list(self, app_id: str | None = None, *, limit: int = 100) -> Sequence[AuditEvent]: ...
    def window(self, window: Window, *, app_id: str | None = None, actor_id: str | None = None) -> Sequence[AuditEvent]:
        """A window on the trail, by `created_at` or `id`, with one row more when more follow."""
        ...


class Outputs(Protocol):
    """Text that builds and release phases print, kept by the id of the build or release.

    It comes and is read in pieces while it grows: `append` adds one, `read` gives everything from a byte offset.
    """

    def append(self, owner_id: str, text: str) -> None: ...
    def read(self, owner_id: str, *, offset: int = 0) -> bytes: ...
    def size(self, owner_id: str) -> int: ...
    def drop(self, owner_id: str) -> None: ...


class UnitOfWork(Protocol):
    """One transaction."""

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
    oneoffs: Oneoffs
    app_setups: AppSetups
    domains: Domains
    sni_endpoints: SniEndpoints

    def __enter__(self) -> Self: ...
    def __exit__(self, *exc_info: object) -> None: ...
    def commit(self) -> None: ...


class StateStore(Protocol):
    """Where units of work begin. Every method, also of units of work, raises StateUnavailable."""

    def begin(self) -> UnitOfWork:
        """A unit of work that may write. One at a time in the whole platform, so call no other port inside it."""
        ...

    def view(self) -> UnitOfWork:
        """A unit of work that only reads: it waits for no writer and makes none wait."""
        ...

    def hold(self, key: str) -> AbstractContextManager[bool]:
        """Hold a key until the block is left: True for one thread of one process on this database at a time.

        Never waits. What a dead process held is free at once. A key that two hold because the database was away is
        possible, so what is done under one still compares before it writes.
        """
        ...

    def mark(self) -> str:
        """A text that differs after every commit of anybody: while it stays the same, no query finds anything new."""
        ...

    def ping(self) -> None:
        """Return when the database answers."""
        ...

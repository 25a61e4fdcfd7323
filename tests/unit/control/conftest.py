"""A whole control plane on in-memory ports."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from argon2 import PasswordHasher

from control.adapters.memory import (
    ManualClock,
    MemoryBlobs,
    MemoryCatalog,
    MemoryEdge,
    MemoryNode,
    MemoryScheduler,
    MemoryVault,
)
from control.domain.accounts import Account
from control.domain.apps import App
from control.domain.builds import Build, BuildStatus
from control.domain.releases import Release, ReleaseStatus
from control.domain.slugs import Slug
from control.ports.bundle import Ports
from control.ports.state import StateStore
from control.services.accounts import Passwords, create_token, ensure_admin
from control.services.actor import Actor
from control.services.apps import CreateApp
from control.services.releases import create_release
from control.settings import Secret, Servers, Settings
from jobs import dyno, names
from jobs.dyno import DynoSpec, ProcessSpec
from jobs.spec import AppRef, Site

PASSWORD = "correct horse battery"


@dataclass
class Plane:
    """Every twin by its own type, so that a test can reach their controls, and what the worker would do."""

    clock: ManualClock
    scheduler: MemoryScheduler
    vault: MemoryVault
    catalog: MemoryCatalog
    blobs: MemoryBlobs
    node: MemoryNode
    edge: MemoryEdge
    state: StateStore
    settings: Settings
    passwords: Passwords

    @property
    def ports(self) -> Ports:
        return Ports(
            scheduler=self.scheduler,
            vault=self.vault,
            catalog=self.catalog,
            blobs=self.blobs,
            node=self.node,
            edge=self.edge,
            clock=self.clock,
            state=self.state,
        )

    def account(self, email: str, *, admin: bool = False) -> Account:
        account, _ = ensure_admin(self.state, self.clock, self.passwords, email=email, password=PASSWORD)
        account = replace(account, admin=admin)
        with self.state.begin() as work:
            work.accounts.save(account)
            work.commit()
        return account

    def actor(self, email: str, *, admin: bool = False) -> Actor:
        return Actor(account=self.account(email, admin=admin), remote="192.0.2.1")

    def token(self, account: Account) -> str:
        with self.state.begin() as work:
            _, secret = create_token(work, self.clock, account, description="test")
            work.commit()
        return secret

    def slug(self, app: App, process_types: dict[str, str] | None = None) -> Slug:
        slug = Slug(
            id=str(uuid4()),
            app_id=app.id,
            sha256=uuid4().hex * 2,
            size=2048,
            process_types=process_types or {"web": "python app.py"},
            stack=app.stack,
            created_at=self.clock.now(),
            updated_at=self.clock.now(),
            buildpack_provided_description="Python",
        )
        with self.state.begin() as work:
            work.slugs.add(slug)
            work.commit()
        return slug

    def deploy(
        self,
        app: App,
        process_types: dict[str, str] | None = None,
        *,
        status: ReleaseStatus = ReleaseStatus.SUCCEEDED,
    ) -> Release:
        """What the worker does at the end of a build, and of a rollout."""
        slug = self.slug(app, process_types)
        with self.state.begin() as work:
            release = create_release(
                work,
                now=self.clock.now(),
                app_id=app.id,
                slug=slug,
                description=f"Deploy {slug.id[:8]}",
                user_id=app.owner_id,
            )
            work.commit()
        return self.end(release, status)

    def end(self, release: Release, status: ReleaseStatus = ReleaseStatus.SUCCEEDED) -> Release:
        release = replace(release, status=status)
        with self.state.begin() as work:
            work.releases.save(release)
            work.commit()
        return release

    def settle(self) -> None:
        """End every pending release well."""
        with self.state.view() as work:
            pending = work.releases.pending()
        for release in pending:
            self.end(release)

    def end_build(self, build_id: str, status: BuildStatus, **changes: Any) -> Build:
        with self.state.begin() as work:
            build = work.builds.get(build_id)
            assert build is not None
            build = replace(build, status=status, **changes)
            work.builds.save(build)
            work.commit()
        return build

    def run(self, app: App) -> None:
        """Submit the job of the app's current release, as the worker does."""
        with self.state.view() as work:
            release = work.releases.base(app.id)
            assert release is not None
            assert release.slug_id is not None
            slug = work.slugs.get(release.slug_id)
            assert slug is not None
            rows = [row for row in work.formations.list(app.id) if row.type in slug.scalable_types]
            app = work.apps.get(app.id) or app
        spec = DynoSpec(
            app=AppRef(id=app.id, name=app.name, stack=app.stack),
            release_version=release.version,
            slug_sha256=slug.sha256 or "",
            config_version=release.config_version,
            processes=tuple(
                ProcessSpec(type=row.type, command=slug.process_types[row.type], quantity=row.quantity, size=row.size)
                for row in rows
            ),
            restart_nonce=app.restart_nonce,
            boot_timeout_s=60,
        )
        self.scheduler.submit(dyno.build(spec, Site(artifacts_url="http://127.0.0.1:9")))

    def job_id(self, app: App) -> str:
        return names.app_job_id(app.id)

    def log(self, app: App) -> list[str]:
        return [line.split(" ", 1)[1] for line in self.node.lines.get(app.id, [])]


@pytest.fixture
def plane(state: StateStore) -> Plane:
    clock, catalog = ManualClock(), MemoryCatalog()
    return Plane(
        clock=clock,
        scheduler=MemoryScheduler(clock=clock),
        vault=MemoryVault(),
        catalog=catalog,
        blobs=MemoryBlobs(),
        node=MemoryNode(clock=clock),
        edge=MemoryEdge(catalog),
        state=state,
        settings=Settings(
            home=Path("/nonexistent"),
            database_url="sqlite://",
            servers=Servers(signing_secret=Secret("signed")),
        ),
        passwords=Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)),
    )


@pytest.fixture
def ada(plane: Plane) -> Actor:
    return plane.actor("ada@example.com")


@pytest.fixture
def make_app(plane: Plane, ada: Actor) -> Callable[..., App]:
    def make(name: str = "quiet-harbor", actor: Actor | None = None) -> App:
        return CreateApp(ports=plane.ports)(actor or ada, name=name)

    return make


@pytest.fixture
def app(make_app: Callable[..., App]) -> App:
    return make_app()

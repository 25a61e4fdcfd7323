"""A whole platform in memory, with time that a test makes."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from uuid import uuid4

import pytest

from control.adapters.memory import (
    ManualClock,
    MemoryBlobs,
    MemoryCatalog,
    MemoryEdge,
    MemoryNode,
    MemoryScheduler,
    MemoryVault,
)
from control.adapters.memory_state import MemoryState
from control.domain.accounts import Account
from control.domain.apps import App
from control.domain.builds import Build, BuildStatus, upload_url
from control.domain.releases import Release
from control.domain.slugs import Slug
from control.ports.bundle import Ports
from control.ports.state import StateStore
from control.services.releases import create_release
from control.settings import Secret, Servers, Settings
from control.worker.attend import Attend
from control.worker.builds import Builder
from control.worker.crew import Crew
from control.worker.reconcile import Reconcile
from control.worker.stack_roll import StackRoll
from jobs import names
from jobs.spec import Site

SITE = Site(artifacts_url="http://127.0.0.1:8085", dyno_uid=997)


class ScriptedClock(ManualClock):
    """Each time somebody waits, the next thing happens."""

    def __init__(self) -> None:
        super().__init__()
        self.script: list[Callable[[], object]] = []

    def wait(self, seconds: float) -> None:
        super().wait(seconds)
        if self.script:
            self.script.pop(0)()
        elif self.monotonic() > 10_000:
            raise AssertionError("nothing more happens, and somebody still waits")


@dataclass
class World:
    """The platform, and short ways to make things in it."""

    ports: Ports
    clock: ScriptedClock
    scheduler: MemoryScheduler
    vault: MemoryVault
    catalog: MemoryCatalog
    blobs: MemoryBlobs
    node: MemoryNode
    settings: Settings
    owner: Account
    rolling: set[str] = field(default_factory=set)

    @property
    def attend(self) -> Attend:
        """The worker's loop over apps."""
        return Attend(ports=self.ports, settings=self.settings, site=SITE, crew=Crew("app", 1))

    @property
    def builder(self) -> Builder:
        """What runs one build."""
        return Builder(ports=self.ports, settings=self.settings, site=SITE)

    @property
    def reconcile(self) -> Reconcile:
        """The repair loop."""
        return Reconcile(ports=self.ports, settings=self.settings, roll=self.roll)

    @property
    def roll(self) -> StackRoll:
        """What brings apps to another version of their stack."""
        return StackRoll(ports=self.ports, settings=self.settings, _on_their_way=self.rolling)

    def app(self, name: str = "example") -> App:
        """A new app."""
        now = self.clock.now()
        app = App(
            id=str(uuid4()),
            name=name,
            owner_id=self.owner.id,
            stack="nomapaas-13",
            region="local",
            maintenance=False,
            created_at=now,
            updated_at=now,
        )
        with self.ports.state.begin() as work:
            work.apps.add(app)
            work.commit()
        return app

    def slug(self, app: App, **process_types: str) -> Slug:
        """A slug that was built."""
        now = self.clock.now()
        slug = Slug(
            id=str(uuid4()),
            app_id=app.id,
            sha256="ab" * 32,
            size=10,
            process_types=process_types or {"web": "serve"},
            stack=app.stack,
            created_at=now,
            updated_at=now,
        )
        with self.ports.state.begin() as work:
            work.slugs.add(slug)
            work.commit()
        return slug

    def release(self, app: App, slug: Slug | None = None, *, config_version: int | None = None) -> Release:
        """A new release."""
        with self.ports.state.begin() as work:
            release = create_release(
                work,
                now=self.clock.now(),
                app_id=app.id,
                slug=slug,
                config_version=config_version,
                description="Deploy",
                user_id=self.owner.id,
            )
            work.commit()
        return release

    def on_air(self, app: App, **process_types: str) -> Release:
        """A release that has booted."""
        release = self.release(app, self.slug(app, **process_types))
        self.clock.script = [lambda: self.scheduler.pass_health(app.id)]
        self.attend.attend(app.id)
        return self.fresh(release)

    def latest(self, app: App) -> App:
        """The app as it is now."""
        with self.ports.state.view() as work:
            found = work.apps.get(app.id)
        assert found is not None
        return found

    def build(self, app: App, source: bytes = b"source") -> Build:
        """A pending build of an uploaded source."""
        now = self.clock.now()
        source_id = str(uuid4())
        self.blobs.write(names.SOURCES_BUCKET, names.source_key(source_id), [source])
        build = Build(
            id=str(uuid4()),
            app_id=app.id,
            user_id=self.owner.id,
            status=BuildStatus.PENDING,
            source_url=upload_url(source_id),
            source_checksum=None,
            source_version=None,
            stack=app.stack,
            created_at=now,
            updated_at=now,
        )
        with self.ports.state.begin() as work:
            work.builds.add(build)
            work.commit()
        return build

    def fresh(self, release: Release) -> Release:
        """The release as it is now."""
        with self.ports.state.view() as work:
            found = work.releases.get(release.id)
        assert found is not None
        return found

    def fresh_build(self, build: Build) -> Build:
        """The build as it is now."""
        with self.ports.state.view() as work:
            found = work.builds.get(build.id)
        assert found is not None
        return found

    def scale(self, app: App, process_type: str, quantity: int) -> None:
        """Change the formation."""
        with self.ports.state.begin() as work:
            row = next(row for row in work.formations.list(app.id) if row.type == process_type)
            work.formations.save(replace(row, quantity=quantity))
            work.apps.touch(app.id)
            work.commit()


def slug_bytes() -> bytes:
    """A slug as a build leaves it."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        folder = tarfile.TarInfo("./app")
        folder.type = tarfile.DIRTYPE
        archive.addfile(folder)
    return file.getvalue()


@pytest.fixture
def slug_archive() -> bytes:
    """The same, for tests."""
    return slug_bytes()


def _world(state: StateStore) -> World:
    clock = ScriptedClock()
    scheduler, node = MemoryScheduler(clock=clock), MemoryNode(clock=clock)
    vault, catalog, blobs = MemoryVault(), MemoryCatalog(), MemoryBlobs()
    now = clock.now()
    owner = Account(
        id=str(uuid4()),
        email="a@example.com",
        name="A",
        password_hash="",
        admin=True,
        created_at=now,
        updated_at=now,
    )
    with state.begin() as work:
        work.accounts.add(owner)
        work.commit()
    return World(
        ports=Ports(
            scheduler=scheduler,
            vault=vault,
            catalog=catalog,
            blobs=blobs,
            node=node,
            edge=MemoryEdge(catalog),
            clock=clock,
            state=state,
        ),
        clock=clock,
        scheduler=scheduler,
        vault=vault,
        catalog=catalog,
        blobs=blobs,
        node=node,
        settings=Settings(
            home=Path("/nowhere"), database_url="", servers=Servers(signing_secret=Secret("secret")), boot_timeout=60
        ),
        owner=owner,
    )


@pytest.fixture
def make_world() -> Callable[..., World]:
    """Makes platforms where nothing has happened yet, in memory unless a database is given."""
    return lambda state=None: _world(state or MemoryState())


@pytest.fixture
def world(make_world: Callable[..., World], state: StateStore) -> World:
    """A platform where nothing has happened yet."""
    return make_world(state)

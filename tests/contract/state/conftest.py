"""The state stores under test, and records to put into them."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from control.adapters.memory_state import MemoryState
from control.adapters.state_store import SqlStateStore
from control.domain.accounts import Account
from control.domain.apps import App
from control.domain.builds import Build, BuildStatus
from control.domain.formations import Formation
from control.domain.releases import Release, ReleaseStatus
from control.domain.slugs import Slug
from control.ports.state import StateStore

NOW = datetime(2026, 1, 2, 3, 4, 5, 678900, tzinfo=UTC)


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
def store(request: pytest.FixtureRequest) -> StateStore:
    """One of the three, empty."""
    if request.param == "memory":
        return MemoryState()
    found: SqlStateStore = request.getfixturevalue(f"{request.param}_store")
    return found


@pytest.fixture(params=["sqlite", "postgresql"])
def sql(request: pytest.FixtureRequest) -> SqlStateStore:
    """One of the two databases, empty."""
    found: SqlStateStore = request.getfixturevalue(f"{request.param}_store")
    return found


class Records:
    """Makes records with sensible fields."""

    now = NOW

    def account(self, **changes: object) -> Account:
        account = Account(
            id=str(uuid4()),
            email="ada@example.com",
            name="Ada",
            password_hash="argon",
            admin=False,
            created_at=NOW,
            updated_at=NOW,
        )
        return replace(account, **changes)

    def app(self, owner: Account, name: str = "quiet-harbor", **changes: object) -> App:
        app = App(
            id=str(uuid4()),
            name=name,
            owner_id=owner.id,
            stack="nomapaas-13",
            region="us",
            maintenance=False,
            created_at=NOW,
            updated_at=NOW,
        )
        return replace(app, **changes)

    def release(
        self, app: App, version: int, status: ReleaseStatus = ReleaseStatus.PENDING, **changes: object
    ) -> Release:
        release = Release(
            id=str(uuid4()),
            app_id=app.id,
            version=version,
            status=status,
            description=f"Deploy {version}",
            user_id=app.owner_id,
            slug_id=None,
            config_version=0,
            created_at=NOW + timedelta(seconds=version),
            updated_at=NOW,
        )
        return replace(release, **changes)

    def build(self, app: App, second: int = 0, **changes: object) -> Build:
        build = Build(
            id=str(uuid4()),
            app_id=app.id,
            user_id=app.owner_id,
            status=BuildStatus.PENDING,
            source_url="source:1",
            source_checksum=None,
            source_version="v1",
            stack="nomapaas-13",
            created_at=NOW + timedelta(seconds=second),
            updated_at=NOW,
        )
        return replace(build, **changes)

    def slug(self, app: App, **changes: object) -> Slug:
        slug = Slug(
            id=str(uuid4()),
            app_id=app.id,
            sha256="a" * 64,
            size=10,
            process_types={"web": "python app.py"},
            stack="nomapaas-13",
            created_at=NOW,
            updated_at=NOW,
        )
        return replace(slug, **changes)

    def formation(self, app: App, **changes: Any) -> Formation:
        formation = Formation(
            id=str(uuid4()),
            app_id=app.id,
            type="web",
            quantity=1,
            size="free",
            command="a",
            created_at=NOW,
            updated_at=NOW,
        )
        return replace(formation, **changes)


@pytest.fixture
def records() -> Records:
    return Records()


@pytest.fixture
def owner(store: StateStore, records: Records) -> Account:
    account = records.account()
    with store.begin() as work:
        work.accounts.add(account)
        work.commit()
    return account


@pytest.fixture
def app(store: StateStore, owner: Account, records: Records) -> App:
    app = records.app(owner)
    with store.begin() as work:
        work.apps.add(app)
        work.commit()
    return app

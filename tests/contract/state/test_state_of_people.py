"""The state port, continued: accounts, collaborators, transfers, what accounts use, and windows on lists."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from control.domain.accounts import Account, AuditEvent, Token
from control.domain.apps import App
from control.domain.builds import BuildStatus
from control.domain.people import Collaborator, Transfer, TransferState, Usage
from control.domain.permissions import Permission, Scope
from control.domain.releases import ReleaseStatus
from control.ports.state import StateStore, StateUnavailable
from control.ports.windows import Mark, Window


@pytest.fixture
def bob(store: StateStore, records: Any) -> Account:
    account: Account = records.account(email="bob@example.com", quota={"apps": 7})
    with store.begin() as work:
        work.accounts.add(account)
        work.commit()
    return account


def _share(app: App, account: Account, permission: Permission = Permission.VIEW) -> Collaborator:
    return Collaborator(
        id=str(uuid4()),
        app_id=app.id,
        account_id=account.id,
        permission=permission,
        created_at=app.created_at,
        updated_at=app.created_at,
    )


def _offer(app: App, recipient: Account) -> Transfer:
    return Transfer(
        id=str(uuid4()),
        app_id=app.id,
        owner_id=app.owner_id,
        recipient_id=recipient.id,
        state=TransferState.PENDING,
        created_at=app.created_at,
        updated_at=app.created_at,
    )


def test_accounts_are_listed_and_removed(store: StateStore, owner: Account, bob: Account, app: App) -> None:
    """Removing an account takes its tokens, collaborations and transfers; one that owns an app stays."""
    token = Token(
        id=str(uuid4()),
        account_id=bob.id,
        description="ci",
        digest="d" * 64,
        created_at=app.created_at,
        scopes=(Scope.READ, Scope.WRITE),
    )
    with store.begin() as work:
        work.accounts.add_token(token)
        work.collaborators.save(_share(app, bob))
        work.transfers.add(_offer(app, bob))
        work.commit()
    with store.begin() as work:
        assert [owner, bob] == list(work.accounts.list())
        assert {owner.id: owner, bob.id: bob} == dict(work.accounts.of([owner.id, bob.id, str(uuid4())]))
        assert dict(work.accounts.of([])) == {}
        assert token == work.accounts.token(token.id)
        work.accounts.remove(bob.id)
        work.commit()

    with store.view() as work:
        assert work.accounts.get(bob.id) is None
        assert work.accounts.token(token.id) is None
        assert list(work.collaborators.list(app.id)) == []
        assert list(work.transfers.list(owner.id)) == []
    with pytest.raises(StateUnavailable), store.begin() as work:
        work.accounts.remove(owner.id)


def test_collaborators(store: StateStore, app: App, bob: Account) -> None:
    """One row an account and app: saving again replaces it; removing the app takes it along."""
    first = _share(app, bob)
    second = replace(first, permission=Permission.MANAGE)
    with store.begin() as work:
        work.collaborators.save(first)
        work.collaborators.save(second)
        work.commit()
    with store.begin() as work:
        assert second == work.collaborators.find(app.id, bob.id)
        assert [second] == list(work.collaborators.list(app.id))
        assert work.collaborators.find(app.id, app.owner_id) is None
        work.apps.remove(app.id)
        work.commit()
    with store.view() as work:
        assert work.collaborators.find(app.id, bob.id) is None


def test_transfers(store: StateStore, app: App, bob: Account, owner: Account) -> None:
    """Both sides list a transfer; one of a destroyed app is seen by nobody."""
    offer = _offer(app, bob)
    with store.begin() as work:
        work.transfers.add(offer)
        work.commit()
    with store.begin() as work:
        assert [offer] == list(work.transfers.list(bob.id)) == list(work.transfers.list(owner.id))
        assert offer == work.transfers.pending(app.id) == work.transfers.get(offer.id)
        work.transfers.save(replace(offer, state=TransferState.DECLINED))
        work.commit()
    with store.begin() as work:
        assert work.transfers.pending(app.id) is None
        work.apps.save(replace(app, destroyed_at=app.created_at))
        work.commit()
    with store.begin() as work:
        assert work.transfers.get(offer.id) is None
        assert list(work.transfers.list(bob.id)) == []
        work.apps.remove(app.id)
        work.commit()


def test_removing_a_transfer(store: StateStore, app: App, bob: Account) -> None:
    """A transfer that was taken back is gone."""
    offer = _offer(app, bob)
    with store.begin() as work:
        work.transfers.add(offer)
        work.transfers.remove(offer.id)
        work.commit()

    with store.view() as work:
        assert work.transfers.get(offer.id) is None


def test_what_an_account_uses(store: StateStore, owner: Account, app: App, bob: Account, records: Any) -> None:
    """Living apps count with what their formations want, unended builds and the bytes of their slugs."""
    gone = records.app(owner, "gone-app", destroyed_at=records.now)
    with store.begin() as work:
        work.apps.add(gone)
        for each in (app, gone):
            work.formations.save(records.formation(each, quantity=2))
            work.formations.save(records.formation(each, id=str(uuid4()), type="worker", quantity=1, size="basic"))
            work.formations.save(records.formation(each, id=str(uuid4()), type="clock", quantity=0))
            work.builds.add(records.build(each))
            work.builds.add(records.build(each, status=BuildStatus.SUCCEEDED))
            work.slugs.add(records.slug(each, size=100))
            work.slugs.add(records.slug(each, size=None, sha256=None))
            slug = records.slug(each, size=0, process_types=dict.fromkeys(("web", "worker", "clock"), "x"))
            work.slugs.add(slug)
            work.releases.add(records.release(each, 1, slug_id=slug.id))
        work.commit()

    with store.view() as work:
        assert work.usages.of(owner.id) == Usage(apps=1, dynos={"free": 2, "basic": 1}, builds=1, storage=100)
        assert work.usages.of(bob.id) == Usage(apps=0, dynos={}, builds=0, storage=0)


def test_dynos_of_types_that_are_gone_are_not_used(store: StateStore, owner: Account, app: App, records: Any) -> None:
    """Formations outlive process types: those count that the release on the air has, and those that wait."""

    def release(version: int, status: ReleaseStatus, *types: str) -> None:
        slug = records.slug(app, process_types=dict.fromkeys(types, "x"))
        work.slugs.add(slug)
        work.releases.add(records.release(app, version, status, slug_id=slug.id))

    with store.begin() as work:
        for quantity, process_type in enumerate(("old", "web", "broken", "next"), start=1):
            row = records.formation(app, id=str(uuid4()), type=process_type, quantity=10**quantity)
            work.formations.save(row)
        release(1, ReleaseStatus.SUCCEEDED, "old", "web")
        work.commit()
    with store.view() as work:
        assert work.usages.of(owner.id).dynos == {"free": 110}
    with store.begin() as work:
        release(2, ReleaseStatus.SUCCEEDED, "web")
        release(3, ReleaseStatus.FAILED, "broken")
        work.commit()
    with store.view() as work:
        assert work.usages.of(owner.id).dynos == {"free": 100}
    with store.begin() as work:
        release(4, ReleaseStatus.PENDING, "next")
        work.commit()
    with store.view() as work:
        assert work.usages.of(owner.id).dynos == {"free": 10_100}


def test_windows_on_apps(store: StateStore, owner: Account, app: App, bob: Account, records: Any) -> None:
    """Own and shared apps come in order, bounded, from a row on, with one more row when more follow."""
    apps = [
        records.app(bob, f"app-{number}", updated_at=records.now + timedelta(days=number // 2)) for number in range(5)
    ]
    with store.begin() as work:
        for each in apps:
            work.apps.add(each)
        work.collaborators.save(_share(app, bob))
        work.commit()
    names = [each.name for each in apps]

    def found(*, shared: bool = False, owner_id: str | None = bob.id, **window: Any) -> list[str]:
        with store.view() as work:
            asked = Window(**{"field": "name", "limit": 10, **window})
            return [each.name for each in work.apps.window(asked, owner_id=owner_id, shared=shared)]

    assert found() == names
    assert found(shared=True) == [*names, app.name] == found(owner_id=None)
    assert found(shared=True, owner_id=owner.id) == [app.name]
    assert found(limit=2) == names[:3]
    assert found(limit=2, descending=True) == names[:1:-1]
    assert found(low="app-1", high="app-3") == names[1:4]
    assert found(after=Mark(value="app-1"), limit=1) == names[2:4]
    assert found(after=Mark(value="app-3"), descending=True) == names[2::-1]
    by_time = sorted(apps, key=lambda each: (each.updated_at, each.id))
    cursor = Mark(value=by_time[0].updated_at, id=by_time[0].id)
    assert found(field="updated_at", after=cursor) == [each.name for each in by_time[1:]]
    assert found(field="id", low=by_time[0].id, limit=1)[0] == by_time[0].name


def test_windows_on_events(store: StateStore, app: App, owner: Account, records: Any) -> None:
    """The trail of all, of an app or of an account, page by page though all share one moment."""
    events = [
        AuditEvent(
            id=str(uuid4()),
            app_id=app.id if number % 2 else None,
            actor_id=owner.id if number < 4 else None,
            actor_email=owner.email if number < 4 else None,
            action="app.update",
            detail=str(number),
            remote=None,
            created_at=records.now,
        )
        for number in range(6)
    ]
    with store.begin() as work:
        for each in events:
            work.events.add(each)
        work.commit()
    ordered = sorted(events, key=lambda each: each.id, reverse=True)

    with store.view() as work:
        first = Window(field="created_at", limit=2, descending=True)
        assert ordered[:3] == list(work.events.window(first))
        rest = replace(first, limit=9, after=Mark(value=records.now, id=ordered[1].id))
        assert ordered[2:] == list(work.events.window(rest))
        assert {each.detail for each in work.events.window(rest, app_id=app.id)} <= {"1", "3", "5"}
        mine = work.events.window(replace(first, limit=9), actor_id=owner.id)
        assert {each.detail for each in mine} == {"0", "1", "2", "3"}


def test_current_releases_of_several_apps(store: StateStore, owner: Account, app: App, records: Any) -> None:
    """The newest that succeeded, by app; an app without one is not there; slugs and apps come by id as well."""
    other, bare = records.app(owner, "other-app"), records.app(owner, "bare-app")
    slug = records.slug(app)
    good, newest = records.release(app, 2, ReleaseStatus.SUCCEEDED), records.release(other, 1, ReleaseStatus.SUCCEEDED)
    with store.begin() as work:
        work.apps.add(other)
        work.apps.add(bare)
        work.slugs.add(slug)
        for release in (records.release(app, 1, ReleaseStatus.SUCCEEDED), good, records.release(app, 3), newest):
            work.releases.add(release)
        work.commit()

    with store.view() as work:
        found = work.releases.current_of([app.id, other.id, bare.id])
        assert {app.id: good, other.id: newest} == dict(found)
        assert {slug.id: slug} == dict(work.slugs.of({slug.id}))
        assert {app.id: app, bare.id: bare} == dict(work.apps.of([app.id, bare.id]))

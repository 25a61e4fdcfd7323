"""The state port: one suite over the in-memory twin, SQLite and PostgreSQL."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest

from control.domain.accounts import Account, Token
from control.domain.apps import App
from control.domain.builds import BuildStatus
from control.ports.state import NameTaken, StateStore


def test_what_is_not_committed_is_undone(store: StateStore, owner: Account, records: Any) -> None:
    """Leaving a unit of work without commit changes nothing."""
    with store.begin() as work:
        work.apps.add(records.app(owner))

    with store.view() as work:
        assert list(work.apps.list()) == []


def test_an_exception_undoes(store: StateStore, owner: Account, records: Any) -> None:
    """An exception inside a unit of work comes out as it is and changes nothing."""

    def fail() -> None:
        with store.begin() as work:
            work.apps.add(records.app(owner))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()

    with store.view() as work:
        assert list(work.apps.list()) == []


def test_records_come_back_equal(store: StateStore, app: App, records: Any) -> None:
    """Every record is read as it was written: times, enums, tuples, maps and nulls."""
    build = records.build(
        app,
        buildpacks=("python", "https://example.com/pack.tgz"),
        status=BuildStatus.FAILED,
        started_at=records.now,
        failure_message="It failed.",
    )
    slug = records.slug(app, process_types={"web": "a", "worker": "b"}, commit="abc", build_key="k")
    release = records.release(app, 1, failure_message="no", slug_id=slug.id)
    formation = records.formation(app, quantity=2)
    with store.begin() as work:
        work.builds.add(build)
        work.slugs.add(slug)
        work.releases.add(release)
        work.formations.save(formation)
        work.commit()

    with store.view() as work:
        assert app == work.apps.get(app.id)
        assert build == work.builds.get(build.id)
        assert slug == work.slugs.get(slug.id)
        assert release == work.releases.get(release.id)
        assert [formation] == list(work.formations.list(app.id))


def test_accounts_by_email_whatever_its_case(store: StateStore, owner: Account) -> None:
    """An e-mail address finds its account in any case; a saved change is read."""
    with store.begin() as work:
        work.accounts.save(replace(owner, admin=True))
        work.commit()

    with store.view() as work:
        found = work.accounts.by_email("ADA@example.com")
        assert found == replace(owner, admin=True) == work.accounts.get(owner.id)
        assert work.accounts.by_email("eve@example.com") is None


def test_tokens(store: StateStore, owner: Account, records: Any) -> None:
    """A token is found by its digest until it is removed."""
    token = Token(id=str(uuid4()), account_id=owner.id, description="cli", digest="d" * 64, created_at=records.now)
    with store.begin() as work:
        work.accounts.add_token(token)
        work.commit()
    with store.begin() as work:
        assert token == work.accounts.token_by_digest("d" * 64) == work.accounts.token(token.id)
        assert [token] == list(work.accounts.tokens(owner.id))

        work.accounts.remove_token(token.id)
        work.commit()
    with store.view() as work:
        assert work.accounts.token_by_digest("d" * 64) is None


def test_a_name_is_taken_once(store: StateStore, owner: Account, app: App, records: Any) -> None:
    """No two living apps share a name, whether by creation or by renaming."""
    with pytest.raises(NameTaken), store.begin() as work:
        work.apps.add(records.app(owner, app.name))
    other = records.app(owner, "other-app")
    with store.begin() as work:
        work.apps.add(other)
        work.commit()

    with pytest.raises(NameTaken), store.begin() as work:
        work.apps.save(replace(other, name=app.name))


def test_a_destroyed_app_gives_its_name_back(store: StateStore, owner: Account, app: App, records: Any) -> None:
    """A destroyed app is seen by `destroyed` alone, and its name is free at once."""
    again = records.app(owner, app.name)
    with store.begin() as work:
        work.apps.save(replace(app, destroyed_at=records.now))
        work.apps.add(again)
        work.commit()

    with store.view() as work:
        assert again == work.apps.find(app.name)
        assert work.apps.get(app.id) is None
        assert work.apps.find(app.id) is None
        assert [again.id] == [each.id for each in work.apps.list(owner_id=owner.id)]
        assert [app.id] == [each.id for each in work.apps.destroyed()]


def test_apps_by_owner(store: StateStore, owner: Account, app: App, records: Any) -> None:
    """Apps are listed by name, all or one owner's."""
    other = records.account(email="bob@example.com")
    with store.begin() as work:
        work.accounts.add(other)
        work.apps.add(records.app(other, "alpha"))
        work.commit()

    with store.view() as work:
        assert ["alpha", app.name] == [each.name for each in work.apps.list()]
        assert [app.name] == [each.name for each in work.apps.list(owner_id=owner.id)]


def test_generations(store: StateStore, app: App) -> None:
    """An app is behind from `touch` until `applied`; saving an old record changes neither."""
    with store.begin() as work:
        assert list(work.apps.behind()) == []
        work.apps.touch(app.id)
        work.apps.save(replace(app, maintenance=True))
        work.commit()
    with store.begin() as work:
        (behind,) = work.apps.behind()
        assert (behind.desired_generation, behind.applied_generation, behind.maintenance) == (1, 0, True)

        work.apps.applied(app.id, generation=1, modify_index=77)
        work.commit()
    with store.view() as work:
        found = work.apps.get(app.id)
        assert list(work.apps.behind()) == []
        assert found is not None
        assert (found.applied_generation, found.applied_modify_index) == (1, 77)


def test_config_versions_are_given_out_once(store: StateStore, app: App) -> None:
    """A config version number is never given out twice, also when nothing came of the first."""
    given = []
    for _ in range(3):
        with store.begin() as work:
            given.append(work.apps.next_config_version(app.id))
            work.commit()

    assert given == [1, 2, 3]


def test_writers_take_turns(store: StateStore, app: App, records: Any) -> None:
    """Many threads that read a number and write the next one never write the same: units of work take turns."""

    def release() -> None:
        for _ in range(5):
            with store.begin() as work:
                latest = work.releases.latest(app.id)
                work.releases.add(records.release(app, latest.version + 1 if latest else 1))
                work.commit()

    threads = [threading.Thread(target=release) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    with store.view() as work:
        assert list(range(1, 21)) == [each.version for each in work.releases.list(app.id)]


def test_a_view_waits_for_no_writer(store: StateStore, app: App) -> None:
    """A view opened while a unit of work is open sees the state before it."""
    with store.begin() as work:
        work.apps.save(replace(app, maintenance=True))
        with store.view() as before:
            found = before.apps.get(app.id)
        work.commit()

    assert app == found


def test_a_mark_differs_after_every_commit(store: StateStore, app: App) -> None:
    """So a worker that saw nothing to do need not ask again until somebody has written."""
    before = store.mark()

    assert store.mark() == before
    with store.begin() as work:
        work.apps.touch(app.id)
        work.commit()
    assert store.mark() != before

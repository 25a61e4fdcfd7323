"""The state port, continued: what hangs on apps."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from control.domain.accounts import Account, AuditEvent
from control.domain.apps import App
from control.domain.builds import BuildStatus
from control.domain.releases import ReleaseStatus
from control.ports.state import StateStore, StateUnavailable


def test_release_questions(store: StateStore, app: App, records: Any) -> None:
    """`latest`, `current`, `base` and `pending` differ as the port says."""
    good = records.release(app, 1, ReleaseStatus.SUCCEEDED)
    waiting = records.release(app, 2)
    bad = records.release(app, 3, ReleaseStatus.FAILED)
    with store.begin() as work:
        for release in (good, waiting, bad):
            work.releases.add(release)
        work.commit()

    with store.view() as work:
        assert bad == work.releases.latest(app.id)
        assert good == work.releases.current(app.id)
        assert waiting == work.releases.base(app.id)
        assert [waiting] == list(work.releases.pending())
        assert waiting == work.releases.by_version(app.id, 2)
        assert [good, waiting, bad] == list(work.releases.list(app.id))
        assert work.releases.by_version(app.id, 9) is None
        assert work.releases.latest(str(uuid4())) is None


def test_a_version_exists_once(store: StateStore, app: App, records: Any) -> None:
    """Two releases of one app never share a version."""
    with store.begin() as work:
        work.releases.add(records.release(app, 1))
        work.commit()

    with pytest.raises(StateUnavailable), store.begin() as work:
        work.releases.add(records.release(app, 1))


def test_builds_wait_oldest_first(store: StateStore, app: App, records: Any) -> None:
    """Pending builds come oldest first; ended ones do not."""
    late, early = records.build(app, 2), records.build(app, 1)
    ended = records.build(app, 0, status=BuildStatus.SUCCEEDED)
    with store.begin() as work:
        for build in (late, early, ended):
            work.builds.add(build)
        work.commit()

    with store.view() as work:
        assert [early, late] == list(work.builds.pending())
        assert [ended, early, late] == list(work.builds.list(app.id))


def test_slugs_by_build_key(store: StateStore, app: App, records: Any) -> None:
    """A build key finds the newest slug of this app that was built from it."""
    old, new = (
        records.slug(app, build_key="k"),
        records.slug(app, build_key="k", created_at=records.now + timedelta(seconds=1)),
    )
    with store.begin() as work:
        work.slugs.add(old)
        work.slugs.add(new)
        work.commit()

    with store.view() as work:
        assert new == work.slugs.by_build_key(app.id, "k")
        assert work.slugs.by_build_key(app.id, "other") is None
        assert work.slugs.by_build_key(str(uuid4()), "k") is None


def test_slugs_and_outputs_can_be_dropped(store: StateStore, app: App, records: Any) -> None:
    """One slug or one output goes; what else there is stays, and dropping twice is harmless."""
    old, new = records.slug(app), records.slug(app, created_at=records.now + timedelta(seconds=1))
    with store.begin() as work:
        for slug in (new, old):
            work.slugs.add(slug)
            work.outputs.append(slug.id, "text")
        work.commit()
    with store.begin() as work:
        assert [old, new] == list(work.slugs.list(app.id))
        for _ in range(2):
            work.slugs.drop(old.id)
            work.outputs.drop(old.id)
        work.commit()

    with store.view() as work:
        assert [new] == list(work.slugs.list(app.id))
        assert (work.outputs.size(old.id), work.outputs.size(new.id)) == (0, 4)


def test_formations_are_kept_by_type(store: StateStore, app: App, records: Any) -> None:
    """Saving a formation replaces the one of the same type; removing takes one type."""
    web = records.formation(app, quantity=1)
    with store.begin() as work:
        work.formations.save(web)
        work.formations.save(replace(web, quantity=3))
        work.formations.save(replace(web, id=str(uuid4()), type="worker", quantity=0))
        work.commit()
    with store.begin() as work:
        assert [(each.type, each.quantity) for each in work.formations.list(app.id)] == [("web", 3), ("worker", 0)]

        work.formations.remove(app.id, "worker")
        work.commit()
    with store.view() as work:
        assert [each.type for each in work.formations.list(app.id)] == ["web"]


def test_output_is_read_from_any_byte(store: StateStore) -> None:
    """Output comes back in bytes from any offset, also from inside a piece or a character."""
    build, other = str(uuid4()), str(uuid4())
    with store.begin() as work:
        for piece in ("one\n", "", "zwei: ü\n", "three"):
            work.outputs.append(build, piece)
        work.outputs.append(other, "else")
        work.commit()
    whole = "one\nzwei: ü\nthree".encode()

    with store.view() as work:
        assert whole == work.outputs.read(build)
        assert len(whole) == work.outputs.size(build)
        assert [whole[at:] for at in range(len(whole) + 2)] == [
            work.outputs.read(build, offset=at) for at in range(len(whole) + 2)
        ]
        assert work.outputs.read(str(uuid4())) == b""
        assert work.outputs.size(str(uuid4())) == 0


def test_events_newest_first(store: StateStore, app: App, records: Any) -> None:
    """The audit trail comes newest first, of one app or of all, and outlives the app."""
    for second, app_id in enumerate((app.id, None, app.id)):
        event = AuditEvent(
            id=str(uuid4()),
            app_id=app_id,
            actor_id=None,
            action="app.create",
            detail=str(second),
            remote=None,
            created_at=records.now + timedelta(seconds=second),
        )
        with store.begin() as work:
            work.events.add(event)
            work.commit()
    with store.begin() as work:
        work.apps.remove(app.id)
        work.commit()

    with store.view() as work:
        assert [each.detail for each in work.events.list()] == ["2", "1", "0"]
        assert [each.detail for each in work.events.list(app.id)] == ["2", "0"]
        assert [each.detail for each in work.events.list(limit=1)] == ["2"]


def test_remove_takes_everything_of_the_app(store: StateStore, owner: Account, app: App, records: Any) -> None:
    """Removing an app takes every row that hangs on it and none of another app."""
    other = records.app(owner, "other-app")
    with store.begin() as work:
        work.apps.add(other)
        for each in (app, other):
            work.builds.add(records.build(each, id=f"build-{each.name}"))
            work.slugs.add(records.slug(each))
            work.releases.add(records.release(each, 1, id=f"release-{each.name}"))
            work.outputs.append(f"build-{each.name}", "text")
            work.outputs.append(f"release-{each.name}", "text")
        work.commit()
    with store.begin() as work:
        work.apps.remove(app.id)
        work.commit()

    with store.view() as work:
        assert [other] == list(work.apps.list())
        assert list(work.builds.list(app.id)) == []
        assert list(work.releases.list(app.id)) == []
        assert work.outputs.size(f"build-{app.name}") + work.outputs.size(f"release-{app.name}") == 0
        assert work.outputs.size(f"build-{other.name}") + work.outputs.size(f"release-{other.name}") == 8
